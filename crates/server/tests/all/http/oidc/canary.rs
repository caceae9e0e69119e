//! Canaries of a browser and of an application: nothing that would let a reader of the log or of the records be either
//! of them stands there (AUD-03, T-35).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poundlock::testing::TestApp;
use poundlock_store::testing::TestStore;
use serde_json::Value;

use crate::http::admin::audit::secrets::{heard, holds, listen};
use crate::http::oidc::world::{BACK, VERIFIER, code_for, error, register, request, spec, token};
use crate::http::pages::browser::Browser;

/// Everything a browser keeps, and the token of its page.
fn kept(browser: &Browser) -> Vec<String> {
    let parts = browser.cookies.values().flat_map(|value| value.split('.')).map(str::to_owned);
    parts.chain([browser.token()]).filter(|part| part.len() > 12).collect()
}

/// The recovery codes on a page that shows them.
fn codes(page: &str) -> Vec<String> {
    let texts =
        page.split(['<', '>', '"', ' ', '\n']).filter(|text| text.len() == 30 && text.matches('-').count() == 4);
    texts.map(str::to_owned).collect()
}

fn secrets(tokens: &Value) -> Vec<String> {
    let whole = ["access_token", "refresh_token", "id_token"].map(|name| tokens[name].as_str().unwrap().to_owned());
    let signatures = [0, 2].map(|at| whole[at].rsplit('.').next().unwrap().to_owned());
    whole.into_iter().chain(signatures).collect()
}

#[tokio::test]
async fn aud_03_t_35_no_secret_of_a_browser_or_an_application_is_in_the_log_or_a_record() {
    listen();
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let secret = register(&app, &spec("web", "confidential")).await.unwrap();
    let user = app.enrol("ada", &[]).await;
    let mut browser = Browser::on(&app);
    let mut canaries = vec![secret.clone(), user.password.clone(), app.code(&user.totp_uri)];
    browser.go("/sign-in").await;
    canaries.extend(kept(&browser));
    browser.password(&user).await;
    canaries.extend(kept(&browser));
    browser.code(&user).await;
    canaries.extend(kept(&browser));
    canaries.push(app.code(&user.totp_uri));
    browser.step_up(&user, "/account/codes").await;
    let shown = codes(&browser.page);
    assert_eq!(shown.len(), 10, "{}", browser.page);
    canaries.extend(shown.into_iter().chain(kept(&browser)));

    // A code, what it becomes, and both of them once more where they are worth nothing.
    let asked = request("web", &[("state", "canary-of-the-state"), ("nonce", "canary-of-the-nonce")]);
    let code = code_for(&mut browser, &user, &asked).await.get("code");
    let basic = format!("Basic {}", STANDARD.encode(format!("web:{secret}")));
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = token(&app, &pairs, &[("authorization", &basic)]).await.ok();
    canaries.extend(secrets(&tokens));
    assert_eq!(error(&token(&app, &pairs, &[("authorization", &basic)]).await), "invalid_grant");
    canaries.extend([
        code,
        basic,
        VERIFIER.to_owned(),
        "canary-of-the-state".to_owned(),
        "canary-of-the-nonce".to_owned(),
    ]);
    let late = tokens["refresh_token"].as_str().unwrap();
    let refused =
        token(&app, &[("grant_type", "refresh_token"), ("refresh_token", late), ("client_id", "web")], &[]).await;
    assert_eq!(error(&refused), "invalid_client");
    let hint = format!("/oauth/logout?id_token_hint={}", tokens["id_token"].as_str().unwrap());
    browser.go(&hint).await;

    app.seal().await;
    let (said, export) = (heard(), app.export().await.unwrap_or_default());
    let records = app.records().await.iter().map(|record| record.canonical()).collect::<String>();
    assert!(said.contains("DEBUG") && said.lines().count() > 20 && records.len() > 1_000, "nothing was listened to");
    assert!(canaries.len() >= 35, "{}", canaries.len());
    for canary in &canaries {
        for (place, text) in [("the log", &said), ("the records", &records), ("the export", &export)] {
            assert!(!holds(text, canary), "{canary:?} is in {place}");
        }
    }
}
