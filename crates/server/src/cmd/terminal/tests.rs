//! Whether a camera would read the drawn code, and what of a file is the secret in it.

use std::io::ErrorKind;

use super::*;

const URI: &str =
    "otpauth://totp/login.example.org:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=login.example.org";
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";

/// The rows of light and dark as they appear: with colour a block is dark, without it a block is light on a dark screen.
fn seen(drawn: &str, colour: bool) -> Vec<Vec<bool>> {
    let mut rows = Vec::new();
    for line in drawn.lines() {
        let blocks =
            if colour { line.strip_prefix(BLACK_ON_WHITE).unwrap().strip_suffix("\x1b[0m").unwrap() } else { line };
        let halves = |character| match character {
            '█' => (true, true),
            '▀' => (true, false),
            '▄' => (false, true),
            ' ' => (false, false),
            other => panic!("{other:?} is no part of a code"),
        };
        let (top, bottom): (Vec<_>, Vec<_>) = blocks.chars().map(halves).unzip();
        let dark = |half: Vec<bool>| half.into_iter().map(|filled| filled == colour).collect();
        rows.extend([dark(top), dark(bottom)]);
    }
    rows
}

#[test]
fn the_drawn_code_is_the_encoders_in_both_ways_of_drawing() {
    for text in ["", "a", URI, &"long ".repeat(100)] {
        let code = QRBuilder::new(text).ecl(ECL::L).build().unwrap();
        for colour in [true, false] {
            let rows = seen(&draw(text, colour).unwrap(), colour);
            // The size is odd, so half of the last line is margin.
            assert_eq!((code.size % 2, rows.len()), (1, code.size + 5));
            for (y, row) in rows.iter().enumerate() {
                assert_eq!(row.len(), code.size + 4);
                for (x, dark) in row.iter().enumerate() {
                    let inside = (2..code.size + 2).contains(&x) && (2..code.size + 2).contains(&y);
                    let expected = inside && code[y - 2][x - 2].value();
                    assert_eq!(*dark, expected, "{text:?}, colour {colour}, {x} across and {y} down");
                }
            }
        }
    }
}

#[test]
fn what_fits_no_code_is_refused() {
    assert!(draw(&"x".repeat(4_000), true).is_err());
}

#[test]
fn one_line_end_is_no_part_of_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    for (text, secret) in [
        ("pass", "pass"),
        ("pass\n", "pass"),
        ("pass\r\n", "pass"),
        ("pass\n\n", "pass\n"),
        ("pass\r\r\n", "pass\r"),
        (" pass \n", " pass "),
        ("two\nlines\n", "two\nlines"),
        ("\n", ""),
        ("", ""),
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(read_secret(&path).unwrap().reveal(), secret, "{text:?}");
    }
}

#[test]
fn a_file_that_does_not_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing");
    let error = read_secret(&path).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()));
    assert_eq!(error.downcast_ref::<std::io::Error>().unwrap().kind(), ErrorKind::NotFound);
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(read_text(&path).is_err(), "what is no text is no secret");
}

#[test]
fn what_cannot_be_undone_is_not_done_unasked() {
    assert!(confirm("Delete ada.", true).is_ok());
    // Under a test nobody sits at the terminal, unless somebody does: then there is nothing to show here.
    if !is_interactive() {
        let error = confirm("Delete ada.", false).unwrap_err();
        assert!(error.downcast_ref::<WrongCall>().is_some());
        assert!(error.to_string().starts_with("Delete ada.") && error.to_string().contains("--yes"), "{error}");
    }
}
