//! `poundlock backup`, `restore`, `move` and `doctor`, as an operator runs them.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use poundlock_store::testing::TestStore;
use poundlock_store::{Migration, StoreUrl, on_both};
use serde_json::Value;

use super::{Place, members};

const EMPTY: &[Migration] = &[];

fn mode(place: &Place, name: &str) -> u32 {
    std::fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_is_taken_under_load_and_restored() {
    let place = Place::new();
    let server = place.up();
    let one = |n: usize| {
        let mut command = place.command(&["user", "invite", &format!("user{n}"), "--json"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut writers: Vec<_> = (0..6).map(one).collect();
    let told = place.run(&["backup", "good.backup", "--json"]).json();
    assert_eq!(members(&told), ["bytes", "file", "issuer", "made_at", "master_key", "schema"]);
    assert!(writers.iter_mut().all(|writer| writer.wait().unwrap().success()), "a writer was kept from its work");
    assert_eq!(mode(&place, "good.backup"), 0o600);
    let said = place.run(&["backup", "good.backup"]).failed(1);
    assert!(said.contains("exists already"), "{said}");
    let said = place.run(&["restore", "good.backup"]).failed(1);
    assert!(said.contains("stop it first"), "{said}");
    drop(server.stop());
    let said = place.run(&["restore", "good.backup"]).failed(1);
    assert!(said.contains("--replace"), "{said}");
    let said = place.run(&["restore", "good.backup", "--replace"]).failed(2);
    assert!(said.contains("--yes"), "{said}");
    let told = place.run(&["restore", "good.backup", "--replace", "--yes", "--json"]).json();
    assert_eq!(members(&told), ["codes_from", "issuer", "made_at", "notes", "recovery_codes"]);
    assert!(told["notes"].to_string().contains("poundlock.db.replaced-"), "{told}");
    let listed = place.run(&["user", "list", "--json"]).json();
    assert_eq!(listed["users"][0]["name"], "ada");
    assert!(place.run(&["audit", "verify"]).ok().contains("holds"));
    place.up().stop();
}

#[test]
fn car_04_a_restore_without_its_master_key_is_refused_in_one_sentence() {
    let (place, _) = Place::set_up();
    place.run(&["backup", "good.backup"]).ok();
    let lost = place.path("lost.key");
    std::fs::rename(place.data().join("master.key"), &lost).unwrap();
    std::fs::remove_file(place.data().join("poundlock.db")).unwrap();
    let said = place.run(&["restore", "good.backup"]).failed(1);
    assert!(said.contains("cannot be replaced") && said.lines().count() == 1, "{said}");
    place.run(&["key", "master", "new", "data/master.key"]).ok();
    let said = place.run(&["restore", "good.backup"]).failed(1);
    assert!(said.contains("opens with the master key") && said.lines().count() == 1, "{said}");
    std::fs::rename(&lost, place.data().join("master.key")).unwrap();
    place.run(&["restore", "good.backup"]).ok();
}

#[test]
fn a_backup_goes_through_a_pipe() {
    let (place, _) = Place::set_up();
    let mut command = place.command(&["backup", "-"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"SQLite format 3\0"));
    std::fs::write(place.path("piped"), &output.stdout).unwrap();
    let told = place.run(&["restore", "piped", "--replace", "--yes"]).ok();
    assert!(told.contains("recovery codes") && told.lines().all(|line| line.chars().count() <= 100), "{told}");
}

#[test]
fn a_store_is_moved_once_and_the_old_place_is_not_served() {
    let (place, _) = Place::set_up();
    let to = format!("sqlite:{}", place.path("new.db").display());
    let told = place.run(&["move", "--to", &to]).ok();
    assert!(told.starts_with("TABLE") && told.contains("read back"), "{told}");
    let said = place.run(&["user", "list"]).failed(1);
    assert!(said.contains("was moved to"), "{said}");
    let checks = doctor(&place, 2);
    assert!(checks.iter().any(|check| check["says"].as_str().unwrap().contains("was moved to")), "{checks:?}");
    let said = place.run(&["move", "--to", "postgres://u:secret@h/d"]).failed(2);
    assert!(said.contains("--to-file") && !said.contains("secret"), "{said}");
    let mut command = place.command(&["user", "list", "--json"]);
    let output = command.env("POUNDLOCK_STORE__URL", &to).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A place beside another one, with the same master key: what guards a store must not be a lock on a folder.
fn beside(place: &Place) -> Place {
    let other = Place::new();
    std::fs::create_dir(other.data()).unwrap();
    std::fs::set_permissions(other.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::copy(place.data().join("master.key"), other.data().join("master.key")).unwrap();
    other
}

fn run_on(place: &Place, url: &str, args: &[&str]) -> super::Gave {
    let output = place.command(args).env("POUNDLOCK_STORE__URL", url).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    super::Gave { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// A store that somebody serves is neither moved nor replaced from another data folder; once its server was killed, it is.
fn a_served_store_stays(url: &str) {
    let place = Place::new();
    std::fs::create_dir(place.data()).unwrap();
    std::fs::set_permissions(place.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
    // What a server that was killed during a backup has left.
    let left = [place.data().join("backup.tmp"), place.data().join("backup.tmp.partial")];
    left.iter().for_each(|path| std::fs::write(path, "rows").unwrap());
    let mut server = place.up_on(url);
    assert!(left.iter().all(|path| !path.exists()), "half a copy stays");
    run_on(&place, url, &["backup", "good.backup"]).ok();
    let other = beside(&place);
    let backup = place.path("good.backup");
    let to = format!("sqlite:{}", other.path("new.db").display());
    for args in [
        &["move", "--from", url, "--to", &to][..],
        &["restore", backup.to_str().unwrap(), "--store", url, "--replace", "--yes"],
    ] {
        let said = other.run(args).failed(1);
        assert!(said.contains("stop every server"), "{args:?}: {said}");
        assert!(!other.path("new.db").exists());
    }
    // It goes on, and nothing was marked.
    run_on(&place, url, &["user", "invite", "bob"]).ok();
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    other.run(&["restore", backup.to_str().unwrap(), "--store", url, "--replace", "--yes"]).ok();
    other.run(&["move", "--from", url, "--to", &to]).ok();
    let said = run_on(&place, url, &["user", "list"]).failed(1);
    assert!(said.contains("was moved to"), "{said}");
}

on_both! {
    schema = EMPTY;
    async fn otp_06_a_served_store_is_neither_moved_nor_replaced(store) {
        store.close().await;
        let url = match TestStore::url(&store) {
            StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            StoreUrl::Postgres(url) => url.clone(),
        };
        tokio::task::spawn_blocking(move || a_served_store_stays(&url)).await.unwrap();
    }
}

fn doctor(place: &Place, code: i32) -> Vec<Value> {
    let gave = place.run(&["doctor", "--json"]);
    assert_eq!(gave.code, code, "{} {}", gave.out, gave.err);
    let told: Value = serde_json::from_str(&gave.out).unwrap();
    told["checks"].as_array().unwrap().clone()
}

#[test]
fn a_doctor_looks_with_a_server_and_without() {
    let place = Place::new();
    let server = place.up();
    let running = doctor(&place, 1);
    drop(server.stop());
    let stopped = doctor(&place, 1);
    for checks in [&running, &stopped] {
        for area in ["Configuration", "Keys", "Disk", "Hashing", "Store", "Schema", "Time", "Proxy", "Server"] {
            assert!(checks.iter().any(|check| check["area"] == area), "nothing on {area}");
        }
        let states: Vec<&str> = checks.iter().map(|check| check["state"].as_str().unwrap()).collect();
        assert!(!states.contains(&"fail"), "{checks:?}");
    }
    // The one thing that `up` does for a first try, and no more.
    let worth: Vec<_> = stopped.iter().filter(|check| check["state"] == "warn" && check["area"] == "Keys").collect();
    assert!(worth.iter().any(|check| check["says"].as_str().unwrap().contains("copy of the key")), "{worth:?}");
    let shown = place.run(&["doctor"]);
    assert!(shown.out.lines().all(|line| line.chars().count() <= 80 || line.contains('/')), "{}", shown.out);
}

#[test]
fn a_doctor_changes_nothing() {
    let (place, _) = Place::set_up();
    let store = place.data().join("poundlock.db");
    let names = || {
        let mut names: Vec<_> =
            std::fs::read_dir(place.data()).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let (bytes, before) = (std::fs::read(&store).unwrap(), names());
    doctor(&place, 1);
    assert!(std::fs::read(&store).unwrap() == bytes && names() == before);
    std::fs::remove_file(&store).unwrap();
    doctor(&place, 1);
    assert!(!store.exists(), "no store was made");
}

/// Eight programs that start at once on one store, each in a folder of its own.
fn eight_at_once(url: &str) {
    let place = Place::new();
    let children: Vec<_> = (0..8)
        .map(|n| {
            let data = place.path(&format!("node{n}"));
            std::fs::create_dir(&data).unwrap();
            std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_poundlock"));
            command.args(["key", "list", "--json", "--data"]).arg(&data);
            command.env("POUNDLOCK_STORE__URL", url).env("POUNDLOCK_MASTER_KEY", "ab".repeat(32));
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut kids = std::collections::BTreeSet::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        kids.insert(told["keys"][0]["kid"].as_str().unwrap().to_owned());
    }
    assert_eq!(kids.len(), 1, "one store, one first key");
}

on_both! {
    schema = EMPTY;
    async fn eight_processes_that_start_at_once_migrate_once(store) {
        store.close().await;
        let url = match TestStore::url(&store) {
            StoreUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            StoreUrl::Postgres(url) => url.clone(),
        };
        tokio::task::spawn_blocking(move || eight_at_once(&url)).await.unwrap();
    }
}
