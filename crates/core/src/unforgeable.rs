//! What no other crate can make up, copy or read back: every proof, and every value that rests on proofs (MFA-01). It
//! exists for `cargo test --doc` alone and must never hold anything else.
//!
//! Each pair of examples differs in one type. The first of a pair compiles, so the lines themselves are right; the second
//! must fail with the error that is named, so that no typing error can make it pass. Written out, one pair is
//! ```
//! type It = poundlock_core::session::Opening;
//! fn remake(it: It) -> It { It { ..it } }
//! ```
//! and, since the fields of a session cannot be set from outside,
//! ```compile_fail,E0451
//! type It = poundlock_core::session::Session;
//! fn remake(it: It) -> It { It { ..it } }
//! ```
//! An opening alone is no session either; the grant is asked for:
//! ```
//! use poundlock_core::{policy::Grant, session::{Opening, Session}};
//! fn open(grant: Grant, opening: Opening) -> Session { Session::open(grant, opening) }
//! ```
//! ```compile_fail,E0308
//! use poundlock_core::{policy::Grant, session::{Opening, Session}};
//! fn open(grant: Opening, opening: Opening) -> Session { Session::open(grant, opening) }
//! ```

/// One pair: `$lines` about `It`, which is `$can` in the first example and `$cannot` in the second.
macro_rules! pair {
    ($name:ident, $code:literal, $can:literal, $cannot:literal, $lines:literal) => {
        #[doc = concat!("```\ntype It = ", $can, ";\n", $lines, "\n```\n")]
        #[doc = concat!("```compile_fail,", $code, "\ntype It = ", $cannot, ";\n", $lines, "\n```")]
        mod $name {}
    };
}

/// Cannot be written down: beside it stands a value whose fields are open.
macro_rules! unmakeable {
    ($($name:ident: $cannot:literal beside $open:literal;)*) => {
        /// Cannot be written down.
        mod literal {
            $(pair!($name, "E0451", $open, $cannot, "fn remake(it: It) -> It { It { ..it } }");)*
        }
    };
}

/// Cannot be read back from what somebody wrote.
macro_rules! unreadable {
    ($($name:ident: $cannot:literal;)*) => {
        /// Cannot be read back.
        mod deserialized {
            $(pair!($name, "E0277", "u8", $cannot, "fn read(text: &str) -> Option<It> { serde_json::from_str::<It>(text).ok() }");)*
        }
    };
}

/// Cannot be copied: it is spent by its use.
macro_rules! uncopied {
    ($($name:ident: $cannot:literal;)*) => {
        /// Cannot be copied.
        mod copied {
            $(pair!($name, "E0277", "u8", $cannot, "fn copies<T: Clone>() {}\nfn it_copies() { copies::<It>() }");)*
        }
    };
}

unmakeable! {
    password_proof: "poundlock_core::password::PasswordProof" beside "poundlock_core::password::Checked";
    totp_proof: "poundlock_core::totp::TotpProof" beside "poundlock_core::totp::TotpRow";
    passkey_proof: "poundlock_core::passkey::PasskeyProof" beside "poundlock_core::passkey::PasskeyRow";
    passkey: "poundlock_core::passkey::Passkey" beside "poundlock_core::passkey::PasskeyRow";
    recovery_proof: "poundlock_core::recovery::RecoveryProof" beside "poundlock_core::recovery::RecoveryRow";
    evidence: "poundlock_core::evidence::Evidence" beside "poundlock_core::login::Granted";
    grant: "poundlock_core::policy::Grant" beside "poundlock_core::login::Granted";
    enrol_right: "poundlock_core::invite::EnrolRight" beside "poundlock_core::invite::InviteRow";
    login: "poundlock_core::login::Login" beside "poundlock_core::login::LoginRow";
    fresh: "poundlock_core::login::Fresh" beside "poundlock_core::login::Granted";
    raised: "poundlock_core::login::Raised" beside "poundlock_core::login::Granted";
    session: "poundlock_core::session::Session" beside "poundlock_core::session::SessionRow";
    event: "poundlock_core::token::Event" beside "poundlock_core::token::Minted";
    step_up: "poundlock_core::step_up::StepUpSecret" beside "poundlock_core::step_up::StepUpRow";
}

unreadable! {
    password_proof: "poundlock_core::password::PasswordProof";
    totp_proof: "poundlock_core::totp::TotpProof";
    passkey_proof: "poundlock_core::passkey::PasskeyProof";
    passkey: "poundlock_core::passkey::Passkey";
    asked: "poundlock_core::passkey::Asked";
    offered: "poundlock_core::passkey::Offered";
    recovery_proof: "poundlock_core::recovery::RecoveryProof";
    evidence: "poundlock_core::evidence::Evidence";
    grant: "poundlock_core::policy::Grant";
    enrol_right: "poundlock_core::invite::EnrolRight";
    login: "poundlock_core::login::Login";
    fresh: "poundlock_core::login::Fresh";
    raised: "poundlock_core::login::Raised";
    session: "poundlock_core::session::Session";
    event: "poundlock_core::token::Event";
    step_up: "poundlock_core::step_up::StepUpSecret";
}

// Not the event: it says what was proved and opens nothing.
uncopied! {
    password_proof: "poundlock_core::password::PasswordProof";
    totp_proof: "poundlock_core::totp::TotpProof";
    passkey_proof: "poundlock_core::passkey::PasskeyProof";
    passkey: "poundlock_core::passkey::Passkey";
    asked: "poundlock_core::passkey::Asked";
    offered: "poundlock_core::passkey::Offered";
    recovery_proof: "poundlock_core::recovery::RecoveryProof";
    evidence: "poundlock_core::evidence::Evidence";
    grant: "poundlock_core::policy::Grant";
    enrol_right: "poundlock_core::invite::EnrolRight";
    login: "poundlock_core::login::Login";
    fresh: "poundlock_core::login::Fresh";
    raised: "poundlock_core::login::Raised";
    session: "poundlock_core::session::Session";
    step_up: "poundlock_core::step_up::StepUpSecret";
}
