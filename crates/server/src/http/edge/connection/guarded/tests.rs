//! Pipes in memory: what a client takes, and what it may send.

use std::future::poll_fn;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::config::Limits;

const STALL: Duration = Duration::from_millis(20);

fn guarded(bytes: usize, frames: Option<Frames>) -> (Guarded, tokio::io::DuplexStream, Arc<Pulse>) {
    let (io, client) = duplex(bytes);
    let pulse = Arc::new(Pulse::default());
    (Guarded::new(Box::new(io), Arc::clone(&pulse), frames, STALL), client, pulse)
}

#[tokio::test]
async fn ops_04_a_client_that_takes_nothing_is_not_waited_for() {
    let (mut ours, client, _) = guarded(8, None);
    let write = tokio::time::timeout(Duration::from_secs(20), ours.write_all(b"more than fits"));
    let error = write.await.expect("it hangs").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(client);
}

#[tokio::test]
async fn the_patience_begins_anew_with_every_byte_that_is_taken() {
    let (mut ours, mut client, _) = guarded(8, None);
    ours.write_all(&[7; 8]).await.unwrap();
    for _ in 0..3 {
        poll_fn(|context| {
            assert!(Pin::new(&mut ours).poll_write(context, &[7]).is_pending(), "it is full");
            Poll::Ready(())
        })
        .await;
        assert!(ours.stalled.is_some());
        client.read_u8().await.unwrap();
        ours.write_u8(7).await.unwrap();
        assert!(ours.stalled.is_none());
    }
}

#[tokio::test]
async fn ops_04_a_flood_ends_the_reading_and_an_answer_earns_more() {
    let limits = Limits { http2_frames_max: 2, http2_frames_per_request: 1, ..Limits::default() };
    let (mut ours, mut client, pulse) = guarded(1024, Some(Frames::new(&limits)));
    let ping = [0, 0, 0, 6, 0, 0, 0, 0, 0];
    client.write_all(&[0; 24]).await.unwrap();
    client.write_all(&ping.repeat(2)).await.unwrap();
    ours.read_exact(&mut [0; 24 + 18]).await.unwrap();
    drop(pulse.begin().answered("".into()));
    client.write_all(&ping).await.unwrap();
    ours.read_exact(&mut [0; 9]).await.unwrap();
    assert!(!pulse.is_flooded());
    client.write_all(&ping).await.unwrap();
    assert!(ours.read_exact(&mut [0; 9]).await.unwrap_err().to_string().contains("Frames"));
    assert!(pulse.is_flooded());
}
