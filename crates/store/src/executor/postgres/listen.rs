//! Hears what other nodes tell, on a connection of its own. When that connection is lost it reconnects, and tells
//! everyone to forget everything, since news may have been missed.

use std::future::poll_fn;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{broadcast, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use super::commit::CHANNEL;
use super::connect::{CONNECTION_MAX, Target};
use super::{error, hold};
use crate::error::StoreError;
use crate::executor::sqlite::hold::taken;
use crate::notice::Notice;
use crate::options::Hold;

/// How often the line is tried when nothing comes.
const PULSE: Duration = Duration::from_secs(10);
/// The longest wait for the answer.
const PULSE_MAX: Duration = Duration::from_secs(5);
/// The first and the longest wait before connecting again.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The listening task; ends when this is dropped.
pub(super) struct Listener {
    task: AbortHandle,
}

impl Listener {
    /// Starts listening; when this returns, no notice sent from now on is missed.
    pub(super) async fn start(
        target: Target,
        notices: broadcast::Sender<Notice>,
        hold: Hold,
    ) -> Result<Self, StoreError> {
        // Who is alone with the store is so on one session, and that is another.
        let hold = if hold == Hold::Alone { Hold::Unheld } else { hold };
        let line = Line::open(&target, &notices, hold).await?;
        let task = tokio::spawn(keep_listening(line, (target, hold), notices)).abort_handle();
        Ok(Self { task })
    }

    pub(super) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn keep_listening(mut line: Line, (target, hold): (Target, Hold), notices: broadcast::Sender<Notice>) {
    loop {
        line.until_lost().await;
        tracing::warn!("lost the connection that hears of revocations and key changes; connecting again");
        let mut pause = PAUSE_MIN;
        line = loop {
            match Line::open(&target, &notices, hold).await {
                Ok(line) => break line,
                Err(error) => tracing::warn!(%error, "cannot hear of revocations and key changes"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        };
        // Refused only when nobody listens.
        drop(notices.send(Notice::FlushAll));
    }
}

/// A connection that listens.
struct Line {
    client: Client,
    lost: oneshot::Receiver<()>,
    driver: AbortHandle,
}

impl Line {
    /// Opens one in time: a server that takes the connection and then says nothing must not keep us for ever.
    async fn open(target: &Target, notices: &broadcast::Sender<Notice>, hold: Hold) -> Result<Self, StoreError> {
        let silent = |_| StoreError::Unavailable("the server does not answer".to_owned());
        timeout(CONNECTION_MAX, Self::try_open(target, notices, hold)).await.map_err(silent)?
    }

    /// For a node this also holds the store, also while its pool has no session.
    async fn try_open(target: &Target, notices: &broadcast::Sender<Notice>, hold: Hold) -> Result<Self, StoreError> {
        let failed = |e| error::read(&e, "LISTEN");
        let line = match &target.tls {
            Some(tls) => {
                let (client, connection) = target.config.connect(tls.clone()).await.map_err(failed)?;
                Self::drive(client, connection, notices.clone())
            }
            None => {
                let (client, connection) = target.config.connect(NoTls).await.map_err(failed)?;
                Self::drive(client, connection, notices.clone())
            }
        };
        if !hold::holds(&line.client, hold).await.map_err(failed)? {
            return Err(StoreError::Refused(taken(hold).to_owned()));
        }
        line.client.batch_execute(&format!("LISTEN {CHANNEL}")).await.map_err(failed)?;
        Ok(line)
    }

    fn drive<S, T>(client: Client, mut connection: Connection<S, T>, notices: broadcast::Sender<Notice>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (ended, lost) = oneshot::channel();
        let driver = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(note) = message {
                    drop(notices.send(read(note.payload())));
                }
            }
            drop(ended);
        });
        Self { client, lost, driver: driver.abort_handle() }
    }

    /// Waits until the connection ends, or no longer answers: a line that is cut without a word looks idle for ever.
    async fn until_lost(&mut self) {
        loop {
            if timeout(PULSE, &mut self.lost).await.is_ok() {
                return;
            }
            if !matches!(timeout(PULSE_MAX, self.client.batch_execute("")).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A payload that is not ours means that something was told which we cannot read: forget everything.
fn read(payload: &str) -> Notice {
    match payload.split_once(':') {
        Some((topic, rest)) => Notice::Message { topic: topic.to_owned(), payload: rest.to_owned() },
        None => Notice::FlushAll,
    }
}
