//! Flows that outlive whoever asked for them.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::sync::oneshot;

use super::*;
use crate::flow::to_the_end;

/// Whether the future has nothing yet.
async fn waits(future: &mut (impl Future<Output = ()> + Unpin)) -> bool {
    poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())).await
}

#[tokio::test]
async fn the_end_waits_for_every_flow_and_for_none_that_is_over() {
    let flows = Flows::new();
    flows.ended().await;
    let (first, second) = (flows.begin(), flows.begin());
    let mut ended = Box::pin(flows.ended());
    assert!(waits(&mut ended).await);
    drop(first);
    assert!(waits(&mut ended).await);
    drop(second);
    ended.await;
    flows.ended().await;
}

#[tokio::test]
async fn thr_06_a_flow_whose_caller_hung_up_is_still_under_way() {
    let flows = Flows::new();
    let (release, released) = oneshot::channel::<()>();
    let (done, was_done) = oneshot::channel::<()>();
    {
        let mut answer = pin!(to_the_end(flows.begin(), async move {
            let _ = released.await;
            let _ = done.send(());
            Ok(())
        }));
        poll_fn(|context| Poll::Ready(answer.as_mut().poll(context).is_pending())).await;
    }
    let mut ended = Box::pin(flows.ended());
    assert!(waits(&mut ended).await, "the caller is gone, the flow is not");
    release.send(()).unwrap();
    ended.await;
    was_done.await.unwrap();
}
