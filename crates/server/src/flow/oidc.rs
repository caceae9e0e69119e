//! `OAuth` and `OpenID` Connect: a request for a code, the code for tokens, who the tokens are about, and the end of it.

pub(crate) mod authorize;
pub(crate) mod grants;
pub(crate) mod logout;
pub(crate) mod token;
pub(crate) mod userinfo;

use poundlock_core::oidc::Refusal;
use poundlock_store::StoreError;

use super::{Fault, Refused};

/// Why a flow gave nothing, where a standard has words for it.
#[derive(Debug)]
pub(crate) enum Declined {
    /// In the words of the standard, for the developer of the client. Nothing was read, checked or changed.
    Oauth(Refusal),
    /// A decision or a fault of ours.
    Ours(Refused),
}

impl From<Refusal> for Declined {
    fn from(refusal: Refusal) -> Self {
        Self::Oauth(refusal)
    }
}

impl From<Refused> for Declined {
    fn from(refused: Refused) -> Self {
        Self::Ours(refused)
    }
}

impl From<Fault> for Declined {
    fn from(fault: Fault) -> Self {
        Self::Ours(fault.into())
    }
}

impl From<StoreError> for Declined {
    fn from(error: StoreError) -> Self {
        Self::Ours(error.into())
    }
}
