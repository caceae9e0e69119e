//! Every way to fail at a password looks alike: same bytes, same headers, same statements, same hash (T-23, THR-14).

use poundlock::testing::{Reply, TestApp, TestUser};
use poundlock_store::on_both;
use poundlock_store::testing::{start_trace, take_trace};
use serde_json::json;

use crate::attempt::{AFTER_ANY_DELAY, password, password_on, shape, text};

/// One failed attempt, and the work it took.
struct Seen {
    reply: Reply,
    checks: u64,
    statements: Vec<&'static str>,
    record: (String, String),
}

async fn watched(app: &TestApp, name: &str, secret: &str) -> Seen {
    let before = app.checks();
    start_trace(app.store());
    let reply = password(app, name, secret).await;
    let statements = take_trace(app.store());
    let record = app.newest_records(1).await.remove(0);
    let record = (record.event().name().to_owned(), record.reason().unwrap_or_default().to_owned());
    app.advance(AFTER_ANY_DELAY);
    // Ends the minute in which refusals alike are counted together.
    app.seal().await;
    Seen { reply, checks: app.checks() - before, statements, record }
}

/// Users whom nobody may tell apart: ada is well, bob was shut, cyd has no second factor, josé has an accent.
async fn users(app: &TestApp) -> [TestUser; 4] {
    let users = [
        app.enrol("ada", &[]).await,
        app.enrol("bob", &[]).await,
        app.enrol("cyd", &[]).await,
        app.enrol("jos\u{e9}", &[]).await,
    ];
    app.disable("bob").await;
    app.take_factors("cyd").await;
    users
}

on_both! {
    async fn thr_14_every_failed_password_looks_and_works_alike(store) {
        let app = TestApp::on(&store).await;
        let [ada, bob, cyd, _] = users(&app).await;
        let wrong = watched(&app, "ada", "not her password at all").await;
        assert_eq!(wrong.reply.refusal(), "credentials");
        assert_eq!(wrong.checks, 1);
        assert!(wrong.statements.len() >= 6, "the trace saw nothing: {:?}", wrong.statements);
        let cases = [
            ("unknown", "nobody-here", "some password".to_owned()),
            ("disabled, right", "bob", bob.password.clone()),
            ("disabled, wrong", "bob", "wrong".to_owned()),
            ("factorless, right", "cyd", cyd.password.clone()),
            ("factorless, wrong", "cyd", "wrong".to_owned()),
            ("empty", "ada", String::new()),
            ("empty, unknown", "nobody-at-all", String::new()),
            ("no name", "", "x".to_owned()),
            ("impossible name", "two words \u{0}", "x".to_owned()),
            ("an id for a name", "usr_0", "x".to_owned()),
            ("a megabyte's worth of name", &"x".repeat(8000), "x".to_owned()),
            ("other case", "ADA", "wrong".to_owned()),
            ("spaces around", "  ada ", "wrong".to_owned()),
            ("decomposed", "jose\u{301}", "wrong".to_owned()),
            ("right but one letter", "ada", format!("{}x", ada.password)),
            ("longest", "ada", "x".repeat(1024)),
        ];
        for (case, name, secret) in cases {
            let seen = watched(&app, name, &secret).await;
            assert_eq!(shape(&seen.reply), shape(&wrong.reply), "{case}");
            assert_eq!(seen.checks, wrong.checks, "{case}: another number of hashes");
            assert_eq!(seen.statements, wrong.statements, "{case}: other statements");
            assert_eq!(seen.record, wrong.record, "{case}: another record");
        }
    }

    async fn thr_14_over_its_limit_a_source_reads_no_name_from_references(store) {
        let app = TestApp::with(&store, |settings| {
            settings.loopback_unlimited = false;
            settings.alone = Some("limits by source are each node's own");
        })
        .await;
        let ada = app.enrol("ada", &[]).await;
        let name = |n: usize| if n.is_multiple_of(2) { ada.name.clone() } else { format!("made-up-{n}") };
        let mut seen = Vec::new();
        for n in 0..60 {
            let reply = password(&app, &name(n), "wrong").await;
            if reply.refusal() == "too_many_attempts" && reply.headers.contains_key("retry-after") {
                seen.push((n % 2, reply.body["reference"].clone()));
            }
        }
        // The last ones are counted in one record each kind of refusal; whom they are about must not choose it.
        let last: Vec<_> = seen.iter().rev().take(8).collect();
        assert_eq!(last.len(), 8, "the source was not limited");
        assert!(last.iter().any(|(kind, _)| *kind == 0) && last.iter().any(|(kind, _)| *kind == 1));
        assert!(last.iter().all(|(_, reference)| *reference == last[0].1), "{last:?}");
    }

    async fn thr_14_a_device_of_ones_own_makes_no_statement_more_for_a_known_name(store) {
        let app = TestApp::on(&store).await;
        let own = text(&app.enrol("ada", &[]).await.tokens, "device");
        app.enrol("bob", &[]).await;
        let mut seen = Vec::new();
        for name in ["bob", "nobody-here"] {
            start_trace(app.store());
            password_on(&app, name, "wrong", &own).await;
            seen.push(take_trace(app.store()));
        }
        assert_eq!(seen[0], seen[1]);
    }

    async fn thr_14_a_recovery_code_sent_along_does_not_tell_who_exists(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let bob = app.enrol("bob", &[]).await;
        let mut seen = Vec::new();
        // Bob's code is well-formed, and neither ada's nor nobody's.
        for name in ["ada", "nobody-here"] {
            start_trace(app.store());
            let body = json!({ "name": name, "password": "wrong", "recovery_code": bob.recovery_codes[0] });
            let reply = app.post("/v1/login", &body).await;
            seen.push((shape(&reply), take_trace(app.store())));
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(ada.recovery_codes.len(), 10);
    }

    async fn pwd_02_a_password_over_the_cap_is_refused_before_any_hashing(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        let before = app.checks();
        let replies = [password(&app, "ada", &"x".repeat(1025)).await, password(&app, "who", &"x".repeat(1025)).await];
        assert_eq!(replies[0].status.as_u16(), 422);
        assert_eq!(shape(&replies[0]), shape(&replies[1]));
        assert_eq!(app.checks(), before);
    }

    async fn t_18_every_spelling_of_a_name_logs_in_and_shares_one_counter(store) {
        let app = TestApp::on(&store).await;
        let user = app.enrol("jos\u{e9}", &[]).await;
        for spelling in ["JOS\u{c9}", " jose\u{301} ", "ｊｏｓ\u{e9}"] {
            assert_eq!(password(&app, spelling, "wrong").await.refusal(), "credentials", "{spelling}");
        }
        let tried = app.tried("jos\u{e9}", poundlock_core::guard::Guessable::Password).await;
        assert_eq!(tried.strangers, 3);
        let spelt = TestUser { name: "JOSE\u{301}".to_owned(), ..user };
        app.log_in(&spelt, None).await;
    }

    async fn pwd_04_a_password_set_in_one_form_logs_in_in_the_other_and_t_37_all_of_it_counts(store) {
        let app = TestApp::on(&store).await;
        let long = format!("{}\u{e9}", "na\u{ef}ve passphrase ".repeat(6));
        let invite = app.admin(http::Method::POST, "/v1/admin/invites", Some(&json!({ "name": "ada" }))).await.ok();
        let body = json!({ "invite": invite["invite"], "password": long });
        let login = app.post("/v1/invite/accept", &body).await.ok()["login"].clone();
        let uri = app.post("/v1/login/enrol/totp", &json!({ "login": login })).await.ok()["uri"].clone();
        let code = app.code(uri.as_str().unwrap());
        app.post("/v1/login/enrol/totp/confirm", &json!({ "login": login, "code": code })).await.ok();
        let decomposed = long.replace('\u{e9}', "e\u{301}").replace('\u{ef}', "i\u{308}");
        assert!(decomposed.len() > 100);
        password(&app, "ada", &decomposed).await.ok();
        // Long past byte 72, where another hash would have stopped reading.
        let cut = long.strip_suffix('\u{e9}').unwrap().to_owned() + "e";
        assert_eq!(password(&app, "ada", &cut).await.refusal(), "credentials");
    }
}
