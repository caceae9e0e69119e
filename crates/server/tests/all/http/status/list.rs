//! One list as it is served (TOK-14 to TOK-16).

use http::Method;
use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::on_both;
use poundlock_verify::{StatusList, StatusValue};

use crate::http::behind::{ACCOUNT, ISSUER, claims, jwks, part, seconds, text};

on_both! {
    async fn tok_14_a_list_is_what_the_token_refers_to(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let refers = claims(&ada.tokens)["status"]["status_list"].clone();
        let uri = text(&refers, "uri");
        let served = app.get(uri.strip_prefix(ISSUER).unwrap()).await;
        assert_eq!(served.headers["content-type"], "application/statuslist+jwt");
        assert_eq!(served.headers["cache-control"], "public, max-age=10");
        assert_eq!(served.headers["access-control-allow-origin"], "*", "tok_16");
        let token = served.ok();
        let token = token.as_str().unwrap();
        assert_eq!(part(token, 0)["typ"], "statuslist+jwt");
        let said = part(token, 1);
        assert_eq!((said["sub"].as_str(), &said["status_list"]["bits"]), (Some(uri.as_str()), &1.into()));
        assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 3_600);
        assert_eq!(said["ttl"], 10);
        let list = StatusList::check_token(token, &jwks(&app).await, &uri, seconds(&app)).unwrap();
        let idx = refers["idx"].as_u64().unwrap();
        assert_eq!(list.value(idx), Some(StatusValue::Valid));
        assert_eq!(list.value(1 << 17), None, "tok_15: past the end there is nothing");
    }

    async fn ended_sessions_have_their_bit_and_no_other_has(store) {
        let app = TestApp::on(&store).await;
        let ada = app.enrol("ada", &[]).await;
        let alive = app.log_in(&ada, None).await;
        let ended = app.log_in(&ada, Some(ACCOUNT)).await;
        app.bearer(Method::DELETE, "/v1/session", None, &text(&ended, "access_token")).await;
        app.take_over_changes().await;
        let (uri, keys) = (format!("{ISSUER}/status/1"), jwks(&app).await);
        let token = app.get("/status/1").await.ok();
        let list = StatusList::check_token(token.as_str().unwrap(), &keys, &uri, seconds(&app)).unwrap();
        let idx = |answer| claims(answer)["status"]["status_list"]["idx"].as_u64().unwrap();
        assert_eq!(list.value(idx(&ended)), Some(StatusValue::Invalid));
        assert_eq!(list.value(idx(&alive)), Some(StatusValue::Valid));
        let set = (0..1 << 17).filter(|at| list.value(*at) == Some(StatusValue::Invalid)).count();
        assert_eq!(set, 1);
    }

    async fn tok_16_an_unchanged_list_is_not_sent_again(store) {
        let app = TestApp::alone(&store, "each node signs its own copy of a list").await;
        app.enrol("ada", &[]).await;
        let first = app.get("/status/1").await;
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        let (weak, listed) = (format!("W/{tag}"), format!("\"x\", {tag}"));
        for known in [tag.as_str(), &weak, &listed, "*"] {
            let again = app.send(Method::GET, "/status/1", None, &[("if-none-match", known)]).await;
            assert_eq!(again.status, 304, "{known}");
            assert_eq!((&again.headers["etag"], again.body.as_str()), (&first.headers["etag"], Some("")));
            assert_eq!(again.headers["cache-control"], "public, max-age=10");
        }
        let other = app.send(Method::GET, "/status/1", None, &[("if-none-match", "\"x\"")]).await;
        assert_eq!((other.status.as_u16(), other.body), (200, first.body));
        // Signed anew before long, come what may.
        app.advance(Span::from_seconds(60));
        let later = app.send(Method::GET, "/status/1", None, &[("if-none-match", &tag)]).await;
        assert_eq!(later.status, 200);
        assert_eq!(part(later.body.as_str().unwrap(), 1)["iat"], app.now().seconds());
    }

    async fn there_is_no_other_list(store) {
        let app = TestApp::on(&store).await;
        app.enrol("ada", &[]).await;
        for unknown in ["0", "2", "-1", "x", "1.0", "99999999999999999999", "%31%00", "all"] {
            let reply = app.get(&format!("/status/{unknown}")).await;
            assert_eq!((reply.status.as_u16(), reply.refusal()), (404, "not_found"), "{unknown}");
            assert_eq!(reply.headers["cache-control"], "no-store");
        }
    }
}
