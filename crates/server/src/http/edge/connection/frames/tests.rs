//! Frame headers, however the bytes are cut, and what each kind of flood comes to.

use super::*;

const PING: u8 = 6;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
const DATA: u8 = 0;

fn limits() -> Limits {
    Limits {
        http2_frames_max: 10,
        http2_frames_per_request: 3,
        http2_kib_max: 2,
        http2_kib_per_request: 1,
        ..Limits::default()
    }
}

fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
    let mut frame = u32::try_from(length).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags, 0, 0, 0, 1]);
    // A payload that would read as frame headers if anybody took it for them.
    frame.extend(std::iter::repeat_n(CONTINUATION, length));
    frame
}

fn begun() -> Frames {
    let mut frames = Frames::new(&limits());
    frames.came(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    frames
}

#[test]
fn ops_04_every_kind_of_frame_costs() {
    for (kind, length) in [(PING, 8), (SETTINGS, 0), (WINDOW_UPDATE, 4), (DATA, 0), (0xaa, 0)] {
        let mut frames = begun();
        for _ in 0..10 {
            frames.came(&frame(kind, 0, length)).unwrap();
        }
        assert_eq!(frames.came(&frame(kind, 0, length)), Err(Flood::Frames), "{kind}");
    }
}

#[test]
fn bytes_may_come_in_any_pieces() {
    let bytes: Vec<u8> = (0..11).flat_map(|at| frame(PING, 0, at)).collect();
    for piece in 1..bytes.len() {
        let mut frames = begun();
        let mut pieces = bytes.chunks(piece).map(|piece| frames.came(piece));
        assert!(pieces.any(|taken| taken == Err(Flood::Frames)), "in pieces of {piece}");
        let mut frames = begun();
        let ten = &bytes[..bytes.len() - 19];
        assert!(ten.chunks(piece).all(|piece| frames.came(piece).is_ok()), "in pieces of {piece}");
    }
}

#[test]
fn only_answers_and_bytes_sent_earn_frames_and_never_more_than_there_were() {
    let mut frames = begun();
    let send = |frames: &mut Frames| (0..100).take_while(|_| frames.came(&frame(PING, 0, 0)).is_ok()).count();
    assert_eq!(send(&mut frames), 10);
    frames.answered(1);
    assert_eq!(send(&mut frames), 3);
    frames.answered(1_000_000);
    assert_eq!(send(&mut frames), 10);
    frames.sent(1023);
    assert_eq!(send(&mut frames), 0);
    frames.sent(1);
    assert_eq!(send(&mut frames), 1);
    frames.sent(usize::MAX);
    assert_eq!(send(&mut frames), 10);
}

#[test]
fn ops_04_bytes_without_an_answer_come_to_an_end() {
    let mut frames = begun();
    frames.came(&frame(DATA, 0, 1000)).unwrap();
    frames.came(&frame(DATA, 0, 1000)).unwrap();
    assert_eq!(frames.came(&frame(DATA, 0, 1000)), Err(Flood::Bytes));
    let mut frames = begun();
    frames.came(&frame(DATA, 0, 1500)).unwrap();
    frames.answered(1);
    frames.came(&frame(DATA, 0, 1400)).unwrap();
}

#[test]
fn ops_04_a_header_block_has_few_continuations() {
    let mut frames = begun();
    // Blocks that end begin the count anew.
    frames.came(&frame(HEADERS, 0, 1)).unwrap();
    for _ in 0..3 {
        frames.came(&frame(CONTINUATION, 0, 0)).unwrap();
    }
    frames.came(&frame(CONTINUATION, END_HEADERS, 0)).unwrap();
    frames.answered(9);
    frames.came(&frame(HEADERS, 0, 1)).unwrap();
    for _ in 0..4 {
        frames.came(&frame(CONTINUATION, 0, 0)).unwrap();
    }
    assert_eq!(frames.came(&frame(CONTINUATION, END_HEADERS, 0)), Err(Flood::Continuations));
}
