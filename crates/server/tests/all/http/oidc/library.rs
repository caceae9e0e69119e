//! The crate `openidconnect` as the application: what it reads off the discovery document is all it knows of us.

use std::future::Future;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenVerifier, CoreProviderMetadata, CoreTokenResponse,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse, http as wire,
};
use poundlock::testing::TestApp;
use poundlock_store::on_both;

use crate::http::behind::ISSUER;
use crate::http::oidc::world::{BACK, code_for, register, spec};
use crate::http::pages::browser::Browser;

/// Carries the library's requests into the server.
fn carrier<'a>(app: &'a TestApp) -> impl Fn(HttpRequest) -> CarriedReply<'a> {
    move |asked| Box::pin(carry(app, asked))
}

type CarriedReply<'a> = std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, wire::Error>> + 'a>>;

async fn carry(app: &TestApp, asked: HttpRequest) -> Result<HttpResponse, wire::Error> {
    let (mut head, body) = asked.into_parts();
    head.headers.insert("host", "localhost:8080".parse()?);
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    head.uri = path.parse()?;
    let reply = app.raw([127, 0, 0, 1].into(), wire::Request::from_parts(head, Body::from(body))).await;
    let mut answer = wire::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        answer = answer.header(name, value);
    }
    answer.body(reply.body.to_string().into_bytes())
}

/// By the clock of the server.
fn at_its_time<'a>(app: &TestApp, verifier: CoreIdTokenVerifier<'a>) -> CoreIdTokenVerifier<'a> {
    let now = UNIX_EPOCH + Duration::from_secs(u64::try_from(app.now().seconds()).unwrap());
    verifier.set_time_fn(move || now.into())
}

fn id_token(tokens: &CoreTokenResponse) -> &CoreIdToken {
    tokens.id_token().unwrap()
}

on_both! {
    async fn the_crate_openidconnect_signs_a_user_in(store) {
        let app = TestApp::on(&store).await;
        let secret = register(&app, &spec("web", "confidential")).await.unwrap();
        let (user, mut browser) = (app.enrol("ada", &[]).await, Browser::on(&app));
        let http = carrier(&app);
        let issuer = IssuerUrl::new(ISSUER.to_owned()).unwrap();
        let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.unwrap();
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new("web".to_owned()),
            Some(ClientSecret::new(secret)),
        )
        .set_redirect_uri(RedirectUrl::new(BACK.to_owned()).unwrap());
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let same = PkceCodeVerifier::new(verifier.secret().clone());
        let (url, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let path = url.as_str().strip_prefix(ISSUER).unwrap();
        let back = code_for(&mut browser, &user, path).await;
        assert_eq!(&back.get("state"), state.secret());
        let code = AuthorizationCode::new(back.get("code"));

        let tokens = client.exchange_code(code.clone()).unwrap().set_pkce_verifier(verifier);
        let tokens = tokens.request_async(&http).await.unwrap();
        let judge = at_its_time(&app, client.id_token_verifier());
        let claims = id_token(&tokens).claims(&judge, &nonce).unwrap();
        assert_eq!(claims.auth_context_ref().unwrap().as_str(), "aal2");
        let (alg, key) = (id_token(&tokens).signing_alg().unwrap(), id_token(&tokens).signing_key(&judge).unwrap());
        let hash = AccessTokenHash::from_token(tokens.access_token(), alg, key).unwrap();
        assert_eq!(claims.access_token_hash(), Some(&hash));
        assert!(id_token(&tokens).claims(&judge, &Nonce::new_random()).is_err(), "another nonce");

        let about = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).unwrap();
        let told: CoreUserInfoClaims = about.request_async(&http).await.unwrap();
        assert_eq!(told.preferred_username().unwrap().as_str(), "ada");
        let renewed = client.exchange_refresh_token(tokens.refresh_token().unwrap()).unwrap();
        let renewed = renewed.request_async(&http).await.unwrap();
        let again = id_token(&renewed).claims(&judge, |_: Option<&Nonce>| Ok(())).unwrap();
        assert_eq!(again.subject(), claims.subject());
        // A code that comes again, from who may send it, ends what it has become.
        let twice = client.exchange_code(code).unwrap().set_pkce_verifier(same).request_async(&http).await;
        assert!(twice.unwrap_err().to_string().contains("Server returned error response"));
        assert!(client.exchange_refresh_token(renewed.refresh_token().unwrap()).unwrap().request_async(&http).await.is_err());
    }
}
