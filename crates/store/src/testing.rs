//! Throwaway stores for tests, on both engines: a SQLite file in a temporary folder, or a PostgreSQL database copied from
//! a migrated template. Never for anything but tests: it panics, and commits without waiting for the disk.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot have its store must fail")]

mod cluster;
mod disk;
mod dump;
mod program;
mod trouble;

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use poundlock_core::secret::Digest;
use poundlock_core::time::Time;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

pub use self::cluster::Cluster;
pub use self::disk::Disk;
pub use self::program::{account, postgres_program};
pub use self::trouble::edit_file;
use crate::migrate::Migration;
use crate::migrations;
use crate::options::{Hold, Options};
use crate::store::Store;
use crate::url::StoreUrl;

/// Names the PostgreSQL server that tests may fill with databases, as a URL of its `postgres` database.
pub const SERVER_VARIABLE: &str = "POUNDLOCK_TEST_POSTGRES";

/// How many nodes a test's server consists of where the store can be shared: `2`, or one when it is not set.
pub const NODES_VARIABLE: &str = "POUNDLOCK_TEST_NODES";

/// Names the lock under which the template is made.
const TEMPLATE_LOCK: i64 = 0x7465_6d70_6c61_7465;

/// Names the lock that whoever serves a PostgreSQL store holds.
pub const SERVING_LOCK: i64 = crate::executor::postgres::SERVING_LOCK;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// An open store that vanishes when dropped. Reads as a [`Store`].
pub struct TestStore {
    store: Store,
    url: StoreUrl,
    _place: Place,
}

/// Where the store lies; dropping it removes the place.
enum Place {
    Folder(#[expect(dead_code, reason = "held for its drop")] TempDir),
    Database(#[expect(dead_code, reason = "held for its drop")] Database),
}

impl TestStore {
    /// A migrated SQLite store.
    pub async fn sqlite() -> Self {
        Self::sqlite_with(migrations::ALL).await
    }

    /// A SQLite store with another schema.
    pub async fn sqlite_with(list: &'static [Migration]) -> Self {
        Self::sqlite_at(list, &Options::fast()).await
    }

    /// A SQLite store with another schema and other options.
    pub async fn sqlite_at(list: &'static [Migration], options: &Options) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let url = StoreUrl::sqlite(&folder.path().join("store.db"));
        let store = Store::open(&url, options).await.expect("a new SQLite file opens");
        store.migrate(list, Time::from_millis(0)).await.expect("the migrations pass on SQLite");
        Self { store, url, _place: Place::Folder(folder) }
    }

    /// A migrated PostgreSQL store.
    pub async fn postgres() -> Self {
        Self::postgres_with(migrations::ALL).await
    }

    /// A PostgreSQL store with another schema.
    pub async fn postgres_with(list: &'static [Migration]) -> Self {
        let server = server();
        let template = template(&server, list).await;
        let database = Database::create(&server, &template).await;
        let url = StoreUrl::Postgres(at_database(&server, &database.name));
        let store = Store::open(&url, &Options::fast()).await.expect("a new PostgreSQL database opens");
        Self { store, url, _place: Place::Database(database) }
    }

    /// Where the store is.
    #[must_use]
    pub const fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// Opens the same store once more, as another node would.
    pub async fn again(&self) -> Store {
        Store::open(&self.url, &Options::fast()).await.expect("a second opening")
    }

    /// Closes it, and opens it as a move or a restore does: for itself.
    pub async fn alone(&self) -> Store {
        self.store.close().await;
        let options = Options { hold: Hold::Alone, ..Options::fast() };
        Store::open(&self.url, &options).await.expect("nobody else has it open")
    }

    /// Whether the store is PostgreSQL.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        matches!(self.url, StoreUrl::Postgres(_))
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// The store as a second node opens it, by connections of its own: where tests run on pairs of nodes, and the store is
/// PostgreSQL.
pub async fn second_node(store: &Store) -> Option<Store> {
    let wanted = std::env::var(NODES_VARIABLE).is_ok_and(|nodes| nodes == "2");
    if !wanted || matches!(store.url, StoreUrl::Sqlite(_)) {
        return None;
    }
    let mut second = Store::open(&store.url, &Options::fast()).await.expect("the store opens for a second node");
    // One trace for both: what a request asks for counts, not whom it asks.
    second.trace = store.trace.clone();
    Some(second)
}

/// Begins to write down the statements that a store is asked for.
pub fn start_trace(store: &Store) {
    store.trace.start();
}

/// Ends that, and gives the statements in order, without their parameters.
#[must_use]
pub fn take_trace(store: &Store) -> Vec<&'static str> {
    store.trace.take()
}

/// The tries of every counter of the guard together.
pub async fn tries(store: &Store) -> i64 {
    static ALL: crate::Statement = crate::Statement::new("SELECT tried FROM guard");
    let rows = store.query(&ALL, Vec::new()).await.expect("the counters can be read");
    rows.iter().map(|row| row.int(0).expect("a counter is a number")).sum()
}

/// One test body, two tests: `NAME::sqlite` and `NAME::postgres`. The body gets a fresh [`TestStore`].
///
/// `on_both! { async fn name(store) { … } }`, or with a schema of its own: `on_both! { schema = LIST; async fn … }`.
#[macro_export]
macro_rules! on_both {
    (schema = $schema:expr; $($(#[$meta:meta])* async fn $name:ident($store:ident) $body:block)+) => {
        $($(#[$meta])*
        mod $name {
            use super::*;

            async fn case($store: $crate::testing::TestStore) $body

            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                case($crate::testing::TestStore::sqlite_with($schema).await).await;
            }

            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                case($crate::testing::TestStore::postgres_with($schema).await).await;
            }
        })+
    };
    ($($(#[$meta:meta])* async fn $name:ident($store:ident) $body:block)+) => {
        $crate::on_both! {
            schema = $crate::migrations::ALL;
            $($(#[$meta])* async fn $name($store) $body)+
        }
    };
}

/// A database that is dropped with this.
struct Database {
    server: String,
    name: String,
}

impl Database {
    async fn create(server: &str, template: &str) -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("poundlock_test_{}_{number}", std::process::id());
        let admin = connect(server).await;
        // Left over from a process that had this number before.
        run(&admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&admin, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Self { server: server.to_owned(), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A test's own runtime may be ending; the drop gets one of its own, and does its best.
        let dropping = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                if let Ok((admin, connection)) = tokio_postgres::connect(&server, NoTls).await {
                    tokio::spawn(connection);
                    drop(admin.simple_query(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await);
                }
            });
        });
        drop(dropping.join());
    }
}

fn server() -> String {
    std::env::var(SERVER_VARIABLE).unwrap_or_else(|_| {
        panic!("{SERVER_VARIABLE} names no PostgreSQL server: run the tests with `cargo xtask test`, which starts one")
    })
}

/// The URL of another database on the same server.
fn at_database(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').map_or((server, None), |(base, query)| (base, Some(query)));
    let authority = base.rfind('/').and_then(|at| base.get(..at)).unwrap_or(base);
    query.map_or_else(|| format!("{authority}/{name}"), |query| format!("{authority}/{name}?{query}"))
}

/// The migrated template for `list`, made once a server. Marking it as a template is the last step, so a half-made one
/// is never copied.
async fn template(server: &str, list: &'static [Migration]) -> String {
    let checksums: Vec<u8> = list.iter().flat_map(|m| *m.checksum().as_bytes()).collect();
    let tag: String = Digest::of(&checksums).as_bytes().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("poundlock_template_{tag}");
    let admin = connect(server).await;
    if is_ready(&admin, &name).await {
        return name;
    }
    run(&admin, &format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
    if !is_ready(&admin, &name).await {
        run(&admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&admin, &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")).await;
        let url = StoreUrl::Postgres(at_database(server, &name));
        let store = Store::open(&url, &Options::fast()).await.expect("the template opens");
        store.migrate(list, Time::from_millis(0)).await.expect("the migrations pass on PostgreSQL");
        store.close().await;
        run(&admin, &format!("ALTER DATABASE {name} IS_TEMPLATE true")).await;
    }
    run(&admin, &format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).await;
    name
}

async fn is_ready(admin: &Client, name: &str) -> bool {
    let sql = format!("SELECT 1 FROM pg_database WHERE datname = '{name}' AND datistemplate");
    run(admin, &sql).await.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_)))
}

async fn connect(server: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(server, NoTls).await.unwrap_or_else(|error| {
        panic!("the server of {SERVER_VARIABLE} cannot be reached ({error}): run the tests with `cargo xtask test`")
    });
    tokio::spawn(connection);
    client
}

async fn run(admin: &Client, sql: &str) -> Vec<SimpleQueryMessage> {
    admin.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_swapped_and_the_rest_kept() {
        let swapped = |url: &str| at_database(url, "x");
        assert_eq!(swapped("postgres://p@%2Ftmp%2Fd/postgres"), "postgres://p@%2Ftmp%2Fd/x");
        assert_eq!(swapped("postgres://p:w@h:5/postgres?sslmode=require"), "postgres://p:w@h:5/x?sslmode=require");
    }
}
