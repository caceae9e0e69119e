//! Goal 13: what a login, a rotation, a look-up, a sweep and a start cost with few users and with many. The many are rows
//! of the same size as real ones, under ids and names of their own; those who act are real and were stored among them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, anyhow};
use poundlock_core::id::{FactorId, FamilyId, SessionId, Subject, UserId};
use poundlock_core::refresh::FamilyRow;
use poundlock_core::secret::Secret;
use poundlock_core::session::SessionRow;
use poundlock_core::time::Span;
use poundlock_core::totp::TotpRow;
use poundlock_core::user::UserRow;
use poundlock_store::{Batch, Store, factor, refresh, session, status, sweep, user};
use serde_json::json;

use super::login::{Known, insert};
use super::memory::{Live, STATUS_LIST, live, refresh_and_use};
use crate::call::Call;
use crate::clock::{monotonic_nanos, seconds_since, wall};
use crate::http::text;
use crate::load::{self, Loaded};
use crate::report::{Measure, Section, Unit, Wanted};
use crate::server::{Place, Running};
use crate::stats::percentile;
use crate::world::{PASSWORD, Person, World, code};

/// Users with a session each, size by size.
const SIZES: [usize; 3] = [10_000, 1_000_000, 10_000_000];
/// Places in one status list.
const LIST: usize = 1 << 17;
/// Users stored in one batch.
const BATCH: usize = 2_000;
/// Those who log in, each once.
const LOGINS: usize = 400;
/// Sessions that have ended long ago, for the sweep.
const ENDED: usize = 20_000;
/// Connections that log in, and that rotate.
const CONNECTIONS: usize = 4;
/// An odd number without a pattern: spreads names over the whole of their index, as real ones are.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What one size came to.
struct Grown {
    users: usize,
    seed_seconds: f64,
    file_mib: f64,
    start_millis: f64,
    login: (f64, f64),
    rotation: (f64, f64),
    /// Swept sessions a second.
    sweep: f64,
}

pub(super) fn measure(call: &Call) -> Result<Section> {
    let usual: &[usize] = call.pick(&SIZES, &[1_000, 10_000]);
    let sizes = if call.sizes.is_empty() { usual.to_vec() } else { call.sizes.clone() };
    let mut all = Vec::with_capacity(sizes.len());
    for users in sizes {
        eprintln!("{users} users ...");
        all.push(grown(call, users)?);
    }
    let first = all.first().context("a size")?;
    let measures = all.iter().flat_map(|one| measures(one, first)).collect();
    Ok(Section {
        goal: 13,
        title: "growth",
        measures,
        notes: vec![
            format!(
                "SQLite with `synchronous=FULL`; each size is a store of its own with as many sessions and refresh \
                 families as users. {LOGINS} users log in whole, once each, over {CONNECTIONS} connections; then \
                 {CONNECTIONS} connections each refresh and use the token, two requests as one operation. The password \
                 hash is part of a login and does not grow."
            ),
            format!(
                "Sweep: {ENDED} sessions that ended, with their families, {} at a time. Start: to the first good answer \
                 of `/health/ready`, with the file in the page cache.",
                sweep::AT_ONCE
            ),
        ],
    })
}

fn measures(one: &Grown, first: &Grown) -> Vec<Measure> {
    let users = one.users;
    let small = format!("with {} users", first.users);
    let ratio = |what: &str, value: f64, yard: f64, most: f64| {
        let what = format!("{users} users: {what}");
        if one.users == first.users {
            return Measure::beside(&what, &[value], Unit::Millis);
        }
        Measure::ratio(&what, &small, &[value / yard.max(1e-9)], Unit::Times, Wanted::AtMost(most))
    };
    vec![
        ratio("login, median", one.login.0, first.login.0, 1.25),
        ratio("login, p99", one.login.1, first.login.1, 1.5),
        ratio("rotation and look-up, median", one.rotation.0, first.rotation.0, 1.25),
        ratio("rotation and look-up, p99", one.rotation.1, first.rotation.1, 1.5),
        Measure::absolute(
            &format!("{users} users: start"),
            &[one.start_millis],
            Unit::Millis,
            if one.users >= 10_000_000 { Wanted::AtMost(100.0) } else { Wanted::AtMost(50.0) },
        ),
        Measure::beside(&format!("{users} users: sessions swept"), &[one.sweep], Unit::PerSecond),
        Measure::beside(&format!("{users} users: the file"), &[one.file_mib], Unit::Mib),
        Measure::beside(
            &format!("{users} users: rows stored while seeding"),
            &[4.0 * users as f64 / one.seed_seconds],
            Unit::PerSecond,
        ),
    ]
}

fn grown(call: &Call, users: usize) -> Result<Grown> {
    let place = Place::new(&call.server, &call.work)?;
    let (runtime, store, mut world) = place.world()?;
    let began = monotonic_nanos();
    let seeded = runtime.block_on(async {
        let seeded = seed(&store, &mut world, users).await?;
        store.close().await;
        anyhow::Ok(seeded)
    })?;
    let seed_seconds = seconds_since(began);
    let file_mib = std::fs::metadata(place.file())?.len() as f64 / (1024.0 * 1024.0);
    let (known, live) = seeded;
    let server = place.serve()?;
    server.stop()?;
    let server = place.serve()?;
    let start_millis = server.ready_seconds * 1000.0;
    let login = spread(&logins(&server, &known)?);
    let tokens: Vec<_> = live.into_iter().map(|live| Mutex::new(live.token)).collect();
    let rotation = spread(&rotations(&server, &tokens, call.pick(10.0, 2.0))?);
    server.stop()?;
    let (runtime, store, world) = place.world()?;
    let sweep = runtime.block_on(swept(&store, &world))?;
    Ok(Grown { users, seed_seconds, file_mib, start_millis, login, rotation, sweep })
}

fn spread(loaded: &Loaded) -> (f64, f64) {
    (percentile(&loaded.millis, 0.5), percentile(&loaded.millis, 0.99))
}

fn logins(server: &Running, known: &[Known]) -> Result<Loaded> {
    let next = AtomicUsize::new(0);
    load::run(server.address, CONNECTIONS, f64::MAX, |_, connection| {
        let Some(who) = known.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(false) };
        let asked = connection.post("/v1/login", &json!({ "name": who.name, "password": PASSWORD }))?.json()?;
        let step = json!({ "login": text(&asked, "login")?, "code": code(&who.app, wall()) });
        connection.post("/v1/login/totp", &step)?.json()?;
        Ok(true)
    })
}

fn rotations(server: &Running, tokens: &[Mutex<Secret<String>>], seconds: f64) -> Result<Loaded> {
    let audience = format!("http://localhost:{}/account", server.address.port());
    let turn = AtomicUsize::new(0);
    load::run(server.address, CONNECTIONS, seconds, |_, connection| {
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        let token = tokens.get(turn % tokens.len().max(1)).context("a session")?;
        let mut token = token.lock().map_err(|_| anyhow!("a client died"))?;
        *token = refresh_and_use(connection, &token, &audience)?;
        Ok(true)
    })
}

/// Sessions removed in a second.
async fn swept(store: &Store, world: &World) -> Result<f64> {
    let began = monotonic_nanos();
    sweep::in_turns(store, |batch| session::sweep(batch, world.now - Span::from_hours(24))).await?;
    let took = seconds_since(began);
    store.close().await;
    Ok(ENDED as f64 / took)
}

/// Half of those who act, then the many, then the other half: neither end of an index is theirs alone.
async fn seed(store: &Store, world: &mut World, users: usize) -> Result<(Vec<Known>, Vec<Live>)> {
    let mut known = people(store, world, 0, LOGINS / 2).await?;
    let live = live(store, world).await?;
    let model = Model { person: world.person("model")?, live: live.first().context("a session")? };
    let lists: Vec<i64> = (0..=(users + ENDED).div_ceil(LIST)).map(|list| STATUS_LIST + 2 + list as i64).collect();
    let mut batch = Batch::new();
    lists.iter().for_each(|list| status::open(&mut batch, *list, world.now));
    store.commit(batch).await?;
    for group in 0..(users + ENDED).div_ceil(BATCH) {
        let mut batch = Batch::new();
        (group * BATCH..(users + ENDED).min((group + 1) * BATCH))
            .for_each(|number| model.copy(&mut batch, world, number, number >= users));
        store.commit(batch).await?;
    }
    known.extend(people(store, world, LOGINS / 2, LOGINS).await?);
    Ok((known, live))
}

async fn people(store: &Store, world: &World, from: usize, to: usize) -> Result<Vec<Known>> {
    let made = (from..to).map(|number| world.person(&format!("{:016x}-real", spread_name(number))));
    let made = made.collect::<Result<Vec<_>>>()?;
    insert(store, world, &made).await?;
    Ok(made.into_iter().map(|person| Known { name: person.row.name, app: person.app }).collect())
}

const fn spread_name(number: usize) -> u64 {
    (number as u64).wrapping_mul(SPREAD)
}

/// Whom the many are copies of.
struct Model<'a> {
    person: Person,
    live: &'a Live,
}

impl Model<'_> {
    /// A user with a factor, a session and a family. Their seals do not open, which the disk does not mind.
    fn copy(&self, batch: &mut Batch, world: &World, number: usize, ended: bool) {
        let id = UserId::new(world.now, &world.rng);
        let name = format!("{:016x}", spread_name(number));
        let row = self.person.row.clone();
        user::insert(batch, &UserRow { id, subject: Subject::new(&world.rng), name, ..row });
        let totp = TotpRow { id: FactorId::new(world.now, &world.rng), user: id, ..self.person.totp.clone() };
        factor::insert_totp(batch, &totp, "authenticator app", world.now);
        let session = SessionId::new(world.now, &world.rng);
        let status = (STATUS_LIST + 2 + (number / LIST) as i64, (number % LIST) as i64);
        let mut row = SessionRow { id: session, user: id, status, ..self.live.session.clone() };
        if ended {
            row.expires_at = world.now - Span::from_hours(48);
        }
        session::insert(batch, &row);
        let family = FamilyId::new(world.now, &world.rng);
        refresh::insert(batch, &FamilyRow { id: family, session, ..self.live.family.clone() });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_many_and_lie_all_over_the_index() {
        let names: HashSet<_> = (0..100_000).map(spread_name).collect();
        assert_eq!(names.len(), 100_000);
        let below = (0..1_000).filter(|number| spread_name(*number) < u64::MAX / 2).count();
        assert!((400..600).contains(&below), "{below}");
    }
}
