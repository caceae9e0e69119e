//! Who calls the token endpoint (OAE-10).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{NOW, client};
use crate::client::ClientKind;
use crate::oidc::Params;
use crate::oidc::client_auth::{Claimed, ClientSecret, ClientSecretRow, claimed, prove};
use crate::secret::Secret;
use crate::testing::SeededRng;
use crate::time::Span;

fn params(text: &str) -> Params {
    Params::parse(text).unwrap()
}

fn basic(text: &str) -> Secret<String> {
    Secret::new(STANDARD.encode(text))
}

#[test]
fn oae_10_one_method_in_one_request() {
    let header = basic("app:pls_x");
    let read = |claim: Claimed| (claim.client, claim.secret.map(|secret| secret.reveal().clone()));
    let both = ("app".to_owned(), Some("pls_x".to_owned()));
    assert_eq!(read(claimed(Some(&header), &params("grant_type=x")).unwrap()), both);
    assert_eq!(read(claimed(None, &params("client_id=app&client_secret=pls_x")).unwrap()), both);
    assert!(claimed(None, &params("client_id=app")).unwrap().secret.is_none());
    assert!(claimed(Some(&header), &params("client_id=app")).is_ok(), "the same name twice is one name");
    for (header, form, error) in [
        (Some("app:x"), "client_secret=x", "invalid_request"),
        (Some("app:x"), "client_id=other", "invalid_request"),
        (Some("app"), "", "invalid_client"),
        (Some("app:"), "", "invalid_client"),
        (Some(":x"), "", "invalid_client"),
        (Some("app:%zz"), "", "invalid_client"),
        (Some("app:x&y"), "", "invalid_client"),
        (Some("app:x=y"), "", "invalid_client"),
        (None, "client_secret=x", "invalid_client"),
        (None, "", "invalid_client"),
        (None, "client_id=app&client_assertion=x", "invalid_client"),
        (None, "client_id=app&client_assertion_type=x", "invalid_client"),
    ] {
        let secret = header.map(basic);
        let refused = claimed(secret.as_ref(), &params(form)).unwrap_err();
        assert_eq!(refused.error.code(), error, "{header:?} {form}");
    }
    let refused = claimed(Some(&Secret::new("!".to_owned())), &params("")).unwrap_err();
    assert_eq!(refused.error.code(), "invalid_client");
    // RFC 6749 section 2.3.1: each part is form-encoded first.
    let claim = read(claimed(Some(&basic("a%2Db:x%20y%2B")), &params("")).unwrap());
    assert_eq!(claim, ("a-b".to_owned(), Some("x y+".to_owned())));
}

#[test]
fn a_secret_is_demanded_of_those_who_have_one_and_of_nobody_else() {
    let rng = SeededRng::new(1);
    let (present, before) = (ClientSecret::random(&rng), ClientSecret::random(&rng));
    let rows = [
        ClientSecretRow { digest: present.digest(), expires_at: None },
        ClientSecretRow { digest: before.digest(), expires_at: Some(NOW + Span::from_hours(1)) },
    ];
    let web = client(ClientKind::Confidential, |_| ());
    let claim = |secret: Option<&str>| Claimed {
        client: "app".to_owned(),
        secret: secret.map(|text| Secret::new(text.to_owned())),
    };
    let (present, before) = (present.text().reveal().clone(), before.text().reveal().clone());
    for (secret, at, holds) in [
        (Some(present.as_str()), NOW, true),
        (Some(before.as_str()), NOW, true),
        (Some(before.as_str()), NOW + Span::from_hours(1), false),
        (Some(&present[4..]), NOW, false),
        (Some("pls_"), NOW, false),
        (Some(""), NOW, false),
        (None, NOW, false),
    ] {
        assert_eq!(prove(&web, &claim(secret), &rows, at).is_ok(), holds, "{secret:?}");
    }
    assert!(prove(&web, &claim(Some(&present)), &[], NOW).is_err(), "one that has none opens nothing");
    for kind in [ClientKind::Public, ClientKind::FirstParty] {
        let public = client(kind, |_| ());
        assert!(prove(&public, &claim(None), &[], NOW).is_ok());
        assert!(prove(&public, &claim(Some(&present)), &rows, NOW).is_err(), "{kind:?}");
    }
    let service = client(ClientKind::Service, |spec| spec.redirect_uris.clear());
    assert!(prove(&service, &claim(None), &rows, NOW).is_err());
    assert!(prove(&service, &claim(Some(&present)), &rows, NOW).is_err());
}
