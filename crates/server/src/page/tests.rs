//! What holds of every page, whatever it shows, in every language.

mod markup;
mod samples;
mod texts;

use std::collections::BTreeSet;

use self::markup::{Element, elements};
use self::samples::{FRIENDLY, HOSTILE, LONG, Sample, samples};
use super::{Brand, Frame, Language, assets};

fn frame(brand: &Brand, language: Language) -> Frame<'_> {
    Frame { brand, language, csrf: "csrf-0123456789abcdef", path: "/sign-in?client=lager" }
}

/// Runs a check on every page there is.
fn on_every_page(check: impl Fn(&str, &str, &[Element])) {
    let brand = Brand::default();
    for language in Language::ALL {
        for texts in [FRIENDLY, LONG, HOSTILE] {
            for Sample { name, render } in samples(texts) {
                let html = render(&frame(&brand, *language)).0;
                check(&format!("{name}.{}", language.tag()), &html, &elements(&html));
            }
        }
    }
}

fn named<'a>(elements: &'a [Element], name: &'static str) -> impl Iterator<Item = &'a Element> {
    elements.iter().filter(move |element| element.name == name)
}

fn form_of<'a>(elements: &'a [Element], element: &Element) -> Option<&'a Element> {
    let parent = &elements[element.parent?];
    if parent.name == "form" { Some(parent) } else { form_of(elements, parent) }
}

/// SES-09, SES-11: what the policy of the pages forbids is not there to be forbidden.
#[test]
fn ses_09_no_page_has_a_script_or_style_inside_it_or_anything_from_elsewhere() {
    on_every_page(|page, html, elements| {
        for element in elements {
            assert_ne!(element.name, "style", "{page}");
            for (attribute, value) in &element.attributes {
                assert!(!attribute.starts_with("on") && attribute != "style", "{page}: {attribute}");
                if matches!(attribute.as_str(), "src" | "href" | "action" | "data-options") {
                    let own = value.starts_with('/') && !value.starts_with("//");
                    let app = element.name == "a" && (value.starts_with("otpauth:") || value.starts_with("https:"));
                    assert!(own || app, "{page}: {value}");
                }
            }
        }
        for script in named(elements, "script") {
            assert!(script.text.is_empty() && script.get("type") == Some("module"), "{page}");
            assert!(script.get("src").unwrap().starts_with("/assets/"), "{page}");
        }
        assert!(!html.contains("javascript:") || html.contains("&#"), "{page}");
    });
}

/// SES-06: no form is without its token, and none changes anything by a GET (SES-08).
#[test]
fn ses_06_every_form_that_posts_carries_its_token() {
    on_every_page(|page, _, elements| {
        for form in named(elements, "form") {
            let fields = || {
                named(elements, "input").filter(|one| form_of(elements, one).is_some_and(|own| std::ptr::eq(own, form)))
            };
            match form.get("method") {
                Some("post") => {
                    let tokens = fields().filter(|one| one.get("name") == Some("csrf"));
                    assert_eq!(
                        tokens.map(|one| one.get("value")).collect::<Vec<_>>(),
                        [Some("csrf-0123456789abcdef")],
                        "{page}"
                    );
                }
                method => {
                    assert_eq!(method, Some("get"), "{page}");
                    let action = form.get("action").unwrap_or_default();
                    let asks = action == "/sign-out" || action.starts_with("/account/factors/");
                    assert!(asks && fields().count() == 0, "{page}: {action}");
                }
            }
            assert!(form.has("action"), "{page}");
        }
    });
}

#[test]
fn every_field_has_a_label_and_every_id_stands_once() {
    on_every_page(|page, _, elements| {
        let ids: Vec<&str> = elements.iter().filter_map(|one| one.get("id")).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        // The samples of an account give all their lines one id.
        assert!(ids.len() == unique.len() || page.starts_with("account"), "{page}: {ids:?}");
        for input in named(elements, "input").filter(|one| one.get("type") != Some("hidden") && !one.has("aria-hidden"))
        {
            let id = input.get("id").unwrap_or_else(|| panic!("{page}: a field without an id"));
            let label = named(elements, "label").find(|label| label.get("for") == Some(id));
            assert!(
                !label.unwrap_or_else(|| panic!("{page}: {id} has no label")).text.trim().is_empty(),
                "{page}: {id}"
            );
        }
        for label in named(elements, "label").chain(elements.iter().filter(|one| one.has("aria-labelledby"))) {
            let to = label.get("for").or_else(|| label.get("aria-labelledby")).unwrap();
            assert!(unique.contains(to), "{page}: {to} is nowhere");
        }
        for form in elements.iter().filter_map(|one| one.get("form")) {
            let is_form = |one: &Element| one.name == "form" && one.get("id") == Some(form);
            assert!(elements.iter().any(is_form), "{page}: the form {form} is nowhere");
        }
        for button in named(elements, "button").chain(named(elements, "a")).chain(named(elements, "summary")) {
            assert!(!button.text.trim().is_empty(), "{page}: a button says nothing");
        }
    });
}

#[test]
fn every_error_is_tied_to_its_field_and_leads_the_title() {
    on_every_page(|page, _, elements| {
        let ids: Vec<&str> = elements.iter().filter_map(|one| one.get("id")).collect();
        for element in elements {
            for described in element.get("aria-describedby").into_iter().flat_map(str::split_whitespace) {
                assert!(ids.contains(&described), "{page}: {described} is nowhere");
            }
        }
        let errors: Vec<&str> = ids.iter().copied().filter(|id| id.ends_with("-error")).collect();
        let title = &named(elements, "title").next().unwrap().text;
        assert_eq!(!errors.is_empty(), title.starts_with("Error:") || title.starts_with("Fehler:"), "{page}: {title}");
        for error in errors.iter().filter(|error| **error != "form-error") {
            let is_tied = |one: &&Element| one.get("aria-describedby").is_some_and(|all| all.contains(error));
            let field = elements.iter().find(is_tied).unwrap_or_else(|| panic!("{page}: {error} is tied to nothing"));
            assert!(field.has("autofocus") && field.get("aria-invalid") == Some("true"), "{page}: {error}");
        }
        let alert = elements.iter().find(|one| one.get("id") == Some("form-error"));
        assert!(alert.is_none_or(|alert| alert.get("role") == Some("alert")), "{page}");
        assert!(elements.iter().filter(|one| one.has("autofocus")).count() <= 1, "{page}");
    });
}

/// Whatever stands in a field's trouble is told somewhere on every form, even where the field is not there.
#[test]
fn no_trouble_is_swallowed() {
    let brand = Brand::default();
    for trouble in samples::troubles() {
        let frame = frame(&brand, Language::English);
        let said = trouble.said(&frame).replace('\'', "&#39;");
        for (form, html) in samples::forms_with(&trouble, &frame) {
            assert_eq!(html.matches(said.as_str()).count(), 1, "{form} does not tell {trouble:?} once");
            assert!(html.contains(&trouble.reference), "{form}");
        }
    }
}

/// SES-09, AUD-04: what others chose stays text, and cannot move its neighbours.
#[test]
fn hostile_texts_are_escaped_and_show_themselves() {
    on_every_page(|page, html, elements| {
        assert!(!html.contains("<img"), "{page}");
        for one in elements.iter().filter(|one| !one.text.is_empty() && one.name != "input") {
            assert!(!one.text.contains(['\u{202e}', '\u{200b}', '\u{0}']), "{page}: {:?}", one.text);
        }
        // What a field or a hidden field holds must come back as it was; everything else is for people.
        for (attribute, value) in elements.iter().flat_map(|one| &one.attributes) {
            assert!(attribute == "value" || !value.contains('\u{202e}'), "{page}: {attribute}");
        }
    });
}

/// PWD-11: managers find both fields on one page, paste is never stopped, and the password can be shown.
#[test]
fn pwd_11_password_managers_and_one_time_codes_are_helped() {
    on_every_page(|page, _, elements| {
        let autocomplete =
            |id: &str| elements.iter().find(|one| one.get("id") == Some(id)).and_then(|one| one.get("autocomplete"));
        if page.starts_with("sign-in") && !page.starts_with("sign-in-plain") {
            assert_eq!(autocomplete("name"), Some("username webauthn"), "{page}");
        }
        for (id, value) in
            [("password", "current-password"), ("new_password", "new-password"), ("repeat", "new-password")]
        {
            assert!(autocomplete(id).is_none_or(|found| found == value), "{page}: {id}");
        }
        let code = elements.iter().find(|one| one.get("id") == Some("code"));
        if let Some(code) = code {
            assert_eq!(
                (code.get("autocomplete"), code.get("inputmode")),
                (Some("one-time-code"), Some("numeric")),
                "{page}"
            );
        }
        for secret in elements.iter().filter(|one| one.get("type") == Some("password")) {
            let peek = elements.iter().any(|one| one.get("data-peek") == secret.get("id"));
            assert!(peek || secret.get("id") == Some("repeat"), "{page}: no way to see {:?}", secret.get("id"));
            let user =
                elements.iter().any(|one| one.get("autocomplete").is_some_and(|all| all.starts_with("username")));
            assert!(user || page.starts_with("invite"), "{page}: whose password is it?");
        }
    });
}

/// The first page is there at once, on a slow line too.
#[test]
fn the_first_page_with_all_it_needs_is_under_20_kilobytes() {
    let brand = Brand::default();
    let files = assets::all(&brand);
    for language in Language::ALL {
        for Sample { name, render } in samples(FRIENDLY).into_iter().filter(|one| one.name.starts_with("sign-in")) {
            let html = render(&frame(&brand, *language)).0;
            let used = files.iter().filter(|file| html.contains(&file.name)).map(|file| file.body.len()).sum::<usize>();
            assert!(html.len() + used < 20_000, "{name}: {} and {used}", html.len());
        }
    }
}

#[test]
fn each_page_names_only_files_that_there_are() {
    let files: Vec<String> =
        assets::all(&Brand::default()).into_iter().map(|file| format!("/assets/{}", file.name)).collect();
    on_every_page(|page, _, elements| {
        for element in elements {
            let path = element.get("src").or_else(|| element.get("href")).filter(|path| path.starts_with("/assets/"));
            assert!(path.is_none_or(|path| files.iter().any(|file| file == path)), "{page}: {path:?}");
        }
    });
}

#[test]
fn the_language_switch_leads_back_to_the_same_page() {
    on_every_page(|page, _, elements| {
        let (other, tag) = if page.ends_with(".en") { ("Deutsch", "de") } else { ("English", "en") };
        let link = named(elements, "a").find(|link| link.text == other).unwrap();
        assert_eq!(link.get("href"), Some(format!("/sign-in?client=lager&ui_locales={tag}").as_str()), "{page}");
        assert_eq!((link.get("lang"), link.get("hreflang")), (Some(tag), Some(tag)), "{page}");
        assert_ne!(named(elements, "html").next().unwrap().get("lang"), Some(tag), "{page}");
    });
}

/// For looking at them: writes every page with its files into the folder that the variable names.
#[test]
fn pages_are_written_where_somebody_wants_to_look_at_them() {
    let Some(folder) = std::env::var_os("POUNDLOCK_PAGES").map(std::path::PathBuf::from) else { return };
    let brand = Brand::default();
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    for asset in assets::all(&brand) {
        std::fs::write(folder.join("assets").join(&asset.name), &asset.body).unwrap();
    }
    for language in Language::ALL {
        for (texts, suffix) in [(FRIENDLY, ""), (LONG, "-long"), (HOSTILE, "-hostile")] {
            for sample in samples(texts) {
                let html = (sample.render)(&frame(&brand, *language)).0;
                let name = format!("{}{suffix}.{}.html", sample.name, language.tag());
                std::fs::write(folder.join(name), html).unwrap();
            }
        }
    }
}

/// SES-14: a script of another page, or a copied profile, finds nothing where scripts keep things.
#[test]
fn ses_14_scripts_keep_nothing() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "js") {
            let text = std::fs::read_to_string(&path).unwrap();
            for store in ["localStorage", "sessionStorage", "indexedDB", "document.cookie", "caches."] {
                assert!(!text.contains(store), "{store} in {}", path.display());
            }
            read += 1;
        }
    }
    assert!(read >= 3);
}
