//! `/oidc/logout`: at once with a hint of this very session, else only after a question (OAE-19).

use http::StatusCode;
use poundlock::testing::TestApp;
use poundlock_store::on_both;

use crate::http::behind::{records, text};
use crate::http::oidc::world::{Shop, follow, form, hidden, request, submit};
use crate::http::pages::browser::Browser;

const BYE: &str = "https://shop.example/bye";

fn logout(pairs: &[(&str, &str)]) -> String {
    format!("/oidc/logout?{}", form(pairs))
}

async fn is_signed_in(shop: &mut Shop) -> bool {
    let silent = follow(&mut shop.browser, &request("shop", &[("prompt", "none")])).await.ok().unwrap();
    !silent.location.contains("error=login_required")
}

on_both! {
    async fn oae_19_a_hint_of_this_session_ends_it_and_leads_back(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let hint = text(&shop.tokens, "id_token");
        // Long over, as hints may be.
        shop.app.advance(poundlock_core::time::Span::from_minutes(20));
        let path = logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", "s1")]);
        let answer = follow(&mut shop.browser, &path).await.ok().unwrap();
        assert_eq!(answer.location, format!("{BYE}?state=s1"));
        assert!(!is_signed_in(&mut shop).await);
        assert_eq!(records(&shop.app, "session.ended").await.len(), 1);
    }

    async fn oae_19_without_such_a_hint_the_user_is_asked(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let mut other = Browser::on(&shop.app);
        let code = crate::http::oidc::world::code_for(&mut other, &shop.user, &request("shop", &[])).await.get("code");
        let foreign = text(&crate::http::oidc::world::redeem(&shop.app, "shop", &code).await.ok(), "id_token");
        let access = text(&shop.tokens, "access_token");
        for pairs in [
            vec![],
            vec![("client_id", "shop"), ("post_logout_redirect_uri", BYE)],
            vec![("id_token_hint", "x.y.z"), ("post_logout_redirect_uri", BYE)],
            vec![("id_token_hint", foreign.as_str()), ("post_logout_redirect_uri", BYE)],
            vec![("id_token_hint", access.as_str()), ("post_logout_redirect_uri", BYE)],
        ] {
            let at = follow(&mut shop.browser, &logout(&pairs)).await.err().unwrap();
            assert!(at.starts_with("/sign-out"), "{at}");
            assert!(is_signed_in(&mut shop).await, "{pairs:?}");
        }
        // Asked, and answered.
        let path = logout(&[("client_id", "shop"), ("post_logout_redirect_uri", BYE)]);
        follow(&mut shop.browser, &path).await.err().unwrap();
        assert!(shop.browser.page.contains("The Shop"), "{}", shop.browser.page);
        let farewell = hidden(&shop.browser, "farewell");
        submit(&mut shop.browser, "/sign-out", &[("farewell", &farewell)]).await.err().unwrap();
        assert!(shop.browser.page.contains(&format!("href=\"{BYE}\"")), "{}", shop.browser.page);
        assert!(!is_signed_in(&mut shop).await);
    }

    /// Attack: the form comes without cookies, so nobody looks signed in, and the answer has the browser forget who is.
    async fn ses_06_a_form_of_another_site_signs_nobody_out(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let (hint, cookies) = (text(&shop.tokens, "id_token"), shop.browser.cookies.clone());
        for pairs in [
            vec![],
            vec![("client_id", "shop"), ("post_logout_redirect_uri", BYE)],
            vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE)],
        ] {
            let reply = shop.browser.foreign("/oidc/logout", &form(&pairs)).await;
            assert_eq!((reply.status, &shop.browser.cookies), (StatusCode::SEE_OTHER, &cookies), "{pairs:?}");
            let to = reply.headers["location"].to_str().unwrap().to_owned();
            let at = follow(&mut shop.browser, &to).await.err().unwrap();
            assert!(at.starts_with("/sign-out") && !at.starts_with("/sign-out/done"), "asked: {at}");
            assert!(is_signed_in(&mut shop).await, "{pairs:?}");
        }
        // Where nobody is signed in it leads back, as a link does.
        let mut nobody = Browser::on(&shop.app);
        let body = form(&[("client_id", "shop"), ("post_logout_redirect_uri", BYE), ("state", "s1")]);
        let reply = nobody.foreign("/oidc/logout", &body).await;
        let answer = follow(&mut nobody, reply.headers["location"].to_str().unwrap()).await.ok().unwrap();
        assert_eq!(answer.location, format!("{BYE}?state=s1"));
        let reply = nobody.foreign("/oidc/logout", "").await;
        let at = follow(&mut nobody, reply.headers["location"].to_str().unwrap()).await.err().unwrap();
        assert_eq!(at, "/sign-out/done");
    }

    async fn oae_19_an_address_that_is_not_registered_is_not_followed(store) {
        let mut shop = Shop::open(TestApp::on(&store).await).await;
        let hint = text(&shop.tokens, "id_token");
        for uri in ["https://evil.example/bye", "https://shop.example/bye/", "https://shop.example/cb", "//evil.example"] {
            // Nobody is signed in in this browser.
            let mut stranger = Browser::on(&shop.app);
            let path = logout(&[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]);
            let at = follow(&mut stranger, &path).await.err().unwrap();
            assert!(at.starts_with("/sign-out/done"), "{at}");
            assert!(!stranger.page.contains("evil.example"), "{uri}");
        }
        assert!(is_signed_in(&mut shop).await, "a stranger's browser ends nothing");
        let forged = shop.browser.go("/sign-out/done?farewell=AAAA").await;
        assert_eq!(forged.status, StatusCode::OK);
    }
}
