//! What can go wrong. Texts are for the operator: they may name a statement, never a value of a row or a parameter.

/// Why a read, an opening or a migration failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Going on would be unsafe; the sentence says why and what to change. Meant for the start of the program.
    #[error("{0}")]
    Refused(String),
    /// The database cannot be reached now; the same call may work later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A mistake in the program or in the stored data; trying again does not help.
    #[error("fault in the store: {0}")]
    Fault(String),
}

/// Why a batch was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A guard missed its row count, or a unique or foreign key refused. The whole batch is undone.
    #[error("statement {statement} of the batch met another state than expected")]
    Conflict {
        /// Which statement of the batch, counted from 0, as [`crate::Batch::push`] returned it.
        statement: usize,
    },
    /// The connection was lost during COMMIT: the batch is in force or not, and nobody can tell. What it would have
    /// spent counts as spent (fail closed).
    #[error("the connection was lost while committing; the outcome is unknown")]
    Unknown,
    /// The database cannot be reached or is too busy; nothing of the batch is in force.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The disk is full or read-only; nothing of the batch is in force.
    #[error("the store cannot be written: its disk is full or read-only")]
    Full,
    /// A mistake in the program or in the stored data; nothing of the batch is in force.
    #[error("fault in the store: {0}")]
    Fault(String),
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => Self::Unavailable(reason),
            StoreError::Refused(reason) | StoreError::Fault(reason) => Self::Fault(reason),
        }
    }
}
