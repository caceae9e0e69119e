//! Parameters of `OAuth` endpoints: of a form or a query, read by the one strict reader of `core`.

use axum::extract::{FromRequest, Request};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use poundlock_core::oidc::Params;

use super::super::body;
use super::super::error::Problem;
use super::super::table::{Signature, Takes};
use crate::app::SharedApp;

/// What was sent in the body (POST) or in the query (GET).
pub(crate) struct Sent(pub(crate) Params);

impl FromRequest<SharedApp> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self, Problem> {
        let reference = Problem::reference_of(&request);
        if request.method() == Method::GET {
            return read(request.uri().query().unwrap_or_default(), reference);
        }
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = kind.map(|value| value.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
        if essence.as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(Problem::bad_json(reference, "the body must be a form"));
        }
        // Never from the query: what stands there is in every log on the way (BND-08).
        let bytes = body::whole(request, app, app.config.listen.limits.body, &reference).await?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => read(text, reference),
            Err(_) => Err(Problem::bad_json(reference, "the form is not UTF-8")),
        }
    }
}

fn read(text: &str, reference: String) -> Result<Sent, Problem> {
    Params::parse(text).map(Sent).map_err(|bad| Problem::bad_json(reference, &bad.to_string()))
}

impl Takes for Sent {
    fn takes(signature: &mut Signature) {
        use super::super::error::words;
        signature.is_form = true;
        signature.problems.extend([words::BAD_REQUEST, words::TOO_LARGE, words::SLOW]);
    }
}
