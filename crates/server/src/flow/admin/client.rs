//! Clients and audiences. Each is checked against all the others before it is stored; of two changes at once one is
//! decided anew, and of two changes of one client one is refused.

use poundlock_core::audit::{Event, Key};
use poundlock_core::client::{Audience, Client, ClientKind, ClientSpec, Surroundings};
use poundlock_core::jws::Alg;
use poundlock_core::oidc::client_auth::ClientSecret;
use poundlock_core::secret::Secret;
use poundlock_core::time::Span;
use poundlock_store::client::{self as rows, Registry, StoredClient};
use poundlock_store::{Batch, audit, client_secret, consent, refresh, session};

use super::super::{Answer, Fault, Refused, commit, now};
use super::{ACTOR, TRIES, contended};
use crate::app::SharedApp;
use crate::jobs::notices;
use crate::journal::{Note, Origin};

/// A client as it is stored, and what its operator should know.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) spec: ClientSpec,
    pub(crate) version: i64,
    pub(crate) warnings: Vec<String>,
    /// Shown once, where one was just made.
    pub(crate) secret: Option<Secret<String>>,
}

/// Every audience: name and algorithm.
pub(crate) async fn audiences(app: &SharedApp) -> Answer<Vec<(String, String)>> {
    Ok(rows::audiences(&app.store).await?)
}

/// Every client.
pub(crate) async fn list(app: &SharedApp) -> Answer<Vec<Kept>> {
    let registry = rows::registry(&app.store).await?;
    let around = checked(app, &registry)?;
    registry.clients.iter().map(|stored| kept(app, stored, &around)).collect()
}

/// One client.
pub(crate) async fn show(app: &SharedApp, id: &str) -> Answer<Kept> {
    let registry = rows::registry(&app.store).await?;
    kept(app, find(&registry, id)?, &checked(app, &registry)?)
}

/// Adds a client.
pub(crate) async fn add(app: &SharedApp, spec: ClientSpec, origin: &Origin) -> Answer<Kept> {
    for _ in 0..TRIES {
        let registry = rows::registry(&app.store).await?;
        let warnings = build(app, &spec, &checked(app, &registry)?)?;
        if registry.clients.iter().any(|stored| stored.id == spec.id) {
            return Err(Refused::Conflicting(format!("There is a client {} already: change it.", spec.id)));
        }
        let mut batch = Batch::new();
        rows::insert(&mut batch, &spec.id, &json_of(&spec)?, now(app, origin)?);
        let secret = (spec.kind == ClientKind::Confidential).then(|| ClientSecret::random(&app.rng));
        if let Some(secret) = &secret {
            client_secret::insert(&mut batch, &spec.id, secret.digest(), now(app, origin)?);
        }
        if save(app, batch, &registry, &[(Key::Target, &spec.id), (Key::Action, "add")], origin).await? {
            return Ok(Kept { spec, version: 1, warnings, secret: secret.map(|secret| secret.text()) });
        }
    }
    Err(contended())
}

/// Changes a client, which must be at `version` where one is given, and must not change meanwhile.
pub(crate) async fn change(
    app: &SharedApp,
    id: &str,
    (spec, version): (ClientSpec, Option<i64>),
    origin: &Origin,
) -> Answer<Kept> {
    if spec.id != id {
        return Err(Refused::Unusable(format!(
            "id: it is {:?} here and {id:?} in the path; an id never changes.",
            spec.id
        )));
    }
    let mut version = version;
    for _ in 0..TRIES {
        let registry = rows::registry(&app.store).await?;
        let stored = find(&registry, id)?;
        let seen = *version.get_or_insert(stored.version);
        if stored.version != seen {
            return Err(Refused::Conflicting(format!("{id} has changed: it is at version {} now.", stored.version)));
        }
        let warnings = build(app, &spec, &checked(app, &registry)?)?;
        let mut batch = Batch::new();
        rows::change(&mut batch, id, seen, &json_of(&spec)?);
        if save(app, batch, &registry, &[(Key::Target, id), (Key::Action, "change")], origin).await? {
            return Ok(Kept { spec, version: seen + 1, warnings, secret: None });
        }
    }
    Err(contended())
}

/// Gives a confidential client another secret. The ones before it work on for `keep`, so that nothing stands still while
/// the new one is being put in place.
pub(crate) async fn rotate_secret(app: &SharedApp, id: &str, keep: Span, origin: &Origin) -> Answer<Kept> {
    for _ in 0..TRIES {
        let registry = rows::registry(&app.store).await?;
        let kept = kept(app, find(&registry, id)?, &checked(app, &registry)?)?;
        if kept.spec.kind != ClientKind::Confidential {
            return Err(Refused::Unusable(format!("{id}: only a confidential client has a secret.")));
        }
        let (secret, at) = (ClientSecret::random(&app.rng), now(app, origin)?);
        let mut batch = Batch::new();
        client_secret::end_by(&mut batch, id, at + keep, at);
        client_secret::insert(&mut batch, id, secret.digest(), at);
        if save(app, batch, &registry, &[(Key::Target, id), (Key::Action, "rotate_secret")], origin).await? {
            return Ok(Kept { secret: Some(secret.text()), ..kept });
        }
    }
    Err(contended())
}

/// Removes a client and ends its sessions.
pub(crate) async fn remove(app: &SharedApp, id: &str, origin: &Origin) -> Answer<()> {
    for _ in 0..TRIES {
        let registry = rows::registry(&app.store).await?;
        find(&registry, id)?;
        let mut batch = Batch::new();
        rows::delete(&mut batch, id);
        session::end_of_client(&mut batch, id, now(app, origin)?, "client_removed");
        refresh::end_of_client(&mut batch, id, now(app, origin)?, "client_removed");
        consent::end_of_client(&mut batch, id);
        batch.notify(crate::status::TOPIC, "all");
        if save(app, batch, &registry, &[(Key::Target, id), (Key::Action, "remove")], origin).await? {
            app.status.forget("all");
            return Ok(());
        }
    }
    Err(contended())
}

/// Adds an audience, or gives it another algorithm. The keys that it needs are made at once.
pub(crate) async fn put_audience(app: &SharedApp, name: &str, alg: &str, origin: &Origin) -> Answer<()> {
    let parsed = Alg::parse(alg).ok_or_else(|| Refused::Unusable("alg: must be ES256, RS256 or EdDSA.".to_owned()))?;
    Audience::service(name, parsed, &app.issuer).map_err(|bad| Refused::Unusable(format!("name: {bad}")))?;
    for _ in 0..TRIES {
        let registry = rows::registry(&app.store).await?;
        let mut batch = Batch::new();
        rows::put_audience(&mut batch, name, parsed.as_str(), now(app, origin)?);
        let old = registry.audiences.iter().find(|(known, _)| known == name).map_or("none", |(_, alg)| alg);
        if save(app, batch, &registry, &[(Key::Audience, name), (Key::Old, old), (Key::New, alg)], origin).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// Removes an audience that no client names.
pub(crate) async fn remove_audience(app: &SharedApp, name: &str, origin: &Origin) -> Answer<()> {
    for _ in 0..TRIES {
        let registry = rows::registry(&app.store).await?;
        if !registry.audiences.iter().any(|(known, _)| known == name) {
            return Err(Refused::Missing(format!("There is no audience {name:?}.")));
        }
        let naming = |stored: &&StoredClient| {
            serde_json::from_str::<ClientSpec>(&stored.spec)
                .is_ok_and(|spec| spec.audiences.iter().any(|one| one == name))
        };
        let users: Vec<&str> = registry.clients.iter().filter(naming).map(|stored| stored.id.as_str()).collect();
        if !users.is_empty() {
            return Err(Refused::Conflicting(format!(
                "These clients name {name}: {}. Change them first.",
                users.join(", ")
            )));
        }
        let mut batch = Batch::new();
        rows::delete_audience(&mut batch, name);
        if save(app, batch, &registry, &[(Key::Audience, name), (Key::Action, "remove")], origin).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// Commits a change of the registry over the revision it was decided from, and takes it over here.
async fn save(
    app: &SharedApp,
    mut batch: Batch,
    registry: &Registry,
    told: &[(Key, &str)],
    origin: &Origin,
) -> Answer<bool> {
    rows::revised(&mut batch, registry.revision);
    let note = Note::new(app, origin, now(app, origin)?);
    let record = note.record(Event::ClientChanged).with(Key::Actor, ACTOR);
    let record = told.iter().fold(record, |record, (key, value)| record.with(*key, *value));
    audit::record(&mut batch, &record);
    batch.notify(notices::REGISTRY, "");
    if commit(app, batch).await?.is_none() {
        return Ok(false);
    }
    // The change is made; a node that cannot take it over now does so with the notice, or at its next start.
    notices::reload(app).await.map_err(|error| Fault::Other(format!("taking over the registry: {error:#}")))?;
    Ok(true)
}

fn find<'a>(registry: &'a Registry, id: &str) -> Answer<&'a StoredClient> {
    let found = registry.clients.iter().find(|stored| stored.id == id);
    found.ok_or_else(|| Refused::Missing(format!("There is no client {id:?}.")))
}

fn checked(app: &SharedApp, registry: &Registry) -> Result<Vec<Audience>, Fault> {
    crate::registry::audiences(&registry.audiences, &app.issuer).map_err(|error| Fault::Other(format!("{error:#}")))
}

/// Checks a client as `core` does; tells everything that is wrong with it.
fn build(app: &SharedApp, spec: &ClientSpec, audiences: &[Audience]) -> Answer<Vec<String>> {
    let built = Client::build(spec, Surroundings { issuer: &app.issuer, audiences }).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Refused::Unusable(problems.join("; "))
    })?;
    Ok(built.warnings.iter().map(ToString::to_string).collect())
}

/// A stored client; what no longer passes the checks is listed too, with what is wrong as its warning.
fn kept(app: &SharedApp, stored: &StoredClient, audiences: &[Audience]) -> Answer<Kept> {
    let spec: ClientSpec = serde_json::from_str(&stored.spec)
        .map_err(|error| Fault::Other(format!("the stored client {} does not read: {error}", stored.id)))?;
    let warnings = match build(app, &spec, audiences) {
        Ok(warnings) => warnings,
        Err(Refused::Unusable(problems)) => vec![format!("not usable: {problems}")],
        Err(other) => return Err(other),
    };
    Ok(Kept { spec, version: stored.version, warnings, secret: None })
}

fn json_of(spec: &ClientSpec) -> Result<String, Fault> {
    serde_json::to_string(spec).map_err(|error| Fault::Other(format!("writing a client: {error}")))
}
