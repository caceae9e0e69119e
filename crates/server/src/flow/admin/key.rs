//! Signing keys as an administrator turns them: early, or at once when a private key has leaked (KEY-07).

use poundlock_core::audit::{Event, Key};
use poundlock_core::jws::Alg;
use poundlock_core::keys::{self, Action, KeyRow, RevokeRefusal, Rotation};
use poundlock_core::time::Time;
use poundlock_store::{Batch, audit, key as rows};

use super::super::{Answer, Fault, Refused, commit, now};
use super::{ACTOR, contended};
use crate::app::SharedApp;
use crate::jobs::keys::{self as job, Told};
use crate::journal::{Note, Origin};

/// What a rotation led to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rotated {
    /// Another key signs.
    Now,
    /// The next key is published, and may sign from then on.
    From(Time),
}

/// Every key there ever was, oldest first.
pub(crate) async fn list(app: &SharedApp) -> Answer<Vec<KeyRow>> {
    Ok(rows::signing_keys(&app.store).await?)
}

/// Lets the next key sign now, if others have had time to learn it, or if they are not to be waited for.
pub(crate) async fn rotate(app: &SharedApp, (alg, force): (&str, bool), origin: &Origin) -> Answer<Rotated> {
    let alg = Alg::parse(alg).ok_or_else(|| Refused::Unusable("alg: must be ES256, RS256 or EdDSA.".to_owned()))?;
    let now = now(app, origin)?;
    let stored = rows::signing_keys(&app.store).await?;
    let rotation =
        keys::rotate(&stored, alg, force, now).map_err(|refused| Refused::Conflicting(format!("{alg}: {refused}.")))?;
    let (actions, rotated) = match rotation {
        Rotation::Now(actions) => (actions, Rotated::Now),
        Rotation::Later { actions, at } => (actions, Rotated::From(at)),
    };
    if !actions.is_empty() {
        let (batch, told) = acts(app, stored, actions, now).await?;
        save(app, batch, &told, (now, origin)).await?;
    }
    Ok(rotated)
}

/// Takes a key out of the key set at once. Every token and status list under it is refused within one cache period.
pub(crate) async fn revoke(app: &SharedApp, kid: &str, origin: &Origin) -> Answer<()> {
    let now = now(app, origin)?;
    let stored = rows::signing_keys(&app.store).await?;
    let actions = keys::revoke(&stored, kid).map_err(|refusal| match refusal {
        RevokeRefusal::Unknown => Refused::Missing(format!("There is no key {kid:?}.")),
        RevokeRefusal::Gone => Refused::Conflicting("This key is gone already.".to_owned()),
    })?;
    let (mut batch, mut told) = acts(app, stored, actions, now).await?;
    for told in told.iter_mut().filter(|told| told.kid == kid) {
        told.event = Event::KeyRevoked;
    }
    // After the notice of the keys: a list that is signed anew is signed by another key.
    batch.notify(crate::status::TOPIC, "all");
    save(app, batch, &told, (now, origin)).await?;
    app.status.forget("all");
    Ok(())
}

/// Makes the batch where an RSA key may take its second: off the threads that answer.
async fn acts(
    app: &SharedApp,
    stored: Vec<KeyRow>,
    actions: Vec<Action>,
    now: Time,
) -> Result<(Batch, Vec<Told>), Fault> {
    let here = SharedApp::clone(app);
    let made = tokio::task::spawn_blocking(move || job::batch(&stored, &actions, &here.ring, now, &here.rng)).await;
    made.map_err(|error| Fault::Other(format!("making keys: {error}")))?
        .map_err(|error| Fault::Other(format!("making keys: {error:#}")))
}

async fn save(app: &SharedApp, mut batch: Batch, told: &[Told], (now, origin): (Time, &Origin)) -> Answer<()> {
    let note = Note::new(app, origin, now);
    for told in told {
        let record = note.record(told.event).with(Key::Actor, ACTOR);
        audit::record(&mut batch, &told.fill(record.into_parts().0));
    }
    if commit(app, batch).await?.is_none() {
        return Err(contended());
    }
    // The notice comes a moment later; what this node signs next must be under the new keys already.
    job::load(app).await.map_err(|error| Fault::Other(format!("loading keys: {error:#}")))?;
    Ok(())
}
