//! A process that a test has started, ended by its own id.

use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// The process; killed when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// SIGTERM, and waits for an end in order.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        let ended = self.0.wait().unwrap();
        assert!(ended.success(), "{ended}");
    }

    /// Waits for an end in order, without holding up the runtime.
    pub(crate) async fn ended(mut self) {
        let ended = tokio::task::spawn_blocking(move || self.0.wait().unwrap()).await.unwrap();
        assert!(ended.success(), "{ended}");
    }

    /// SIGKILL: nothing is finished, flushed or said.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Whether the process is still there.
    pub(crate) fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
