//! What a shutdown does to each kind of connection.

use super::*;

#[tokio::test]
async fn a_shutdown_shuts_the_door_and_loses_no_answer() {
    let listening = Listening::with(limits()).await;
    let mut idle = listening.connect().await;
    assert!(ask(&mut idle, &request("/")).await.ends_with("here"));
    let mut slow = listening.connect().await;
    slow.write_all(request("/slow").as_bytes()).await.unwrap();
    within(listening.reached.notified()).await;
    listening.stop.send(true).unwrap();
    assert_eq!(rest(&mut idle).await, "", "a connection that rests is closed");
    within(async { while TcpStream::connect(listening.address).await.is_ok() {} }).await;
    assert!(!listening.task.is_finished(), "an answer is under way");
    listening.release.notify_one();
    let answer = rest(&mut slow).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body.len(), BODY_BYTES, "whole");
    within(listening.task).await.unwrap();
}

#[tokio::test]
async fn a_request_that_lies_unread_at_shutdown_is_answered() {
    for _ in 0..20 {
        let listening = Listening::with(limits()).await;
        let mut first = listening.connect().await;
        // Its place says that the connection was taken; not a byte of it was sent.
        within(async {
            while listening.places.is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        listening.stop.send(true).unwrap();
        first.write_all(request("/").as_bytes()).await.unwrap();
        let answer = rest(&mut first).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer:?}");
        within(listening.task).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_never_asks_does_not_hold_up_the_end() {
    let listening = Listening::with(limits()).await;
    let mut silent = listening.connect().await;
    listening.stop.send(true).unwrap();
    assert_eq!(rest(&mut silent).await, "");
    within(listening.task).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_never_comes_does_not_hold_up_the_end() {
    let listening = Listening::with(Limits { drain: Duration::from_millis(20), ..limits() }).await;
    let mut slow = listening.connect().await;
    slow.write_all(request("/slow").as_bytes()).await.unwrap();
    within(listening.reached.notified()).await;
    listening.end().await;
}

#[tokio::test]
async fn a_server_that_is_gone_takes_its_listener_along() {
    let Listening { address, stop, task, .. } = Listening::with(limits()).await;
    drop(stop);
    within(task).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
