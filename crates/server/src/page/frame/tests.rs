//! What the frame gives to every page.

use super::{Frame, Language};
use crate::page::{Brand, Field, Trouble, What};

fn frame(brand: &Brand) -> Frame<'_> {
    Frame { brand, language: Language::English, csrf: "token", path: "/account" }
}

#[test]
fn a_field_is_tied_to_its_hint_and_its_error() {
    let brand = Brand::default();
    let code = Some(Trouble { what: What::Code, reference: String::new() });
    let marks = |trouble, id, hint| frame(&brand).marks(trouble, id, hint).to_string();
    assert_eq!(marks(&None, "code", ""), "");
    assert_eq!(marks(&None, "code", "code-hint"), " aria-describedby=\"code-hint\"");
    assert_eq!(marks(&code, "label", ""), "");
    let tied = " aria-invalid=\"true\" aria-describedby=\"code-hint code-error\" autofocus";
    assert_eq!(marks(&code, "code", "code-hint"), tied);
}

/// THR-14: which of the two was wrong is not told.
#[test]
fn thr_14_wrong_credentials_mark_both_fields_alike() {
    let brand = Brand::default();
    let wrong = Some(Trouble { what: What::Credentials, reference: String::new() });
    let marks = |id| frame(&brand).marks(&wrong, id, "").to_string();
    assert_eq!(marks("name"), " aria-invalid=\"true\" aria-describedby=\"form-error\"");
    assert_eq!(marks("password"), format!("{} autofocus", marks("name")));
    assert_eq!(marks("code"), "");
}

#[test]
fn what_no_field_tells_stands_above_the_form() {
    let brand = Brand::default();
    let code = Some(Trouble { what: What::Code, reference: "ref_1".to_owned() });
    let frame = frame(&brand);
    assert!(frame.said_above(&code, &[Field::Code]).is_none() && frame.said(&code, "code").is_some());
    assert!(frame.said_above(&code, &[Field::Name]).is_some());
    assert!(frame.said_above(&None, &[]).is_none());
    assert_eq!((frame.reference(&code), frame.reference(&None)), ("ref_1", ""));
}

#[test]
fn the_other_languages_are_reached_by_a_parameter() {
    let brand = Brand::default();
    let to = |path| Frame { path, ..frame(&brand) }.others();
    assert_eq!(to("/account"), [(Language::German, "/account?ui_locales=de".to_owned())]);
    assert_eq!(to("/invite?a=b"), [(Language::German, "/invite?a=b&ui_locales=de".to_owned())]);
}
