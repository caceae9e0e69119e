//! The project's own commands: what `cargo xtask` runs and what the tidy tests read.
//! Never linked into the server, and never depends on a crate of it: a command must start
//! before the thing it builds does.

pub mod bench;
pub mod browser;
pub mod compliance;
pub mod evidence;
pub mod fuzz;
pub mod judges;
pub mod patch;
pub mod postgres;
pub mod process;
pub mod requirement;
pub mod runner;
pub mod sabotage;
pub mod scratch;
pub mod ship;
pub mod source;
pub mod stage;
pub mod storm;
pub mod summary;
pub mod test;
pub mod tidy;
pub mod tools;

use std::path::PathBuf;

use anyhow::{Context, Result};

/// The top of the tree: the folder that holds the workspace manifest.
///
/// # Errors
/// When no parent folder of this crate holds a manifest.
pub fn root() -> Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let top = here.parent().context("xtask has no parent folder")?;
    Ok(top.to_path_buf())
}
