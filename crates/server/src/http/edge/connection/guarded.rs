//! The bytes of one connection, watched as they pass: a client that takes nothing of what is sent, or that floods an
//! HTTP/2 connection with frames, ends it.

#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::super::arrived::Io;
use super::frames::Frames;
use super::pulse::Pulse;

/// A connection's bytes.
pub(super) struct Guarded {
    io: Box<dyn Io>,
    pulse: Arc<Pulse>,
    /// What an HTTP/2 connection may send; over HTTP/1 the library's own limits suffice.
    frames: Option<Frames>,
    answered: u64,
    stall: Duration,
    /// Runs while the other side takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    pub(super) fn new(io: Box<dyn Io>, pulse: Arc<Pulse>, frames: Option<Frames>, stall: Duration) -> Self {
        Self { io, pulse, frames, answered: 0, stall, stalled: None }
    }

    fn came(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(frames) = &mut self.frames else { return Ok(()) };
        let answered = self.pulse.answered();
        frames.answered(answered - self.answered);
        self.answered = answered;
        frames.came(bytes).map_err(|flood| {
            self.pulse.flood();
            io::Error::other(format!("too many of these came before an answer was due: {flood:?}"))
        })
    }

    /// Passes on what became of a write, unless the client has taken nothing for too long.
    fn unstalled<T>(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if wrote.is_ready() {
            self.stalled = None;
            return wrote;
        }
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn wrote(&mut self, context: &mut Context<'_>, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let (Poll::Ready(Ok(bytes)), Some(frames)) = (&wrote, &mut self.frames) {
            frames.sent(*bytes);
        }
        self.unstalled(context, wrote)
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, into))?;
        Poll::Ready(self.came(into.filled().get(before..).unwrap_or_default()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.io).poll_write(context, bytes);
        self.wrote(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.wrote(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        self.unstalled(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.io).poll_shutdown(context);
        self.unstalled(context, shut)
    }
}
