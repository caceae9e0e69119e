//! Each flood ends its own connection, and its neighbour is served all the while.

use super::client::*;
use super::*;

/// Enough of anything to be a flood.
const MANY: usize = 20_000;

/// Floods one connection while another asks; whether the first was cut.
async fn flooded(prelude: &[Vec<u8>], bytes: impl FnMut(usize) -> Vec<u8>) -> bool {
    let listening = Listening::with(Limits::default()).await;
    let mut good = listening.connect().await;
    assert_eq!(good.get("/").await.unwrap().status, OK);
    let mut bad = listening.connect().await;
    for bytes in prelude {
        bad.send(bytes).await;
    }
    let (cut, ()) = tokio::join!(bad.cut_by(MANY, bytes), async {
        for _ in 0..20 {
            assert_eq!(good.get("/").await.unwrap().body, b"here", "a neighbour does not suffer");
        }
    });
    assert_eq!(good.get("/").await.unwrap().body, b"here");
    drop(good);
    listening.end().await;
    cut
}

#[tokio::test]
async fn ops_04_ping_flood() {
    assert!(flooded(&[], |_| frame(PING, 0, 0, &[0; 8])).await);
}

#[tokio::test]
async fn ops_04_settings_flood() {
    assert!(flooded(&[], |_| frame(SETTINGS, 0, 0, &[])).await);
}

#[tokio::test]
async fn ops_04_window_update_flood() {
    assert!(flooded(&[], |_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])).await);
}

#[tokio::test]
async fn ops_04_empty_data_flood() {
    let post = frame(HEADERS, END_HEADERS, 1, &headers(POST, "/read"));
    assert!(flooded(&[post], |_| frame(DATA, 0, 1, &[])).await);
}

#[tokio::test]
async fn ops_04_unknown_frames_and_priorities_flood() {
    assert!(flooded(&[], |_| frame(0xaa, 0, 0, &[0; 3])).await);
    assert!(flooded(&[], |_| frame(2, 0, 1, &[0, 0, 0, 0, 1])).await);
}

#[tokio::test]
async fn ops_04_rapid_reset() {
    let reset = |time: usize| {
        let stream_id = u32::try_from(2 * time + 1).unwrap();
        let mut bytes = frame(HEADERS, END_HEADERS | END_STREAM, stream_id, &headers(GET, "/slow"));
        bytes.extend(frame(RST_STREAM, 0, stream_id, &[0, 0, 0, 8]));
        bytes
    };
    assert!(flooded(&[], reset).await);
}

#[tokio::test]
async fn ops_04_continuation_flood() {
    let begun = frame(HEADERS, 0, 1, &headers(GET, "/"));
    assert!(flooded(std::slice::from_ref(&begun), |_| frame(CONTINUATION, 0, 1, &[])).await);
    // A literal header each, never indexed: x: y.
    assert!(flooded(&[begun], |_| frame(CONTINUATION, 0, 1, &[0x10, 1, b'x', 1, b'y'])).await);
}

#[tokio::test]
async fn a_client_that_asks_and_reads_may_go_on_for_ever() {
    let listening = Listening::with(Limits { http2_frames_max: 64, ..Limits::default() }).await;
    let mut client = listening.connect().await;
    for round in 0..50 {
        assert_eq!(client.get("/").await.unwrap().body, b"here", "{round}");
        assert_eq!(client.get("/large").await.unwrap().body.len(), BODY_BYTES, "{round}");
        client.frame(PING, 0, 0, &[0; 8]).await;
        let stream_id = client.begin(POST, "/read", 0).await;
        for piece in [&b"one "[..], b"two ", b"three"] {
            client.frame(DATA, 0, stream_id, piece).await;
        }
        client.frame(DATA, END_STREAM, stream_id, b"").await;
        assert_eq!(client.answer(stream_id).await.unwrap().body, b"one two three", "{round}");
    }
    assert!(client.get("/peer").await.unwrap().body.starts_with(b"127.0.0.1:"));
    drop(client);
    assert_eq!(listening.end().await, [Ended::Quietly]);
}

#[tokio::test]
async fn a_flood_is_told_apart_from_a_client_that_hung_up() {
    let listening = Listening::with(Limits::default()).await;
    assert!(listening.connect().await.cut_by(MANY, |_| frame(PING, 0, 0, &[0; 8])).await);
    assert_eq!(listening.end().await, [Ended::Flooded]);
}

#[tokio::test]
async fn ops_04_a_first_request_that_does_not_come_is_not_waited_for() {
    let listening = Listening::with(Limits { header: Duration::from_millis(50), ..Limits::default() }).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = frame(SETTINGS, 0, 0, &[]);
    let block = frame(HEADERS, 0, 1, &headers(GET, "/"));
    for said in [
        &b""[..],
        &preface[..7],
        preface,
        &[preface, &settings[..]].concat(),
        &[preface, &settings[..], &block].concat(),
    ] {
        let mut client = listening.open().await;
        client.send(said).await;
        assert!(client.rest().await.iter().all(|came| came.kind != HEADERS));
    }
    listening.end().await;
}

#[tokio::test]
async fn a_connection_that_rests_is_told_and_closed() {
    let listening = Listening::with(Limits { idle: Duration::from_millis(50), ..Limits::default() }).await;
    let mut client = listening.connect().await;
    assert_eq!(client.get("/").await.unwrap().status, OK);
    // It answers nothing any more, not even the ping that goes with GOAWAY.
    assert!(client.rest().await.iter().any(|came| came.kind == GOAWAY));
    listening.end().await;
}

#[tokio::test]
async fn ops_04_a_reader_that_gives_no_window_is_not_waited_for() {
    let listening = Listening::with(Limits { answer: Duration::from_millis(50), ..Limits::default() }).await;
    let mut client = listening.open().await;
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    // SETTINGS_INITIAL_WINDOW_SIZE = 0
    client.frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]).await;
    client.begin(GET, "/large", END_STREAM).await;
    assert!(client.rest().await.iter().all(|came| came.kind != DATA || came.payload.is_empty()));
    listening.end().await;
}

#[tokio::test]
async fn ops_04_no_more_requests_at_once_than_allowed() {
    let listening = Listening::with(Limits { http2_streams_max: 2, ..Limits::default() }).await;
    let mut client = listening.connect().await;
    // Our limit is binding once it was acknowledged.
    assert_eq!(client.get("/").await.unwrap().status, OK);
    let slow = [client.begin(GET, "/slow", END_STREAM).await, client.begin(GET, "/slow", END_STREAM).await];
    within(listening.reached.notified()).await;
    let third = client.begin(GET, "/", END_STREAM).await;
    assert!(client.answer(third).await.is_none(), "one too many");
    for stream_id in slow {
        listening.release.notify_one();
        assert_eq!(client.answer(stream_id).await.unwrap().body, b"late");
    }
    drop(client);
    listening.end().await;
}

#[tokio::test]
async fn a_shutdown_says_goodbye_and_loses_no_answer() {
    let listening = Listening::with(Limits::default()).await;
    let mut idle = listening.connect().await;
    assert_eq!(idle.get("/").await.unwrap().status, OK);
    let mut client = listening.connect().await;
    let stream_id = client.begin(GET, "/slow", END_STREAM).await;
    within(listening.reached.notified()).await;
    listening.stop.send(true).unwrap();
    assert!(idle.rest().await.iter().any(|came| came.kind == GOAWAY), "who rests is told");
    listening.release.notify_one();
    assert_eq!(client.answer(stream_id).await.unwrap().body, b"late");
    drop(client);
    listening.end().await;
}
