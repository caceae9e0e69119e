//! Reads the HTML that our templates make, far more strictly than a browser would: everything is closed where it
//! should be, quoted, and said once.

use std::collections::BTreeMap;

/// An element with its attributes, in the order of the page.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// The text directly and deeply inside.
    pub(crate) text: String,
    /// Where its parent is in the list.
    pub(crate) parent: Option<usize>,
}

impl Element {
    pub(crate) fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }

    pub(crate) fn has(&self, attribute: &str) -> bool {
        self.attributes.contains_key(attribute)
    }
}

/// What has no end tag in HTML, and the parts of a picture that end themselves.
const VOID: [&str; 6] = ["meta", "link", "input", "br", "img", "hr"];
const SELF_CLOSED: [&str; 2] = ["path", "rect"];
/// What may not stand inside a paragraph: a browser would end it there.
const BLOCKS: [&str; 9] = ["p", "div", "ul", "ol", "form", "h1", "h2", "section", "details"];

/// The elements of a page.
pub(crate) fn elements(html: &str) -> Vec<Element> {
    let mut rest = html.trim_start().strip_prefix("<!doctype html>").expect("the doctype comes first");
    let (mut found, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a stray > in {text:?}");
        open.iter().for_each(|at| found[*at].text.push_str(&unescaped(text)));
        let (tag, after) = tag_and_rest(after);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().unwrap_or_else(|| panic!("</{name}> ends nothing"));
            assert_eq!(found[last].name, name, "ends out of order");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        assert_eq!(closed, SELF_CLOSED.contains(&name), "<{tag}>");
        let in_paragraph = open.iter().any(|at| found[*at].name == "p");
        assert!(!(in_paragraph && BLOCKS.contains(&name)), "<{name}> in a paragraph");
        let nested = name == "form" && open.iter().any(|at| found[*at].name == "form");
        assert!(!nested, "a form in a form");
        found.push(Element {
            name: name.to_owned(),
            attributes: attributes_of(attributes),
            text: String::new(),
            parent: open.last().copied(),
        });
        if !closed && !VOID.contains(&name) {
            open.push(found.len() - 1);
        }
    }
    assert!(open.is_empty(), "never ended: {:?}", open.iter().map(|at| &found[*at].name).collect::<Vec<_>>());
    found
}

/// Splits at the `>` that ends the tag, which is none inside quotes.
fn tag_and_rest(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '>' if !quoted => return (&text[..at], &text[at + 1..]),
            '<' => panic!("a < in the tag {}", &text[..at]),
            _ => {}
        }
    }
    panic!("a tag without an end: {text}");
}

fn attributes_of(mut text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return found;
        }
        let end = text.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(text.len());
        let name = &text[..end];
        assert!(
            name.chars().all(|letter| letter.is_ascii_lowercase() || matches!(letter, '-' | 'B' | 'R' | 'A')),
            "{name}"
        );
        text = &text[end..];
        let mut value = String::new();
        if let Some(quoted) = text.strip_prefix("=\"") {
            let end = quoted.find('"').unwrap_or_else(|| panic!("{name} has no end"));
            value = unescaped(&quoted[..end]);
            text = &quoted[end + 1..];
            assert!(text.is_empty() || text.starts_with(char::is_whitespace), "{name} runs into its neighbour");
        } else {
            assert!(!text.starts_with('='), "{name} is not quoted");
        }
        assert!(found.insert(name.to_owned(), value).is_none(), "{name} stands twice");
    }
}

fn unescaped(text: &str) -> String {
    let plain = text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'");
    let plain = plain.replace("&#38;", "&");
    assert!(plain.matches('&').count() == text.matches("&#38;").count(), "a bare & in {text:?}");
    plain
}
