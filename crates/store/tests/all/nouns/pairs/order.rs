//! One login held open by hand on PostgreSQL, so that the excluding change must wait for it: what it ends afterwards
//! must include the session of that login. With the statements of the change in the other order these cases fail.

use poundlock_core::session::SessionRow;
use poundlock_core::user::UserRow;
use poundlock_store::testing::TestStore;
use poundlock_store::{Batch, StoreUrl, session, status, user};
use tokio_postgres::{Client, NoTls};

use crate::nouns::{NOW, list_one, made, session_row, stored_session, stored_user};

async fn client(store: &TestStore) -> Client {
    let StoreUrl::Postgres(url) = store.url() else { panic!("PostgreSQL only") };
    let (client, connection) = tokio_postgres::connect(url.as_str(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Holds a login of `user` open, commits `change` meanwhile, lets the login commit once the change waits for it.
async fn wait_for_a_login(store: &TestStore, user: &UserRow, row: &SessionRow, change: Batch) {
    let (login, watcher) = (client(store).await, client(store).await);
    let (user_id, session_id): (&[u8], &[u8]) = (user.id.as_bytes(), row.id.as_bytes());
    login.batch_execute("BEGIN").await.unwrap();
    let touched = login
        .execute("UPDATE account SET last_login_at = 1 WHERE id = $1 AND version = 1 AND state = 'active'", &[&user_id])
        .await;
    assert_eq!(touched.unwrap(), 1);
    let factor: Option<&[u8]> = row.factor.as_ref().map(|id| id.as_bytes().as_slice());
    let sql = "INSERT INTO session (id, account, client, factor, version, opened_at, used_at, idle_until, expires_at, \
               status_list, status_idx, sealed) VALUES ($1, $2, 'app', $3, 1, 1, 1, $4, $4, 1, $5, 'x')";
    let far = row.expires_at.millis();
    login.execute(sql, &[&session_id, &user_id, &factor, &far, &row.status.1]).await.unwrap();

    let changing = {
        let store = (**store).clone();
        tokio::spawn(async move { store.commit(change).await })
    };
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'";
    while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(!changing.is_finished(), "the change did not wait for the login");
        tokio::task::yield_now().await;
    }
    login.batch_execute("COMMIT").await.unwrap();
    changing.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_34_disable_ends_the_session_of_a_login_that_it_waited_for() {
    let store = TestStore::postgres().await;
    list_one(&store).await;
    let user = stored_user(&store, "zoe").await;
    let row = session_row(user.id, 1);
    let change = made(|b| user::disable(b, user.id, user.version, NOW, "disabled"));
    wait_for_a_login(&store, &user, &row, change).await;
    assert!(session::live_of_user(&store, user.id, NOW).await.unwrap().is_empty());
    assert_eq!(status::ended(&store, 1).await, Ok(vec![1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_34_delete_ends_the_session_of_a_login_that_it_waited_for() {
    let store = TestStore::postgres().await;
    list_one(&store).await;
    let user = stored_user(&store, "zoe").await;
    let row = session_row(user.id, 1);
    let change = made(|b| user::delete(b, user.id, user.version, NOW, "deleted"));
    wait_for_a_login(&store, &user, &row, change).await;
    assert!(session::live_of_user(&store, user.id, NOW).await.unwrap().is_empty());
    assert_eq!(status::ended(&store, 1).await, Ok(vec![1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rft_08_a_password_change_ends_the_session_of_a_login_that_it_waited_for() {
    let store = TestStore::postgres().await;
    list_one(&store).await;
    let user = stored_user(&store, "zoe").await;
    let present = stored_session(&store, user.id, 2).await;
    let row = session_row(user.id, 1);
    let change = made(|b| {
        user::set_password(b, user.id, user.version, b"new");
        session::end_others(b, user.id, present.id, NOW, "password_changed");
    });
    wait_for_a_login(&store, &user, &row, change).await;
    let live = session::live_of_user(&store, user.id, NOW).await.unwrap();
    assert_eq!(live.iter().map(|row| row.id).collect::<Vec<_>>(), [present.id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factor_removal_ends_the_session_of_a_login_that_it_waited_for() {
    let store = TestStore::postgres().await;
    list_one(&store).await;
    let user = stored_user(&store, "zoe").await;
    let factor = crate::nouns::factor_id();
    let row = SessionRow { factor: Some(factor), ..session_row(user.id, 1) };
    let change = made(|b| {
        user::touched(b, user.id, user.version);
        session::end_of_factor(b, user.id, factor, NOW, "factor_removed");
    });
    wait_for_a_login(&store, &user, &row, change).await;
    assert!(session::live_of_user(&store, user.id, NOW).await.unwrap().is_empty());
}
