//! Every place that a master key can come from, which of them wins, and what is refused instead of being passed over.

use std::os::unix::ffi::OsStringExt;

use poundlock_core::testing::SeededRng;
use tempfile::TempDir;

use super::*;

/// A key that is told from the others by its first digit.
fn hex(digit: char) -> String {
    format!("{digit}{}", "0".repeat(63))
}

fn fingerprint(digit: char) -> String {
    MasterKey::from_hex(&hex(digit)).unwrap().fingerprint()
}

fn put(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A machine on which every source holds a key of its own.
struct Machine {
    folder: TempDir,
    config: Config,
    variables: Vec<(&'static str, OsString)>,
}

impl Machine {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (credentials, data) = (folder.path().join("credentials"), folder.path().join("data"));
        for made in [&credentials, &data] {
            std::fs::create_dir(made).unwrap();
        }
        put(&credentials.join("poundlock-master-key"), &hex('1'), 0o440);
        put(&folder.path().join("key"), &hex('2'), 0o600);
        put(&data.join("master.key"), &hex('4'), 0o600);
        let mut config = Config { data, ..Config::default() };
        config.master_key.file = Some(folder.path().join("key"));
        let variables = vec![("CREDENTIALS_DIRECTORY", credentials.into()), ("POUNDLOCK_MASTER_KEY", hex('3').into())];
        Self { folder, config, variables }
    }

    fn find(&self) -> anyhow::Result<Option<(String, MasterSource)>> {
        let variable = |name: &str| self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        let found = find(&self.config, |name| variable(name).cloned())?;
        Ok(found.map(|(key, source)| (key.fingerprint(), source)))
    }

    fn found(&self) -> Option<(String, MasterSource)> {
        self.find().unwrap()
    }

    fn why_not(&self) -> String {
        format!("{:#}", self.find().unwrap_err())
    }

    fn forget(&mut self, name: &str) {
        self.variables.retain(|(known, _)| *known != name);
    }
}

#[test]
fn car_04_a_credential_wins_over_a_file_over_a_variable_over_the_data_folder() {
    let mut machine = Machine::new();
    assert_eq!(machine.found(), Some((fingerprint('1'), MasterSource::Credential)));
    machine.forget("CREDENTIALS_DIRECTORY");
    let file = machine.config.master_key.file.take().unwrap();
    machine.config.master_key.file = Some(file.clone());
    assert_eq!(machine.found(), Some((fingerprint('2'), MasterSource::File(file))));
    machine.config.master_key.file = None;
    assert_eq!(machine.found(), Some((fingerprint('3'), MasterSource::Variable)));
    machine.forget("POUNDLOCK_MASTER_KEY");
    assert_eq!(machine.found(), Some((fingerprint('4'), MasterSource::DataFolder)));
    std::fs::remove_file(machine.config.data.join("master.key")).unwrap();
    assert_eq!(machine.found(), None, "a new store");
}

#[test]
fn a_service_with_credentials_for_others_alone_goes_on_looking() {
    let machine = Machine::new();
    std::fs::remove_file(machine.folder.path().join("credentials/poundlock-master-key")).unwrap();
    assert_eq!(machine.found().unwrap().0, fingerprint('2'));
}

#[test]
fn what_does_not_read_is_refused_and_never_passed_over() {
    let mut machine = Machine::new();
    put(&machine.folder.path().join("credentials/poundlock-master-key"), "short", 0o400);
    assert!(machine.why_not().contains("poundlock-master-key is not 64 hexadecimal digits"));
    machine.forget("CREDENTIALS_DIRECTORY");
    put(&machine.folder.path().join("key"), &hex('g'), 0o600);
    assert!(machine.why_not().contains("key is not 64 hexadecimal digits"));
    std::fs::remove_file(machine.folder.path().join("key")).unwrap();
    assert!(machine.why_not().contains("cannot read the master key"), "a file that is named must be there");
    machine.config.master_key.file = None;
    for bad in [OsString::new(), "hunter2".into(), OsString::from_vec(vec![0xff; 64])] {
        machine.forget("POUNDLOCK_MASTER_KEY");
        machine.variables.push(("POUNDLOCK_MASTER_KEY", bad));
        let why = machine.why_not();
        assert!(why.contains("POUNDLOCK_MASTER_KEY is not 64") && !why.contains("hunter2"), "{why}");
    }
    machine.forget("POUNDLOCK_MASTER_KEY");
    put(&machine.config.data.join("master.key"), &hex('4'), 0o644);
    assert!(machine.why_not().contains("can be read by others"));
}

#[test]
fn a_key_made_for_a_data_folder_is_the_one_that_is_found_there() {
    let mut machine = Machine::new();
    machine.variables.clear();
    machine.config.master_key.file = None;
    assert!(write_master(&machine.config.data, &SystemRng::new()).is_err(), "it never goes over another");
    assert_eq!(machine.found().unwrap().0, fingerprint('4'));
    std::fs::remove_file(machine.config.data.join("master.key")).unwrap();
    let made = write_master(&machine.config.data, &SystemRng::new()).unwrap();
    assert_eq!(machine.found(), Some((made.fingerprint(), MasterSource::DataFolder)));
}

#[test]
fn a_key_file_may_end_in_a_line_end() {
    let folder = TempDir::new().unwrap();
    let (path, key) = (folder.path().join("key"), MasterKey::random(&SeededRng::new(1)));
    put(&path, &format!("{}\n", *key.to_hex()), 0o600);
    assert_eq!(read(&path).unwrap().fingerprint(), key.fingerprint());
}

#[test]
fn car_04_a_key_file_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    std::fs::write(&path, "ab".repeat(32)).unwrap();
    for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o444, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(read(&path).is_ok(), good, "{mode:o}");
    }
    // A credential of systemd may look like this, and nobody else reads it.
    assert!(parse(&path).is_ok());
}

#[test]
fn car_04_what_is_not_a_key_is_refused_without_being_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    std::fs::write(&path, "not a key").unwrap();
    let said = format!("{:#}", parse(&path).unwrap_err());
    assert!(said.contains("64 hexadecimal digits") && !said.contains("not a key"), "{said}");
}
