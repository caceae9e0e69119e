//! Every word of both ceremonies changed in turn, replays, copies, and what a row may not be.

mod options;
mod vectors;

use super::*;
use crate::evidence::tests::{NOW, factor, user};
use crate::seal::MasterKey;
use crate::testing::{BE, BS, Said, SeededRng, SoftKey, UP, UV, assertion, attestation};

pub(super) const ORIGIN: &str = "https://login.example.org";

pub(super) struct World {
    pub(super) party: RelyingParty,
    pub(super) ring: Keyring,
    pub(super) rng: SeededRng,
}

impl World {
    pub(super) fn new() -> Self {
        let rng = SeededRng::new(1);
        let master = MasterKey::random(&rng);
        let ring = Keyring::open(&master, &Keyring::create(&master, &rng)).unwrap();
        Self { party: RelyingParty::new(&format!("{ORIGIN}/auth"), "Poundlock").unwrap(), ring, rng }
    }

    fn at(&self) -> (Time, &Keyring, &dyn Rng) {
        (NOW, &self.ring, &self.rng)
    }

    fn offer(&self, existing: &[Passkey]) -> (Offered, Value) {
        let handle = UserHandle::random(&self.rng);
        let who = Enrollee { handle, name: "ada", display_name: "", existing };
        self.party.offer(&who).unwrap()
    }

    fn enrol_saying(&self, key: &mut SoftKey, change: impl FnOnce(&mut Said)) -> Result<PasskeyProof, Refusal> {
        self.enrol_held(key, None, change)
    }

    fn enrol_held(
        &self,
        key: &mut SoftKey,
        held_until: Option<Time>,
        change: impl FnOnce(&mut Said),
    ) -> Result<PasskeyProof, Refusal> {
        let (offered, options) = self.offer(&[]);
        let sent = attestation(&key.register_saying(ORIGIN, &options, change));
        let becomes = Becomes { user: user(1), factor: factor(1), held_until };
        self.party.confirm(offered, &sent, becomes, self.at())
    }

    fn enrol(&self, key: &mut SoftKey) -> PasskeyRow {
        self.enrol_saying(key, |_| {}).unwrap().row().clone()
    }

    fn open(&self, row: &PasskeyRow) -> Passkey {
        Passkey::open(&self.ring, row).unwrap()
    }

    /// A second factor asked for and answered.
    fn prove_saying(
        &self,
        row: &PasskeyRow,
        key: &mut SoftKey,
        change: impl FnOnce(&mut Said),
    ) -> Result<PasskeyProof, Refusal> {
        let (asked, options) = self.party.ask(&[self.open(row)], false).unwrap();
        let sent = assertion(&key.answer_saying(ORIGIN, &options, change));
        self.open(row).check(&self.party, asked, &sent, self.at())
    }

    /// The same where nobody was named.
    fn discover_saying(
        &self,
        row: &PasskeyRow,
        key: &mut SoftKey,
        change: impl FnOnce(&mut Said),
    ) -> Result<PasskeyProof, Refusal> {
        let (token, options) = self.party.ask_anyone(&holder(), NOW, &self.ring, &self.rng).unwrap();
        let sent = assertion(&key.answer_saying(ORIGIN, &options, change));
        let asked = OpenChallenge::open(&self.ring, token.reveal(), &holder(), NOW).unwrap().into_asked();
        self.open(row).check(&self.party, asked, &sent, self.at())
    }
}

fn holder() -> Digest {
    Digest::of(b"a browser")
}

type Change = fn(&mut Said);

/// What is wrong with a login, and how it is refused. T-11 and WAN-03 to WAN-09, WAN-17 to WAN-20.
const CHANGES: [(Refusal, Change); 17] = [
    (Refusal::Type, |said| said.kind = "webauthn.create"),
    (Refusal::Challenge, |said| said.challenge = encoded(&[7; 32])),
    (Refusal::Origin, |said| said.origin = "https://login.example.org:8443".to_owned()),
    (Refusal::Origin, |said| said.origin = "http://login.example.org".to_owned()),
    (Refusal::Origin, |said| said.origin = "https://evil.login.example.org".to_owned()),
    (Refusal::Origin, |said| said.origin = "https://login.example.org/auth".to_owned()),
    (Refusal::Origin, |said| said.origin = "https://login.example.org.evil".to_owned()),
    (Refusal::Origin, |said| said.cross_origin = Some(true)),
    (Refusal::Origin, |said| said.top_origin = Some(ORIGIN.to_owned())),
    (Refusal::RelyingParty, |said| said.rp_id = "example.org".to_owned()),
    (Refusal::Presence, |said| said.flags &= !UP),
    (Refusal::Verification, |said| said.flags &= !UV),
    (Refusal::Backup, |said| said.flags |= BE),
    (Refusal::Backup, |said| said.flags |= BS),
    (Refusal::Credential, |said| said.id[0] ^= 1),
    (Refusal::UserHandle, |said| said.handle = Some(vec![9; 16])),
    (Refusal::Counter, |said| said.counter = 1),
];

/// WAN-04, WAN-05 and WAN-06 are among them: challenge, origins and relying party.
#[test]
fn wan_03_wan_09_wan_19_t_11_every_word_of_a_login_counts() {
    let world = World::new();
    let mut key = SoftKey::new(2);
    let row = world.enrol(&mut key);
    for (i, (refusal, change)) in CHANGES.into_iter().enumerate() {
        assert_eq!(world.prove_saying(&row, &mut key, change).unwrap_err(), refusal, "second factor, change {i}");
        assert_eq!(world.discover_saying(&row, &mut key, change).unwrap_err(), refusal, "alone, change {i}");
    }
    let spoilt: [fn(&mut Vec<u8>); 2] = [|bytes| bytes[9] ^= 1, |bytes| bytes.truncate(5)];
    for spoil in spoilt {
        let refused = world.prove_saying(&row, &mut key, |said| said.spoil = spoil).unwrap_err();
        assert_eq!(refused, Refusal::Signature);
    }
    // Another key under the same id signs for itself alone.
    let mut other = SoftKey { id: key.id.clone(), handle: key.handle.clone(), counter: 90, ..SoftKey::new(3) };
    assert_eq!(world.prove_saying(&row, &mut other, |_| {}).unwrap_err(), Refusal::Signature);
    assert!(world.prove_saying(&row, &mut key, |_| {}).is_ok(), "unchanged, it is right");
    assert!(world.discover_saying(&row, &mut key, |_| {}).unwrap().is_verified());
}

/// WAN-04, WAN-05 and WAN-06 here too; and WAN-13, since the genuine one is attested by nobody.
#[test]
fn wan_03_wan_10_wan_11_wan_15_every_word_of_an_enrolment_counts() {
    let world = World::new();
    let changes: [(Refusal, Change); 13] = [
        (Refusal::Type, |said| said.kind = "webauthn.get"),
        (Refusal::Challenge, |said| said.challenge = encoded(&[7; 32])),
        (Refusal::Origin, |said| said.origin = "https://login.example.org:8443".to_owned()),
        (Refusal::Origin, |said| said.origin = "http://login.example.org".to_owned()),
        (Refusal::Origin, |said| said.cross_origin = Some(true)),
        (Refusal::Origin, |said| said.top_origin = Some(ORIGIN.to_owned())),
        (Refusal::RelyingParty, |said| said.rp_id = "example.org".to_owned()),
        (Refusal::Presence, |said| said.flags &= !UP),
        (Refusal::Backup, |said| said.flags |= BS),
        (Refusal::Malformed, |said| said.alg = -8),
        (Refusal::Malformed, |said| said.alg = -9),
        (Refusal::Attestation, |said| said.format = "None"),
        (Refusal::Malformed, |said| said.format = "packed"),
    ];
    for (i, (refusal, change)) in changes.into_iter().enumerate() {
        assert_eq!(world.enrol_saying(&mut SoftKey::new(2), change).unwrap_err(), refusal, "change {i}");
    }
    // The name beside the credential is that inside it.
    let (offered, options) = world.offer(&[]);
    let mut sent = attestation(&SoftKey::new(2).register(ORIGIN, &options));
    sent.credential[0] ^= 1;
    let becomes = Becomes { user: user(1), factor: factor(1), held_until: None };
    assert_eq!(world.party.confirm(offered, &sent, becomes, world.at()).unwrap_err(), Refusal::Credential);
    let proof = world.enrol_saying(&mut SoftKey::new(2), |_| {}).unwrap();
    assert!(proof.is_verified() && !proof.is_attested() && !proof.is_held());
}

#[test]
fn wan_08_wan_21_a_pin_that_a_finder_sets_makes_no_second_kind() {
    let world = World::new();
    let mut key = SoftKey::without_pin(2);
    let row = world.enrol(&mut key);
    assert!(!world.prove_saying(&row, &mut key, |_| {}).unwrap().is_verified());
    key.flags |= UV;
    assert!(!world.prove_saying(&row, &mut key, |_| {}).unwrap().is_verified());
    assert_eq!(world.discover_saying(&row, &mut key, |_| {}).unwrap_err(), Refusal::Verification);
}

#[test]
fn wan_18_alone_a_passkey_must_name_its_user() {
    let world = World::new();
    let mut key = SoftKey::new(2);
    let row = world.enrol(&mut key);
    let unnamed: Change = |said| said.handle = None;
    assert!(world.prove_saying(&row, &mut key, unnamed).is_ok());
    assert_eq!(world.discover_saying(&row, &mut key, unnamed).unwrap_err(), Refusal::UserHandle);
}

/// RCV-08: a passkey on probation freshens no session; released it does.
#[test]
fn rcv_08_a_passkey_on_probation_freshens_no_session() {
    use crate::id::{LoginId, SessionId};
    use crate::login::{Channel, Login, Request, Step};
    let world = World::new();
    let mut key = SoftKey::new(2);
    let until = NOW + crate::invite::HOLD;
    let row = world.enrol_held(&mut key, Some(until), |_| {}).unwrap().row().clone();
    let reproved = |proof| {
        let (id, session) = (LoginId::new(NOW, &world.rng), SessionId::new(NOW, &world.rng));
        let (client, audience) = ("app".to_owned(), "orders".to_owned());
        let request = Request { client, audience, scope: None, channel: Channel::Api, device: None };
        Login::reprove(id, user(1), request, (session, vec![]), (NOW, &world.rng)).0.passkey(proof)
    };
    let denied = reproved(world.prove_saying(&row, &mut key, |_| {}).unwrap());
    assert!(matches!(denied, Step::Deny(crate::denial::Denial::Held)), "{denied:?}");
    let released = row.released(&world.ring, &world.rng).unwrap();
    let fresh = reproved(world.prove_saying(&released, &mut key, |_| {}).unwrap());
    assert!(matches!(fresh, Step::Fresh(_)), "{fresh:?}");
}

#[test]
fn wan_20_a_copy_is_noticed_by_its_counter() {
    let world = World::new();
    let mut key = SoftKey::new(2);
    let row = world.enrol(&mut key);
    let used = world.prove_saying(&row, &mut key, |_| {}).unwrap().row().clone();
    let present = key.counter;
    for counter in [0, 1, present] {
        let refused = world.prove_saying(&used, &mut key, |said| said.counter = counter).unwrap_err();
        assert_eq!((refused, refused.denial()), (Refusal::Counter, crate::denial::Denial::PasskeyCopied), "{counter}");
    }
    // It is doubted once, also after it was used again.
    let doubted = used.doubted(&world.ring, &world.rng).unwrap().unwrap();
    assert_eq!(doubted.version, used.version + 1);
    assert!(doubted.doubted(&world.ring, &world.rng).unwrap().is_none());
    let again = world.prove_saying(&doubted, &mut key, |_| {}).unwrap().row().clone();
    assert!(again.doubted(&world.ring, &world.rng).unwrap().is_none());
    // One that counts nothing says nothing about copies.
    let mut still = SoftKey { counts: false, ..SoftKey::new(4) };
    let row = world.enrol(&mut still);
    let used = world.prove_saying(&row, &mut still, |_| {}).unwrap().row().clone();
    assert!(world.prove_saying(&used, &mut still, |_| {}).is_ok());
}

#[test]
fn wan_09_wan_27_backup_is_kept_and_what_may_be_copied_is_bound_to_nothing() {
    let world = World::new();
    let mut key = SoftKey { flags: UP | UV | BE, ..SoftKey::new(2) };
    let row = world.enrol(&mut key);
    assert!(world.open(&row).is_copyable() && !world.open(&row).is_copied());
    key.flags |= BS;
    let used = world.prove_saying(&row, &mut key, |_| {}).unwrap().row().clone();
    assert!(world.open(&used).is_copied());
    let refused = world.prove_saying(&used, &mut key, |said| said.flags &= !(BE | BS)).unwrap_err();
    assert_eq!(refused, Refusal::Backup);
}

#[test]
fn wan_01_wan_17_t_10_an_answer_fits_its_own_challenge_and_passkey() {
    let world = World::new();
    let (mut mine, mut other) = (SoftKey::new(2), SoftKey::new(3));
    let (row, foreign) = (world.enrol(&mut mine), world.enrol(&mut other));
    let (asked, options) = world.party.ask(&[world.open(&row)], false).unwrap();
    let (later, _) = world.party.ask(&[world.open(&row)], false).unwrap();
    let sent = assertion(&mine.answer(ORIGIN, &options));
    assert_eq!(world.open(&row).check(&world.party, later, &sent, world.at()).unwrap_err(), Refusal::Challenge);
    // One that was not asked, of the same user or another.
    let foreign = PasskeyRow { id: factor(2), ..foreign };
    assert!(Passkey::open(&world.ring, &foreign).is_err(), "a row moved to another factor opens nothing");
    let (none, options) = world.party.ask(&[], false).unwrap();
    let sent_anyway = assertion(&mine.answer(ORIGIN, &options));
    assert_eq!(world.open(&row).check(&world.party, none, &sent_anyway, world.at()).unwrap_err(), Refusal::Credential);
    assert!(world.open(&row).check(&world.party, asked, &sent, world.at()).is_ok());
}

#[test]
fn wan_01_wan_02_an_open_challenge_is_ours_and_dies() {
    let world = World::new();
    let (token, _) = world.party.ask_anyone(&holder(), NOW, &world.ring, &world.rng).unwrap();
    let open = |text: &str, at| OpenChallenge::open(&world.ring, text, &holder(), at);
    let other = Digest::of(b"another browser");
    assert!(OpenChallenge::open(&world.ring, token.reveal(), &other, NOW).is_none(), "ses_13");
    assert!(open(token.reveal(), NOW).is_some() && OpenChallenge::is_one(token.reveal()));
    assert!(open(token.reveal(), NOW + LIFE).is_none());
    assert_eq!(open(token.reveal(), NOW).unwrap().expires_at(), NOW + LIFE);
    let mut bytes = decoded(token.reveal().strip_prefix("plq_").unwrap()).unwrap();
    for i in 0..bytes.len() {
        bytes[i] ^= 1;
        assert!(open(&format!("plq_{}", encoded(&bytes)), NOW).is_none(), "byte {i}");
        bytes[i] ^= 1;
    }
    for other in ["", "plq_", "plq_AAAA", "pll_AAAA"] {
        assert!(open(other, NOW).is_none());
    }
}

#[test]
fn wan_16_car_01_a_row_edited_in_the_database_proves_nothing() {
    let world = World::new();
    let row = world.enrol(&mut SoftKey::new(2));
    let moved = [
        PasskeyRow { id: factor(9), ..row.clone() },
        PasskeyRow { user: user(9), ..row.clone() },
        PasskeyRow { credential: vec![1; 32], ..row.clone() },
        PasskeyRow { handle: UserHandle::random(&world.rng), ..row.clone() },
        PasskeyRow { version: 2, ..row.clone() },
        PasskeyRow { held_until: Some(NOW), ..row.clone() },
    ];
    for (i, row) in moved.iter().enumerate() {
        assert!(Passkey::open(&world.ring, row).is_err(), "{i}");
    }
    let released = row.released(&world.ring, &world.rng).unwrap();
    assert_eq!((released.version, world.open(&released).factor()), (2, row.id));
    assert!(!String::from_utf8_lossy(&row.sealed).contains("credential"));
}
