//! A whole store as text, on both engines.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryMessage;

use super::{TestStore, connect, run};
use crate::store::Executor;
use crate::url::StoreUrl;

impl TestStore {
    /// Every row of every table, as text: two that are equal mean that nothing was changed between them.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        match &self.url {
            StoreUrl::Postgres(url) => dump_postgres(url).await,
            _ => {
                let Executor::Sqlite(sqlite) = &self.store.executor else { panic!("the URL says SQLite") };
                sqlite.on_writer(|connection| Ok(dump_sqlite(connection))).await.expect("a dump by the writer")
            }
        }
    }
}

fn dump_sqlite(connection: &rusqlite::Connection) -> BTreeMap<String, Vec<String>> {
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).expect("the dump's statement is sound");
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            if columns == 1 {
                return row.get::<_, String>(0);
            }
            let values: Result<Vec<rusqlite::types::Value>, _> = (0..columns).map(|column| row.get(column)).collect();
            values.map(|values| format!("{values:?}"))
        };
        let rows: Result<Vec<String>, _> = statement.query_map([], row).and_then(Iterator::collect);
        rows.expect("every row can be read")
    };
    let tables = texts("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    // The second column keeps a table of one column from being read as names.
    tables.into_iter().map(|table| (table.clone(), texts(&format!("SELECT *, 0 FROM {table} ORDER BY 1, 2")))).collect()
}

async fn dump_postgres(url: &str) -> BTreeMap<String, Vec<String>> {
    let client = connect(url).await;
    let texts = async |sql: &str| -> Vec<String> {
        let found = run(&client, sql).await;
        let rows = found.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        rows.collect()
    };
    let mut dump = BTreeMap::new();
    for table in texts("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").await {
        let rows = texts(&format!("SELECT t::text FROM {table} t ORDER BY 1")).await;
        dump.insert(table, rows);
    }
    dump
}

#[cfg(test)]
mod tests {
    use crate::{Batch, on_both, setting};

    on_both! {
        async fn a_dump_shows_a_changed_row(store) {
            let before = store.dump().await;
            assert!(before.len() > 5, "{:?}", before.keys());
            assert_eq!(store.dump().await, before);
            let mut batch = Batch::new();
            setting::put(&mut batch, "dumped", b"once");
            store.commit(batch).await.unwrap();
            assert_ne!(store.dump().await, before);
        }
    }
}
