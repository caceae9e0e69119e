//! Copies of a store, whole and refused.

