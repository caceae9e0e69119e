//! What was asked of a store, statement by statement, for tests that compare the work of two requests (THR-14).
//! Compiled under the feature `testing` only. Must never see a parameter: values may be secrets.

use std::sync::{Arc, Mutex, PoisonError};

use crate::statement::Statement;

/// A recording that a test switches on. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Option<Vec<&'static str>>>>);

impl Trace {
    /// Begins anew.
    pub(crate) fn start(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// Ends, and gives what was asked meanwhile, in order.
    pub(crate) fn take(&self) -> Vec<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    pub(crate) fn note(&self, statement: &'static Statement) {
        if let Some(seen) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            seen.push(statement.sql());
        }
    }
}
