//! Forms: read strictly, and only from our own pages. There is no other reader of a form.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::super::body;
use super::super::edge::csrf;
use super::super::error::Problem;
use super::browser::{Browser, SignedIn};
use crate::app::SharedApp;
use crate::page::url::CSRF_FIELD;

/// The fields of a form, and the browser that sent it.
pub(crate) struct Form<T> {
    pub(crate) browser: Browser,
    pub(crate) fields: T,
}

/// The same from a browser that is signed in.
pub(crate) struct SignedForm<T> {
    pub(crate) signed: SignedIn,
    pub(crate) fields: T,
}

/// A form with nothing to fill in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl<T: DeserializeOwned + Send> FromRequest<SharedApp> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(browser) = Browser::from_request_parts(&mut parts, app).await;
        if !csrf::is_ours(&parts.headers, &app.issuer) {
            let problem = Problem::foreign_form(&browser.request);
            return Err(browser.problem(problem));
        }
        if !browser.keeps_cookies() {
            let problem = Problem::no_cookies(&browser.request);
            return Err(browser.problem(problem));
        }
        if !is_form(&parts.headers) {
            let problem = Problem::no_form(&browser.request);
            return Err(browser.problem(problem));
        }
        let reference = browser.request.to_string();
        let request = Request::from_parts(parts, body);
        let bytes = match body::whole(request, app, app.config.listen.limits.body, &reference).await {
            Ok(bytes) => bytes,
            Err(problem) => return Err(browser.problem(problem)),
        };
        let (token, fields) = split(&bytes);
        if !token.is_some_and(|token| browser.is_its_token(&token)) {
            let problem = Problem::stale_form(&browser.request);
            return Err(browser.problem(problem));
        }
        match fields.and_then(|fields| serde_urlencoded::from_str(&fields).ok()) {
            Some(fields) => Ok(Self { browser, fields }),
            None => {
                let problem =
                    Problem::bad_request(&browser.request, "a field of the form is missing, unknown or repeated");
                Err(browser.problem(problem))
            }
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequest<SharedApp> for SignedForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self, Response> {
        let Form { browser, fields } = Form::from_request(request, app).await?;
        let signed = SignedIn::of(browser, None).await?;
        Ok(Self { signed, fields })
    }
}

/// The field by which password managers know whose password it is; nobody reads it here.
const FOR_MANAGERS: &str = "username";

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// The token, and the fields without it. A token that comes twice is none.
fn split(body: &[u8]) -> (Option<String>, Option<Zeroizing<String>>) {
    let Ok(pairs) = serde_urlencoded::from_bytes::<Vec<(String, String)>>(body) else { return (None, None) };
    let pairs = pairs.into_iter().map(|(name, value)| (name, Zeroizing::new(value)));
    let (tokens, rest): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == CSRF_FIELD);
    let token = match tokens.as_slice() {
        [(_, token)] => Some(token.to_string()),
        _ => None,
    };
    let rest: Vec<(String, &str)> = rest
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str()))
        .filter(|(name, _)| name != FOR_MANAGERS)
        .collect();
    (token, serde_urlencoded::to_string(rest).ok().map(Zeroizing::new))
}
