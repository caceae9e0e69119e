//! News from any node to the caches of every node. A hint to forget, never a fact to act on: the database stays the
//! truth, and a node that may have missed something is told to forget everything.

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// The most bytes of topic and payload together; PostgreSQL refuses 8,000.
pub(crate) const NOTICE_BYTES_MAX: usize = 7_900;

/// How many notices a slow listener may fall behind before it must forget everything.
pub(crate) const BACKLOG_NOTICES: usize = 1_024;

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A batch with [`crate::Batch::notify`] was committed, here or on another node.
    Message {
        /// What it is about.
        topic: String,
        /// The rest, as the sender wrote it.
        payload: String,
    },
    /// News may have been missed: forget every cached thing.
    FlushAll,
}

impl Notice {
    /// Waits for the next notice; `None` when the store is gone. Falling behind reads as [`Notice::FlushAll`].
    pub async fn next(listener: &mut broadcast::Receiver<Self>) -> Option<Self> {
        match listener.recv().await {
            Ok(notice) => Some(notice),
            Err(RecvError::Lagged(_)) => Some(Self::FlushAll),
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn falling_behind_reads_as_flush_all() {
        let (sender, mut listener) = broadcast::channel(1);
        let message = |payload: &str| Notice::Message { topic: "t".to_owned(), payload: payload.to_owned() };
        sender.send(message("1")).unwrap();
        sender.send(message("2")).unwrap();
        assert_eq!(Notice::next(&mut listener).await, Some(Notice::FlushAll));
        assert_eq!(Notice::next(&mut listener).await, Some(message("2")));
        drop(sender);
        assert_eq!(Notice::next(&mut listener).await, None);
    }
}
