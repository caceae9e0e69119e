//! Status lists end to end: what is accepted as a list, and what a list does to tokens.

use poundlock_verify::{
    Context, EncodedList, Outcome, Reject, Seconds, StatusBits, StatusList, StatusListClaims, StatusValue,
};
use serde_json::json;

use crate::signer::{EC, NOW, claims, claims_with, claims_without, keys, verifier};

const URI: &str = "https://login.example/status/1";

fn list_claims(bits: &StatusBits) -> StatusListClaims {
    StatusListClaims {
        iss: None,
        sub: URI.into(),
        iat: Seconds::new(1_790_000_000),
        exp: Seconds::new(1_790_000_600),
        ttl: Some(Seconds::new(10)),
        status_list: EncodedList { bits: bits.bits(), lst: bits.encode().unwrap() },
    }
}

fn signed(claims: &StatusListClaims, typ: &str) -> String {
    EC.sign(&EC.header(typ).to_string(), &serde_json::to_string(claims).unwrap())
}

fn read(claims: &StatusListClaims) -> Result<StatusList, Reject> {
    StatusList::check_token(&signed(claims, "statuslist+jwt"), &keys(), URI, NOW)
}

fn ended(idx: u64) -> StatusList {
    let mut bits = StatusBits::all_valid(64);
    bits.invalidate(idx).unwrap();
    read(&list_claims(&bits)).unwrap()
}

#[test]
fn tok_14_a_list_is_read() {
    let list = ended(3);
    assert_eq!(
        (list.uri(), list.exp(), list.refresh_at()),
        (URI, Seconds::new(1_790_000_600), Seconds::new(1_790_000_010))
    );
    assert_eq!(
        (list.value(3), list.value(4), list.value(64)),
        (Some(StatusValue::Invalid), Some(StatusValue::Valid), None)
    );
    let without_ttl = StatusListClaims { ttl: None, ..list_claims(&StatusBits::all_valid(8)) };
    assert_eq!(read(&without_ttl).unwrap().refresh_at(), Seconds::new(1_790_000_600));
}

#[test]
fn a_full_list_of_random_bits_fits_under_its_own_cap() {
    let mut state = 1_u64;
    let bytes = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    let bits = StatusBits::from_bytes(1, bytes.take(1 << 14).collect()).unwrap();
    let token = signed(&list_claims(&bits), "statuslist+jwt");
    assert!(token.len() > 28_000);
    assert_eq!(StatusList::check_token(&token, &keys(), URI, NOW).unwrap().value(5), bits.value(5));
}

#[test]
fn tok_15_other_lists_are_refused() {
    let good = list_claims(&StatusBits::all_valid(64));
    let refusal = |change: &dyn Fn(&mut StatusListClaims)| {
        let mut claims = good.clone();
        change(&mut claims);
        read(&claims).map(|_| ()).unwrap_err()
    };
    assert_eq!(refusal(&|claims| claims.sub = "https://login.example/status/2".into()), Reject::WrongSubject);
    assert_eq!(refusal(&|claims| claims.exp = Seconds::new(NOW.value() - 30)), Reject::Expired);
    assert_eq!(refusal(&|claims| claims.iat = Seconds::new(NOW.value() + 31)), Reject::NotYetValid);
    assert_eq!(refusal(&|claims| claims.exp = Seconds::new(-1)), Reject::BadClaim);
    assert_eq!(refusal(&|claims| claims.status_list.bits = 3), Reject::Malformed);
    assert_eq!(refusal(&|claims| claims.status_list.lst.push('=')), Reject::Malformed);
    for typ in ["at+jwt", "JWT", "statuslist+cwt"] {
        let token = signed(&good, typ);
        assert_eq!(StatusList::check_token(&token, &keys(), URI, NOW).unwrap_err(), Reject::WrongType);
    }
    let mut token = signed(&good, "statuslist+jwt");
    token.replace_range(token.len() - 20..token.len() - 19, "~");
    assert_eq!(StatusList::check_token(&token, &keys(), URI, NOW).unwrap_err(), Reject::Malformed);
}

#[test]
fn a_revoked_session_is_refused_and_its_neighbours_are_not() {
    let token = EC.token(&claims());
    assert!(verifier().check_with_status(&token, &ended(4), NOW).is_ok());
    assert!(verifier().check_with_status(&token, &ended(6), NOW).is_ok());
    assert_eq!(verifier().check_with_status(&token, &ended(5), NOW), Err(Reject::Revoked));
    let checks = verifier().explain_in(&token, &Context::at(NOW).with_status(&ended(5)));
    assert_eq!(checks.last().unwrap().outcome, Outcome::Failed(Reject::Revoked));
}

#[test]
fn tok_15_every_other_value_refuses_too() {
    let token = EC.token(&claims());
    let with_value = |bits: u8, byte: u8| {
        let list = read(&list_claims(&StatusBits::from_bytes(bits, vec![byte; 8]).unwrap())).unwrap();
        verifier().check_with_status(&token, &list, NOW).map(|_| ())
    };
    assert_eq!(with_value(8, 0), Ok(()));
    assert_eq!(with_value(8, 1), Err(Reject::Revoked));
    assert_eq!(with_value(8, 2), Err(Reject::Suspended));
    assert_eq!(with_value(8, 3), Err(Reject::Revoked));
    assert_eq!(with_value(2, 0b1010_1010), Err(Reject::Suspended));
    assert_eq!(with_value(4, 0xff), Err(Reject::Revoked));
}

#[test]
fn tok_15_no_entry_no_pass() {
    let list = ended(0);
    let check = |claims| verifier().check_with_status(&EC.token(&claims), &list, NOW).map(|_| ()).unwrap_err();
    let at = |idx: u64, uri: &str| claims_with("status", json!({"status_list": {"idx": idx, "uri": uri}}));
    assert_eq!(check(at(64, URI)), Reject::StatusOutOfRange);
    assert_eq!(check(at(u64::MAX, URI)), Reject::StatusOutOfRange);
    assert_eq!(check(at(5, "https://login.example/status/2")), Reject::StatusUnavailable);
    assert_eq!(check(claims_without("status")), Reject::StatusUnavailable);
    let stale = Seconds::new(1_790_000_630);
    let late = EC.token(&claims_with("exp", json!(1_790_002_000)));
    assert_eq!(verifier().check_with_status(&late, &list, stale), Err(Reject::StatusUnavailable));
    assert!(verifier().check(&late, stale).is_ok());
}

#[test]
fn tok_15_an_expired_token_stays_expired_whatever_the_list_says() {
    let token = EC.token(&claims());
    assert_eq!(verifier().check_with_status(&token, &ended(0), Seconds::new(1_790_000_330)), Err(Reject::Expired));
}
