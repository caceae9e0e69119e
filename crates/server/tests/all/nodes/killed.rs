//! A node that is killed takes nobody's login along, and leaves no record that another does not seal.

use poundlock::testing::TestApp;
use poundlock_core::audit::verify_export;
use poundlock_store::StoreUrl;
use poundlock_store::testing::TestStore;
use serde_json::json;

use super::service::Service;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_begun_on_a_node_that_dies_is_finished_on_the_other() {
    let store = TestStore::postgres().await;
    let StoreUrl::Postgres(url) = store.url() else { panic!("not PostgreSQL") };
    let service = Service::on(url);
    let nodes = [service.start(0), service.start(1)];
    let ada = service.enrol(0, "ada").await;
    // Both factors on one node after the other died between them.
    let login = service.password(Some(0), &ada).await.ok()["login"].clone();
    let [mut one, two] = nodes;
    one.kill();
    let step = json!({ "login": login, "code": ada.code() });
    let tokens = service.post(Some(1), "/v1/login/totp", &step).await.ok();
    // The sessions that the dead node opened go on, too.
    service.refresh(Some(1), &ada.refresh_token).await.ok();
    two.signal(rustix::process::Signal::TERM);
    two.ended().await;
    // What the dead node had not sealed yet is sealed by another once it was silent for a minute. This node's clock
    // stands months ahead of theirs.
    let other = TestApp::alone(&store, "the other nodes are processes").await;
    other.seal().await;
    let state = other.admin(http::Method::GET, "/v1/admin/audit", None).await.ok();
    assert_eq!(state["unlinked"]["count"], 0, "{state}");
    other.finish().await;
    let export = other.export().await.unwrap();
    let report = verify_export(export.as_bytes().split_inclusive(|byte| *byte == b'\n'), None, None);
    assert!(report.holds(), "{report}");
    assert!(export.contains("login.first") && export.contains("login.completed"), "{export}");
    assert!(tokens["access_token"].is_string());
}
