//! HTTP/2 on real sockets, frame by frame: what a browser does, and each known flood.

mod client;
mod floods;

use super::*;
