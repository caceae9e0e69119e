//! Flows that run on after their caller hung up, and how the end of the server waits for them: an attempt that was
//! spent gets its outcome written before the last record is sealed.

#[cfg(test)]
mod tests;

use tokio::sync::watch;

/// All flows under way.
#[derive(Debug)]
pub(crate) struct Flows {
    held: watch::Sender<()>,
}

/// One flow under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    _held: watch::Receiver<()>,
}

impl Flows {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { held: watch::Sender::new(()) }
    }

    /// One more.
    pub(crate) fn begin(&self) -> UnderWay {
        UnderWay { _held: self.held.subscribe() }
    }

    /// Waits until none is under way.
    pub(crate) async fn ended(&self) {
        self.held.closed().await;
    }
}
