//! The list of migrations of this program. Forward only: an entry that was released never changes.

use crate::migrate::Migration;

/// All migrations, in order.
pub const ALL: &[Migration] = &[
    Migration { number: 1, name: "base", sql: include_str!("../migrations/0001_base.sql") },
    Migration { number: 2, name: "browser", sql: include_str!("../migrations/0002_browser.sql") },
    Migration { number: 3, name: "oidc", sql: include_str!("../migrations/0003_oidc.sql") },
    Migration { number: 4, name: "passkey", sql: include_str!("../migrations/0004_passkey.sql") },
    Migration { number: 5, name: "unspent", sql: include_str!("../migrations/0005_unspent.sql") },
];
