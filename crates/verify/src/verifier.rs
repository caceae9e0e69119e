//! The one pipeline that decides whether an access token is accepted, in the order of BND-01.
//!
//! It never fetches, never reads a clock, and has no default that accepts more: issuer and audience must be given.

use crate::explain::{Trace, quoted};
use crate::jws::{Compact, TOKEN_BYTES_MAX};
use crate::{Check, Claims, JwkSet, Reject, Seconds, StatusList, StatusValue, strict};

/// The `typ` of an access token (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";

/// The longest life of an access token: the issuer's hard cap (TOK-05). A longer one is not this issuer's work.
pub const ACCESS_TOKEN_LIFETIME_MAX: Seconds = Seconds::new(3600);

/// Checks access tokens of one issuer for one service.
#[derive(Debug)]
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: JwkSet,
    skew: Seconds,
}

/// What is known beside the token when it is checked.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    now: Seconds,
    status: Option<&'a StatusList>,
    jkt: Option<&'a str>,
}

impl<'a> Context<'a> {
    /// The moment of the check; no status list, no proof of a key.
    #[must_use]
    pub const fn at(now: Seconds) -> Self {
        Self { now, status: None, jkt: None }
    }

    /// Also refuses tokens of sessions that this list says are ended, and tokens that name another list.
    #[must_use]
    pub const fn with_status(self, list: &'a StatusList) -> Self {
        Self { status: Some(list), ..self }
    }

    /// The sender proved, in this request, to hold the key with this thumbprint (RFC 9449 §4.3).
    #[must_use]
    pub const fn with_proof(self, jkt: &'a str) -> Self {
        Self { jkt: Some(jkt), ..self }
    }
}

impl Verifier {
    /// How far two clocks may differ unless set otherwise: 30 seconds.
    pub const DEFAULT_SKEW: Seconds = Seconds::new(30);
    /// The largest difference that can be set: 60 seconds (BND-07).
    pub const SKEW_MAX: Seconds = Seconds::new(60);

    /// A verifier for tokens of `issuer`, compared exactly, that name `audience`, this service's own identifier.
    /// Without keys it accepts nothing.
    #[must_use]
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        let (issuer, audience) = (issuer.into(), audience.into());
        Self { issuer, audience, keys: JwkSet::default(), skew: Self::DEFAULT_SKEW }
    }

    /// Sets the issuer's keys.
    #[must_use]
    pub fn with_keys(self, keys: JwkSet) -> Self {
        Self { keys, ..self }
    }

    /// Replaces the issuer's keys: a key that is gone from the set stops working at once.
    pub fn replace_keys(&mut self, keys: JwkSet) {
        self.keys = keys;
    }

    /// Sets how far the clocks may differ; it is kept between 0 and [`Verifier::SKEW_MAX`].
    #[must_use]
    pub fn with_skew(self, skew: Seconds) -> Self {
        Self { skew: skew.clamp(Seconds::new(0), Self::SKEW_MAX), ..self }
    }

    /// Checks a bearer token at `now`. A token that is bound to a key is refused here (BND-10): see
    /// [`Context::with_proof`].
    ///
    /// # Errors
    /// The first check that failed.
    pub fn check(&self, token: &str, now: Seconds) -> Result<Claims, Reject> {
        self.check_in(token, &Context::at(now))
    }

    /// As [`Verifier::check`], and refuses a token of an ended session.
    ///
    /// # Errors
    /// The first check that failed; [`Reject::StatusUnavailable`] if the list has expired or is not the one that the
    /// token names.
    pub fn check_with_status(&self, token: &str, list: &StatusList, now: Seconds) -> Result<Claims, Reject> {
        self.check_in(token, &Context::at(now).with_status(list))
    }

    /// Checks a token with all that is known beside it.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn check_in(&self, token: &str, context: &Context<'_>) -> Result<Claims, Reject> {
        self.run(token, context, &mut Trace::silent())
    }

    /// Tells how each check of [`Verifier::check`] goes, in order. The token would be accepted if and only if all
    /// passed.
    #[must_use]
    pub fn explain(&self, token: &str, now: Seconds) -> Vec<Check> {
        self.explain_in(token, &Context::at(now))
    }

    /// Tells how each check of [`Verifier::check_in`] goes.
    #[must_use]
    pub fn explain_in(&self, token: &str, context: &Context<'_>) -> Vec<Check> {
        let mut trace = Trace::listening();
        // The outcome is in the trace.
        let _ = self.run(token, context, &mut trace);
        trace.finish()
    }

    fn run(&self, token: &str, context: &Context<'_>, trace: &mut Trace) -> Result<Claims, Reject> {
        let compact = trace.step("shape", Compact::split(token, TOKEN_BYTES_MAX), || {
            format!("{} bytes of at most {TOKEN_BYTES_MAX}, {} parts of 3", token.len(), token.split('.').count())
        })?;
        let header = trace.step("header", compact.header(), || compact.header_shown())?;
        trace.step("type", header.refuse_other_type(ACCESS_TOKEN_TYP), || {
            format!("expected {ACCESS_TOKEN_TYP}, found {}", header.typ().map_or("none".into(), quoted))
        })?;
        let (_, key) = trace.step("key", header.key(&self.keys), || header.key_shown(&self.keys))?;
        let payload =
            trace.step("signature", compact.payload_signed_by(&header, key), || format!("by {}", key.alg()))?;
        trace.step("payload", strict::refuse_ambiguous(payload).map_err(|_| Reject::Malformed), || {
            "one JSON object with distinct names".into()
        })?;
        let claims = trace.step("claims", serde_json::from_slice(payload).map_err(|_| Reject::BadClaim), || {
            serde_json::from_slice::<Claims>(payload).map_or_else(|error| quoted(&error.to_string()), |_| "all".into())
        })?;
        self.check_claims(&claims, context, trace)?;
        Ok(claims)
    }

    fn check_claims(&self, claims: &Claims, context: &Context<'_>, trace: &mut Trace) -> Result<(), Reject> {
        trace.step("issuer", unless(claims.iss != self.issuer, Reject::WrongIssuer), || {
            format!("expected {}, found {}", quoted(&self.issuer), quoted(&claims.iss))
        })?;
        trace.step("audience", unless(!claims.aud.contains(&self.audience), Reject::WrongAudience), || {
            let found: Vec<_> = claims.aud.iter().map(quoted).collect();
            format!("expected {}, found {}", quoted(&self.audience), found.join(", "))
        })?;
        self.check_times(claims, context.now, trace)?;
        trace.step("binding", refuse_unproved(claims, context.jkt), || match &claims.cnf {
            Some(cnf) => format!("bound to key {}", quoted(&cnf.jkt)),
            None => "a bearer token".into(),
        })?;
        trace.step("status", self.refuse_ended(claims, context), || match (&claims.status, context.status) {
            (_, None) => "not asked".into(),
            (None, _) => "the token names no status list".into(),
            (Some(status), _) => {
                format!("entry {} of {}", status.status_list.idx, quoted(&status.status_list.uri))
            }
        })
    }

    fn check_times(&self, claims: &Claims, now: Seconds, trace: &mut Trace) -> Result<(), Reject> {
        let skew = self.skew;
        trace.step("expiry", unless(claims.exp.plus(skew) <= now, Reject::Expired), || {
            format!("ends in {} s, skew {skew} s", claims.exp.since(now))
        })?;
        let begin = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
        trace.step("not-before", unless(begin > now.plus(skew), Reject::NotYetValid), || {
            format!("began {} s ago, skew {skew} s", now.since(begin))
        })?;
        let lifetime = claims.exp.since(claims.iat);
        let sound = lifetime > Seconds::new(0) && lifetime <= ACCESS_TOKEN_LIFETIME_MAX;
        trace.step("lifetime", unless(!sound, Reject::BadClaim), || {
            format!("{lifetime} s of at most {ACCESS_TOKEN_LIFETIME_MAX} s")
        })
    }

    fn refuse_ended(&self, claims: &Claims, context: &Context<'_>) -> Result<(), Reject> {
        let Some(list) = context.status else { return Ok(()) };
        let entry = &claims.status.as_ref().ok_or(Reject::StatusUnavailable)?.status_list;
        if entry.uri != list.uri() || list.exp().plus(self.skew) <= context.now {
            return Err(Reject::StatusUnavailable);
        }
        match list.value(entry.idx) {
            None => Err(Reject::StatusOutOfRange),
            Some(StatusValue::Valid) => Ok(()),
            Some(StatusValue::Suspended) => Err(Reject::Suspended),
            Some(StatusValue::Invalid | StatusValue::Other(_)) => Err(Reject::Revoked),
        }
    }
}

fn unless(refused: bool, reject: Reject) -> Result<(), Reject> {
    if refused { Err(reject) } else { Ok(()) }
}

/// A proof sent with an unbound token is harmless; a bound token without its proof may be stolen.
fn refuse_unproved(claims: &Claims, jkt: Option<&str>) -> Result<(), Reject> {
    match (&claims.cnf, jkt) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Reject::ProofRequired),
        (Some(cnf), Some(jkt)) => unless(cnf.jkt != jkt, Reject::WrongProof),
    }
}
