//! The list of migrations of this program. Forward only: an entry that was released never changes.

use crate::migrate::Migration;

/// All migrations, in order.
pub const ALL: &[Migration] = &[];
