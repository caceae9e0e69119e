//! Why a passkey's answer was refused: a closed list, for the record. A caller is told of two kinds only.

use crate::denial::Denial;

/// Defines the reasons and their codes from one table.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Why an answer of an authenticator proves nothing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// Each reason once.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code of the audit record.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

refusals! {
    /// It cannot be read.
    Malformed = "passkey_malformed",
    /// It belongs to another kind of ceremony (WAN-03).
    Type = "passkey_type",
    /// It answers another challenge (WAN-04).
    Challenge = "passkey_challenge",
    /// It was given to another origin, or inside a page of another (WAN-05).
    Origin = "passkey_origin",
    /// It is for another relying party (WAN-06).
    RelyingParty = "passkey_relying_party",
    /// Nobody was present (WAN-07).
    Presence = "passkey_presence",
    /// The device did not verify its user where that is needed, or did so when the key was enrolled (WAN-08).
    Verification = "passkey_verification",
    /// What it says of its copies contradicts what it said before (WAN-09).
    Backup = "passkey_backup",
    /// Its algorithm was not offered (WAN-10).
    Algorithm = "passkey_algorithm",
    /// Its attestation statement does not verify (WAN-11).
    Attestation = "passkey_attestation",
    /// The credential is none that was asked for (WAN-15, WAN-17).
    Credential = "passkey_credential",
    /// The user handle is missing or another's (WAN-18).
    UserHandle = "passkey_user_handle",
    /// The signature is not that of the stored key (WAN-19).
    Signature = "passkey_signature",
    /// Its counter went back or stood still: there may be a copy of it (WAN-20).
    Counter = "passkey_counter",
}

impl Refusal {
    /// What the caller is told. Only who holds the key gets as far as its counter.
    #[must_use]
    pub const fn denial(self) -> Denial {
        match self {
            Self::Counter => Denial::PasskeyCopied,
            _ => Denial::Passkey,
        }
    }
}

/// An entry of the allow-list cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAllowList {
    /// No certificate.
    #[error("not one certificate in PEM")]
    Root,
    /// No AAGUID.
    #[error("not an AAGUID such as ee882879-721c-4913-9775-3dfcce97072a")]
    Aaguid,
}
