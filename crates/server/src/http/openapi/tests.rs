//! The documents: whole, without two things under one name, and as strict as the code.

use std::collections::BTreeSet;

use poundlock_core::client::ClientSpec;
use serde_json::Value;

use super::*;

fn parsed(document: &Document) -> Value {
    serde_json::from_str(&document.text).unwrap()
}

fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().unwrap().clone();
        let path = path.clone();
        methods.into_iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_route_is_in_its_document_once_and_says_how_it_refuses() {
    for (document, count) in
        [(&PUBLIC, routes::table().into_routes().len()), (&ADMIN, admin::table().into_routes().len())]
    {
        let parsed = parsed(document);
        let operations = operations(&parsed);
        assert_eq!(operations.len(), count);
        let names: BTreeSet<String> =
            operations.iter().map(|(_, operation)| operation["operationId"].as_str().unwrap().to_owned()).collect();
        assert_eq!(names.len(), count);
        for (what, operation) in operations {
            let responses = operation["responses"].as_object().unwrap();
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{what}");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{what}");
            assert_eq!(operation.get("requestBody").is_some(), responses.contains_key("415"), "{what}");
            assert!(operation.get("security").is_none() || responses.contains_key("401"), "{what}");
        }
    }
}

#[test]
fn every_reference_in_a_document_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    for document in [&PUBLIC, &ADMIN] {
        let parsed = parsed(document);
        let mut found = Vec::new();
        references(&parsed, &mut found);
        assert!(found.len() > 10);
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(parsed.pointer(pointer).is_some(), "{reference}");
        }
    }
}

#[test]
fn ops_04_every_body_is_an_object_without_other_members() {
    for document in [&PUBLIC, &ADMIN] {
        let parsed = parsed(document);
        for (what, operation) in operations(&parsed) {
            let Some(body) = operation.pointer("/requestBody/content/application~1json/schema/$ref") else { continue };
            let schema = parsed.pointer(body.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
            assert_eq!((&schema["type"], &schema["additionalProperties"]), (&"object".into(), &false.into()), "{what}");
        }
    }
}

#[test]
fn an_id_in_a_path_has_its_form() {
    let document = parsed(&ADMIN);
    let pattern = |path: &str, number: usize| {
        let operations = document["paths"][path].as_object().unwrap();
        operations.values().next().unwrap()["parameters"][number]["schema"]["pattern"].clone()
    };
    for (path, number, prefix) in [
        ("/v1/admin/sessions/{session}", 0, Some("ses")),
        ("/v1/admin/users/{user}/devices/{device}", 1, Some("dev")),
        ("/v1/admin/invites/{invite}", 0, Some("inv")),
        ("/v1/admin/audit/records/{reference}", 0, Some("ref")),
        ("/v1/admin/users/{user}", 0, None),
        ("/v1/admin/clients/{client}", 0, None),
    ] {
        let wanted = prefix.map_or(Value::Null, |prefix| format!("^{prefix}_[0-9a-f]{{32}}$").into());
        assert_eq!(pattern(path, number), wanted, "{path}");
    }
}

#[test]
fn the_form_of_a_client_is_that_of_the_code() {
    let full = r#"{"id":"a","kind":"public","audiences":["b"],"default_audience":"b","access_life_seconds":1,
        "idle_seconds":1,"absolute_seconds":1,"mfa_max_age_seconds":1}"#;
    let spec: ClientSpec = serde_json::from_str(full).unwrap();
    let spec = serde_json::to_value(spec).unwrap();
    let members: BTreeSet<&String> = spec.as_object().unwrap().keys().collect();
    let document = parsed(&ADMIN);
    let schema = document["components"]["schemas"]["admin.clients.Spec"]["properties"].as_object().unwrap();
    assert_eq!(schema.keys().collect::<BTreeSet<_>>(), members);
}

#[test]
fn a_document_is_sent_again_only_when_it_has_changed() {
    let status = |tag: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(tag) = tag {
            headers.insert("if-none-match", tag.parse().unwrap());
        }
        PUBLIC.sent(&headers).0.status()
    };
    assert_eq!(status(None), StatusCode::OK);
    assert_eq!(status(Some("\"other\"")), StatusCode::OK);
    assert_eq!(status(Some(&PUBLIC.etag)), StatusCode::NOT_MODIFIED);
    assert_ne!(PUBLIC.etag, ADMIN.etag);
}
