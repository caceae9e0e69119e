//! What goes wrong on forms, in words.

use poundlock_core::denial::Denial;
use poundlock_core::password::Weakness;
use poundlock_core::time::Span;

use super::{Field, Trouble, What};
use crate::page::{Brand, Frame, Language};

fn said(what: What, language: Language) -> String {
    let brand = Brand::default();
    let frame = Frame { brand: &brand, language, csrf: "", path: "/" };
    let said = Trouble { what, reference: String::new() }.said(&frame);
    said.replace(['\u{2068}', '\u{2069}'], "")
}

#[test]
fn waiting_is_told_in_the_unit_that_fits() {
    for (seconds, english, german) in [
        (0, "one second", "eine Sekunde"),
        (1, "one second", "eine Sekunde"),
        (30, "30 seconds", "30 Sekunden"),
        (90, "90 seconds", "90 Sekunden"),
        (91, "2 minutes", "2 Minuten"),
        (3600, "60 minutes", "60 Minuten"),
        (5401, "2 hours", "2 Stunden"),
        (172_800, "48 hours", "48 Stunden"),
        (172_801, "3 days", "3 Tage"),
    ] {
        let what = What::Wait(Span::from_seconds(seconds));
        assert!(said(what, Language::English).contains(&format!("Wait {english} and")), "{seconds}");
        assert!(said(what, Language::German).contains(&format!("Warten Sie {german} und")), "{seconds}");
    }
}

/// PWD-09: the reason and what to do instead.
#[test]
fn pwd_09_a_weak_password_is_told_why_and_what_to_do() {
    for weakness in [Weakness::TooShort { min: 12 }, Weakness::Common] {
        assert!(said(What::Weak(weakness), Language::English).contains("unrelated words"));
    }
    assert!(said(What::Weak(Weakness::TooShort { min: 12 }), Language::German).contains("mindestens 12 Zeichen"));
    assert!(said(What::Weak(Weakness::TooLong), Language::English).contains("1024"));
}

/// THR-14: what a stranger is told names neither the account nor which of the two was wrong.
#[test]
fn thr_14_wrong_credentials_tell_nothing_else() {
    let trouble = Trouble::of_denial(Denial::Credentials, "ref_1".to_owned()).unwrap();
    assert_eq!((trouble.what, trouble.field()), (What::Credentials, Field::Form));
    assert_eq!(said(What::Credentials, Language::English), "Name or password is wrong. Check both.");
}

#[test]
fn what_a_form_cannot_answer_is_a_page_of_its_own() {
    let answered = |denial: &&Denial| Trouble::of_denial(**denial, String::new()).is_some();
    let on_forms: Vec<&str> = Denial::ALL.iter().filter(answered).map(|denial| denial.code()).collect();
    assert_eq!(
        on_forms,
        ["credentials", "code", "passkey", "delayed", "blocked", "rebind", "source", "busy", "name_taken"]
    );
}
