//! Hang-ups.
