//! Canaries through every route of the real binary, at the loudest log there is: none of them, and no secret that the
//! server gave out, is in the log, the metrics, an answer to somebody else, the audit export or the database's own bytes
//! (AUD-03, T-35). The flows that succeed are driven too: secrets travel furthest there.

mod server;

use std::path::Path;

use poundlock::testing::pages;
use poundlock_store::{StoreUrl, on_both};
use serde_json::{Value, json};

use self::server::{Reply, Told, watched};

/// Members of answers that are worth stealing.
const SECRET: [&str; 9] =
    ["access_token", "refresh_token", "device", "login", "step_up", "secret", "uri", "totp_uri", "invite"];

/// All secrets in an answer, wherever they lie in it.
fn secrets(answer: &Value, into: &mut Vec<String>) {
    match answer {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if SECRET.contains(&name.as_str()) => into.push(text.clone()),
                    Value::Array(codes) if name == "recovery_codes" => {
                        into.extend(codes.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    other => secrets(other, into),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|one| secrets(one, into)),
        _ => {}
    }
}

/// Every path of the URL tables, from their source: a route that is added is tried from then on.
fn paths() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut found = Vec::new();
    for file in ["routes.rs", "admin.rs", "table.rs"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let literals = text.split('"').skip(1).step_by(2);
        found.extend(literals.filter(|literal| literal.starts_with('/') && literal.len() > 4).map(str::to_owned));
    }
    found.extend(pages().into_iter().map(|(_, path)| path.to_owned()));
    found.sort();
    found.dedup();
    found
}

/// The canaries of one request: each says where it was, and stands nowhere else.
struct Canaries {
    number: usize,
    sent: Vec<String>,
}

impl Canaries {
    fn next(&mut self, place: &str) -> String {
        self.number += 1;
        let canary = format!("canary{place}{:05}x", self.number);
        self.sent.push(canary.clone());
        canary
    }

    /// Bodies as the routes read them, each secret a canary.
    fn bodies(&mut self) -> Vec<Value> {
        let mut fill = |members: &[&str]| -> Value {
            members
                .iter()
                .map(|name| ((*name).to_owned(), Value::String(self.next("body"))))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let mut named = fill(&["password", "device", "recovery_code"]);
        named["name"] = json!("ada");
        let mut stepping = fill(&["password", "refresh_token", "target"]);
        stepping["action"] = json!("password.change");
        vec![
            named,
            stepping,
            fill(&["login", "code"]),
            fill(&["login"]),
            fill(&["invite", "password"]),
            fill(&["refresh_token"]),
            fill(&["refresh_token", "audience"]),
            fill(&["new_password", "step_up"]),
            fill(&["step_up"]),
            fill(&["new_key", "secret"]),
        ]
    }

    /// Forms as pages and OAuth send them, each secret a canary.
    fn forms(&mut self) -> Vec<Value> {
        let mut fill = |fields: &[&str]| -> Value {
            let pairs: Vec<String> = fields.iter().map(|name| format!("{name}={}", self.next("body"))).collect();
            Value::String(format!("name=ada&username=ada&client_id=app&{}", pairs.join("&")))
        };
        vec![
            fill(&["csrf", "password", "new_password", "repeat", "invite"]),
            fill(&["csrf", "code", "recovery_code", "credential", "state"]),
            fill(&["grant_type", "code", "code_verifier", "client_secret"]),
            fill(&["refresh_token", "client_secret", "access_token", "id_token_hint"]),
        ]
    }

    /// Headers that carry secrets, or that clients put them in.
    fn headers(&mut self) -> Vec<(&'static str, String)> {
        let bearer = format!("Bearer {}", self.next("bearer"));
        let cookie = format!("__Host-poundlock={}", self.next("cookie"));
        let mut headers = vec![("authorization", bearer), ("cookie", cookie)];
        for name in ["dpop", "x-api-key", "user-agent", "referer", "x-forwarded-for", "x-request-id", "traceparent"] {
            headers.push((name, self.next("header")));
        }
        headers
    }
}

/// Pushes canaries through every path with every method, on both listeners; gives all answers.
fn push(server: &Told, canaries: &mut Canaries) -> Vec<Reply> {
    let mut replies = Vec::new();
    let (paths, methods) = (paths(), ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]);
    assert!(paths.len() >= 50, "only {} paths were found", paths.len());
    for path in &paths {
        let filled =
            path.split('/').map(|part| if part.starts_with('{') { canaries.next("path") } else { part.to_owned() });
        let filled = filled.collect::<Vec<_>>().join("/");
        let queried =
            |canary: String| format!("{filled}?token={canary}&code={canary}&access_token={canary}&state={canary}");
        let mut requests: Vec<(&str, String, Option<Value>)> =
            methods.iter().map(|method| (*method, queried(canaries.next("query")), None)).collect();
        requests.extend(canaries.bodies().into_iter().map(|body| ("POST", filled.clone(), Some(body))));
        requests.extend(canaries.forms().into_iter().map(|form| ("POST", filled.clone(), Some(form))));
        requests.extend(canaries.bodies().into_iter().rev().take(2).map(|body| ("DELETE", filled.clone(), Some(body))));
        for (method, target, body) in requests {
            let headers = canaries.headers();
            let admin = path.starts_with("/v1/admin");
            // Not on the admin socket: what an administrator asks to be done to everybody is done.
            let harms = admin && method == "DELETE" && !path.contains('{');
            if !harms {
                replies.push(server.ask(admin, method, &target, &headers, body.as_ref()));
            }
        }
    }
    replies
}

/// Drives what succeeds, and gives every secret that went either way.
fn succeed(server: &Told) -> Vec<String> {
    let mut found = vec![server.password.clone()];
    secrets(&server.printed, &mut found);
    let post = |path: &str, body: &Value, found: &mut Vec<String>| {
        let answer = server.ask(false, "POST", path, &[], Some(body)).json();
        secrets(&answer, found);
        answer
    };
    let named = json!({ "name": "ada", "password": server.password });
    let login = post("/v1/login", &named, &mut found)["login"].clone();
    let code = &server.printed["recovery_codes"][0];
    let tokens = post("/v1/login/recovery-code", &json!({ "login": login, "code": code }), &mut found);
    let old = json!({ "refresh_token": tokens["refresh_token"] });
    let rotated = post("/v1/session/refresh", &old, &mut found);
    let next = json!({ "refresh_token": rotated["refresh_token"] });
    post("/v1/session/refresh", &next, &mut found);
    assert_eq!(post("/v1/session/refresh", &old, &mut found)["status"], 401, "an old token came back");
    let invite = server.command(&["user", "invite", "eve"]);
    let password = "canary eve of seven odd words".to_owned();
    let accept = json!({ "invite": invite.trim(), "password": password });
    let login = post("/v1/invite/accept", &accept, &mut found)["login"].clone();
    let offer = post("/v1/login/enrol/totp", &json!({ "login": login }), &mut found);
    let code = server::code(offer["uri"].as_str().unwrap());
    let confirm = json!({ "login": login, "code": code, });
    let tokens = post("/v1/login/enrol/totp/confirm", &confirm, &mut found);
    let account = json!({ "refresh_token": tokens["refresh_token"], "audience": server.account_audience() });
    let account = post("/v1/session/refresh", &account, &mut found);
    let bearer = format!("Bearer {}", account["access_token"].as_str().unwrap());
    let step = json!({ "action": "password.change", "target": "", "password": password });
    let begun = server.ask(false, "POST", "/v1/step-up", &[("authorization", bearer.clone())], Some(&step)).json();
    secrets(&begun, &mut found);
    let shown = server.ask(false, "GET", "/v1/factors", &[("authorization", bearer)], None);
    assert_eq!(shown.status, 200, "{}", shown.body);
    found.extend([invite.trim().to_owned(), password]);
    assert!(found.len() >= 40, "only {} secrets were met", found.len());
    // Of a token its signature alone would do.
    let signatures: Vec<String> = found
        .iter()
        .filter(|one| one.matches('.').count() == 2)
        .map(|jwt| jwt.rsplit('.').next().unwrap().to_owned())
        .collect();
    found.extend(signatures);
    found
}

/// Whether `text` holds `needle` as it is, or as hexadecimal digits, which is how a dump writes bytes.
fn holds(text: &str, needle: &str) -> bool {
    let hex: String = needle.bytes().map(|byte| format!("{byte:02x}")).collect();
    text.contains(needle) || text.contains(&hex)
}

on_both! {
    async fn aud_03_t_35_canaries_of_every_route_stay_where_they_were_sent(store) {
        let server = watched(store.url());
        let mut canaries = Canaries { number: 0, sent: Vec::new() };
        let given = succeed(&server);
        let replies = push(&server, &mut canaries);
        assert!(replies.iter().filter(|reply| reply.status == 401).count() > 50, "no request got far");
        let metrics = server.metrics();
        assert!(metrics.contains("poundlock_refusals_total"));
        // Records are sealed within a second or so, and exported when they are.
        let export = (0..200).map(|_| server.export()).find(|export| export.contains("refresh.theft"));
        let export = export.expect("the theft is never exported");
        let (folder, log) = server.stop();
        assert!(log.lines().filter(|line| line.contains("\"DEBUG\"")).count() > 100, "nothing was said at debug");
        let bytes = match store.url() {
            StoreUrl::Sqlite(path) => server::all_bytes(path.parent().unwrap()),
            StoreUrl::Postgres(url) => server::dump(url),
        };
        assert!(bytes.len() > 10_000 && bytes.contains("ada"), "{} bytes of a database", bytes.len());
        let folder = server::all_bytes(folder.path());
        let places: [(&str, &str); 5] = [
            ("the log", &log),
            ("the metrics", &metrics),
            ("the audit export", &export),
            ("the database", &bytes),
            ("the data folder", &folder),
        ];
        // Canaries share their beginning: a place without it holds none of them.
        for (place, bytes) in places {
            for beginning in ["canarybody", "canarybearer", "canarycookie", "canaryheader", "canaryquery", "canarypath"] {
                assert!(!holds(bytes, beginning), "{beginning}… is in {place}: {}", server::around(bytes, beginning));
            }
            for secret in &given {
                assert!(!holds(bytes, secret), "{secret} is in {place}: {}", server::around(bytes, secret));
            }
        }
        // An answer may name what stood in its own path to an administrator, who sent it, and nothing else.
        for reply in &replies {
            // A page names its own address: in the links to itself in another language.
            let query = if reply.body.contains("<!doctype html>") { "canarybody" } else { "canaryquery" };
            for beginning in ["canarybody", "canarybearer", "canarycookie", "canaryheader", query] {
                assert!(!reply.body.contains(beginning), "{}: {}", reply.asked, reply.body);
            }
            assert!(given.iter().all(|secret| !reply.body.contains(secret.as_str())), "{}", reply.asked);
        }
        assert!(canaries.sent.len() > 5_000, "{}", canaries.sent.len());
    }
}
