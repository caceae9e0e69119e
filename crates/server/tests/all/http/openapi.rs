//! The API document: served, public, cacheable; the copies in `docs` are what is served; every problem has its section.

use std::collections::BTreeSet;
use std::path::PathBuf;

use http::Method;
use poundlock::testing::{TestApp, admin_document, public_document};
use poundlock_store::on_both;
use serde_json::Value;

/// Set to write the copies anew instead of comparing them.
const WRITE: &str = "WRITE_DOCS";

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

on_both! {
    async fn the_document_is_served_to_everyone_and_kept_by_caches(store) {
        let app = TestApp::on(&store).await;
        let reply = app.get("/openapi.json").await;
        assert_eq!(reply.body, serde_json::from_str::<Value>(public_document()).unwrap());
        assert_eq!(reply.body["openapi"], "3.1.0");
        assert_eq!(reply.headers["cache-control"], "public, max-age=300");
        let etag = reply.headers["etag"].to_str().unwrap();
        let again = app.send(Method::GET, "/openapi.json", None, &[("if-none-match", etag)]).await;
        assert_eq!((again.status.as_u16(), again.body.as_str()), (304, Some("")));
    }

    async fn ops_06_what_administrators_can_do_is_told_on_their_socket_alone(store) {
        let app = TestApp::on(&store).await;
        assert!(!app.get("/openapi.json").await.ok().to_string().contains("/v1/admin"));
        assert_eq!(app.get("/v1/admin/openapi.json").await.refusal(), "not_found");
        let admin = app.admin(Method::GET, "/v1/admin/openapi.json", None).await.ok();
        assert_eq!(admin, serde_json::from_str::<Value>(admin_document()).unwrap());
    }
}

#[test]
fn the_copies_in_docs_are_what_is_served() {
    for (name, document) in [("openapi.json", public_document()), ("openapi-admin.json", admin_document())] {
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(docs(name), document).unwrap();
        }
        let copy = std::fs::read_to_string(docs(name)).unwrap_or_default();
        assert!(
            copy == document,
            "docs/{name} is old: run `{WRITE}=1 cargo test -p poundlock --test all copies_in_docs`"
        );
    }
}

/// Each kind of problem has a section with its type and status, and no section is of another.
#[test]
fn every_problem_says_in_docs_what_to_do() {
    let (mut known, mut told) = (BTreeSet::new(), BTreeSet::new());
    for document in [public_document(), admin_document()] {
        let document: Value = serde_json::from_str(document).unwrap();
        let all = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
        known.extend(all.as_array().unwrap().iter().map(|uri| uri.as_str().unwrap().to_owned()));
    }
    let page = std::fs::read_to_string(docs("problems.md")).unwrap();
    for section in page.split("\n## ").skip(1) {
        let (heading, text) = section.split_once('\n').unwrap();
        let (code, status) = heading.split_once(" (").unwrap();
        let uri = format!("urn:poundlock:problem:{code}");
        assert!(text.contains(&format!("`{uri}`")), "{heading}");
        assert!(text.contains("To do:") && status.ends_with(')'), "{heading}");
        told.insert(uri);
    }
    assert_eq!(told, known);
}

/// The status in a section is the one that the documents give its type.
#[test]
fn every_problem_has_its_status_in_docs() {
    let page = std::fs::read_to_string(docs("problems.md")).unwrap();
    for document in [public_document(), admin_document()] {
        let document: Value = serde_json::from_str(document).unwrap();
        for methods in document["paths"].as_object().unwrap().values() {
            for operation in methods.as_object().unwrap().values() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let types =
                        &response["content"]["application/problem+json"]["schema"]["properties"]["type"]["enum"];
                    for uri in types.as_array().into_iter().flatten() {
                        let code = uri.as_str().unwrap().rsplit(':').next().unwrap();
                        assert!(page.contains(&format!("\n## {code} ({status})\n")), "{code} {status}");
                    }
                }
            }
        }
    }
}
