//! Bytes that are no text of JSON.

/// Control characters and what is not UTF-8, inside a text; and other encodings.
pub(super) fn odd_bytes() -> Vec<(String, Vec<u8>)> {
    let texts = |bytes: &[u8]| [b"{\"zz\":\"", bytes, b"\"}"].concat();
    let mut bodies: Vec<(String, Vec<u8>)> =
        (0..0x20).map(|control: u8| (format!("control character {control}"), texts(&[control]))).collect();
    let sequences: &[&[u8]] = &[
        b"\x80",
        b"\xbf",
        b"\xc0\x80",
        b"\xc0\xaf",
        b"\xc1\xbf",
        b"\xc2",
        b"\xc3\x28",
        b"\xe0\x80\xaf",
        b"\xe0\x9f\xbf",
        b"\xe2\x82",
        b"\xe2\x28\xa1",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf0\x80\x80\xaf",
        b"\xf0\x8f\xbf\xbf",
        b"\xf0\x28\x8c\xbc",
        b"\xf0\x90\x28\xbc",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xfc\x84\x80\x80\x80\x80",
        b"\xfe",
        b"\xff",
        b"\xff\xfe",
    ];
    for sequence in sequences {
        bodies.push((format!("not UTF-8 {sequence:x?}"), texts(sequence)));
    }
    let wide = |order: fn(u16) -> [u8; 2]| "{}".encode_utf16().flat_map(order).collect::<Vec<u8>>();
    bodies.push(("UTF-16LE".to_owned(), wide(u16::to_le_bytes)));
    bodies.push(("UTF-16BE".to_owned(), wide(u16::to_be_bytes)));
    bodies.push(("UTF-32".to_owned(), b"{\0\0\0}\0\0\0".to_vec()));
    bodies.push(("gzip".to_owned(), b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0".to_vec()));
    bodies.push(("CBOR".to_owned(), b"\xa1\x64name\x63ada".to_vec()));
    bodies.push(("MessagePack".to_owned(), b"\x81\xa4name\xa3ada".to_vec()));
    bodies.push(("zeros".to_owned(), vec![0; 100]));
    bodies
}
