//! Codes of rejects are distinct, and those once released never change.

use std::collections::BTreeSet;

use super::Reject;

#[test]
fn codes_are_distinct_stable_words() {
    let codes: BTreeSet<_> = Reject::ALL.iter().map(|reject| reject.code()).collect();
    assert_eq!(codes.len(), Reject::ALL.len());
    for code in codes {
        assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
    }
}

#[test]
fn the_text_starts_with_the_code_and_says_what_to_do() {
    for reject in Reject::ALL {
        let text = reject.to_string();
        let (code, advice) = text.split_once(": ").unwrap();
        assert_eq!(code, reject.code());
        assert!(advice.len() > 20 && !advice.ends_with('.'), "{text}");
    }
}

/// The codes are a contract: whoever changes one must change it here as well, and say so in the changelog.
#[test]
fn released_codes_do_not_change() {
    let codes: Vec<_> = Reject::ALL.iter().map(|reject| reject.code()).collect();
    assert_eq!(
        codes.join(" "),
        "too_large malformed header_not_allowed wrong_type alg_not_allowed unknown_key bad_signature bad_claim \
         wrong_issuer wrong_audience wrong_subject expired not_yet_valid proof_required wrong_proof revoked suspended \
         status_out_of_range status_unavailable key_not_allowed key_set_malformed key_set_private key_set_duplicate \
         key_set_empty insufficient_acr authentication_too_old"
    );
}
