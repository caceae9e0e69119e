//! The parser against headers written by hand from the protocol's text (section 2.2), and against anything.

use proptest::prelude::*;

use super::*;

const SSL_YES: [u8; 8] = [0x20, 0, 5, 0x01, 0, 0, 0, 0];

fn header(command: u8, family: u8, rest: &[u8]) -> ([u8; HEAD_BYTES], Vec<u8>) {
    let mut head = [0; HEAD_BYTES];
    head[..12].copy_from_slice(&SIGNATURE);
    (head[12], head[13]) = (command, family);
    head[14..].copy_from_slice(&u16::try_from(rest.len()).unwrap().to_be_bytes());
    (head, rest.to_vec())
}

fn read(command: u8, family: u8, rest: &[u8]) -> Result<Told, Malformed> {
    let (head, rest) = header(command, family, rest);
    parse(&head, &rest)
}

fn rest_v4(additions: &[u8]) -> Vec<u8> {
    [&[203, 0, 113, 9, 10, 0, 0, 1, 0xc0, 0x01, 0x01, 0xbb], additions].concat()
}

fn client(from: &str, tls: bool) -> Result<Told, Malformed> {
    Ok(Told::Client { address: Some(from.parse().unwrap()), tls })
}

#[test]
fn thr_07_each_family_gives_the_clients_address() {
    assert_eq!(read(0x21, 0x11, &rest_v4(&[])), client("203.0.113.9:49153", false));
    let mut v6 = [0; 36];
    v6[..2].copy_from_slice(&[0x20, 0x01]);
    (v6[15], v6[33]) = (7, 80);
    assert_eq!(read(0x21, 0x21, &v6), client("[2001::7]:80", false));
    assert_eq!(read(0x21, 0x31, &[0; 216]), Ok(Told::Client { address: None, tls: false }));
    assert_eq!(read(0x20, 0x00, &[]), Ok(Told::Local));
    assert_eq!(read(0x20, 0x11, &rest_v4(&[])), Ok(Told::Local), "the addresses of a check are nobody's");
}

#[test]
fn additions_are_skipped_but_for_the_word_on_tls() {
    for (additions, tls) in [
        (vec![], false),
        (vec![0x04, 0, 0], false),
        (vec![0x01, 0, 2, b'h', b'2'], false),
        (SSL_YES.to_vec(), true),
        ([&[0x03, 0, 4, 1, 2, 3, 4][..], &SSL_YES].concat(), true),
        (vec![0x20, 0, 5, 0, 0, 0, 0, 0], false),
        (vec![0x20, 0, 5, 0x06, 0, 0, 0, 0], false),
    ] {
        assert_eq!(read(0x21, 0x11, &rest_v4(&additions)), client("203.0.113.9:49153", tls), "{additions:?}");
    }
    let no = [0x20, 0, 5, 0, 0, 0, 0, 0];
    for twice in [[SSL_YES, no], [no, SSL_YES], [SSL_YES, SSL_YES]] {
        assert_eq!(read(0x21, 0x11, &rest_v4(&twice.concat())), Err(Malformed::Twice), "{twice:?}");
    }
    for broken in [&[0x04][..], &[0x04, 0], &[0x04, 0, 9, 1], &[0x20, 0, 4, 1, 0, 0, 0]] {
        assert_eq!(read(0x21, 0x11, &rest_v4(broken)), Err(Malformed::Short), "{broken:?}");
    }
}

#[test]
fn t_20_what_is_no_header_of_version_2_is_refused_by_its_head() {
    assert_eq!(rest_bytes(b"PROXY TCP4 1.2.3"), Err(Malformed::Version1));
    for other in
        [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03abcde", b"\r\n\r\n\0\r\nQUIX\n\x21\x11\0\x0c"]
    {
        assert_eq!(rest_bytes(other), Err(Malformed::Absent));
    }
    for command in [0x11, 0x22, 0x2f, 0x31, 0x00] {
        assert_eq!(read(command, 0x11, &rest_v4(&[])), Err(Malformed::Command), "{command:#x}");
    }
    // No family, datagrams, and families that do not exist: whose address would it be?
    for family in [0x00, 0x01, 0x10, 0x12, 0x22, 0x32, 0x41, 0xff] {
        assert_eq!(read(0x21, family, &[0; 216]), Err(Malformed::Family), "{family:#x}");
    }
    let (head, rest) = header(0x21, 0x11, &[0; REST_BYTES_MAX + 1]);
    assert_eq!((rest_bytes(&head), parse(&head, &rest)), (Err(Malformed::TooLong), Err(Malformed::TooLong)));
}

#[test]
fn a_header_of_another_length_than_it_says_is_refused() {
    for (family, whole) in [(0x11, 12), (0x21, 36), (0x31, 216)] {
        for short in 0..whole {
            assert_eq!(read(0x21, family, &vec![0; short]), Err(Malformed::Short), "{family:#x}, {short}");
        }
        let (head, rest) = header(0x21, family, &vec![0; whole]);
        assert!(parse(&head, &rest).is_ok());
        assert_eq!(parse(&head, &rest[1..]), Err(Malformed::Short));
        assert_eq!(parse(&head, &[&rest[..], &[0]].concat()), Err(Malformed::Short));
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_an_answer(head: [u8; HEAD_BYTES], rest in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&head, &rest);
        let _ = read(head[12], head[13], &rest);
        let _ = read(0x21, [0x11, 0x21, 0x31][usize::from(head[0]) % 3], &rest);
    }

    #[test]
    fn what_a_proxy_writes_is_what_is_read(
        address: SocketAddr,
        skipped in proptest::collection::vec((any::<u8>().prop_filter("not TLS", |kind| *kind != TLS_TYPE),
            proptest::collection::vec(any::<u8>(), 0..60)), 0..8),
        tls: bool,
    ) {
        let mut additions = Vec::new();
        for (kind, value) in skipped {
            additions.push(kind);
            additions.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            additions.extend(value);
        }
        additions.extend([0x20, 0, 5, u8::from(tls), 0, 0, 0, 0]);
        let port = address.port().to_be_bytes();
        let (family, mut rest) = match address {
            SocketAddr::V4(v4) => (0x11, [&v4.ip().octets()[..], &[0; 4]].concat()),
            SocketAddr::V6(v6) => (0x21, [&v6.ip().octets()[..], &[0; 16]].concat()),
        };
        rest.extend([port[0], port[1], 0, 0]);
        rest.extend(additions);
        let address = Some(SocketAddr::new(address.ip(), address.port()));
        prop_assert_eq!(read(0x21, family, &rest), Ok(Told::Client { address, tls }));
    }
}
