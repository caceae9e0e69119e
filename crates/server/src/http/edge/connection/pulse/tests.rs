//! Requests that are answered, and requests that nobody waits for any more.

use http_body_util::BodyExt;

use super::*;

#[tokio::test]
async fn a_request_is_open_until_its_answer_is_gone() {
    let pulse = Arc::new(Pulse::default());
    assert!(!pulse.is_busy());
    let open = pulse.begin();
    pulse.moved().await;
    assert_eq!((pulse.begun(), pulse.answered(), pulse.is_busy()), (1, 0, true));
    let sending = open.answered(Body::from("here"));
    pulse.moved().await;
    assert_eq!((pulse.answered(), pulse.is_busy()), (1, true));
    assert_eq!(hyper::body::Body::size_hint(&sending).exact(), Some(4));
    assert_eq!(sending.collect().await.unwrap().to_bytes(), "here");
    pulse.moved().await;
    assert!(!pulse.is_busy());
}

#[test]
fn what_was_taken_back_was_not_answered() {
    let pulse = Arc::new(Pulse::default());
    drop((pulse.begin(), pulse.begin()));
    assert_eq!((pulse.begun(), pulse.answered(), pulse.is_busy()), (2, 0, false));
}
