//! What tests need to see or do behind the routes: counters, records, and what only an administrator could do.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use poundlock_core::audit::Record;
use poundlock_core::guard::{Account, Budget, Guessable};
use poundlock_core::id::{SessionId, UserId};
use poundlock_core::invite::{self, LIFE_DEFAULT, Purpose};
use poundlock_core::refresh::{Family, Granted, Start};
use poundlock_core::totp::TotpRow;
use poundlock_store::copy::Sum;
use poundlock_store::{Batch, Store, StoreUrl, audit, factor, guard, invite as invites, refresh, user};
use tower::ServiceExt;

use super::{Reply, TestApp, reply};
use crate::clock::Clock;
use crate::restore::{Wish, restore};

/// The two lanes of one authenticator: tries spent by strangers, and by known devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Strangers'.
    pub strangers: u32,
    /// Known devices'.
    pub devices: u32,
}

impl TestApp {
    /// The shared parts, for the tests of what lies behind the routes.
    #[cfg(test)]
    pub(crate) const fn shared(&self) -> &crate::app::SharedApp {
        &self.app
    }

    /// Copies the live store to a file, as `poundlock backup` does.
    pub async fn backup(&self, to: &std::path::Path) {
        let request = Request::get("/v1/admin/backup").body(Body::empty()).unwrap();
        let response = self.admin.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        std::fs::write(to, http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes()).unwrap();
    }

    /// Makes the store `to` from a backup, by this server's clock and master key, as `poundlock restore` does.
    ///
    /// # Errors
    /// What the operator would read.
    pub async fn restore(
        &self,
        backup: &std::path::Path,
        to: &StoreUrl,
        (keep_codes, replace): (bool, bool),
    ) -> anyhow::Result<Vec<String>> {
        let mut config = self.app.config.clone();
        config.store.url = Some(at(to));
        let wish = Wish { keep_codes, replace, damaged_audit: false };
        let clock = Clock::Manual(std::sync::Arc::clone(&self.hands));
        let done = restore(&config, (backup, wish), &Self::master(), clock).await;
        done.map(|done| done.notes)
    }

    /// Moves the store to another place, as `poundlock move` does.
    ///
    /// # Errors
    /// What the operator would read.
    pub async fn relocate(&self, from: &StoreUrl, to: &StoreUrl, force: bool) -> anyhow::Result<Vec<Sum>> {
        crate::relocation::relocate(&self.app.config, (from, to), force, self.now()).await
    }

    /// A server on another store, with the same master key and clock.
    ///
    /// # Errors
    /// What the operator would read.
    pub async fn elsewhere(&self, store: &Store) -> anyhow::Result<Self> {
        let clock = std::sync::Arc::clone(&self.hands);
        let data = self.app.config.data.clone();
        Self::start_with(store.clone(), clock, |settings| settings.data = Some(data), Self::master()).await
    }

    /// How many one-time codes have been compared.
    #[must_use]
    pub fn codes_checked(&self) -> u64 {
        self.nodes().iter().map(|node| node.codes_checked.load(std::sync::atomic::Ordering::SeqCst)).sum()
    }

    /// Looks after store and clock once.
    pub async fn watch(&self) {
        for node in self.nodes() {
            crate::jobs::watch::look(crate::app::SharedApp::clone(node)).await.unwrap();
        }
    }

    /// Takes places in status lists, as that many sessions would.
    pub async fn take_places(&self, count: usize) -> Vec<(i64, i64)> {
        let mut places = Vec::new();
        for _ in 0..count {
            places.push(
                crate::status::take(&self.app, self.now() + poundlock_core::time::Span::from_hours(24)).await.unwrap(),
            );
        }
        places
    }

    /// Places of all hash pools that are taken now.
    #[must_use]
    pub fn hash_places(&self) -> usize {
        self.nodes().iter().map(|node| node.hasher.counts().places).sum()
    }

    /// Memory that the hash pool of a node holds, in KiB: the largest of them.
    #[must_use]
    pub fn hash_memory_kib(&self) -> usize {
        self.nodes().iter().map(|node| node.hasher.counts().memory_kib).max().unwrap_or(0)
    }

    /// The metrics, as a scrape shows them.
    pub async fn metrics(&self) -> String {
        crate::metrics::scrape(&self.app).await.unwrap()
    }

    /// Every metric's name.
    #[must_use]
    pub fn metric_names(&self) -> Vec<String> {
        self.app.metrics.names().to_vec()
    }

    /// The router of the metrics listener.
    pub fn metrics_router(&self) -> Router {
        crate::http::metrics::router(crate::app::SharedApp::clone(&self.app))
    }

    /// The public router, for requests that a test drops half-way.
    pub fn router(&self) -> Router {
        self.public_by_turns()
    }

    /// The router of the admin socket, for requests that a test drops half-way.
    pub fn admin_router(&self) -> Router {
        self.admin.clone()
    }

    /// A request of which nobody knows where it comes from.
    pub async fn send_from_nowhere(&self, request: Request<Body>) -> Reply {
        self.settle().await;
        reply(self.public_by_turns().oneshot(request).await.unwrap()).await
    }

    /// The id of a user.
    pub async fn user_id(&self, name: &str) -> UserId {
        self.account(name).await.user.id
    }

    async fn account(&self, name: &str) -> user::Account {
        let nobody = UserId::new(self.now(), &self.app.rng);
        user::resolve(&self.app.store, name, nobody).await.unwrap().unwrap()
    }

    /// Shuts an account, as an administrator does.
    pub async fn disable(&self, name: &str) {
        let account = self.account(name).await.user;
        let mut batch = Batch::new();
        user::disable(&mut batch, account.id, account.version, self.now(), "disabled");
        self.app.store.commit(batch).await.unwrap();
    }

    /// Takes every second factor from an account, as a reset does.
    pub async fn take_factors(&self, name: &str) {
        let account = self.account(name).await.user;
        let mut batch = Batch::new();
        factor::delete_all(&mut batch, account.id);
        user::touched(&mut batch, account.id, account.version);
        self.app.store.commit(batch).await.unwrap();
    }

    /// Puts the seed of another user in the place of a user's own, as an edit of the database would.
    pub async fn move_totp(&self, to: &str, from: &str) {
        let (to, from) = (self.account(to).await, self.account(from).await);
        let (target, source) = (to.totp.first().unwrap(), from.totp.first().unwrap());
        let mut batch = Batch::new();
        factor::delete_totp(&mut batch, target.id, to.user.id);
        let moved = TotpRow { id: target.id, user: to.user.id, ..source.clone() };
        factor::insert_totp(&mut batch, &moved, "moved", self.now());
        self.app.store.commit(batch).await.unwrap();
    }

    /// Has a client take part in a user's session, as a code that was exchanged does.
    pub async fn join(&self, client: &str, user: &super::TestUser) {
        let session: SessionId = user.tokens["session"].as_str().unwrap().parse().unwrap();
        let granted = Granted { audience: "api".to_owned(), scope: "openid".to_owned() };
        let start = Start { session, client: client.to_owned(), binding: None, granted: Some(granted) };
        let (_, family) = Family::start(start, self.now(), &self.app.ring, &self.app.rng);
        let mut batch = Batch::new();
        refresh::insert(&mut batch, &family);
        refresh::await_logout(&mut batch, family.id);
        self.app.store.commit(batch).await.unwrap();
    }

    /// A ticket for a user; gives its secret.
    pub async fn ticket(&self, name: &str) -> String {
        let purpose = Purpose::Ticket { user: self.user_id(name).await };
        let (secret, row) = invite::make(&purpose, LIFE_DEFAULT, self.now(), &self.app.ring, &self.app.rng);
        let mut batch = Batch::new();
        invites::insert(&mut batch, &row);
        self.app.store.commit(batch).await.unwrap();
        secret.text().reveal().clone()
    }

    /// What was tried on an authenticator of a user since it was last cleared.
    pub async fn tried(&self, name: &str, kind: Guessable) -> Tried {
        let account = Account::Known(self.user_id(name).await);
        let mut tried = [0, 0];
        for (tried, budget) in tried.iter_mut().zip(Budget::both(&self.app.ring, kind, account)) {
            *tried = guard::counter(&self.app.store, &budget).await.unwrap().map_or(0, |row| row.tried);
        }
        let [strangers, devices] = tried;
        Tried { strangers, devices }
    }

    /// Fills both budgets of an authenticator of a user again, as `user unlock` does.
    pub async fn unlock(&self, name: &str, kind: Guessable) {
        let account = Account::Known(self.user_id(name).await);
        let mut batch = Batch::new();
        for budget in Budget::both(&self.app.ring, kind, account) {
            guard::clear(&mut batch, &budget);
        }
        self.app.store.commit(batch).await.unwrap();
    }

    /// The newest records of the audit log, oldest first.
    pub async fn newest_records(&self, most: i64) -> Vec<Record> {
        let mut rows = audit::tail(&self.app.store, most).await.unwrap();
        rows.reverse();
        rows.iter().map(|row| Record::parse(std::str::from_utf8(&row.body).unwrap()).unwrap()).collect()
    }
}

/// The address in full; its `Display` leaves out what may be secret.
fn at(url: &StoreUrl) -> String {
    match url {
        StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        StoreUrl::Postgres(url) => url.clone(),
    }
}
