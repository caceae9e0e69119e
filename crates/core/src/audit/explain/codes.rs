//! What the codes of reasons and rules mean. Never a place for a code that is shown to nobody: one that is not here is
//! shown as it is.

/// Each code with a sentence, in the order of the alphabet.
pub(super) const CODES: &[(&str, &str)] = &[
    ("all_ended_by_admin", "An administrator ended every session"),
    ("bad_client", "The caller did not prove that it is the client that it names"),
    ("bad_code", "The authorization code was unknown, over, used, or of another client, address or verifier"),
    ("bad_refresh", "The refresh token is unknown, damaged or of another client"),
    ("blocked", "The budget of strangers is used up, so nothing was checked"),
    ("both_budgets", "The budgets of strangers and of known devices are both used up"),
    ("budget", "The budget of this lane is used up"),
    ("busy", "The waiting line for password checks was too long"),
    ("clock", "The server's clock could not be trusted"),
    ("code", "The code was not the right one, or had been used before"),
    ("code_expired", "The authorization code was older than a minute"),
    ("code_replay", "The authorization code had been used before, and its tokens were ended"),
    ("code_replayed", "The code was right but had been used before"),
    ("code_unknown", "There is no such authorization code, or no longer"),
    ("code_used", "The code was right but had been used before"),
    ("code_wrong", "The code was not the right one"),
    ("code_wrong_client", "The authorization code was made for another client"),
    ("code_wrong_redirect", "The authorization code was asked for with another redirect address"),
    ("code_wrong_verifier", "The verifier did not fit the authorization code"),
    ("conflict", "Something that the decision rested on changed at the same moment"),
    ("credentials", "Name or password was wrong, or the account is disabled or has no second factor"),
    ("delay", "After repeated failures the next attempt has to wait"),
    ("delayed", "After repeated failures the next attempt has to wait"),
    ("device_row", "This device failed too often in a row and counts as a stranger now"),
    ("enrol_right", "The right to enrol was spent or had expired"),
    ("enrolment", "The first code of a new authenticator app"),
    ("expired", "It came too late"),
    ("factor_kind", "Both factors were of one kind; two kinds are needed"),
    ("gone", "The login, invite or step-up is unknown, spent or expired"),
    ("hash_pool", "The waiting line for password checks was too long"),
    ("held", "The factor came from a recovery and is on probation"),
    ("last_admin", "Nobody else could administer this server"),
    ("last_factor", "It is the account's last second factor"),
    ("last_one", "Nothing would be left of what must be left"),
    ("mfa_max_age", "The second factor was proved too long ago"),
    ("name_taken", "Another account has this name"),
    ("not_allowed", "The client may not have what it asked for"),
    ("older_generation", "A token older than the one before the current was shown"),
    ("passkey", "The passkey's answer proves nothing"),
    ("passkey_algorithm", "The passkey's algorithm was not offered"),
    ("passkey_attestation", "The passkey's attestation does not verify"),
    ("passkey_backup", "The passkey contradicts what it said of its copies"),
    ("passkey_challenge", "The passkey answered another challenge, or one that was answered already"),
    ("passkey_copied", "The passkey's counter went back: there may be a copy of it"),
    ("passkey_counter", "The passkey's counter went back: there may be a copy of it"),
    ("passkey_credential", "The passkey is none that was asked for"),
    ("passkey_malformed", "The passkey's answer cannot be read"),
    ("passkey_origin", "The passkey answered a page of another origin"),
    ("passkey_presence", "Nobody was present at the passkey"),
    ("passkey_relying_party", "The passkey answered for another server"),
    ("passkey_signature", "The signature is not that of the passkey"),
    ("passkey_type", "The passkey answered another kind of question"),
    ("passkey_user_handle", "The passkey names another user, or none"),
    ("passkey_verification", "The passkey's device did not verify its user"),
    ("password", "The check of the password"),
    ("password_wrong", "The password was not the right one"),
    ("policy", "The policy does not allow it"),
    ("rebind", "Every budget of this authenticator is used up"),
    ("recovery", "A recovery gave the right"),
    ("recovery_code", "The check of a recovery code"),
    ("refresh_reuse", "A used refresh token was shown again"),
    ("refresh_too_often", "The same refresh token was sent too often in a minute"),
    ("reprove", "The second factor must be proved again"),
    ("reproved", "The second factor was proved again"),
    ("retries", "The limit of safe retries of one refresh token"),
    ("second_source", "The same refresh token from a second address within a minute"),
    ("session_ended", "The session had ended"),
    ("signed_out", "The user signed out"),
    ("source", "This source made too many attempts"),
    ("step_up", "Both factors must be proved again for exactly this change"),
    ("successor_used", "The token's successor had been used already"),
    ("totp", "The check of a code"),
    ("unauthenticated", "There was no valid access token"),
    ("unknown_name", "No account has this name"),
    ("user_disabled", "The account is disabled"),
    ("window_past", "The token was shown again after the time for a safe retry"),
    ("wrong_step", "The login expected another step"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denial::Denial;

    #[test]
    fn each_code_stands_once_and_in_order() {
        assert!(CODES.windows(2).all(|two| two[0].0 < two[1].0));
    }

    #[test]
    fn every_denial_has_a_meaning() {
        for denial in Denial::ALL {
            assert!(CODES.iter().any(|(code, _)| *code == denial.code()), "{denial:?}");
        }
        for refusal in crate::passkey::Refusal::ALL {
            assert!(CODES.iter().any(|(code, _)| *code == refusal.as_str()), "{refusal:?}");
        }
    }
}
