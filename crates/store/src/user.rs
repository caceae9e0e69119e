//! Accounts, groups and memberships. Reads rows and writes them; decides nothing.

use poundlock_core::id::{Subject, UserId};
use poundlock_core::login::Standing;
use poundlock_core::passkey::PasskeyRow;
use poundlock_core::time::Time;
use poundlock_core::totp::TotpRow;
use poundlock_core::user::{ADMINS, UserRow, UserState};

use crate::column::{id, opt_time};
use crate::{Batch, Expect, Reader, Result, Row, Statement, Store, factor, login, params, passkey, session};

/// An account with its second factors, as one login needs it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user's row.
    pub user: UserRow,
    /// Authenticator apps.
    pub totp: Vec<TotpRow>,
    /// Passkeys and security keys.
    pub passkeys: Vec<PasskeyRow>,
    /// Recovery codes.
    pub codes: factor::Codes,
}

impl Account {
    /// What a login must know of it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing {
            user: self.user.id,
            active: self.user.state == UserState::Active,
            has_second_factor: self.second_factors() > 0,
        }
    }

    /// How many second factors it has, recovery codes left out.
    #[must_use]
    pub fn second_factors(&self) -> usize {
        self.totp.len() + self.passkeys.len()
    }
}

static BY_NAME: Statement = Statement::new(
    "SELECT id, subject, name, display_name, state, version, password, personal_key, made_at, last_login_at
     FROM account WHERE name = ?1",
);
static BY_ID: Statement = Statement::new(
    "SELECT id, subject, name, display_name, state, version, password, personal_key, made_at, last_login_at
     FROM account WHERE id = ?1",
);
static PAGE: Statement = Statement::new(
    "SELECT id, subject, name, display_name, state, version, password, personal_key, made_at, last_login_at
     FROM account WHERE id > ?1 ORDER BY id LIMIT ?2",
);
static GROUPS: Statement = Statement::new("SELECT user_group FROM membership WHERE account = ?1 ORDER BY user_group");
static INSERT: Statement = Statement::new(
    "INSERT INTO account (id, subject, name, display_name, state, version, password, personal_key, made_at, last_login_at)
     VALUES (?1, ?2, ?3, ?4, 'active', 1, ?5, ?6, ?7, ?7)",
);
static NAME_FREE: Statement = Statement::new("SELECT 1 FROM account WHERE name = ?1");
static GROUP_MADE: Statement = Statement::new(
    "INSERT INTO user_group (name, version) VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET version = user_group.version + 1",
);
static JOIN: Statement = Statement::new(
    "INSERT INTO membership (account, user_group) VALUES (?1, ?2) ON CONFLICT (account, user_group) DO NOTHING",
);
static LEAVE: Statement = Statement::new("DELETE FROM membership WHERE account = ?1 AND user_group = ?2");
static GROUP_MOVED: Statement =
    Statement::new("UPDATE user_group SET version = version + 1 WHERE name = ?1 AND version = ?2");
static GROUP_VERSION: Statement = Statement::new("SELECT version FROM user_group WHERE name = ?1");
static OTHER_ACTIVE_ADMINS: Statement = Statement::new(
    "SELECT count(*) FROM membership m JOIN account a ON a.id = m.account
     WHERE m.user_group = ?1 AND a.state = 'active' AND a.id <> ?2",
);
static OTHER_ABLE_ADMINS: Statement = Statement::new(
    "SELECT count(*) FROM membership m JOIN account a ON a.id = m.account
     WHERE m.user_group = ?1 AND a.state = 'active' AND a.id <> ?2
     AND (EXISTS (SELECT 1 FROM totp t WHERE t.account = a.id)
          OR EXISTS (SELECT 1 FROM passkey p WHERE p.account = a.id))",
);
static LOGGED_IN: Statement =
    Statement::new("UPDATE account SET last_login_at = ?3 WHERE id = ?1 AND version = ?2 AND state = 'active'");
static STANDS: Statement =
    Statement::new("UPDATE account SET version = version WHERE id = ?1 AND version = ?2 AND state = 'active'");
static TOUCHED: Statement =
    Statement::new("UPDATE account SET version = version + 1 WHERE id = ?1 AND version = ?2 AND state = 'active'");
static CHANGED: Statement = Statement::new("UPDATE account SET version = version + 1 WHERE id = ?1 AND version = ?2");
static SET_STATE: Statement = Statement::new(
    "UPDATE account SET state = ?3, version = version + 1 WHERE id = ?1 AND version = ?2 AND state <> ?3",
);
static SET_PASSWORD: Statement = Statement::new(
    "UPDATE account SET password = ?3, version = version + 1 WHERE id = ?1 AND version = ?2 AND state = 'active'",
);
static REHASH: Statement = Statement::new("UPDATE account SET password = ?3 WHERE id = ?1 AND version = ?2");
static DELETE: Statement = Statement::new("DELETE FROM account WHERE id = ?1 AND version = ?2");
static COUNT: Statement = Statement::new("SELECT count(*) FROM account");

/// Resolves a canonical name in one read, nothing locked. `nobody` stands in for the id of an unknown name, so that
/// known and unknown names run the same statements (THR-14).
pub async fn resolve(store: &Store, name: &str, nobody: UserId) -> Result<Option<Account>> {
    let name = name.to_owned();
    store
        .read(move |r| {
            Box::pin(async move {
                let row = r.query_opt(&BY_NAME, params![name]).await?;
                complete(r, row, nobody).await
            })
        })
        .await
}

/// Reads an account by id.
pub async fn by_id(store: &Store, user: UserId) -> Result<Option<Account>> {
    store
        .read(move |r| {
            Box::pin(async move {
                let row = r.query_opt(&BY_ID, params![user]).await?;
                complete(r, row, user).await
            })
        })
        .await
}

/// Reads an account by id inside a snapshot that reads other things too.
pub async fn in_snapshot(r: &mut Reader<'_>, user: UserId) -> Result<Option<Account>> {
    let row = r.query_opt(&BY_ID, params![user]).await?;
    complete(r, row, user).await
}

async fn complete(r: &mut Reader<'_>, row: Option<Row>, nobody: UserId) -> Result<Option<Account>> {
    let user = row.as_ref().map(user_row).transpose()?;
    let who = user.as_ref().map_or(nobody, |user| user.id);
    let groups = r.query(&GROUPS, params![who]).await?;
    let totp = factor::totp_of(r, who).await?;
    let passkeys = passkey::of(r, who).await?;
    let codes = factor::codes(r, who).await?;
    let Some(mut user) = user else { return Ok(None) };
    user.groups = groups.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_>>()?;
    Ok(Some(Account { user, totp, passkeys, codes }))
}

/// Whether no account has this name.
pub async fn name_is_free(store: &Store, name: &str) -> Result<bool> {
    Ok(store.query_opt(&NAME_FREE, params![name]).await?.is_none())
}

/// How many accounts there are.
pub async fn count(store: &Store) -> Result<i64> {
    store.query_opt(&COUNT, params![]).await?.map_or(Ok(0), |row| row.int(0))
}

/// One page of users in the order they were made, after `after`.
pub async fn page(store: &Store, after: Option<UserId>, limit: i64) -> Result<Vec<UserRow>> {
    let after = after.map_or(vec![0; 16], |id| id.as_bytes().to_vec());
    store
        .read(move |r| {
            Box::pin(async move {
                let mut users = Vec::new();
                for row in r.query(&PAGE, params![after, limit]).await? {
                    let mut user = user_row(&row)?;
                    let groups = r.query(&GROUPS, params![user.id]).await?;
                    user.groups = groups.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_>>()?;
                    users.push(user);
                }
                Ok(users)
            })
        })
        .await
}

/// Makes an account. Its name being taken is a conflict of this statement.
pub fn insert(batch: &mut Batch, user: &UserRow) {
    batch.push(
        &INSERT,
        params![
            user.id,
            user.subject.as_str(),
            user.name.as_str(),
            user.display_name.as_str(),
            user.password.as_slice(),
            user.personal_key.as_slice(),
            user.made_at
        ],
        Expect::Rows(1),
    );
    for group in &user.groups {
        join(batch, user.id, group);
    }
}

/// Adds a user to a group, making the group if it is new.
pub fn join(batch: &mut Batch, user: UserId, group: &str) {
    batch.push(&GROUP_MADE, params![group], Expect::Rows(1));
    batch.push(&JOIN, params![user, group], Expect::AtMost(1));
}

/// Takes a user out of a group; the group must be at `version`.
pub fn leave(batch: &mut Batch, user: UserId, group: &str, version: i64) {
    batch.push(&GROUP_MOVED, params![group, version], Expect::Rows(1));
    batch.push(&LEAVE, params![user, group], Expect::Rows(1));
}

/// Guards that the group of administrators has not moved since `version`.
pub fn admins_unmoved(batch: &mut Batch, version: i64) {
    batch.push(&GROUP_MOVED, params![ADMINS, version], Expect::Rows(1));
}

/// The version of a group; `None` when nobody was ever in it.
pub async fn group_version(store: &Store, group: &str) -> Result<Option<i64>> {
    store.query_opt(&GROUP_VERSION, params![group]).await?.map(|row| row.int(0)).transpose()
}

/// The version of the group of administrators, and how many active ones there are beside `user`.
pub async fn other_admins(store: &Store, user: UserId) -> Result<(i64, i64)> {
    store.read(move |r| Box::pin(counted(r, &OTHER_ACTIVE_ADMINS, user))).await
}

/// An account and the administrators beside it, at one moment: the version of their group, and how many there are who
/// are active and have a second factor. The others could not log in.
pub async fn beside_admins(store: &Store, user: UserId) -> Result<Option<(Account, (i64, i64))>> {
    store
        .read(move |r| {
            Box::pin(async move {
                let Some(account) = in_snapshot(r, user).await? else { return Ok(None) };
                let admins = counted(r, &OTHER_ABLE_ADMINS, user).await?;
                Ok(Some((account, admins)))
            })
        })
        .await
}

async fn counted(r: &mut Reader<'_>, others: &'static Statement, user: UserId) -> Result<(i64, i64)> {
    let version = r.query_opt(&GROUP_VERSION, params![ADMINS]).await?;
    let others = r.query_opt(others, params![ADMINS, user]).await?;
    let int = |row: Option<Row>| row.map_or(Ok(0), |row| row.int(0));
    Ok((int(version)?, int(others)?))
}

/// Guards a new session: the account is active and as it was when the first proof was made. Marks the login.
pub fn logged_in(batch: &mut Batch, user: UserId, version: i64, now: Time) {
    batch.push(&LOGGED_IN, params![user, version, now], Expect::Rows(1));
}

/// Guards that an account is active and unchanged, changing nothing: takes the row so that a disable waits or conflicts.
pub fn stands(batch: &mut Batch, user: UserId, version: i64) {
    batch.push(&STANDS, params![user, version], Expect::Rows(1));
}

/// Guards like [`stands`] and moves the version, which ends the user's logins under way.
pub fn touched(batch: &mut Batch, user: UserId, version: i64) {
    batch.push(&TOUCHED, params![user, version], Expect::Rows(1));
}

/// Guards that an account is unchanged, active or not, and moves its version.
pub fn changed(batch: &mut Batch, user: UserId, version: i64) {
    batch.push(&CHANGED, params![user, version], Expect::Rows(1));
}

/// Opens an account again.
pub fn enable(batch: &mut Batch, user: UserId, version: i64) {
    batch.push(&SET_STATE, params![user, version, UserState::Active.as_str()], Expect::Rows(1));
}

/// Shuts an account and ends its sessions and logins.
///
/// The account's row comes first: a login that is about to commit holds it, so what follows waits for that login and
/// sees its session. The other way round the new session would stay alive.
pub fn disable(batch: &mut Batch, user: UserId, version: i64, now: Time, reason: &str) {
    batch.push(&SET_STATE, params![user, version, UserState::Disabled.as_str()], Expect::Rows(1));
    session::end_of_user(batch, user, now, reason);
    login::end_of_user(batch, user);
}

/// Sets another password, sealed.
pub fn set_password(batch: &mut Batch, user: UserId, version: i64, sealed: &[u8]) {
    batch.push(&SET_PASSWORD, params![user, version, sealed], Expect::Rows(1));
}

/// Stores the same password under a stronger hash. Losing this race is no loss.
pub fn rehash(batch: &mut Batch, user: UserId, version: i64, sealed: &[u8]) {
    batch.push(&REHASH, params![user, version, sealed], Expect::AtMost(1));
}

/// Deletes an account, by the database's own cascade what hangs on it, and its logins. Its sessions are ended and stay
/// until their last token is dead: their places in the status lists must show that. The account's row comes first, as
/// in [`disable`].
pub fn delete(batch: &mut Batch, user: UserId, version: i64, now: Time, reason: &str) {
    batch.push(&DELETE, params![user, version], Expect::Rows(1));
    session::end_of_user(batch, user, now, reason);
    login::end_of_user(batch, user);
}

fn user_row(row: &Row) -> Result<UserRow> {
    Ok(UserRow {
        id: id(row, 0, UserId::from_bytes)?,
        subject: Subject::from_stored(row.text(1)?.to_owned()),
        name: row.text(2)?.to_owned(),
        display_name: row.text(3)?.to_owned(),
        state: UserState::from_stored(row.text(4)?),
        version: row.int(5)?,
        password: row.bytes(6)?.to_vec(),
        personal_key: row.bytes(7)?.to_vec(),
        made_at: row.time(8)?,
        last_login_at: opt_time(row, 9)?,
        groups: Vec::new(),
    })
}
