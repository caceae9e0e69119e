//! What the HTTP tests drive: the real router on a real store, a clock that the test moves, and nothing else faked.
//! Compiled under the feature `testing` only, which no release build turns on.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's own tools end the test when they fail"
)]

mod audit;
mod contract;
pub mod fuzz;
mod inside;
mod pair;
mod reply;
mod settings;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use poundlock_core::seal::MasterKey;
use poundlock_core::testing::SeededRng;
use poundlock_core::time::{Span, Time};
use poundlock_store::{Notice, Store, migrations};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tower::ServiceExt;

pub use self::contract::{admin_document, public_document};
pub use self::inside::Tried;
use self::pair::Pair;
pub use self::reply::Reply;
use self::reply::reply;
pub use self::settings::Settings;
use crate::app::SharedApp;
use crate::boot;
use crate::clock::{Clock, Manual};
use crate::config::Config;
use crate::http::{admin, routes};

/// Every page: method and path, as the URL table has them.
#[must_use]
pub fn pages() -> Vec<(Method, &'static str)> {
    routes::table().into_pages()
}

/// When tests begin: 2027-01-15T08:00:00Z.
pub const BEGIN: Time = Time::from_millis(1_800_000_000_000);

/// One server under test: its public and admin routers, its store and its clock. With `POUNDLOCK_TEST_NODES=2` and on
/// PostgreSQL it is a pair of nodes, and requests go to them by turns.
#[derive(Clone)]
pub struct TestApp {
    app: SharedApp,
    public: Router,
    admin: Router,
    hands: Arc<Manual>,
    pair: Option<Arc<Pair>>,
}

/// A user who has enrolled: what a person and their devices know.
#[derive(Clone, Debug)]
pub struct TestUser {
    /// Name.
    pub name: String,
    /// Password.
    pub password: String,
    /// The enrolment URI, with the seed in it.
    pub totp_uri: String,
    /// Recovery codes.
    pub recovery_codes: Vec<String>,
    /// The token answer of the enrolment.
    pub tokens: Value,
}

impl TestApp {
    /// A server on `store`, which is migrated here, with cheap hashes and no limits by source on loopback.
    pub async fn on(store: &Store) -> Self {
        Self::with(store, |_| {}).await
    }

    /// The same with one node, even where tests run on pairs: for what is each node's own.
    pub async fn alone(store: &Store, why: &'static str) -> Self {
        Self::with(store, |settings| settings.alone = Some(why)).await
    }

    /// The same, with a configuration that the test changes first.
    pub async fn with(store: &Store, change: impl FnOnce(&mut Settings)) -> Self {
        let hands = Arc::new(Manual::default());
        let mut settings = Settings::of_tests(Config::default().listen.address);
        change(&mut settings);
        hands.wall.store(settings.begin.millis(), Ordering::SeqCst);
        let mut app = Self::start(store.clone(), hands, |set| *set = settings.clone()).await;
        // Two nodes have two names, so only the first can have the one that a test chose.
        if settings.alone.is_none() {
            app.pair = Pair::of(&app, Settings { node: None, ..settings }, Self::master()).await;
        }
        // Records of one millisecond stand in any order: what a test does comes after what the start did.
        app.advance(Span::from_millis(1));
        app
    }

    /// Another node: the same store, master key and clock.
    pub async fn again(&self) -> Self {
        Self::start(self.app.store.clone(), Arc::clone(&self.hands), |_| {}).await
    }

    /// The same after a restart with this master key, if it starts at all.
    ///
    /// # Errors
    /// What the operator would read.
    pub async fn restart(&self, master: MasterKey) -> anyhow::Result<Self> {
        Self::start_with(self.app.store.clone(), Arc::clone(&self.hands), |_| {}, master).await
    }

    /// The master key of a server that was not told another.
    #[must_use]
    pub fn master() -> MasterKey {
        MasterKey::random(&SeededRng::new(7))
    }

    async fn start(store: Store, hands: Arc<Manual>, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with(store, hands, change, Self::master()).await.unwrap()
    }

    async fn start_with(
        store: Store,
        hands: Arc<Manual>,
        change: impl FnOnce(&mut Settings),
        master: MasterKey,
    ) -> anyhow::Result<Self> {
        let mut config = Config::default();
        let mut settings = Settings::of_tests(config.listen.address);
        change(&mut settings);
        config.listen.address = settings.listen;
        config.data = settings.data.unwrap_or(config.data);
        config.guard.sources.loopback_unlimited = settings.loopback_unlimited;
        config.oidc.private_addresses = settings.private_addresses;
        config.listen.behind = settings.trusted_proxies;
        config.issuer = settings.issuer;
        config.password.threads = 2;
        config.pages.dev_plain_cookies = settings.plain_cookies;
        store.migrate(migrations::ALL, BEGIN).await.unwrap();
        let clock = Clock::Manual(Arc::clone(&hands));
        let node = settings.node.unwrap_or_else(|| boot::draw_name(&crate::rng::SystemRng::new()));
        let app = boot::assemble(config, (store, settings.cost, node), master, clock).await?;
        let public = routes::public(SharedApp::clone(&app));
        let admin = admin::router(SharedApp::clone(&app));
        Ok(Self { app, public, admin, hands, pair: None })
    }

    /// The store, for looking behind the server's back.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Now, on the test's clock.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::from_millis(self.hands.wall.load(Ordering::SeqCst))
    }

    /// Moves both clocks on.
    pub fn advance(&self, span: Span) {
        self.hands.wall.fetch_add(span.millis(), Ordering::SeqCst);
        self.hands.running.fetch_add(span.millis(), Ordering::SeqCst);
    }

    /// Moves the wall clock alone: what an operator or a broken time server does.
    pub fn jump(&self, span: Span) {
        self.hands.wall.fetch_add(span.millis(), Ordering::SeqCst);
    }

    /// How many password hashes have been computed.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.nodes().iter().map(|node| node.hasher.checks()).sum()
    }

    /// Hears the notices that the jobs would hear, at once.
    pub async fn take_over_changes(&self) {
        for node in self.nodes() {
            node.status.forget("all");
            crate::jobs::notices::reload(node).await.unwrap();
        }
    }

    /// Does once what each node does every minute, whether or not it has heard of a change.
    pub async fn poll(&self) {
        for node in self.nodes() {
            crate::jobs::notices::poll(SharedApp::clone(node)).await.unwrap();
        }
    }

    /// Hears one notice, as the job does.
    pub async fn hear_of(&self, topic: &str, payload: &str) {
        let notice = Notice::Message { topic: topic.to_owned(), payload: payload.to_owned() };
        for node in self.nodes() {
            crate::jobs::notices::hear(node, &notice).await.unwrap();
        }
    }

    /// Runs the job that hears notices, from now until what is returned is dropped.
    #[must_use]
    pub fn hear_notices(&self) -> watch::Sender<bool> {
        let (stop, stopped) = watch::channel(false);
        for node in self.nodes() {
            let (notices, stopped) = (node.store.listen(), stopped.clone());
            tokio::spawn(crate::jobs::notices::hear_all(SharedApp::clone(node), notices, stopped));
        }
        stop
    }

    /// Runs the job that hears notices on `notices` instead of the store's, until what is returned is dropped.
    #[must_use]
    pub fn hear(&self, notices: broadcast::Receiver<Notice>) -> watch::Sender<bool> {
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(crate::jobs::notices::hear_all(SharedApp::clone(&self.app), notices, stopped));
        stop
    }

    /// Runs the sweep once.
    pub async fn sweep(&self) {
        for node in self.nodes() {
            crate::jobs::sweep::sweep(SharedApp::clone(node)).await.unwrap();
        }
    }

    /// Posts JSON from 127.0.0.1.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    /// Gets from 127.0.0.1.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    /// Any request with a bearer token.
    pub async fn bearer(&self, method: Method, path: &str, body: Option<&Value>, token: &str) -> Reply {
        self.send(method, path, body, &[("authorization", &format!("Bearer {token}"))]).await
    }

    /// Any request with headers.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>, headers: &[(&str, &str)]) -> Reply {
        self.send_from(IpAddr::from([127, 0, 0, 1]), method, path, (body, headers)).await
    }

    /// Any request from any address.
    pub async fn send_from(
        &self,
        from: IpAddr,
        method: Method,
        path: &str,
        (body, headers): (Option<&Value>, &[(&str, &str)]),
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8080");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.raw(from, request.body(body).unwrap()).await
    }

    /// A request as it is.
    pub async fn raw(&self, from: IpAddr, mut request: Request<Body>) -> Reply {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(from, 50_000)));
        self.settle().await;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let reply = reply(self.public_by_turns().oneshot(request).await.unwrap()).await;
        contract::holds(contract::public(), &method, &path, &reply);
        reply
    }

    /// A request to the admin socket's router.
    pub async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.admin_raw(request.body(body).unwrap()).await
    }

    /// A request to the admin socket's router, as it is.
    pub async fn admin_raw(&self, request: Request<Body>) -> Reply {
        self.settle().await;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let reply = reply(self.admin_by_turns().oneshot(request).await.unwrap()).await;
        contract::holds(contract::admin(), &method, &path, &reply);
        reply
    }

    /// The present code of a seed, by the server's own clock.
    #[must_use]
    pub fn code(&self, totp_uri: &str) -> String {
        self.code_at(totp_uri, Span::ZERO)
    }

    /// The code of a seed on a device whose clock is ahead of ours by `ahead`.
    #[must_use]
    pub fn code_at(&self, totp_uri: &str, ahead: Span) -> String {
        let seconds = u64::try_from((self.now() + ahead).seconds()).unwrap();
        totp_rs::Totp::from_url(totp_uri).unwrap().generate(seconds).to_string()
    }

    /// Invites and enrols a user, and moves on to the next code.
    pub async fn enrol(&self, name: &str, groups: &[&str]) -> TestUser {
        let invite =
            self.admin(Method::POST, "/v1/admin/invites", Some(&json!({ "name": name, "groups": groups }))).await;
        let password = format!("quite unguessable {name} phrase");
        let accept = json!({ "invite": invite.ok()["invite"], "password": password });
        let login = self.post("/v1/invite/accept", &accept).await.ok()["login"].clone();
        let uri = self.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok()["uri"].clone();
        let totp_uri = uri.as_str().unwrap().to_owned();
        let confirm = json!({ "login": login, "code": self.code(&totp_uri) });
        let tokens = self.post("/v1/login/enrol/totp/confirm", &confirm).await.ok();
        self.advance(Span::from_seconds(30));
        let codes = tokens["recovery_codes"].as_array().unwrap();
        let recovery_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        TestUser { name: name.to_owned(), password, totp_uri, recovery_codes, tokens }
    }

    /// Proves the password; gives the login handle.
    pub async fn password_step(&self, user: &TestUser) -> String {
        let body = json!({ "name": user.name, "password": user.password });
        self.post("/v1/login", &body).await.ok()["login"].as_str().unwrap().to_owned()
    }

    /// Logs in with password and code, for an audience if one is named, and moves on to the next code.
    pub async fn log_in(&self, user: &TestUser, audience: Option<&str>) -> Value {
        let mut body = json!({ "name": user.name, "password": user.password });
        if let Some(audience) = audience {
            body["audience"] = json!(audience);
        }
        let login = self.post("/v1/login", &body).await.ok()["login"].clone();
        let code = self.code(&user.totp_uri);
        let tokens = self.post("/v1/login/totp", &json!({ "login": login, "code": code })).await.ok();
        self.advance(Span::from_seconds(30));
        tokens
    }
}
