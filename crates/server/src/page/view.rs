//! The views, one for each page. Fields are what is shown; `at` is where the forms of a page post to.

mod account;
mod consent;
mod enrol;
mod error;
mod invite;
mod leave;
mod password;
mod recovery_codes;
mod rename_factor;
mod second_factor;
mod sign_in;
mod sign_out;
mod step_up;

pub(crate) use self::account::{Account, DeviceLine, FactorKind, FactorLine, GrantLine, Notice, SessionLine};
pub(crate) use self::consent::{Consent, Learns};
pub(crate) use self::enrol::{EnrolChoice, EnrolPasskey, EnrolTotp};
pub(crate) use self::error::{Back, Error};
pub(crate) use self::invite::{InviteAccept, InviteKind};
pub(crate) use self::leave::Leave;
pub(crate) use self::password::ChangePassword;
pub(crate) use self::recovery_codes::RecoveryCodes;
pub(crate) use self::rename_factor::RenameFactor;
pub(crate) use self::second_factor::{SecondFactor, Way};
pub(crate) use self::sign_in::SignIn;
pub(crate) use self::sign_out::{SignOut, SignedOut};
pub(crate) use self::step_up::{Purpose, StepUp};

/// A hidden field that a form carries along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// Makes `render` for a view: its template sees the view as `v` and the frame as `f`.
/// Fields of its form, if named, tell their own errors; every other error stands above the form.
macro_rules! rendered {
    ($view:ident, $path:literal, [$($field:ident),*]) => {
        impl $view {
            fn fields(&self) -> &'static [$crate::page::Field] {
                &[$($crate::page::Field::$field),*]
            }
        }

        $crate::page::view::rendered!($view, $path);
    };
    ($view:ident, $path:literal) => {
        #[derive(askama::Template)]
        #[template(path = $path)]
        struct Page<'a> {
            f: &'a $crate::page::Frame<'a>,
            v: &'a $view,
        }

        impl $view {
            /// The page.
            pub(crate) fn render(&self, frame: &$crate::page::Frame<'_>) -> $crate::page::Html {
                $crate::page::html(&Page { f: frame, v: self })
            }
        }
    };
}
use rendered;

#[cfg(test)]
mod tests;
