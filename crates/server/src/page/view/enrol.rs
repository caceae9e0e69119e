//! A new second factor: which, and then a first proof of it.

use fast_qr::{ECL, QRBuilder};
use poundlock_core::secret::Secret;

use super::{Hidden, rendered};
use crate::page::{Trouble, shown};

pub(crate) use choice::EnrolChoice;
pub(crate) use passkey::EnrolPasskey;

mod choice {
    use super::{Trouble, rendered};

    /// Which kind; posts `kind` (`passkey` or `totp`) to `{at}`.
    #[derive(Clone, Debug)]
    pub(crate) struct EnrolChoice {
        pub(crate) at: String,
        pub(crate) passkeys: bool,
        pub(crate) totp: bool,
        /// Whether this is the account's first factor: then it is part of signing in, and there is no way back.
        pub(crate) first: bool,
        pub(crate) trouble: Option<Trouble>,
    }

    rendered!(EnrolChoice, "enrol_choice.html", []);
}

mod passkey {
    use super::{Hidden, Trouble, rendered};

    /// A passkey; posts `credential` and `label` to `{at}/passkey`, after options from `{at}/passkey/options`.
    #[derive(Clone, Debug)]
    pub(crate) struct EnrolPasskey {
        pub(crate) at: String,
        /// What the passkey may be called, to begin with.
        pub(crate) label: String,
        pub(crate) hidden: Vec<Hidden>,
        /// Whether this is the account's first factor.
        pub(crate) first: bool,
        /// Where another kind is chosen, if one is offered.
        pub(crate) other: Option<String>,
        pub(crate) trouble: Option<Trouble>,
    }

    impl EnrolPasskey {
        fn passkey_at(&self) -> String {
            format!("{}/passkey", self.at)
        }
    }

    rendered!(EnrolPasskey, "enrol_passkey.html", [Label]);
}

/// An authenticator app; posts `code` and `label` to `{at}/totp`.
#[derive(Clone, Debug)]
pub(crate) struct EnrolTotp {
    pub(crate) at: String,
    /// In base32.
    pub(crate) secret: Secret<String>,
    /// `otpauth://`.
    pub(crate) uri: Secret<String>,
    /// What the app may be called, to begin with.
    pub(crate) label: String,
    pub(crate) hidden: Vec<Hidden>,
    /// Whether this is the account's first factor.
    pub(crate) first: bool,
    /// Where another kind is chosen, if one is offered.
    pub(crate) other: Option<String>,
    pub(crate) trouble: Option<Trouble>,
}

impl EnrolTotp {
    /// The secret as one types it.
    fn groups(&self) -> Vec<String> {
        shown::groups_of_four(self.secret.reveal())
    }

    /// The address of the secret: on a telephone the app opens from it.
    pub(super) fn link(&self) -> &str {
        self.uri.reveal()
    }

    /// The picture of the address, for the app's camera.
    pub(super) fn picture(&self) -> Option<Picture> {
        let code = QRBuilder::new(self.link()).ecl(ECL::M).build().ok()?;
        Some(Picture::of(&code))
    }
}

rendered!(EnrolTotp, "enrol_totp.html", [Code, Label]);

/// A QR code as one path of an SVG: small, and with no style of its own.
pub(super) struct Picture {
    /// Modules on a side, with the quiet zone of four on each.
    pub(super) side: usize,
    pub(super) path: String,
}

impl Picture {
    fn of(code: &fast_qr::QRCode) -> Self {
        use std::fmt::Write;
        const QUIET: usize = 4;
        let mut path = String::new();
        for y in 0..code.size {
            let mut x = 0;
            while x < code.size {
                let run = (x..code.size).take_while(|at| is_dark(code, *at, y)).count();
                if run > 0 {
                    // A string takes whatever is written.
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
                }
                x += run.max(1);
            }
        }
        Self { side: code.size + 2 * QUIET, path }
    }
}

fn is_dark(code: &fast_qr::QRCode, x: usize, y: usize) -> bool {
    code[y].get(x).is_some_and(|module| module.value())
}
