//! A table as both engines are asked for it, and the digest of its rows. Never a row of a particular kind: no schema here.

use poundlock_core::secret::Digest;

use crate::value::Value;

/// A table as its file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Kind)>,
    /// Columns of the primary key, in its order.
    pub(crate) key: Vec<usize>,
}

/// The three types that both engines store alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
}

impl Table {
    pub(crate) fn quoted(&self) -> String {
        quoted(&self.name)
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| quoted(name)).collect();
        names.join(", ")
    }

    /// Reads all rows, on both engines in one order: text by its bytes.
    pub(crate) fn select(&self, postgres: bool) -> String {
        let key = self.key.iter().filter_map(|at| self.columns.get(*at)).map(|(name, kind)| match kind {
            Kind::Text if postgres => format!("{} COLLATE \"C\"", quoted(name)),
            _ => quoted(name),
        });
        let key: Vec<String> = key.collect();
        format!("SELECT {} FROM {} ORDER BY {}", self.names(), self.quoted(), key.join(", "))
    }

    pub(crate) fn insert(&self) -> String {
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("?{n}")).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.quoted(), self.names(), places.join(", "))
    }

    pub(crate) fn copy_in(&self) -> String {
        format!("COPY {} ({}) FROM STDIN BINARY", self.quoted(), self.names())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Count and digest of a table's rows in the order of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The table.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// A chain of digests over them.
    pub digest: Digest,
}

impl Sum {
    pub(crate) fn new(table: &Table) -> Self {
        Self { table: table.name.clone(), rows: 0, digest: Digest::of(table.names().as_bytes()) }
    }

    pub(crate) fn add(&mut self, row: &[Value]) {
        let mut told = self.digest.as_bytes().to_vec();
        row.iter().for_each(|value| encode(value, &mut told));
        self.digest = Digest::of(&told);
        self.rows += 1;
    }
}

/// Writes a value so that no two rows read alike: its kind, its length, its bytes.
pub(crate) fn encode(value: &Value, out: &mut Vec<u8>) {
    let mut put = |kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(bytes);
    };
    match value {
        Value::Null => put(0, &[]),
        Value::Int(int) => put(1, &int.to_be_bytes()),
        Value::Text(text) => put(2, text.as_bytes()),
        Value::Bytes(bytes) => put(3, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = [("id", Kind::Bytes), ("name", Kind::Text), ("odd\"name", Kind::Int)];
        let columns = columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec();
        Table { name: "t".to_owned(), columns, key: vec![1, 0] }
    }

    #[test]
    fn both_engines_give_rows_in_one_order() {
        let table = table();
        let names = "\"id\", \"name\", \"odd\"\"name\"";
        assert_eq!(table.select(false), format!("SELECT {names} FROM \"t\" ORDER BY \"name\", \"id\""));
        assert_eq!(table.select(true), format!("SELECT {names} FROM \"t\" ORDER BY \"name\" COLLATE \"C\", \"id\""));
        assert_eq!(table.insert(), format!("INSERT INTO \"t\" ({names}) VALUES (?1, ?2, ?3)"));
    }

    #[test]
    fn no_two_rows_encode_alike() {
        let rows = [
            vec![Value::from("ab"), Value::from("c")],
            vec![Value::from("a"), Value::from("bc")],
            vec![Value::from(b"ab"), Value::from("c")],
            vec![Value::from("ab"), Value::from("c"), Value::Null],
            vec![Value::Int(0), Value::Null],
            vec![Value::Null, Value::Int(0)],
        ];
        let sums: Vec<Sum> = rows
            .iter()
            .map(|row| {
                let mut sum = Sum::new(&table());
                sum.add(row);
                sum
            })
            .collect();
        for (at, sum) in sums.iter().enumerate() {
            assert!(sums.iter().skip(at + 1).all(|other| other != sum), "row {at}");
        }
    }

    #[test]
    fn the_order_of_rows_counts() {
        let (mut one, mut other) = (Sum::new(&table()), Sum::new(&table()));
        for n in [1_i64, 2] {
            one.add(&[Value::Int(n)]);
            other.add(&[Value::Int(3 - n)]);
        }
        assert_eq!((one.rows, other.rows), (2, 2));
        assert_ne!(one, other);
    }
}
