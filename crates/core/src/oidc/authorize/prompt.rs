//! `prompt`: which pages the client wants shown (Core §3.1.2.1).

use serde::{Deserialize, Serialize};

use super::Draft;
use crate::oidc::Refusal;

/// One wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// No page at all: an answer at once, or a refusal (OAE-18).
    None,
    /// A login, whoever is logged in already.
    Login,
    /// The question for consent, whatever was consented to before.
    Consent,
    /// The choice of an account. One browser holds one session here, so this is a login.
    SelectAccount,
}

/// All wishes of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prompts(Vec<Prompt>);

impl Prompt {
    /// The value of the parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }

    /// Every value, in the order of the metadata.
    pub const ALL: [Self; 4] = [Self::None, Self::Login, Self::Consent, Self::SelectAccount];
}

impl Prompts {
    /// Whether no page may be shown.
    #[must_use]
    pub fn forbids_pages(&self) -> bool {
        self.0.contains(&Prompt::None)
    }

    /// Whether the user must log in anew.
    #[must_use]
    pub fn wants_login(&self) -> bool {
        self.0.contains(&Prompt::Login) || self.0.contains(&Prompt::SelectAccount)
    }

    /// Whether consent must be asked for anew.
    #[must_use]
    pub fn wants_consent(&self) -> bool {
        self.0.contains(&Prompt::Consent)
    }
}

/// Known values only, and `none` alone.
pub(super) fn read(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let mut prompts = Vec::new();
    for word in draft.params.one("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        let prompt = Prompt::ALL.into_iter().find(|prompt| prompt.as_str() == word);
        let prompt = prompt.ok_or_else(|| Refusal::invalid("prompt has a value that is not known here"))?;
        if !prompts.contains(&prompt) {
            prompts.push(prompt);
        }
    }
    if prompts.contains(&Prompt::None) && prompts.len() > 1 {
        return Err(Refusal::invalid("prompt=none stands alone"));
    }
    draft.prompts = Prompts(prompts);
    Ok(())
}
