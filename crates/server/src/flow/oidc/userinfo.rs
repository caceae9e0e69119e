//! `/oidc/userinfo`: what an access token's client may learn of the user (Core §5.3).

use poundlock_core::client::Scope;
use poundlock_core::id::SessionId;
use poundlock_core::oidc::{OauthError, Profile, Refusal, claims_of};
use poundlock_core::secret::Secret;
use poundlock_core::session::Session;
use poundlock_core::user::UserRow;
use poundlock_store::{refresh as families, session, user};
use poundlock_verify::{ACCESS_TOKEN_TYP, Claims, JwkSet, Seconds, Verifier, jws};
use serde_json::{Map, Value};

use super::Declined;
use crate::app::App;
use crate::flow::Fault;
use crate::journal::Origin;

const INVALID: Refusal = Refusal::new(OauthError::InvalidToken, "the access token is missing, over, ended or not ours");

/// The claims that the token's scope opens. The session and the client's family in it are looked up: an ended one must
/// not have its token's last minutes here.
pub(crate) async fn claims(app: &App, token: &Secret<String>, origin: &Origin) -> Result<Map<String, Value>, Declined> {
    let now = super::super::now(app, origin)?;
    let claims = read(app, token.reveal(), Seconds::new(now.seconds())).ok_or(INVALID)?;
    let client = app.registry.load().client(Some(&claims.client_id)).cloned().ok_or(INVALID)?;
    let id: SessionId = claims.sid.parse().map_err(|_| INVALID)?;
    let row = session::by_id(&app.store, id).await?.ok_or(INVALID)?;
    let session = Session::from_row(&app.ring, &row).map_err(|_| Fault::Seal("session"))?;
    let account = user::by_id(&app.store, session.user()).await?.ok_or(INVALID)?;
    let family = families::of_client(&app.store, id, &claims.client_id).await?;
    let live = session.lives(now)
        && account.standing().active
        && claims.sub == account.user.subject.as_str()
        && family.is_some_and(|family| family.ended.is_none());
    if !live {
        return Err(INVALID.into());
    }
    let scope = Scope::parse(claims.scope.as_deref().unwrap_or_default()).unwrap_or_default().within(&client.scope);
    let groups = client.released(&account.user.groups);
    claims_of(&profile(&account.user, &groups), &scope)
        .ok_or_else(|| Refusal::new(OauthError::InsufficientScope, "the access token lacks the scope openid").into())
}

fn profile<'a>(user: &'a UserRow, groups: &'a [String]) -> Profile<'a> {
    Profile { subject: &user.subject, name: &user.name, display_name: &user.display_name, groups }
}

/// An access token of ours for any service. Which one it is for does not matter here, but that it is one does: an ID
/// token or a logout token is none (TOK-08).
fn read(app: &App, token: &str, now: Seconds) -> Option<Claims> {
    let keys = app.keys.load();
    let verified = jws::verify(token, ACCESS_TOKEN_TYP, &keys.published).ok()?;
    let audience = Claims::parse(&verified.payload).ok()?.aud.iter().next()?.to_owned();
    let published = JwkSet::parse(keys.set.jwks().as_bytes()).ok()?;
    Verifier::new(app.issuer.as_str(), audience).with_keys(published).check(token, now).ok()
}
