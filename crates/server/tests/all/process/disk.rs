//! Disks that fill up.
