//! Counts the HTTP/2 frames that come in, by their nine-byte headers as the bytes pass (RFC 9113 section 4.1). The
//! library below answers each PING, SETTINGS, WINDOW_UPDATE and empty DATA frame that is well formed, however many come;
//! here they cost the connection what only an answered request, or bytes sent, earn again. Holds no bytes.

#[cfg(test)]
mod tests;

use crate::config::Limits;

/// `PRI * HTTP/2.0…`, which stands before the first frame.
const PREFACE_BYTES: usize = 24;

/// Length of a frame header.
const HEADER_BYTES: u8 = 9;

/// CONTINUATION frames of one header block. A block of 16 KiB, the most that is read, fits into one frame.
const CONTINUATIONS_MAX: u32 = 4;

/// How many bytes sent earn a frame: who reads a large answer sends WINDOW_UPDATE frames for it.
const BYTES_SENT_PER_FRAME: usize = 1024;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// What a connection has too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flood {
    Frames,
    Bytes,
    Continuations,
}

/// What one connection may still send, and how far its present frame has come.
#[derive(Debug)]
pub(super) struct Frames {
    /// Bytes that belong to no frame header: the rest of the preface or of a payload.
    skip: usize,
    /// The bytes of the present frame header, shifted in from the right.
    head: u128,
    head_bytes: u8,
    continuations: u32,
    frames: Allowance,
    bytes: Allowance,
    sent: usize,
}

/// An allowance that is used up, and earned again up to what it was.
#[derive(Debug)]
struct Allowance {
    left: u64,
    most: u64,
    per_request: u64,
}

impl Allowance {
    fn new(most: u64, per_request: u64) -> Self {
        Self { left: most, most, per_request }
    }

    fn earn(&mut self, more: u64) {
        self.left = self.left.saturating_add(more).min(self.most);
    }

    fn spend(&mut self, flood: Flood, cost: u64) -> Result<(), Flood> {
        self.left = self.left.checked_sub(cost).ok_or(flood)?;
        Ok(())
    }
}

impl Frames {
    pub(super) fn new(limits: &Limits) -> Self {
        let kib = |kib: u32| u64::from(kib) * 1024;
        Self {
            skip: PREFACE_BYTES,
            head: 0,
            head_bytes: 0,
            continuations: 0,
            frames: Allowance::new(limits.http2_frames_max.into(), limits.http2_frames_per_request.into()),
            bytes: Allowance::new(kib(limits.http2_kib_max), kib(limits.http2_kib_per_request)),
            sent: 0,
        }
    }

    /// Takes account of bytes that came.
    pub(super) fn came(&mut self, mut bytes: &[u8]) -> Result<(), Flood> {
        self.bytes.spend(Flood::Bytes, bytes.len() as u64)?;
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            let Some((byte, rest)) = bytes.get(skipped..).and_then(<[u8]>::split_first) else { return Ok(()) };
            bytes = rest;
            self.head = self.head << 8 | u128::from(*byte);
            self.head_bytes += 1;
            if self.head_bytes == HEADER_BYTES {
                self.frame()?;
            }
        }
    }

    /// Takes account of bytes that were sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes);
        self.frames.earn((self.sent / BYTES_SENT_PER_FRAME) as u64);
        self.sent %= BYTES_SENT_PER_FRAME;
    }

    /// Takes account of requests that were answered.
    pub(super) fn answered(&mut self, requests: u64) {
        for allowance in [&mut self.frames, &mut self.bytes] {
            allowance.earn(requests.saturating_mul(allowance.per_request));
        }
    }

    /// A frame header is whole: length (24 bits), type (8), flags (8), stream (32).
    fn frame(&mut self) -> Result<(), Flood> {
        let [length @ .., kind, flags, _, _, _, _] = self.head.to_be_bytes();
        self.skip = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        (self.head, self.head_bytes) = (0, 0);
        self.frames.spend(Flood::Frames, 1)?;
        match kind {
            HEADERS => self.continuations = 0,
            CONTINUATION => self.continuations += 1,
            _ => {}
        }
        if self.continuations > CONTINUATIONS_MAX {
            return Err(Flood::Continuations);
        }
        if kind == CONTINUATION && flags & END_HEADERS != 0 {
            self.continuations = 0;
        }
        Ok(())
    }
}
