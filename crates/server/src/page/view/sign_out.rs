//! Signing out: asked first, then told.

pub(crate) use asked::SignOut;
pub(crate) use told::SignedOut;

mod asked {
    use crate::page::view::{Hidden, rendered};

    /// Posts to `/sign-out`.
    #[derive(Clone, Debug)]
    pub(crate) struct SignOut {
        /// Who is signed in.
        pub(crate) name: String,
        /// The app that asked, if one did.
        pub(crate) client: Option<String>,
        pub(crate) hidden: Vec<Hidden>,
    }

    rendered!(SignOut, "sign_out.html");
}

mod told {
    use crate::page::view::rendered;

    /// After it.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct SignedOut {
        /// Name and address of the app to go back to; the address was checked.
        pub(crate) back: Option<(String, String)>,
    }

    rendered!(SignedOut, "signed_out.html");
}
