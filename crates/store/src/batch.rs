//! A write is a value: statements, parameters, and the row counts that the decision rested on. A batch holds no lock and
//! cannot decide anything inside the database; a guard that misses undoes all of it.

use poundlock_core::audit::Event;

use crate::row::Row;
use crate::statement::Statement;
use crate::value::Value;

/// How many rows a statement must change (or return, when it returns rows) for the batch to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Exactly so many.
    Rows(u64),
    /// So many or more.
    AtLeast(u64),
    /// So many or fewer.
    AtMost(u64),
    /// Any number: the statement is no guard.
    Any,
}

impl Expect {
    /// Whether `rows` is what was expected.
    #[must_use]
    pub const fn holds(self, rows: u64) -> bool {
        match self {
            Self::Rows(n) => rows == n,
            Self::AtLeast(n) => rows >= n,
            Self::AtMost(n) => rows <= n,
            Self::Any => true,
        }
    }
}

/// One statement of a batch.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) statement: &'static Statement,
    pub(crate) params: Vec<Value>,
    pub(crate) expect: Expect,
}

/// A message to every node, sent when and only when its batch is committed.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) topic: &'static str,
    pub(crate) payload: String,
}

/// A list of statements that take effect together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    pub(crate) steps: Vec<Step>,
    pub(crate) messages: Vec<Message>,
    /// What the records in it are of, for metrics.
    pub(crate) events: Vec<Event>,
}

impl Batch {
    /// An empty batch. Committing it does nothing and succeeds.
    #[must_use]
    pub const fn new() -> Self {
        Self { steps: Vec::new(), messages: Vec::new(), events: Vec::new() }
    }

    /// Adds a statement, and returns its number in this batch: what [`crate::CommitError::Conflict`] and
    /// [`Committed::rows`] count by.
    pub fn push(&mut self, statement: &'static Statement, params: Vec<Value>, expect: Expect) -> usize {
        self.steps.push(Step { statement, params, expect });
        self.steps.len() - 1
    }

    /// Adds all of `other` behind this batch, and returns the number that its first statement has now.
    pub fn append(&mut self, mut other: Self) -> usize {
        let first = self.steps.len();
        self.steps.append(&mut other.steps);
        self.messages.append(&mut other.messages);
        self.events.append(&mut other.events);
        first
    }

    /// Tells all nodes `payload` under `topic` once the batch is committed. For rare events only (revocation, keys,
    /// configuration): PostgreSQL queues all committing notifiers one behind the other. Topic and payload together may
    /// have 7,900 bytes.
    pub fn notify(&mut self, topic: &'static str, payload: impl Into<String>) {
        self.messages.push(Message { topic, payload: payload.into() });
    }

    /// The number of statements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is nothing to commit or to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.messages.is_empty()
    }
}

/// What a committed batch brought back.
#[derive(Debug, Default)]
pub struct Committed {
    /// The rows that each statement returned, by the statement's number; empty for one without `RETURNING`.
    pub rows: Vec<Vec<Row>>,
}

impl Committed {
    /// The first row that statement `statement` returned.
    #[must_use]
    pub fn first(&self, statement: usize) -> Option<&Row> {
        self.rows.get(statement)?.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    static A: Statement = Statement::new("DELETE FROM a WHERE id = ?1");
    static B: Statement = Statement::new("DELETE FROM b");

    #[test]
    fn expect_counts_rows() {
        let holds = |expect: Expect| [0, 1, 2].map(|rows| expect.holds(rows));
        assert_eq!(holds(Expect::Rows(1)), [false, true, false]);
        assert_eq!(holds(Expect::AtLeast(1)), [false, true, true]);
        assert_eq!(holds(Expect::AtMost(1)), [true, true, false]);
        assert_eq!(holds(Expect::Any), [true, true, true]);
    }

    #[test]
    fn numbers_go_on_through_an_appended_batch() {
        let mut batch = Batch::new();
        assert!(batch.is_empty());
        assert_eq!(batch.push(&A, params![1_i64], Expect::Rows(1)), 0);
        let mut other = Batch::new();
        assert_eq!(other.push(&B, params![], Expect::Any), 0);
        other.notify("topic", "payload");
        assert_eq!(batch.append(other), 1);
        assert_eq!((batch.len(), batch.messages.len()), (2, 1));
        assert_eq!(batch.push(&A, params![2_i64], Expect::Any), 2);
    }

    #[test]
    fn a_batch_can_move_to_another_thread_and_prints_no_parameter() {
        fn sendable<T: Send + 'static>(_: &T) {}
        let mut batch = Batch::new();
        batch.push(&A, params!["hunter2"], Expect::Any);
        sendable(&batch);
        assert!(!format!("{batch:?}").contains("hunter2"));
    }
}
