//! A database that falls silent: its network swallows everything, or its processes are frozen. No end, no error, no word.
//! Nothing may wait for longer than docs/nodes.md says.

use std::time::Duration;

use serde_json::json;
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::database::Database;
use super::disk::{enrolled, is_back, put_off, serves_verifiers};
use super::site::{Site, Told};

/// What goes between. A connection that it has swallowed never speaks again, also when others do.
struct Network {
    port: u16,
    is_cut: watch::Sender<bool>,
}

impl Network {
    async fn before(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_cut, cut) = watch::channel(false);
        let socket = database.socket();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (socket, mut cut) = (socket.clone(), cut.clone());
                tokio::spawn(async move {
                    let mut far = UnixStream::connect(socket).await.unwrap();
                    let swallowed = async { drop(cut.wait_for(|cut| *cut).await) };
                    tokio::select! {
                        biased;
                        () = swallowed => {}
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
                    }
                    // Both ends stay open, and hear nothing.
                    std::future::pending::<()>().await;
                });
            }
        });
        Self { port, is_cut }
    }

    fn url(&self) -> String {
        format!("postgres://poundlock@127.0.0.1:{}/postgres", self.port)
    }
}

/// A server whose database falls silent says so in time, grants nothing, and goes on by itself afterwards.
async fn silence_is_noticed_and_waited_out(site: &Site, silence: impl Fn(bool)) {
    let mut node = site.serve();
    let caller = node.caller();
    let mut ada = enrolled(&caller, "ada").await;
    assert_eq!(caller.get("/status/1").await.0, 200);
    silence(true);
    // It is asked for 3 s; the rest is for a busy machine.
    let unready = timeout(Duration::from_secs(8), caller.until_ready(|status, _| status == 503)).await;
    assert_eq!(unready.expect("readiness waits for longer")["store"], "does not answer");
    // 5 s for a connection and 35 s for an answer. The right password opens nothing, and of the wrong one nothing is told.
    let all = async {
        tokio::join!(
            put_off(&caller, "/v1/session/refresh", json!({ "refresh_token": ada.sessions[0].token })),
            put_off(&caller, "/v1/login", json!({ "name": "ada", "password": ada.password })),
            put_off(&caller, "/v1/login", json!({ "name": "ada", "password": "wrong" })),
        )
    };
    timeout(Duration::from_secs(45), all).await.expect("a request hangs");
    serves_verifiers(&caller, &mut node).await;
    silence(false);
    caller.until_ready(|status, _| status == 200).await;
    // Sessions that the database still believes in may hold rows until it ends them, after 30 s.
    let again = async {
        loop {
            match caller.refresh(&ada.sessions[0].token).await {
                Told::Yes(tokens) => return tokens["refresh_token"].as_str().unwrap().to_owned(),
                Told::Nothing => {}
                refused => panic!("{refused:?}"),
            }
        }
    };
    ada.sessions[0].token = timeout(Duration::from_secs(90), again).await.expect("it does not come back");
    is_back(&caller, site, &ada).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_a_network_that_swallows_everything_is_noticed_and_waited_out() {
    let database = Database::start();
    let network = Network::before(&database).await;
    let site = Site::new(Some(&network.url()));
    silence_is_noticed_and_waited_out(&site, |cut| {
        network.is_cut.send_replace(cut);
    })
    .await;
    // News is heard again, on a new line: the old one never speaks again. One that was only frozen may.
    site.until_said("lost the connection that hears of revocations").await;
    drop(database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_05_a_database_that_is_frozen_is_noticed_and_waited_out() {
    let database = Database::start();
    let site = Site::new(Some(&database.url()));
    silence_is_noticed_and_waited_out(&site, |frozen| database.freeze(frozen)).await;
    drop(database);
}
