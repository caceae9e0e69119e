//! What the store says: schema, settings of the engine, clock, keys. Opened beside a running server; nothing is written.

use poundlock_core::keys::KeyState;
use poundlock_core::seal::MasterKey;
use poundlock_core::time::{Span, Time};
use poundlock_core::timekeeping::{ALERT, TOLERANCE};
use poundlock_store::{Options, Store, StoreUrl, key, migrations, setting};

use super::Check;
use crate::boot::{MOVED, own_ring, stored_mark};
use crate::clock::Clock;
use crate::config::Config;

const STORE: &str = "Store";
const SCHEMA: &str = "Schema";
const TIME: &str = "Time";
const KEYS: &str = "Keys";

/// A current key older than this is overdue, whatever a node was doing when its turn came.
const KEY_OVERDUE: Span = Span::from_hours(32 * 24);

pub(super) async fn look(config: &Config, master: Option<&MasterKey>) -> Vec<Check> {
    let url = match StoreUrl::parse(&config.store_url()) {
        Ok(url) => url,
        Err(error) => return vec![Check::failed(STORE, &error.into())],
    };
    if let StoreUrl::Sqlite(path) = &url
        && !path.exists()
    {
        return vec![Check::warn(STORE, format!("There is none at {url} yet."), "begin with `poundlock up`")];
    }
    let store = match Store::open(&url, &Options { connections: 1, ..Options::default() }).await {
        Ok(store) => store,
        Err(error) => return vec![Check::failed(STORE, &error.into())],
    };
    let mut checks = vec![settings(&store, &url).await];
    checks.extend(schema(&store, master).await);
    store.close().await;
    checks
}

async fn schema(store: &Store, master: Option<&MasterKey>) -> Vec<Check> {
    match store.pending(migrations::ALL).await {
        Ok(0) => {
            let mut checks = contents(store, master).await;
            checks
                .insert(0, Check::ok(SCHEMA, format!("It is at {}, which is this program's.", migrations::ALL.len())));
            checks
        }
        Ok(pending) => vec![Check::warn(
            SCHEMA,
            format!("{pending} migrations are pending; keys and clock are not looked at before they ran."),
            "take a backup; the next start of a server runs them",
        )],
        Err(error) => vec![Check::failed(SCHEMA, &error.into())],
    }
}

async fn settings(store: &Store, url: &StoreUrl) -> Check {
    let told = match store.settings().await {
        Ok(told) => told,
        Err(error) => return Check::failed(STORE, &error.into()),
    };
    if let Some((name, value)) = told.iter().find(|(name, value)| loses(name, value)) {
        return Check::fail(
            STORE,
            format!("{name} is {value}: after a crash of the machine, used codes could be used again."),
            format!("set {name} to on for this database"),
        );
    }
    let value = |name: &str| told.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value.as_str());
    let says = match url {
        StoreUrl::Sqlite(_) => format!("{url}; log {}, synchronous FULL.", value("journal_mode")),
        StoreUrl::Postgres(_) => format!(
            "{url}; PostgreSQL {}, synchronous_commit {}, TLS {}.",
            value("server_version"),
            value("synchronous_commit"),
            value("tls")
        ),
    };
    Check::ok(STORE, says)
}

/// Whether an engine with this setting may lose what it acknowledged.
fn loses(name: &str, value: &str) -> bool {
    match name {
        "fsync" | "full_page_writes" | "foreign_keys" => matches!(value, "off" | "0"),
        "synchronous" => value != "2",
        "synchronous_commit" => value == "off",
        _ => false,
    }
}

async fn contents(store: &Store, master: Option<&MasterKey>) -> Vec<Check> {
    let mut checks = Vec::new();
    match setting::read(store, MOVED).await {
        Ok(Some(to)) => checks.push(Check::fail(
            STORE,
            format!("It was moved to {}, and is not served again.", String::from_utf8_lossy(&to)),
            "name the new place in [store] url",
        )),
        Ok(None) => {}
        Err(error) => checks.push(Check::failed(STORE, &error.into())),
    }
    let now = Clock::start().wall();
    checks.extend(time(store, now).await);
    if let Some(master) = master
        && key::data_keys(store).await.is_ok_and(|keys| !keys.is_empty())
    {
        checks.push(match own_ring(store, master).await {
            Ok(_) => Check::ok(KEYS, "The master key opens the store."),
            Err(error) => Check::failed(KEYS, &error),
        });
    }
    checks.extend(signing(store, now).await);
    checks
}

async fn time(store: &Store, now: Time) -> Vec<Check> {
    let mut checks = vec![match stored_mark(store).await {
        Ok(mark) if now + TOLERANCE < mark => Check::fail(
            TIME,
            format!("The clock is {} s behind a moment the store has seen: nothing is issued.", (mark - now).seconds()),
            "set the clock, and run a time service",
        ),
        Ok(_) => Check::ok(TIME, "The clock is not behind what the store has seen."),
        Err(error) => Check::failed(TIME, &error),
    }];
    match store.database_time().await {
        Ok(None) => {}
        Ok(Some(theirs)) => {
            let apart = Span::from_millis((now - theirs).millis().saturating_abs());
            let says = format!("The database's clock differs by {} ms.", apart.millis());
            checks.push(if apart > ALERT {
                Check::fail(TIME, says, "run a time service on both machines: a node is unready beyond 2 s")
            } else {
                Check::ok(TIME, says)
            });
        }
        Err(error) => checks.push(Check::failed(TIME, &error.into())),
    }
    checks
}

async fn signing(store: &Store, now: Time) -> Vec<Check> {
    let rows = match key::signing_keys(store).await {
        Ok(rows) => rows,
        Err(error) => return vec![Check::failed(KEYS, &error.into())],
    };
    let current: Vec<_> = rows.iter().filter(|row| row.state == KeyState::Current).collect();
    if current.is_empty() {
        return vec![Check::warn(KEYS, "There is no signing key yet.", "the first start of a server makes one")];
    }
    let told = current.iter().map(|row| {
        let age = now - row.current_at.unwrap_or(row.made_at);
        let next = rows.iter().any(|other| other.alg == row.alg && other.state == KeyState::Next);
        let says = format!(
            "{} is signed with a key of {} days; the next one is {}.",
            row.alg.as_str(),
            age.millis() / Span::from_hours(24).millis(),
            if next { "published" } else { "not due" }
        );
        if age > KEY_OVERDUE {
            let act = "let a server run: it turns keys by itself; or run `poundlock key rotate`";
            return Check::warn(KEYS, says, act);
        }
        Check::ok(KEYS, says)
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::loses;

    #[test]
    fn an_engine_that_forgets_what_it_acknowledged_is_known_by_its_settings() {
        for (name, value) in
            [("fsync", "off"), ("full_page_writes", "off"), ("synchronous", "1"), ("synchronous_commit", "off")]
        {
            assert!(loses(name, value), "{name} {value}");
        }
        for (name, value) in [("fsync", "on"), ("synchronous", "2"), ("synchronous_commit", "on"), ("tls", "off")] {
            assert!(!loses(name, value), "{name} {value}");
        }
    }
}
