//! The guard pairs of DESIGN §5: a guard is an `UPDATE` of a row that the excluding change also updates, so of the two
//! the later one sees the earlier. Each line is raced below, many rounds, on both engines; the outcome named last must
//! never appear.
//!
//! | a change | its guard | is excluded by | which also writes | never |
//! |---|---|---|---|---|
//! | refresh rotation, repeat | `session`: `version`, `ended_at IS NULL` | sign-out, theft | `session.ended_at` | a rotation after the end |
//! | refresh rotation, repeat | `refresh`: `generation`, `current`, `ended_at IS NULL` | end of a family | `refresh.ended_at` | a child of an ended family |
//! | refresh rotation, repeat | `account`: `version`, `state` | disable, password change | `account.version` | a rotation on a disabled account |
//! | new session | `account`: `version`, `state` | disable, then end of its sessions | `account.state`, `version` | a live session of a disabled account |
//! | new session | `account`: `version`, `state` | delete, then end of its sessions | the account's row | a live or unlisted session of a deleted account |
//! | new session | `account`: `version`, `state` | password change, then end of others | `account.password`, `version` | a live session on the old password |
//! | new session | `account`: `version`, `state`; `totp.last_step` | factor removal, then end of what rests on it | `account.version`, the factor's row | a live session that rests on a removed factor |
//! | disable, delete or leave of an administrator | `user_group.version` | the same of another one | `user_group.version` | no active administrator |
//! | factor removal | `account.version` | another factor removal | `account.version` | no factor |
//! | password change | `account.version` | another password change, a new session | `account.version` | both pass |
//! | stronger hash of the same password | `account.version` | password change | `account.version` | the old password back |
//! | new recovery codes | `account.version`; unique (account, number) | other new recovery codes | the same | two live sets |
//! | replacement of used codes | `account.version`; as many used rows as come | new recovery codes | the account's row, delete of the rows | a code of the void set |
//! | use of a recovery code | its row: `used_at IS NULL` | new recovery codes | delete of the row | a used or void code that passes |
//! | change by step-up | `session`: `version`, `ended_at IS NULL` | sign-out | `session.ended_at` | a change after the end |
//! | new session | foreign key to its status list | close of the list | the list's row | a session in a list that is gone |
//! | promotion of a key | unique current key an algorithm | another promotion | the index | two current keys |
//! | a link of a chain | unique (chain, seq), unique record | another sealer | the index | two links at one place, a record linked twice |
//!
//! **The row of the guard comes first in a batch, what it excludes follows** (account, then its sessions): a statement
//! sees what was committed before *it* began, so a session inserted while the batch waited for the account's row is
//! seen only by what comes after. `order` proves that on PostgreSQL with one login held open.

mod account;
mod order;
mod session;
