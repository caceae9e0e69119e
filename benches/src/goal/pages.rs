//! Goal 14, our own: what the page to sign in weighs with all that it names, and how soon it is there. The browser stage of
//! the tests weighs every page as Chromium sees it.

use anyhow::{Context, Result, bail};

use crate::call::Call;
use crate::clock::{monotonic_nanos, seconds_since};
use crate::http::Connection;
use crate::report::{Measure, Section, Unit, Wanted};
use crate::server::Place;

const PAGE: &str = "/sign-in";
/// Over all files, as they are sent: nothing is compressed.
const BYTES_MAX: f64 = 20_000.0;

pub(super) fn measure(call: &Call) -> Result<Section> {
    let place = Place::new(&call.server, &call.work)?;
    let server = place.serve()?;
    let mut connection = Connection::open(server.address)?;
    let document = got(&mut connection, PAGE)?;
    let mut total = document.len();
    let files = named(std::str::from_utf8(&document).context("a page that is no text")?);
    if files.is_empty() {
        bail!("{PAGE} names no file: the page has changed, and this does not weigh it");
    }
    for file in &files {
        total += got(&mut connection, file)?.len();
    }
    let millis = (0..call.pick(400, 40)).map(|_| {
        let began = monotonic_nanos();
        got(&mut connection, PAGE).map(|_| seconds_since(began) * 1000.0)
    });
    let millis = millis.collect::<Result<Vec<_>>>()?;
    server.stop()?;
    Ok(Section {
        goal: 14,
        title: "the page to sign in",
        measures: vec![
            Measure::absolute("with all its files", &[total as f64], Unit::Bytes, Wanted::AtMost(BYTES_MAX)),
            Measure::beside("the document alone", &[document.len() as f64], Unit::Bytes),
            Measure::beside("to its last byte, on a connection that is open", &millis, Unit::Millis),
        ],
        notes: vec![format!("{} files beside the document; nothing is compressed.", files.len())],
    })
}

fn got(connection: &mut Connection, path: &str) -> Result<Vec<u8>> {
    let reply = connection.get(path, None)?;
    if reply.status != 200 {
        bail!("{path} was answered with {}", reply.status);
    }
    Ok(reply.body)
}

/// The files that a page names for the browser to fetch by itself, each once.
fn named(page: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for element in page.split('<').filter_map(|rest| rest.split_once('>')).map(|(element, _)| element) {
        let attribute = match element.split_whitespace().next() {
            Some("link") if element.contains("stylesheet") || element.contains("icon") => " href=\"",
            Some("script" | "img") => " src=\"",
            _ => continue,
        };
        let Some((file, _)) = element.split_once(attribute).and_then(|(_, rest)| rest.split_once('"')) else {
            continue;
        };
        if !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_fetches_by_itself_is_weighed_once() {
        let page = "<link rel=\"icon\" href=\"/i.svg\"><link rel=\"stylesheet\" href=\"/a.css\">\
                    <script type=\"module\" src=\"/p.js\"></script><img src=\"/i.svg\" alt=\"\">\
                    <a href=\"/elsewhere\">x</a><link rel=\"canonical\" href=\"/no\">";
        assert_eq!(named(page), ["/i.svg", "/a.css", "/p.js"]);
    }
}
