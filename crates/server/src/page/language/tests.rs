//! Which language a reader gets.

use super::Language;
use super::Language::{English, German};

#[test]
fn a_parameter_goes_before_a_choice_and_a_choice_before_the_header() {
    assert_eq!(Language::wanted(Some("de"), Some("en"), Some("en")), German);
    assert_eq!(Language::wanted(Some("fr"), Some("de"), Some("en")), German);
    assert_eq!(Language::wanted(None, Some("de"), Some("en")), German);
    assert_eq!(Language::wanted(None, None, Some("de")), German);
    assert_eq!(Language::wanted(None, None, None), English);
}

#[test]
fn the_parameter_lists_tags_by_preference() {
    assert_eq!(Language::wanted(Some("fr-CA de-AT en"), None, None), German);
    assert_eq!(Language::wanted(Some("fr en de"), None, None), English);
    assert_eq!(Language::wanted(Some(""), None, Some("de")), German);
}

#[test]
fn the_header_is_read_by_weight() {
    for (header, language) in [
        ("de", German),
        ("DE-ch", German),
        ("fr, de;q=0.5", German),
        ("en;q=0.3, de;q=0.8", German),
        ("de;q=0.3, en;q=0.8", English),
        ("de;q=0, en;q=0.1", English),
        ("de, en", German),
        ("en, de", English),
        ("fr", English),
        ("*", English),
        (";;;,,, q=", English),
        ("de;q=9", English),
        ("de;q=NaN", English),
    ] {
        assert_eq!(Language::wanted(None, None, Some(header)), language, "{header}");
    }
}

#[test]
fn tags_and_names_are_distinct() {
    for one in Language::ALL {
        assert_eq!(Language::of_tag(one.tag()), Some(*one));
        assert_eq!(Language::ALL.iter().filter(|other| other.own_name() == one.own_name()).count(), 1);
    }
    assert_eq!(Language::of_tag("deutsch"), None);
}
