//! Texts, moments and secrets as people see them.

use poundlock_core::time::Time;

use super::{SHOWN_CHARS_MAX, groups_of_four, machine_moment, moment, text};
use crate::page::Language;

#[test]
fn a_plain_text_stays_as_it_is() {
    for plain in [
        "",
        "Maria Schmidt",
        "שלום",
        "مرحبا",
        "日本語",
        "naïve — “quoted”",
        "👩‍🚀".trim_matches('\u{200d}').get(..4).unwrap(),
    ] {
        assert_eq!(text(plain), plain);
    }
}

/// Attack: letters that turn, hide or double their neighbours.
#[test]
fn what_moves_or_hides_its_neighbours_is_shown_as_a_mark() {
    for bad in
        ['\u{202e}', '\u{2066}', '\u{200b}', '\u{200f}', '\u{061c}', '\u{feff}', '\u{ad}', '\n', '\0', '\u{e0041}']
    {
        assert_eq!(text(&format!("a{bad}b")), "a\u{fffd}b");
    }
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    let shown = text(&"ä".repeat(SHOWN_CHARS_MAX + 1)).into_owned();
    assert_eq!(shown.chars().count(), SHOWN_CHARS_MAX + 1);
    assert!(shown.ends_with('…'));
    assert_eq!(text(&"ä".repeat(SHOWN_CHARS_MAX)).chars().count(), SHOWN_CHARS_MAX);
}

#[test]
fn moments_are_told_in_the_language_and_to_programs() {
    let at = Time::from_seconds(1_794_493_500);
    assert_eq!(moment(Language::English, at), "12 Nov 2026, 14:25 UTC");
    assert_eq!(moment(Language::German, at), "12. Nov. 2026, 14:25 UTC");
    assert_eq!(machine_moment(at), "2026-11-12T14:25:00Z");
    assert_eq!(moment(Language::English, Time::from_millis(i64::MAX)), "");
}

#[test]
fn a_secret_is_typed_in_groups_of_four() {
    assert_eq!(groups_of_four("JBSWY3DPEH"), ["JBSW", "Y3DP", "EH"]);
    assert!(groups_of_four("").is_empty());
}
