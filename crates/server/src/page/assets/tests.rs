//! The files and their names.

use super::{all, hashed, path};
use crate::page::Brand;
use crate::page::brand::Wish;

#[test]
fn a_name_changes_with_the_content_and_only_with_it() {
    assert_eq!(hashed("app.css", b"a"), hashed("app.css", b"a"));
    assert_ne!(hashed("app.css", b"a"), hashed("app.css", b"b"));
    assert_eq!(hashed("app.css", b"a"), "app.ca978112ca1b.css");
    assert_eq!(hashed("none", b"a"), "none.ca978112ca1b");
}

#[test]
fn each_file_is_served_under_the_name_that_pages_use() {
    let files = all(&Brand::default());
    for name in ["app.css", "more.css", "page.js", "passkey.js", "codes.js", "mark.svg"] {
        let found = files.iter().find(|file| path(name) == format!("/assets/{}", file.name));
        let found = found.unwrap_or_else(|| panic!("{name}"));
        assert!(!found.body.is_empty());
    }
    assert_eq!(files.len(), 6);
}

#[test]
fn a_brand_adds_its_own_files() {
    let wish = Wish { logo: Some(b"<svg/>".to_vec()), accent: Some("#004488".to_owned()), ..Wish::default() };
    let brand = Brand::new(wish).unwrap();
    let names: Vec<String> = all(&brand).into_iter().map(|file| format!("/assets/{}", file.name)).collect();
    assert!(names.contains(&brand.logo().unwrap()) && names.contains(&brand.style().unwrap()));
    assert_eq!(names.len(), 8);
}

/// SES-11: no file of ours asks anybody else for anything, and none runs text as code.
#[test]
fn ses_11_no_file_names_another_host_or_makes_code_of_text() {
    for file in all(&Brand::default()) {
        let text = String::from_utf8(file.body.into_owned()).unwrap();
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for word in
            ["http:", "https:", "url(", "@import", "innerHTML", "outerHTML", "eval(", "document.write", "Storage"]
        {
            assert!(!text.contains(word), "{}: {word}", file.name);
        }
    }
}
