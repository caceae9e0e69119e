//! Rotates the master key: the data keys are wrapped anew in one batch, and stay what they are. So no counter starts
//! again, no login under way dies, and other nodes go on; each needs the new master key at its next start (CAR-03).

use poundlock_core::audit::{Event, Key};
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::secret::Secret;
use poundlock_store::{Batch, audit, key as rows};

use super::super::{Answer, Refused, commit, now};
use super::{ACTOR, contended};
use crate::app::App;
use crate::journal::{Note, Origin};

/// The short public names of the master key before and after.
#[derive(Debug)]
pub(crate) struct Rotated {
    pub(crate) old: String,
    pub(crate) new: String,
}

/// Wraps the data keys under another master key.
pub(crate) async fn rotate(app: &App, new: &Secret<String>, origin: &Origin) -> Answer<Rotated> {
    let now = now(app, origin)?;
    let new = MasterKey::from_hex(new.reveal())
        .ok_or_else(|| Refused::Unusable("A master key is 64 hexadecimal digits.".to_owned()))?;
    let old = app.master.load_full();
    let names = Rotated { old: old.fingerprint(), new: new.fingerprint() };
    if names.old == names.new {
        return Err(Refused::Conflicting("This is the present master key.".to_owned()));
    }
    let stored = rows::data_keys(&app.store).await?;
    let wrapped = Keyring::rewrap(&old, &new, &stored, &app.rng).map_err(|_| {
        Refused::Conflicting(
            "Another node has rotated the master key: start this one again with that key first.".to_owned(),
        )
    })?;
    let mut batch = Batch::new();
    rows::rewrap(&mut batch, &stored, &wrapped);
    let record = Note::new(app, origin, now).record(Event::MasterRotated).with(Key::Actor, ACTOR);
    audit::record(&mut batch, &record.with(Key::Old, names.old.as_str()).with(Key::New, names.new.as_str()));
    if commit(app, batch).await?.is_none() {
        return Err(contended());
    }
    app.master.store(std::sync::Arc::new(new));
    Ok(names)
}
