//! Tokens, key sets and status lists as a service reads them.

use std::sync::LazyLock;

use poundlock_verify::jws::{Compact, TOKEN_BYTES_MAX, verify};
use poundlock_verify::{
    ACCESS_TOKEN_TYP, Claims, JwkSet, STATUS_LIST_TYP, StatusBits, StatusList, StatusValue, Verifier, b64,
};

use crate::genuine::{self, AUDIENCE, ISSUER, LIST, NOW};

static KEYS: LazyLock<JwkSet> = LazyLock::new(genuine::keys);
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(ISSUER, AUDIENCE).with_keys(genuine::keys()));

/// Any text as a token: one spelling for its bytes, and accepted only if it is the one that was signed.
pub(crate) fn jws(bytes: &[u8]) {
    let Ok(token) = std::str::from_utf8(bytes) else { return };
    if let Ok(compact) = Compact::split(token, TOKEN_BYTES_MAX) {
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 3, "three parts");
        for part in &parts {
            assert_eq!(b64::decode(part).map(|bytes| b64::encode(&bytes)).as_deref(), Ok(*part), "one spelling");
        }
        if let Ok(header) = compact.header() {
            assert!(header.alg().is_err() || header.key(&KEYS).is_err() || header.kid() == Some("ed"));
        }
    } else {
        // Attack: what a proxy trims passes where the untrimmed text was refused and cached as refused.
        assert!(verify(token, ACCESS_TOKEN_TYP, &KEYS).is_err());
    }
    if verify(token, ACCESS_TOKEN_TYP, &KEYS).is_ok() {
        assert_eq!(token, genuine::signed(&genuine::header(ACCESS_TOKEN_TYP), &genuine::claims()), "a forged token");
    }
    let checked = VERIFIER.check(token, NOW);
    assert_eq!(
        VERIFIER.explain(token, NOW).iter().all(|check| check.outcome == poundlock_verify::Outcome::Passed),
        checked.is_ok()
    );
}

/// Any header or payload, signed: what is accepted says what the verifier asked for, and reads the same again.
pub(crate) fn claims(bytes: &[u8]) {
    let Some((mode, rest)) = bytes.split_first() else { return };
    let token = if mode & 1 == 0 {
        genuine::signed(&genuine::header(ACCESS_TOKEN_TYP), rest)
    } else {
        genuine::signed(rest, &genuine::claims())
    };
    let Ok(claims) = VERIFIER.check(&token, NOW) else { return };
    assert!(claims.iss == ISSUER && claims.aud.contains(AUDIENCE), "another's token");
    assert!(claims.exp.plus(Verifier::DEFAULT_SKEW) > NOW, "too old");
    assert!(claims.cnf.is_none(), "bound to a key that nobody proved");
    let printed = serde_json::to_vec(&claims).unwrap_or_default();
    assert_eq!(Claims::parse(&printed), Ok(claims), "reads otherwise the second time");
}

/// Any bytes as a key set: what is published again is public, and the same set.
pub(crate) fn jwks(bytes: &[u8]) {
    let Ok(set) = JwkSet::parse(bytes) else { return };
    assert!(set.keys().count() > 0);
    for key in set.keys() {
        assert!(key.kid().is_some_and(|kid| set.find(kid).is_some()), "a key that is not found by its kid");
    }
    let Ok(printed) = set.to_json() else { return };
    let value: serde_json::Value = serde_json::from_str(&printed).unwrap_or_default();
    for key in value.get("keys").and_then(|keys| keys.as_array()).into_iter().flatten() {
        assert!(
            ["d", "k", "p", "q", "dp", "dq", "qi", "oth"].iter().all(|part| key.get(part).is_none()),
            "a private part"
        );
    }
    let again = JwkSet::parse(printed.as_bytes());
    assert!(again.is_ok(), "what was published is refused");
    assert_eq!(again.and_then(|again| again.to_json().map_err(|_| poundlock_verify::Reject::Malformed)), Ok(printed));
}

/// Any bytes as the payload of a status list, and as its text: lengths agree, and one change changes one entry.
pub(crate) fn status(bytes: &[u8]) {
    let Some((mode, rest)) = bytes.split_first() else { return };
    if mode & 0x80 != 0 {
        let token = genuine::signed(&genuine::header(STATUS_LIST_TYP), rest);
        if let Ok(list) = StatusList::check_token(&token, &KEYS, LIST, NOW) {
            assert!(list.uri() == LIST && list.exp().plus(Verifier::DEFAULT_SKEW) > NOW);
            assert!(list.refresh_at() <= list.exp());
        }
        return;
    }
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let Ok(list) = StatusBits::decode(mode & 15, text) else { return };
    let entries = list.entries();
    assert_eq!(entries * u64::from(list.bits()), list.bytes().len() as u64 * 8, "length");
    assert_eq!(list.value(entries), None);
    assert_eq!(list.value(u64::MAX), None);
    assert_eq!(list.encode().ok().and_then(|text| StatusBits::decode(list.bits(), &text).ok()).as_ref(), Some(&list));
    let Some(last) = entries.checked_sub(1) else { return };
    let mut changed = list.clone();
    assert!(changed.invalidate(last).is_ok() && changed.value(last) == Some(StatusValue::Invalid));
    let before = last.saturating_sub(8);
    assert!((before..last).all(|idx| changed.value(idx) == list.value(idx)), "a neighbour changed");
    assert!(changed.invalidate(entries).is_err());
}
