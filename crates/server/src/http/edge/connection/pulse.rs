//! What the requests of one connection do, as their connection sees it: how many are open, how many were answered, and
//! whether anything moved.

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;

/// One connection's requests.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    begun: AtomicU64,
    answered: AtomicU64,
    over: AtomicU64,
    flooded: AtomicBool,
    moved: Notify,
}

impl Pulse {
    /// A request began.
    pub(super) fn begin(self: &Arc<Self>) -> Open {
        self.begun.fetch_add(1, SeqCst);
        self.moved.notify_one();
        Open { pulse: Arc::clone(self) }
    }

    /// How many requests began.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(SeqCst)
    }

    /// How many requests got an answer. One that its client took back before that got none.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(SeqCst)
    }

    /// Whether a request awaits its answer, or an answer its reader.
    pub(super) fn is_busy(&self) -> bool {
        self.over.load(SeqCst) < self.begun()
    }

    /// Waits until a request begins, is answered or ends.
    pub(super) async fn moved(&self) {
        self.moved.notified().await;
    }

    /// The client sends more than it may.
    pub(super) fn flood(&self) {
        self.flooded.store(true, SeqCst);
    }

    pub(super) fn is_flooded(&self) -> bool {
        self.flooded.load(SeqCst)
    }
}

/// One request, from its headers until its answer has been handed over, or nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Open {
    pulse: Arc<Pulse>,
}

impl Open {
    /// The request has its answer; `body` is what remains to be sent.
    pub(super) fn answered(self, body: Body) -> Sending {
        self.pulse.answered.fetch_add(1, SeqCst);
        self.pulse.moved.notify_one();
        Sending { body, _open: self }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.pulse.over.fetch_add(1, SeqCst);
        self.pulse.moved.notify_one();
    }
}

/// The body of an answer, whose request is open until the body is gone.
#[derive(Debug)]
pub(super) struct Sending {
    body: Body,
    _open: Open,
}

impl hyper::body::Body for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
