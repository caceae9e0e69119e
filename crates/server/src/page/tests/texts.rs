//! The texts: the same in every language, each used, none missing.

use std::collections::BTreeSet;
use std::path::Path;

use fluent_bundle::{FluentArgs, FluentValue};

use super::samples::troubles;
use crate::http::error::words::ALL;
use crate::page::Language;
use crate::page::words::{say, source};

/// The keys of a language, in the order of its file.
fn keys(language: Language) -> Vec<&'static str> {
    let starts = |line: &&str| line.starts_with(|letter: char| letter.is_ascii_lowercase());
    source(language).lines().filter(starts).filter_map(|line| line.split_once(" = ").map(|(key, _)| key)).collect()
}

/// All that the templates and the code beside them say.
fn everything_written() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let mut folders = vec![root.join("pages"), root.join("src/page"), root.join("src/page.rs")];
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if !path.components().any(|part| part.as_os_str() == "tests")
            && path.extension().is_some_and(|kind| kind == "rs" || kind == "html")
        {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    text
}

/// Keys that are put together from a number or the kind of a problem.
fn is_composed(key: &str) -> bool {
    key.strip_prefix("month-").is_some_and(|month| month.parse().is_ok_and(|month: u8| (1..=12).contains(&month)))
        || key
            .strip_prefix("problem-")
            .is_some_and(|kind| ALL.iter().any(|words| words.code == kind.trim_end_matches("-do")))
}

#[test]
fn every_language_has_the_same_texts_each_once() {
    let english = keys(Language::English);
    assert_eq!(english.iter().collect::<BTreeSet<_>>().len(), english.len(), "a text stands twice");
    assert!(english.len() > 150);
    for language in Language::ALL {
        assert_eq!(keys(*language), english, "{language:?} differs, or is in another order");
    }
}

#[test]
fn every_text_is_used_and_every_text_used_is_there() {
    let written = everything_written();
    let keys: BTreeSet<&str> = keys(Language::English).into_iter().collect();
    for key in keys.iter().filter(|key| !is_composed(key)) {
        assert!(written.contains(&format!("\"{key}\"")), "{key} is used nowhere");
    }
    for call in ["f.t(\"", "f.t1(\"", "f.tn(\"", "f.title(v.trouble, \"", "frame.tn(\"", "frame.t(\"", "f.with(\""] {
        for after in written.split(call).skip(1) {
            let key = after.split('"').next().unwrap();
            assert!(keys.contains(key), "{key} is missing");
        }
    }
    for trouble in troubles() {
        assert!(keys.contains(trouble.key()), "{}", trouble.key());
    }
    for notice in crate::page::view::Notice::ALL {
        assert!(keys.contains(notice.key()), "{notice:?}");
    }
}

/// Whatever a flow refuses, the page has words for it in the reader's language.
#[test]
fn every_problem_has_a_title_and_a_remedy() {
    for words in ALL {
        for (language, key) in Language::ALL.iter().flat_map(|one| [(one, ""), (one, "-do")]) {
            let key = format!("problem-{}{key}", words.code);
            assert_ne!(say(*language, &key, None), key, "{language:?}");
        }
    }
}

/// A text that names a value gets it in every language, and leaves nothing open.
#[test]
fn every_text_can_be_said_with_its_values() {
    let names = ["client", "name", "factor", "host", "api", "scope", "span", "title"];
    for language in Language::ALL {
        for key in keys(*language) {
            for count in [0, 1, 2, 1024] {
                let mut values: FluentArgs<'_> = names.iter().map(|name| (*name, FluentValue::from("X"))).collect();
                values.set("count", count);
                let said = say(*language, key, Some(&values));
                assert!(!said.contains(['{', '}', '$']) && !said.trim().is_empty(), "{language:?} {key}: {said}");
                assert!(said != key || matches!(key, "or" | "never"), "{language:?} {key}");
            }
        }
    }
}

#[test]
fn values_stand_in_the_same_texts_of_every_language() {
    let holes = |language: Language| -> Vec<(String, bool)> {
        let marked = |key: &&str| say(language, key, Some(&FluentArgs::new())).contains('{');
        keys(language).iter().map(|key| ((*key).to_owned(), marked(key))).collect()
    };
    assert_eq!(holes(Language::English), holes(Language::German));
}

#[test]
fn one_and_many_are_told_apart() {
    let left = |language, count: i64| {
        say(language, "codes-left", Some(&FluentArgs::from_iter([("count", count)])))
            .replace(['\u{2068}', '\u{2069}'], "")
    };
    assert_eq!(left(Language::English, 1), "One recovery code is left.");
    assert_eq!(left(Language::English, 7), "7 recovery codes are left.");
    assert_eq!(left(Language::German, 1), "Es ist noch ein Wiederherstellungscode übrig.");
    assert_eq!(left(Language::German, 7), "Es sind noch 7 Wiederherstellungscodes übrig.");
    assert!(left(Language::German, 0).starts_with("Es ist kein"));
}
