//! A restore never un-spends anything (DESIGN §5): each promise on both stores.

mod checks;
mod ends;
mod over;
mod spent;

use std::path::PathBuf;

use axum::http::Method;
use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_core::time::Span;
use poundlock_store::testing::TestStore;
use poundlock_store::{Migration, Store};
use serde_json::json;
use tempfile::TempDir;

/// How long authenticator apps wait after a restore.
pub(crate) const CODES_WAIT: Span = Span::from_seconds(180);

const EMPTY: &[Migration] = &[];

/// A server whose backup was taken.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) ada: TestUser,
    pub(crate) folder: TempDir,
}

impl World {
    /// A server with one user, who has a session.
    pub(crate) async fn on(store: &Store) -> Self {
        let folder = TempDir::new().unwrap();
        let data = folder.path().to_owned();
        let app = TestApp::with(store, |settings| {
            settings.data = Some(data);
            settings.alone = Some("a store is restored or moved when every node has stopped");
        })
        .await;
        let ada = app.enrol("ada", &[]).await;
        Self { app, ada, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes the backup that [`World::restored`] goes back to.
    pub(crate) async fn back_up(&self) {
        self.app.backup(&self.path("backup")).await;
    }

    /// A server on a new store of the same engine that was made of the backup.
    pub(crate) async fn restored(&self, like: &TestStore, keep_codes: bool) -> (TestApp, TestStore) {
        let place = empty_like(like).await;
        place.close().await;
        self.app.restore(&self.path("backup"), place.url(), (keep_codes, false)).await.unwrap();
        (self.app.elsewhere(&place.again().await).await.unwrap(), place)
    }

    /// Why no store can be made of this file at an empty place.
    pub(crate) async fn why_not(&self, like: &TestStore, file: &str) -> String {
        let place = empty_like(like).await;
        place.close().await;
        format!("{:#}", self.app.restore(&self.path(file), place.url(), (false, false)).await.unwrap_err())
    }
}

/// An empty place of the same engine.
pub(crate) async fn empty_like(like: &TestStore) -> TestStore {
    if like.is_postgres() { TestStore::postgres_with(EMPTY).await } else { TestStore::sqlite_with(EMPTY).await }
}

pub(crate) async fn refresh(app: &TestApp, tokens: &serde_json::Value) -> Reply {
    app.post("/v1/session/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).await
}

pub(crate) async fn account(app: &TestApp, tokens: &serde_json::Value) -> Reply {
    app.bearer(Method::GET, "/v1/session", None, tokens["access_token"].as_str().unwrap()).await
}
