//! `/v1/admin`.

mod audit;
