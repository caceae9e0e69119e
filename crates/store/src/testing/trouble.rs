//! What may befall a store behind the back of whoever has it open.

use super::{TestStore, connect};
use crate::store::Executor;
use crate::url::StoreUrl;

impl TestStore {
    /// Makes every write of a setting fail as if the statement were wrong, or lets them pass again: as on a file that is
    /// damaged, or after a right was taken away.
    pub async fn refuse_settings(&self, refuse: bool) {
        match &self.url {
            StoreUrl::Sqlite(path) if refuse => edit_file(
                path,
                "CREATE TRIGGER refuse BEFORE INSERT ON setting BEGIN SELECT RAISE(ABORT, 'damaged'); END",
            ),
            StoreUrl::Sqlite(path) => edit_file(path, "DROP TRIGGER refuse"),
            StoreUrl::Postgres(url) => {
                let sql = if refuse {
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                       RAISE EXCEPTION 'permission denied' USING ERRCODE = '42501'; END $$;
                     CREATE TRIGGER refuse BEFORE INSERT ON setting FOR EACH ROW EXECUTE FUNCTION refuse()"
                } else {
                    "DROP TRIGGER refuse ON setting"
                };
                connect(url).await.batch_execute(sql).await.expect("the trigger is made, or goes");
            }
        }
    }

    /// SQLite: lets the file have no more than `pages` pages, which is how a full disk looks; 0 for no limit.
    pub async fn limit_pages(&self, pages: u32) {
        let pages = if pages == 0 { u32::MAX } else { pages };
        self.pragma("max_page_count", i64::from(pages)).await;
    }

    /// SQLite: makes the writer's connection read-only, which is how a read-only disk looks.
    pub async fn set_read_only(&self, read_only: bool) {
        self.pragma("query_only", i64::from(read_only)).await;
    }

    async fn pragma(&self, name: &'static str, value: i64) {
        let Executor::Sqlite(sqlite) = &self.store.executor else { panic!("only SQLite has pragmas") };
        sqlite
            .on_writer(move |connection| {
                connection.pragma_update_and_check(None, name, value, |_| Ok(())).or_else(|error| match error {
                    rusqlite::Error::QueryReturnedNoRows => Ok(()),
                    error => Err(crate::StoreError::Fault(error.to_string())),
                })
            })
            .await
            .expect("a pragma of the writer");
    }
}

/// Changes a SQLite file behind everybody's back, as whoever can write it could.
pub fn edit_file(path: &std::path::Path, sql: &str) {
    let file = rusqlite::Connection::open(path).expect("the file opens");
    file.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}
