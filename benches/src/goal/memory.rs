//! Goal 12: what a process holds at rest and under load, what a session takes on the disk, and how large the binary is.

use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow};
use poundlock_core::id::{FamilyId, SessionId};
use poundlock_core::refresh::{Family, FamilyRow, Start};
use poundlock_core::secret::Secret;
use poundlock_core::session::SessionRow;
use poundlock_store::{Batch, Store, refresh, session};
use serde_json::json;

use super::login::{insert, open_lists};
use crate::call::Call;
use crate::clock::pause;
use crate::http::{Connection, text};
use crate::load;
use crate::machine::{Memory, memory_of};
use crate::report::{Measure, Section, Unit, Wanted};
use crate::server::{Place, Running};
use crate::world::{self, CLIENT, World};

pub(super) const CONNECTIONS: usize = 64;
/// Far above the lists that a new server opens.
pub(super) const STATUS_LIST: i64 = 1_000_000;
const MIB: f64 = 1024.0 * 1024.0;

/// A session with its family and refresh token.
pub(super) struct Live {
    pub(super) session: SessionRow,
    pub(super) family: FamilyRow,
    pub(super) token: Secret<String>,
}

pub(super) fn measure(call: &Call) -> Result<Section> {
    let place = Place::new(&call.server, &call.work)?;
    let sessions = call.pick(20_000, 4_000);
    let (tokens, session_bytes) = seed(&place, sessions)?;
    let (mut idle, mut anonymous, mut loaded, mut rate) = (vec![], vec![], vec![], vec![]);
    let tokens: Vec<Mutex<Secret<String>>> = tokens.into_iter().map(Mutex::new).collect();
    for _ in 0..call.pick(3, 1) {
        let server = place.serve()?;
        pause(1_000);
        let rest = memory_of(server.pid())?;
        idle.push(rest.resident);
        anonymous.push(rest.anonymous);
        let (peak, done) = under_load(&server, &tokens, call.pick(5.0, 1.5))?;
        loaded.push(peak.resident);
        rate.push(done);
        server.stop()?;
    }
    let binary = std::fs::metadata(&call.server)?.len() as f64 / MIB;
    Ok(section(sessions, &[idle, anonymous, loaded, rate, vec![session_bytes], vec![binary]]))
}

fn section(sessions: usize, figures: &[Vec<f64>]) -> Section {
    let of = |at: usize| figures.get(at).map(Vec::as_slice).unwrap_or_default();
    Section {
        goal: 12,
        title: "memory, disk and binary",
        measures: vec![
            Measure::absolute("resident at rest", of(0), Unit::Mib, Wanted::AtMost(20.0)),
            Measure::beside("of it not backed by a file", of(1), Unit::Mib),
            Measure::absolute("resident under 64 connections, highest", of(2), Unit::Mib, Wanted::AtMost(48.0)),
            Measure::absolute("a live session on the disk", of(4), Unit::Bytes, Wanted::AtMost(200.0)),
            Measure::absolute("binary, stripped", of(5), Unit::Mib, Wanted::AtMost(15.0)),
            Measure::beside("refresh + checked request, pairs", of(3), Unit::PerSecond),
        ],
        notes: vec![
            "The goal names absolute figures, so they are judged as such. At rest: one second after it is ready. No \
             password is hashed here, so no hash thread holds a work area: under logins, add threads × 46 MiB."
                .to_owned(),
            format!(
                "Load: on each connection a refresh for the account audience, then `GET /v1/session` with the new \
                 token. Disk: growth of the SQLite file over {sessions} new sessions with their refresh families, \
                 every index counted. Each row carries its own seal."
            ),
        ],
    }
}

/// The highest memory while all connections refresh and use what they got, and the rate of such pairs.
fn under_load(server: &Running, tokens: &[Mutex<Secret<String>>], seconds: f64) -> Result<(Memory, f64)> {
    let audience = format!("http://localhost:{}/account", server.address.port());
    let peak = Mutex::new(Memory::default());
    let loaded = load::run(server.address, CONNECTIONS, seconds, |number, connection| {
        let mut token = tokens.get(number).context("a session")?.lock().map_err(|_| anyhow!("a client died"))?;
        *token = refresh_and_use(connection, &token, &audience)?;
        // One connection looks now and then; the others only work.
        if number == 0 {
            let held = memory_of(server.pid())?;
            let mut peak = peak.lock().map_err(|_| anyhow!("a client died"))?;
            if held.resident > peak.resident {
                *peak = held;
            }
        }
        Ok(true)
    })?;
    let peak = *peak.lock().map_err(|_| anyhow!("a client died"))?;
    Ok((peak, loaded.rate()))
}

pub(super) fn refresh_and_use(
    connection: &mut Connection,
    token: &Secret<String>,
    audience: &str,
) -> Result<Secret<String>> {
    let body = json!({ "refresh_token": token.reveal(), "audience": audience });
    let tokens = connection.post("/v1/session/refresh", &body)?.json()?;
    connection.get("/v1/session", Some(text(&tokens, "access_token")?))?.json()?;
    text(&tokens, "refresh_token").map(|token| Secret::new(token.to_owned()))
}

/// Puts sessions into a new place: as many that open as there are connections, and copies of one for the disk. Gives
/// the tokens of the first, and what one of the others takes in bytes.
fn seed(place: &Place, sessions: usize) -> Result<(Vec<Secret<String>>, f64)> {
    let (runtime, store, mut world) = place.world()?;
    let live = runtime.block_on(live(&store, &mut world))?;
    runtime.block_on(store.close());
    let before = size(&place.file())?;
    let (runtime, store, world) = place.world()?;
    let one = live.first().context("a session")?;
    runtime.block_on(copies(&store, &world, one, sessions))?;
    runtime.block_on(store.close());
    let bytes = (size(&place.file())? - before) / sessions as f64;
    Ok((live.into_iter().map(|live| live.token).collect(), bytes))
}

pub(super) async fn live(store: &Store, world: &mut World) -> Result<Vec<Live>> {
    let client = world::client(world::ISSUER)?;
    open_lists(store, world, &[STATUS_LIST, STATUS_LIST + 1]).await?;
    let mut all = Vec::with_capacity(CONNECTIONS);
    for number in 0..CONNECTIONS {
        let person = world.person(&format!("user{number}"))?;
        insert(store, world, std::slice::from_ref(&person)).await?;
        let open = world.session(person, &client, (STATUS_LIST, number as i64))?;
        let start = Start { session: open.id(), client: CLIENT.to_owned(), binding: None, granted: None };
        let (token, family) = Family::start(start, world.now, &world.ring, &world.rng);
        let row = open.row(&world.ring, &world.rng);
        let live = Live { session: row, family, token: token.text(&world.ring) };
        let mut batch = Batch::new();
        session::insert(&mut batch, &live.session);
        refresh::insert(&mut batch, &live.family);
        store.commit(batch).await?;
        all.push(live);
    }
    Ok(all)
}

/// Rows of the same size under other ids. Their seals do not open, which the disk does not mind.
async fn copies(store: &Store, world: &World, one: &Live, sessions: usize) -> Result<()> {
    for group in 0..sessions.div_ceil(200) {
        let mut batch = Batch::new();
        for number in group * 200..sessions.min(group * 200 + 200) {
            let id = SessionId::new(world.now, &world.rng);
            let status = (STATUS_LIST + 1, number as i64);
            session::insert(&mut batch, &SessionRow { id, status, ..one.session.clone() });
            let family = FamilyId::new(world.now, &world.rng);
            refresh::insert(&mut batch, &FamilyRow { id: family, session: id, ..one.family.clone() });
        }
        store.commit(batch).await?;
    }
    Ok(())
}

fn size(file: &Path) -> Result<f64> {
    Ok(std::fs::metadata(file)?.len() as f64)
}
