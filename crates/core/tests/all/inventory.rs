//! What the crate uses and holds, counted: hashes, keys, nonces, lists. Reads the sources, since absence shows nowhere else.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use poundlock_core::guard::FAILURES_MAX;
use poundlock_core::id::FactorId;
use poundlock_core::password::{Context, NewPassword, Weakness};
use poundlock_core::seal::{Keyring, MasterKey, Place};
use poundlock_core::secret::Secret;
use poundlock_core::testing::SeededRng;
use poundlock_core::totp::{self, Authenticator, Checked, STEP, Seed, TotpRow};

use crate::world::{ENROLLED, NOW, World, code};

/// Every source file of every crate, tests left out, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().path().join("src")).collect();
    let mut files = Vec::new();
    let tests = |path: &Path| path.ends_with("tests.rs") || path.components().any(|part| part.as_os_str() == "tests");
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !tests(&path) {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}

/// The words of a text that is code: comments left out.
fn words(text: &str) -> BTreeSet<&str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_'))).collect()
}

#[test]
fn car_05_every_hash_is_sha_2_and_hmac_sha_1_stands_in_totp_alone() {
    let (mut strong, mut weak) = (BTreeSet::new(), Vec::new());
    for (path, text) in sources() {
        for word in words(&text) {
            let name = word.to_ascii_lowercase();
            if name.contains("sha1") || name.contains("sha_1") || name.starts_with("md5") || name.starts_with("md4") {
                weak.push((path.clone(), word.to_owned()));
            } else if ["SHA2", "SHA3", "SHA5", "HMAC_", "HKDF_"].iter().any(|hash| word.starts_with(hash)) {
                strong.insert(word.to_owned());
            }
        }
    }
    let ours = ["HKDF_SHA256", "HMAC_SHA256", "SHA256"].map(str::to_owned);
    assert!(strong.is_superset(&BTreeSet::from(ours)), "the search finds nothing any more: {strong:?}");
    assert!(
        strong.iter().all(|hash| hash.contains("256") || hash.contains("384") || hash.contains("512")),
        "{strong:?}"
    );
    let [(path, word)] = &weak[..] else { panic!("more or fewer weak hashes than one: {weak:?}") };
    assert!(path.ends_with("core/src/totp/seed.rs") && word == "SHA1");
}

/// Every HMAC key there is, by the file that makes it and what it is made from: 256 random bits, or the tag of a data
/// key, which is as good. No bytes of unknown length, and never a password.
#[test]
fn key_12_hmac_keys_are_random_and_as_long_as_the_hash() {
    let mut made = BTreeSet::new();
    for (path, text) in sources() {
        for line in text.lines().filter(|line| line.contains("hmac::Key::new(")) {
            let (_, from) = line.split_once("hmac::Key::new(hmac::HMAC_SHA256, ").unwrap();
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            made.insert(format!("{file}: {}", from.split_once("()").unwrap().0));
        }
    }
    let known = ["seal.rs: key.reveal", "seal.rs: self.0.reveal", "status.rs: key.as_bytes", "throttle.rs: key.reveal"];
    assert_eq!(made.iter().map(String::as_str).collect::<Vec<_>>(), known, "judge the new key, then list it here");
    let rng = SeededRng::new(1);
    let master = MasterKey::random(&rng);
    let stored = Keyring::create(&master, &rng);
    let sealed_key = 1 + 4 + 12 + 32 + 16;
    assert!(stored.iter().all(|key| key.wrapped.len() == sealed_key), "a data key has 32 bytes");
    let again = Keyring::create(&master, &rng);
    let (one, two) = (Keyring::open(&master, &stored).unwrap(), Keyring::open(&master, &again).unwrap());
    assert_ne!(one.refresh_tag(&[b"x"]), two.refresh_tag(&[b"x"]), "drawn, not derived from the master key");
}

#[test]
fn key_13_devices_refresh_tokens_counters_and_seals_have_keys_of_their_own() {
    let World { ring, .. } = World::new(2);
    let tags = [ring.refresh_tag(&[b"x"]), ring.device_tag(&[b"x"]), ring.counter_key(&[b"x"])];
    assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), tags.len());
}

/// A key for each place, and a fresh random nonce for each sealing: no pair of the two comes back.
#[test]
fn car_02_no_nonce_repeats_under_one_key() {
    const NONCE: std::ops::Range<usize> = 5..17;
    let World { ring, rng, .. } = World::new(3);
    let place = Place { kind: "login", id: b"one", version: 1 };
    let zeros = [0; 64];
    let nonces: BTreeSet<Vec<u8>> = (0..1000).map(|_| ring.seal(place, &zeros, &rng)[NONCE].to_vec()).collect();
    assert_eq!(nonces.len(), 1000);
    // The same nonce at two places: were the key one, the two streams over the same text would be one.
    let places =
        [place, Place { kind: "session", ..place }, Place { id: b"two", ..place }, Place { version: 2, ..place }];
    let streams = places.map(|place| ring.seal(place, &zeros, &SeededRng::new(9))[NONCE.end..][..64].to_vec());
    let drawn = places.map(|place| ring.seal(place, &zeros, &SeededRng::new(9))[NONCE].to_vec());
    assert!(drawn.iter().all(|nonce| *nonce == drawn[0]));
    assert_eq!(streams.iter().collect::<BTreeSet<_>>().len(), places.len());
}

/// The list holds far more than an attacker has guesses, and everything that he would try first is on it.
#[test]
fn pwd_10_the_list_outreaches_every_guess_that_the_limits_leave() {
    let packed = fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/common-passwords.txt.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let entries: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    // Strangers and known devices have one budget each.
    let guesses = 2 * usize::try_from(FAILURES_MAX).unwrap();
    assert!(entries.len() >= 100 * guesses, "{} entries against {guesses} guesses", entries.len());
    let context = Context { name: "zz", display_name: "", service: "login.example" };
    for entry in entries.iter().step_by(entries.len() / 20) {
        let refused = NewPassword::parse(Secret::new((*entry).to_owned()), &context, 1).unwrap_err();
        assert_eq!(refused, Weakness::Common, "{entry}");
    }
}

#[test]
fn otp_02_a_step_is_thirty_seconds_from_1970_and_each_credential_has_its_own_seed() {
    let World { ring, rng, ada, bob } = World::new(4);
    assert_eq!(STEP.seconds(), 30);
    assert_eq!(NOW.seconds() % 30, 20);
    let digits = |seconds| totp_code(&ada.seed, seconds);
    let begins = NOW.seconds() - 20;
    assert!((begins..begins + 30).all(|seconds| digits(seconds) == digits(begins)));
    assert!(digits(begins - 1) != digits(begins) && digits(begins + 30) != digits(begins));
    let uri = ada.seed.uri("Poundlock", "ada");
    assert!(!uri.reveal().contains("period=") || uri.reveal().contains("period=30"), "the default is 30");
    let seeds: BTreeSet<String> =
        [ada.seed, bob.seed, Seed::random(&rng)].iter().map(|s| s.base32().reveal().clone()).collect();
    assert_eq!(seeds.len(), 3);
    // The seed belongs to its credential: under another credential's id it opens nothing.
    let moved = TotpRow { id: FactorId::new(ENROLLED, &rng), ..ada.totp };
    assert!(Authenticator::open(&ring, &moved).is_err());
}

fn totp_code(seed: &Seed, seconds: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(seed.base32().reveal()).unwrap();
    totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(u64::try_from(seconds).unwrap()).to_string()
}

/// Both second factors resist replay: what was shown once proves nothing when it is shown again.
#[test]
fn mfa_15_a_second_factor_that_was_overheard_is_spent() {
    let World { ring, ada, .. } = World::new(5);
    let proof = ada.holds(&ring, NOW);
    let spent = TotpRow { last_step: proof.step(), ..ada.totp.clone() };
    let again = totp::check(&Authenticator::open(&ring, &spent).unwrap(), &code(&ada.seed, NOW), NOW);
    assert!(matches!(again, Checked::Replay { .. }), "{again:?}");
    // A used recovery code has no row left.
    let used = poundlock_core::recovery::RecoveryCode::parse(ada.codes.shown[0].reveal()).unwrap();
    assert!(poundlock_core::recovery::check(&ring, ada.user, &used, None, NOW).is_none());
}
