//! `[listen.limits]`: what one connection, one source and all of them together may take. Each key stands against one
//! way to exhaust a server without guessing anything; `docs/edge.md` says which.

use std::time::Duration;

use anyhow::bail;
use serde::{Deserialize, Serialize};

/// The most connections that may be asked for: a file descriptor each.
const CONNECTIONS_CEILING: usize = 1_000_000;

/// What the edge bears. Lengths and counts of one request are fixed and have no key: see `http/edge/caps.rs`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Connections at once, over TCP. Over it a connection is closed at once.
    pub(crate) connections_max: usize,
    /// Connections at once from one IPv4 address or IPv6 /64. Loopback and proxies are exempt.
    pub(crate) connections_per_source_max: usize,
    /// From the first moment of a connection, or the end of the last request, until the headers are whole (slowloris).
    /// Over HTTP/1 this is also how long a connection may rest.
    #[serde(rename = "header_seconds", with = "seconds")]
    pub(crate) header: Duration,
    /// For a body, whole (slow POST).
    #[serde(rename = "body_seconds", with = "seconds")]
    pub(crate) body: Duration,
    /// How long an HTTP/2 connection may rest between requests.
    #[serde(rename = "idle_seconds", with = "seconds")]
    pub(crate) idle: Duration,
    /// How long requests may be open while none begins, is answered or ends (slow read).
    #[serde(rename = "answer_seconds", with = "seconds")]
    pub(crate) answer: Duration,
    /// How long a client may take no byte of what is sent (slow read).
    #[serde(rename = "stall_seconds", with = "seconds")]
    pub(crate) stall: Duration,
    /// How long answers under way may take to leave at shutdown.
    #[serde(rename = "drain_seconds", with = "seconds")]
    pub(crate) drain: Duration,
    /// HTTP/2: requests at once on one connection.
    pub(crate) http2_streams_max: u32,
    /// HTTP/2: frames that may come before any request is answered; never more are saved up.
    pub(crate) http2_frames_max: u32,
    /// HTTP/2: frames that each answered request earns, and each KiB sent earns one more.
    pub(crate) http2_frames_per_request: u32,
    /// HTTP/2: KiB that may come before any request is answered; never more are saved up.
    pub(crate) http2_kib_max: u32,
    /// HTTP/2: KiB that each answered request earns.
    pub(crate) http2_kib_per_request: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            connections_per_source_max: 256,
            header: Duration::from_secs(10),
            body: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            answer: Duration::from_secs(60),
            stall: Duration::from_secs(20),
            drain: Duration::from_secs(10),
            http2_streams_max: 100,
            http2_frames_max: 1024,
            http2_frames_per_request: 64,
            http2_kib_max: 1024,
            http2_kib_per_request: 64,
        }
    }
}

impl Limits {
    /// Refuses limits that would let nobody in.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let counts = [
            ("connections_max", self.connections_max),
            ("connections_per_source_max", self.connections_per_source_max),
            ("http2_streams_max", self.http2_streams_max as usize),
            ("http2_frames_max", self.http2_frames_max as usize),
            ("http2_frames_per_request", self.http2_frames_per_request as usize),
            ("http2_kib_max", self.http2_kib_max as usize),
            ("http2_kib_per_request", self.http2_kib_per_request as usize),
        ];
        let spans = [
            ("header_seconds", self.header),
            ("body_seconds", self.body),
            ("idle_seconds", self.idle),
            ("answer_seconds", self.answer),
            ("stall_seconds", self.stall),
            ("drain_seconds", self.drain),
        ];
        let empty = counts.iter().find(|(_, count)| *count == 0).map(|(key, _)| key);
        if let Some(key) = empty.or_else(|| spans.iter().find(|(_, span)| span.is_zero()).map(|(key, _)| key)) {
            bail!("listen.limits.{key} is 0, which would serve nobody: there is no value for \"no limit\"");
        }
        if self.connections_max > CONNECTIONS_CEILING {
            bail!("listen.limits.connections_max is over {CONNECTIONS_CEILING}, more than one process can hold");
        }
        Ok(())
    }

    /// For the admin socket, whose peers are the server's own user: an export may wait for its reader.
    pub(crate) fn of_admin(&self) -> Self {
        let patient = Duration::from_secs(24 * 60 * 60);
        Self { answer: patient, stall: patient, ..self.clone() }
    }
}

/// A duration as whole seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(span.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u32::deserialize(deserializer).map(|seconds| Duration::from_secs(seconds.into()))
    }
}
