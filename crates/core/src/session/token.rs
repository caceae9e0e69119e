//! Access tokens of a session: the one place where a token is minted (RFC 9068).

use super::Session;
use crate::client::{AudienceName, Client, Scope};
use crate::id::Subject;
use crate::jws::SigningKey;
use crate::secret::Rng;
use crate::time::Time;
use crate::token::{self, Access, MintFault, Minted, StatusRef};

/// What a token says beside what its session knows.
#[derive(Clone, Copy, Debug)]
pub struct Saying<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `sub`.
    pub subject: &'a Subject,
    /// `aud`.
    pub audience: &'a AudienceName,
    /// `client_id`; its access life and released groups apply.
    pub client: &'a Client,
    /// The user's groups.
    pub groups: &'a [String],
    /// The scope of the client's family; `None` for the session's own.
    pub scope: Option<&'a str>,
    /// The address of the session's status list.
    pub status_uri: &'a str,
}

impl Session {
    /// Signs an access token of this session (RFC 9068).
    ///
    /// # Errors
    /// [`MintFault`] when the session has ended or has no whole second left, or the key fails.
    pub fn access_token(
        &self,
        saying: &Saying<'_>,
        key: &SigningKey,
        now: Time,
        rng: &dyn Rng,
    ) -> Result<Minted, MintFault> {
        if self.ended_at.is_some() {
            return Err(MintFault::SessionOver);
        }
        let event = self.event(now);
        let scope =
            saying.scope.or(self.facts.scope.as_deref()).and_then(|text| Scope::parse(text).ok()).unwrap_or_default();
        // As the client stands now (RFT-07): what was taken from it since the login is in no new token.
        let scope = scope.within(&saying.client.scope);
        let groups = saying.client.released(saying.groups);
        let idx = u64::try_from(self.facts.status.1).unwrap_or(u64::MAX);
        let access = Access {
            issuer: saying.issuer,
            subject: saying.subject,
            audience: saying.audience,
            client: &saying.client.id,
            session: self.id,
            // A session that rests dies as surely as one that is old: its tokens must not outlive it (SES-04).
            session_end: self.idle_until.min(self.facts.expires_at),
            scope: &scope,
            event: &event,
            mfa_time: self.facts.mfa_time,
            groups: &groups,
            status: &StatusRef { uri: saying.status_uri.to_owned(), idx },
            dpop_thumbprint: None,
        };
        token::mint(&access, key, saying.client.access_life, now, rng)
    }
}
