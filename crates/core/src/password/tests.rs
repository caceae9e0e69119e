//! The life of a password: set, sealed, opened, checked, rehashed. Costs are those of tests except where cost matters.

use proptest::prelude::*;

use super::*;
use crate::seal::MasterKey;
use crate::testing::SeededRng;

const NOW: Time = Time::from_millis(1_800_000_000_000);
const CONTEXT: Context<'static> = Context { name: "anna", display_name: "Anna Berg", service: "poundlock" };

fn ring() -> Keyring {
    let rng = SeededRng::new(1);
    let master = MasterKey::random(&rng);
    Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap()
}

fn user(seed: u64) -> UserId {
    UserId::new(NOW, &SeededRng::new(seed))
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn attempt(text: &str) -> Attempt {
    Attempt::parse(secret(text)).unwrap()
}

fn parsed(text: &str, code_points_min: usize) -> Result<NewPassword, Weakness> {
    NewPassword::parse(secret(text), &CONTEXT, code_points_min)
}

fn hashed(text: &str, cost: Cost, memory: &mut Memory) -> StoredHash {
    hash_attempt(&attempt(text), Hashing { cost, memory, rng: &SeededRng::new(5) })
}

fn known(text: &str, memory: &mut Memory) -> Verifier {
    let sealed = hashed(text, Cost::FOR_TESTS, memory).seal(&ring(), user(1), &SeededRng::new(6));
    Verifier::open(&ring(), user(1), &sealed, Cost::FOR_TESTS)
}

fn right(stored: &str, tried: &str) -> bool {
    let mut memory = Memory::new();
    let verifier = known(stored, &mut memory);
    check(&verifier, &attempt(tried), NOW, &mut memory).proof.is_some()
}

#[test]
fn a_password_that_was_set_proves_its_user_then_and_later() {
    let (mut memory, rng) = (Memory::new(), SeededRng::new(2));
    let new = parsed("four unrelated old boats", 8).unwrap();
    let hashing = Hashing { cost: Cost::FOR_TESTS, memory: &mut memory, rng: &rng };
    let (hash, proof) = set(&new, user(1), NOW, hashing);
    assert_eq!((proof.user(), proof.at()), (user(1), NOW));
    let verifier = Verifier::open(&ring(), user(1), &hash.seal(&ring(), user(1), &rng), Cost::FOR_TESTS);
    let later = NOW + crate::time::Span::from_hours(1);
    let checked = check(&verifier, &attempt("four unrelated old boats"), later, &mut memory);
    let proof = checked.proof.unwrap();
    assert_eq!((proof.user(), proof.at()), (user(1), later));
    assert!(!checked.outdated);
    assert!(check(&verifier, &attempt("four unrelated old boat"), later, &mut memory).proof.is_none());
}

#[test]
fn pwd_04_composed_and_decomposed_are_one_password() {
    assert!(right("Zoe\u{308} gare\u{301}e", "Zo\u{eb} gar\u{e9}e"));
    assert!(right("Zo\u{eb} gar\u{e9}e", "Zoe\u{308} gare\u{301}e"));
    assert!(right("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"));
    assert!(!right("\u{fb01}sh and chips", "fish and chips"), "NFC, not NFKC (C-2)");
}

#[test]
fn pwd_03_nothing_is_trimmed_or_folded() {
    assert!(!right("Password of mine", "password of mine"));
    for changed in [" spaces count", "spaces count ", "spaces  count", "spaces count\0", "spaces count\n"] {
        assert!(!right("spaces count", changed), "{changed:?}");
        assert!(right(changed, changed), "{changed:?}");
    }
}

#[test]
fn t_37_every_byte_of_a_long_password_counts() {
    for length in [71, 72, 73, 99, 255, 1023] {
        let same = "b".repeat(length);
        assert!(right(&format!("{same}1"), &format!("{same}1")), "{length}");
        assert!(!right(&format!("{same}1"), &format!("{same}2")), "{length}");
    }
}

#[test]
fn pwd_02_the_byte_cap_comes_before_any_work() {
    assert!(Attempt::parse(secret(&"a".repeat(BYTES_MAX))).is_ok());
    assert_eq!(Attempt::parse(secret(&"a".repeat(BYTES_MAX + 1))).unwrap_err(), TooLong);
    assert_eq!(Attempt::parse(secret(&"e\u{301}".repeat(5_000_000))).unwrap_err(), TooLong);
    // U+1D160 is 4 bytes and becomes 12: within the cap as sent, over it as hashed.
    assert_eq!(Attempt::parse(secret(&"\u{1d160}".repeat(100))).unwrap_err(), TooLong);
    assert_eq!(parsed(&"a".repeat(BYTES_MAX + 1), 8).unwrap_err(), Weakness::TooLong);
    assert!(parsed(&"wharf ".repeat(11), 8).is_ok(), "64 characters and more");
}

#[test]
fn pwd_01_length_is_counted_in_code_points_of_nfc() {
    assert_eq!(parsed("ξύλινοv", 8).unwrap_err(), Weakness::TooShort { min: 8 });
    assert!(parsed("ξύλινο🛶v", 8).is_ok(), "8 code points of any kind");
    assert_eq!(parsed("e\u{301}e\u{301}e\u{301}e\u{301}", 8).unwrap_err(), Weakness::TooShort { min: 8 }, "4 in NFC");
    assert_eq!(parsed("canal boat", 12).unwrap_err(), Weakness::TooShort { min: 12 });
    assert_eq!(parsed("", 8).unwrap_err(), Weakness::TooShort { min: 8 });
}

#[test]
fn pwd_05_no_kind_of_character_is_asked_for() {
    for plain in ["zuidwester", "73910462850", "????!!??!!??", "ВОДЯНОЙ ШЛЮЗ", "        canal"] {
        assert!(parsed(plain, 8).is_ok(), "{plain}");
    }
}

#[test]
fn pwd_09_a_refusal_names_reason_and_remedy() {
    assert_eq!(parsed("Password123", 8).unwrap_err(), Weakness::Common);
    assert_eq!(parsed("AnnaBerg1!", 8).unwrap_err(), Weakness::Context(ContextWord::Name));
    assert_eq!(parsed("p0undl0ck", 8).unwrap_err(), Weakness::Context(ContextWord::Service));
    for (text, reason) in [("abc", "too short"), ("Password123", "most used"), ("p0undl0ck", "name of this service")] {
        let told = parsed(text, 8).unwrap_err().to_string();
        assert!(told.contains(reason) && told.contains("use "), "{told}");
    }
}

#[test]
fn pwd_12_two_hashes_of_one_password_share_nothing() {
    let (mut memory, rng) = (Memory::new(), SeededRng::new(7));
    let new = parsed("four unrelated old boats", 8).unwrap();
    let mut make =
        || set(&new, user(1), NOW, Hashing { cost: Cost::DEFAULT, memory: &mut memory, rng: &rng }).0.to_text();
    let (one, two) = (make(), make());
    assert!(one.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"));
    assert_ne!(one.split('$').nth(4), two.split('$').nth(4));
    assert_ne!(one.split('$').nth(5), two.split('$').nth(5));
}

#[test]
fn pwd_12_the_tag_is_the_one_of_the_reference_implementation() {
    let mut memory = Memory::new();
    let cost = Cost::new(65_536, 2, 1).unwrap();
    let tag = hash::tag(cost, b"somesalt", b"password", &mut memory).unwrap();
    let hex: String = tag.reveal().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
    assert_eq!(memory.kib(), 65_536);
}

#[test]
fn a_used_work_area_changes_no_tag_and_never_grows_without_need() {
    let mut used = Memory::new();
    hash::tag(Cost::of_stored(256, 3, 1).unwrap(), &[9; 16], b"someone else's", &mut used).unwrap();
    let mine = hash::tag(Cost::FOR_TESTS, &[1; 16], b"mine", &mut used).unwrap();
    let fresh = hash::tag(Cost::FOR_TESTS, &[1; 16], b"mine", &mut Memory::new()).unwrap();
    assert_eq!(mine.reveal(), fresh.reveal());
    assert_eq!(used.kib(), 256);
}

#[test]
fn t_23_unknown_known_damaged_and_empty_cost_one_whole_hash() {
    let mut memory = Memory::new();
    let cost = Cost::of_stored(128, 1, 1).unwrap();
    let sealed = hashed("right", cost, &mut memory).seal(&ring(), user(1), &SeededRng::new(6));
    let verifiers = [
        Verifier::open(&ring(), user(1), &sealed, cost),
        Verifier::open(&ring(), user(2), &sealed, cost),
        Verifier::open(&ring(), user(1), b"", cost),
        Verifier::or_decoy(None, cost),
    ];
    for verifier in &verifiers {
        for tried in ["", "wrong", &"long ".repeat(200)] {
            // The work area of a hash that was not computed stays empty.
            let mut area = Memory::new();
            assert!(check(verifier, &attempt(tried), NOW, &mut area).proof.is_none());
            assert_eq!(area.kib(), 128, "{verifier:?}");
        }
    }
    assert!(check(&verifiers[0], &attempt("right"), NOW, &mut memory).proof.is_some());
}

#[test]
fn thr_14_a_decoy_proves_nothing_even_when_its_tag_matches() {
    let mut memory = Memory::new();
    for subject in [Subject::Decoy, Subject::Damaged] {
        let verifier =
            Verifier { target: hashed("right", Cost::FOR_TESTS, &mut memory), wanted: Cost::DEFAULT, subject };
        let checked = check(&verifier, &attempt("right"), NOW, &mut memory);
        assert!(checked.proof.is_none());
        assert!(!checked.outdated);
    }
}

#[test]
fn pwd_16_a_hash_opens_only_under_its_key_and_for_its_user() {
    let mut memory = Memory::new();
    let sealed = hashed("right", Cost::FOR_TESTS, &mut memory).seal(&ring(), user(1), &SeededRng::new(6));
    assert!(!sealed.windows(7).any(|bytes| bytes == b"argon2i"));
    let moved = Verifier::open(&ring(), user(2), &sealed, Cost::FOR_TESTS);
    assert!(moved.damaged());
    assert!(check(&moved, &attempt("right"), NOW, &mut memory).proof.is_none());
    let rng = SeededRng::new(99);
    let other = MasterKey::random(&rng);
    let other = Keyring::open(&other, &Keyring::create(&other, &rng)).unwrap();
    assert!(Verifier::open(&other, user(1), &sealed, Cost::FOR_TESTS).damaged());
    assert!(!Verifier::open(&ring(), user(1), &sealed, Cost::FOR_TESTS).damaged());
    assert!(!Verifier::decoy(Cost::FOR_TESTS).damaged());
}

#[test]
fn pwd_17_a_weaker_hash_is_renewed_after_a_right_password_only() {
    let mut memory = Memory::new();
    let rng = SeededRng::new(6);
    let wanted = Cost::of_stored(128, 2, 1).unwrap();
    let sealed = hashed("right", Cost::FOR_TESTS, &mut memory).seal(&ring(), user(1), &rng);
    let old = Verifier::open(&ring(), user(1), &sealed, wanted);
    assert!(!check(&old, &attempt("wrong"), NOW, &mut memory).outdated);
    let checked = check(&old, &attempt("right"), NOW, &mut memory);
    assert!(checked.outdated);
    let hashing = Hashing { cost: wanted, memory: &mut memory, rng: &rng };
    let renewed = rehash(&attempt("right"), &checked.proof.unwrap(), hashing);
    assert_eq!(renewed.cost(), wanted);
    let verifier = Verifier::open(&ring(), user(1), &renewed.seal(&ring(), user(1), &rng), wanted);
    let checked = check(&verifier, &attempt("right"), NOW, &mut memory);
    assert!(checked.proof.is_some() && !checked.outdated);
}

#[test]
fn t_37_only_the_one_spelling_of_a_hash_is_read() {
    let text = hashed("right", Cost::FOR_TESTS, &mut Memory::new()).to_text();
    assert_eq!(StoredHash::parse(&text).unwrap().to_text(), text);
    let (salt, tag) = text.strip_prefix("$argon2id$v=19$m=64,t=1,p=1$").unwrap().split_once('$').unwrap();
    let bent = [
        String::new(),
        text[1..].to_owned(),
        text[..text.len() - 1].to_owned(),
        format!("{}=", *text),
        format!("{}\n", *text),
        format!("{}$", *text),
        text.replace("argon2id", "argon2i"),
        text.replace("v=19", "v=16"),
        text.replace("v=19$", ""),
        text.replace("m=64", "m=064"),
        text.replace("m=64", "m=+64"),
        text.replace("m=64", "m=4294967295"),
        text.replace("m=64", "m=99999999999999999999"),
        text.replace("m=64,t=1", "t=1,m=64"),
        text.replace("p=1", "p=1,keyid=AAAA"),
        text.replace("p=1", "p=4"),
        text.replace("t=1", "t=0"),
        format!("$argon2id$v=19$m=64,t=1,p=1${tag}${salt}"),
        format!("$argon2id$v=19$m=64,t=1,p=1${salt}"),
        format!("$argon2id$v=19$m=64,t=1,p=1${salt}${}", &tag[..40]),
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(),
    ];
    for text in &bent {
        assert!(StoredHash::parse(text).is_none(), "{text}");
    }
}

#[test]
fn car_06_nothing_of_a_password_is_printed() {
    let mut memory = Memory::new();
    let shown = format!("{:?} {:?} {memory:?}", attempt("unguessable"), known("unguessable", &mut memory));
    assert!(!shown.contains("unguessable") && !shown.contains("argon2id"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pwd_04_any_text_logs_in_in_either_form(text in "\\PC{0,60}") {
        let nfd: String = icu_normalizer::DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
        prop_assume!(nfd.len() <= BYTES_MAX);
        if let Ok(form) = Attempt::parse(secret(&text)) {
            let decomposed = attempt(&nfd);
            prop_assert_eq!(form.text(), decomposed.text());
        }
        let longer = format!("{text}.");
        prop_assert!(!right(&text, &longer));
    }

    #[test]
    fn pwd_08_hundred_characters_that_differ_in_the_last_do_not_match(
        start in "[ -~]{99}", last in "[ -~]", other in "[ -~]",
    ) {
        prop_assert_eq!(right(&format!("{start}{last}"), &format!("{start}{other}")), last == other);
    }

    #[test]
    fn t_37_garbage_in_storage_is_a_denied_login(text in "(\\$argon2id\\$v=19\\$)?[$=,mtp0-9A-Za-z+/]{0,90}", raw: Vec<u8>) {
        let mut memory = Memory::new();
        let sealed = ring().seal(place(&user(1)), text.as_bytes(), &SeededRng::new(3));
        for stored in [sealed, raw, text.into_bytes()] {
            let verifier = Verifier::open(&ring(), user(1), &stored, Cost::FOR_TESTS);
            prop_assert!(verifier.damaged());
            prop_assert!(check(&verifier, &attempt("right"), NOW, &mut memory).proof.is_none());
        }
    }
}
