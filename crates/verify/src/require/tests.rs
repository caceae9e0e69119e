//! Every strength against every demand, and ages at their last second.

use serde_json::json;

use super::Require;
use crate::{Acr, Claims, Reject, Seconds};

fn claims(acr: &str, auth_time: i64) -> Claims {
    let value = json!({
        "iss": "i", "sub": "s", "aud": "a", "client_id": "c", "iat": 1000, "exp": 1300, "jti": "j", "sid": "s",
        "auth_time": auth_time, "acr": acr, "amr": ["pwd"], "mfa_time": 1299,
    });
    Claims::parse(value.to_string().as_bytes()).unwrap()
}

#[test]
fn every_pair_of_strengths() {
    let order = ["recovery", "aal2", "phr", "phrh"];
    for (wanted, want) in order.iter().enumerate() {
        for (given, give) in order.iter().enumerate() {
            let outcome = Require::acr(Acr::parse(want).unwrap()).check(&claims(give, 0), Seconds::new(1000));
            let expected = if given >= wanted { Ok(()) } else { Err(Reject::InsufficientAcr) };
            assert_eq!(outcome, expected, "want {want}, give {give}");
        }
    }
}

#[test]
fn age_is_counted_from_the_login_not_from_the_last_factor() {
    let fresh = Require::acr(Acr::Aal2).max_age(Seconds::new(100));
    let claims = claims("phr", 1000);
    assert_eq!(fresh.check(&claims, Seconds::new(1100)), Ok(()));
    assert_eq!(fresh.check(&claims, Seconds::new(1101)), Err(Reject::AuthenticationTooOld));
    assert_eq!(fresh.check(&claims, Seconds::new(i64::MAX)), Err(Reject::AuthenticationTooOld));
    assert_eq!(Require::acr(Acr::Aal2).check(&claims, Seconds::new(i64::MAX)), Ok(()));
}

#[test]
fn the_challenge_names_the_demand() {
    assert_eq!(Require::acr(Acr::Phrh).challenge(), "acr_values=\"phrh\"");
    assert_eq!(Require::acr(Acr::Aal2).max_age(Seconds::new(60)).challenge(), "acr_values=\"aal2\", max_age=60");
}
