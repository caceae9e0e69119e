//! What the log says of a backup, and what a backup leaves behind: the truth, and nothing.

use axum::body::Body;
use axum::http::{Method, Request};
use poundlock::testing::TestApp;
use poundlock_core::audit::Event;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_store::testing::TestStore;
use tempfile::TempDir;
use tower::ServiceExt;

async fn with_folder(store: &TestStore) -> (TestApp, TempDir) {
    let folder = TempDir::new().unwrap();
    let data = folder.path().to_owned();
    let app = TestApp::with(store, |settings| settings.data = Some(data)).await;
    (app, folder)
}

async fn told(app: &TestApp) -> Vec<Event> {
    let events = app.newest_records(20).await.into_iter().map(|record| record.event());
    events.filter(|event| matches!(event, Event::BackupMade | Event::BackupFailed)).collect()
}

/// Files of a backup under way in the data folder.
fn left(folder: &TempDir) -> Vec<String> {
    let names = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with("backup")).collect()
}

on_both! {
    async fn aud_01_a_backup_that_failed_is_not_recorded_as_made(store) {
        let (app, folder) = with_folder(&store).await;
        // Nothing can be written under this name.
        let in_the_way = folder.path().join("backup.tmp.partial");
        std::fs::create_dir(&in_the_way).unwrap();
        assert_eq!(app.admin(Method::GET, "/v1/admin/backup", None).await.status, 503);
        assert_eq!(told(&app).await, [Event::BackupFailed]);
        std::fs::remove_dir(&in_the_way).unwrap();
        // Within one moment records have no order.
        app.advance(Span::from_millis(1));
        app.backup(&folder.path().join("good")).await;
        assert_eq!(told(&app).await, [Event::BackupFailed, Event::BackupMade]);
        assert_eq!(left(&folder), Vec::<String>::new());
    }

    async fn a_caller_who_hangs_up_leaves_no_copy(store) {
        let (app, folder) = with_folder(&store).await;
        let request = Request::get("/v1/admin/backup").body(Body::empty()).unwrap();
        let asking = tokio::spawn(app.admin_router().oneshot(request));
        while left(&folder).is_empty() && !asking.is_finished() {
            tokio::task::yield_now().await;
        }
        asking.abort();
        drop(asking.await);
        let ended = async {
            while told(&app).await.is_empty() || !left(&folder).is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), ended).await.unwrap();
    }
}
