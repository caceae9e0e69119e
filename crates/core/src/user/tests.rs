//! One person, one name: spellings, lengths and what is kept free.

use super::*;

#[test]
fn t_18_every_spelling_is_one_name() {
    let one = UserName::parse("ada@example.org").unwrap();
    for spelling in ["Ada@Example.org", "  ADA@EXAMPLE.ORG ", "ａｄａ@example.org"] {
        assert_eq!(UserName::parse(spelling), Ok(one.clone()), "{spelling}");
        assert_eq!(UserName::for_attempt(spelling), one);
    }
    let composed = UserName::parse("jos\u{e9}").unwrap();
    assert_eq!(UserName::parse("jose\u{301}").unwrap(), composed);
}

#[test]
fn bad_names_say_why() {
    assert_eq!(UserName::parse("  "), Err(BadName::Empty));
    assert_eq!(UserName::parse("two words"), Err(BadName::Characters));
    assert_eq!(UserName::parse("a\u{0}b"), Err(BadName::Characters));
    assert_eq!(UserName::parse("usr_1"), Err(BadName::Reserved));
    assert_eq!(UserName::parse(&"x".repeat(65)), Err(BadName::TooLong));
    assert_eq!(UserName::parse(&"x".repeat(1_000_000)), Err(BadName::TooLong));
}

#[test]
fn an_impossible_name_never_equals_a_possible_one() {
    assert_ne!(UserName::for_attempt("two words").as_str(), "two words");
    assert_eq!(UserName::for_attempt(&"é\u{0}".repeat(10_000)).as_str().len(), 65);
}

#[test]
fn an_unknown_stored_state_is_shut() {
    assert_eq!(UserState::from_stored("acitve"), UserState::Disabled);
}

/// PWD-07, PWD-06: an account is these columns. A hint, a question or an age of the password would be one more, and this
/// line would no longer compile.
#[test]
fn pwd_06_pwd_07_an_account_has_no_hint_no_question_and_no_age_of_its_password() {
    let rng = crate::testing::SeededRng::new(1);
    let row = UserRow {
        id: UserId::new(Time::from_millis(1), &rng),
        subject: Subject::new(&rng),
        name: "ada".to_owned(),
        display_name: "Ada".to_owned(),
        state: UserState::Active,
        version: 1,
        password: vec![1],
        personal_key: vec![],
        made_at: Time::from_millis(1),
        last_login_at: None,
        groups: vec![ADMINS.to_owned()],
    };
    assert!(row.is_admin());
    let UserRow {
        id: _,
        subject: _,
        name: _,
        display_name: _,
        state: _,
        version: _,
        password: _,
        personal_key: _,
        made_at: _,
        last_login_at: _,
        groups,
    } = row;
    assert!(!UserRow { groups: vec![format!("{ADMINS} "), "Admins".to_owned()], ..another(&groups) }.is_admin());
}

fn another(groups: &[String]) -> UserRow {
    let rng = crate::testing::SeededRng::new(2);
    UserRow {
        id: UserId::new(Time::from_millis(2), &rng),
        subject: Subject::new(&rng),
        name: "bob".to_owned(),
        display_name: String::new(),
        state: UserState::Disabled,
        version: 1,
        password: vec![],
        personal_key: vec![],
        made_at: Time::from_millis(2),
        last_login_at: None,
        groups: groups.to_vec(),
    }
}

#[test]
fn a_state_reads_back_and_only_as_itself() {
    for state in [UserState::Active, UserState::Disabled] {
        assert_eq!(UserState::from_stored(state.as_str()), state);
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    for text in ["", "Active", "active ", "ACTIVE", "1"] {
        assert_eq!(UserState::from_stored(text), UserState::Disabled, "{text}");
    }
}

#[test]
fn tok_09_a_name_is_never_an_identifier() {
    for name in ["usr_0", "SUB_0", "ses_", "Fac_1", " usr_x"] {
        assert_eq!(UserName::parse(name), Err(BadName::Reserved), "{name}");
        assert!(UserName::for_attempt(name).as_str().starts_with('\u{1}'), "{name}");
    }
    assert!(UserName::parse("usr").is_ok() && UserName::parse("my_usr_1").is_ok());
}

/// U+13A0 is mapped to U+AB70, which no name may have: an account of that name could not be found by it.
#[test]
fn t_18_a_letter_without_a_stable_form_is_in_no_name() {
    assert_eq!(UserName::parse("\u{13a0}"), Err(BadName::Characters));
    assert_eq!(UserName::parse("\u{ab70}"), Err(BadName::Characters));
}

mod spellings {
    use proptest::prelude::*;

    use super::super::*;

    proptest! {
        /// T-18: the canonical form of a canonical form is itself, or one person would have two counters.
        #[test]
        fn t_18_a_canonical_name_is_its_own_canonical_name(text in "\\PC{0,20}") {
            if let Ok(name) = UserName::parse(&text) {
                prop_assert_eq!(UserName::parse(name.as_str()), Ok(name.clone()));
                prop_assert_eq!(UserName::for_attempt(&text), name.clone());
                prop_assert!(name.as_str().len() <= NAME_BYTES_MAX && !name.as_str().is_empty());
                let controls_or_space = |c: char| c.is_control() || c.is_whitespace();
                prop_assert!(!name.as_str().contains(controls_or_space));
            }
        }

        /// T-18: case never makes a second name.
        #[test]
        fn t_18_case_does_not_matter(text in "[a-zA-Z0-9._@äÖüßéÅ-]{1,20}") {
            let upper: String = text.chars().map(|c| c.to_uppercase().next().unwrap()).collect();
            if !text.contains('ß') {
                prop_assert_eq!(UserName::parse(&upper), UserName::parse(&text));
            }
        }

        /// THR-14: what no account can have is counted under one short value that no account can have either.
        #[test]
        fn thr_14_an_impossible_name_has_a_place_of_its_own(text in any::<String>()) {
            let counted = UserName::for_attempt(&text);
            prop_assert!(counted.as_str().len() <= 65);
            prop_assert_eq!(&UserName::for_attempt(&text), &counted);
            if UserName::parse(&text).is_err() {
                prop_assert!(UserName::parse(counted.as_str()).is_err());
            }
        }
    }
}
