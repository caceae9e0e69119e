//! Each wall with a breach in it, and what looks like a breach and is none.

use super::super::{places, tree};
use super::*;

fn with_manifest(folder: &str, text: &str) -> Tree {
    let mut tree = tree(&[]);
    tree.manifests.insert(folder.to_owned(), text.parse().unwrap());
    tree
}

#[test]
fn an_edge_upward_is_found_in_every_table() {
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let text = format!("[{table}]\npoundlock-store.workspace = true\nserde = \"1\"\n");
        let findings = edges(&with_manifest("core", &text));
        assert_eq!(places(&findings), ["crates/core/Cargo.toml"], "{table}");
        assert!(findings[0].what.contains("core may not use store"));
    }
    assert_eq!(edges(&with_manifest("store", "[dependencies]\npoundlock = { path = \"../server\" }\n")).len(), 1);
    assert_eq!(edges(&with_manifest("attack", "[dependencies]\npoundlock-core = \"1\"\n")).len(), 1);
}

#[test]
fn allowed_edges_and_a_crate_to_itself_are_silent() {
    let text = "[dependencies]\npoundlock-core = \"1\"\npoundlock-store = \"1\"\npoundlock-verify = \"1\"\n";
    assert!(edges(&with_manifest("server", text)).is_empty());
    assert!(edges(&with_manifest("core", "[dev-dependencies]\npoundlock-core = { path = \".\" }\n")).is_empty());
    assert_eq!(edges(&with_manifest("surprise", "")).len(), 1);
}

#[test]
fn technology_stays_where_it_is_hidden() {
    assert_eq!(technology(&with_manifest("server", "[dependencies]\nrusqlite = \"1\"\n")).len(), 1);
    assert_eq!(technology(&with_manifest("verify", "[dependencies]\ntokio = { version = \"1\" }\n")).len(), 1);
    assert!(
        technology(&with_manifest("verify", "[dependencies]\ntokio = { version = \"1\", optional = true }\n"))
            .is_empty()
    );
    assert!(technology(&with_manifest("core", "[dev-dependencies]\ntokio = \"1\"\n")).is_empty());
}

#[test]
fn core_that_reads_files_or_waits_is_found() {
    let text = "//! A.\n// std::fs is only spoken of\nuse std::fs;\nasync fn a() {\n    b().await\n}\n\
                #[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    let tree = tree(&[("crates/core/src/a.rs", text), ("crates/store/src/a.rs", text)]);
    assert_eq!(places(&core_io(&tree)), ["crates/core/src/a.rs:3", "crates/core/src/a.rs:4", "crates/core/src/a.rs:5"]);
}

#[test]
fn a_handler_that_decides_is_found() {
    let text = "//! A.\nuse poundlock_core::guard::Lane;\nuse poundlock_core::{\n    id::{UserId, guard},\n    policy,\n};\n\
                use poundlock_core::time::Time;\nlet x = poundlock_core::login::Step::Enrol;\nuse poundlock_core::login_hint;\n";
    let tree = tree(&[("crates/server/src/http/a.rs", text), ("crates/server/src/flow/a.rs", text)]);
    let found = ["crates/server/src/http/a.rs:2", "crates/server/src/http/a.rs:3", "crates/server/src/http/a.rs:8"];
    assert_eq!(places(&http(&tree)), found);
}

#[test]
fn names_in_braces_are_only_the_outer_ones() {
    assert_eq!(first_names("{id::{UserId, guard}, time::Time, policy}; use x::{login};"), ["id", "time", "policy"]);
    assert_eq!(first_names("guard::Lane;"), ["guard"]);
}

fn home(text: &str, stranger: &str) -> Vec<String> {
    let mut tree = tree(&[("crates/core/src/a.rs", text), ("crates/server/src/b.rs", stranger)]);
    tree.records.sealed.insert("Grant".to_owned(), "crates/core/src/a.rs".to_owned());
    sealed(&tree).into_iter().map(|finding| finding.place).collect()
}

const HOME: &str = "//! A.\npub struct Grant {\n    user: u8,\n}\nfn grant() -> Grant {\n    Grant { user: 1 }\n}\n";

#[test]
fn a_proof_made_or_defined_elsewhere_is_found() {
    assert!(home(HOME, "//! B.\n").is_empty());
    assert_eq!(home(HOME, "let a = Grant { user: 2 };\n"), ["crates/server/src/b.rs:1"]);
    assert_eq!(home(HOME, "let Grant { user } = grant;\n"), ["crates/server/src/b.rs:1"]);
    assert_eq!(home(HOME, "let a = login::Grant { user: 2 };\n"), ["crates/server/src/b.rs:1"]);
    assert_eq!(home(HOME, "struct Grant {\n"), ["crates/server/src/b.rs:1"]);
}

#[test]
fn what_looks_like_making_and_is_none_is_silent() {
    for text in [
        "fn take(x: u8) -> Grant {\n",
        "pub const fn grant(&self) -> &Grant {\n",
        "fn grant<'a>(x: &'a X) -> &'a mut policy::Grant {\n",
        "impl Grant {\n",
        "impl fmt::Debug for Grant {\n",
        "match step { Step::Grant { user } => user }\n",
        "let a = OldGrant { user };\n",
        "pub struct GrantRow {\n",
        "/// Grant { user } in a comment\n",
    ] {
        assert!(home(HOME, text).is_empty(), "{text}");
    }
}

#[test]
fn a_proof_that_moved_is_found() {
    assert_eq!(home("//! A.\n", "//! B.\n"), ["crates/core/src/a.rs"]);
}

#[test]
fn every_opened_secret_is_counted_in_source_only() {
    let text = "//! A.\n// x.reveal() is only spoken of\nlet a = (x.reveal(), y.reveal());\n\
                #[cfg(test)]\nmod tests {\n    x.reveal();\n}\n";
    let mut tree = tree(&[("crates/core/src/a.rs", text)]);
    assert_eq!(places(&reveal(&tree)), ["crates/core/src/a.rs"]);
    tree.records.figures.reveal.insert("crates/core/src/a.rs".to_owned(), 2);
    assert!(reveal(&tree).is_empty());
    tree.records.figures.reveal.insert("crates/core/src/gone.rs".to_owned(), 1);
    assert_eq!(places(&reveal(&tree)), ["crates/core/src/gone.rs"]);
}
