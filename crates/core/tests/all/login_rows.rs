//! Rows of logins as a thief of the database, a second browser or a late reader would have them: none of them opens.

use poundlock_core::denial::Denial;
use poundlock_core::id::LoginId;
use poundlock_core::login::{Channel, Login, LoginHandle, LoginRow, Request};
use poundlock_core::seal::BadSeal;
use poundlock_core::secret::Digest;
use poundlock_core::time::Span;

use crate::world::{NOW, World, api, too_late};

/// One login of each state.
fn all(world: &World) -> Vec<(&'static str, Login, LoginHandle)> {
    let (ada, session) = (&world.ada, world.session());
    let begun = [
        ("second/tokens", world.first(ada, NOW)),
        ("second/step_up", world.step_up(ada, session, NOW)),
        ("reprove", world.reprove(ada, session, NOW)),
        ("enrol/invite", world.invited(NOW)),
        ("enrol/ticket", world.ticketed(ada, NOW)),
        ("confirm/invite", world.offered(world.invited(NOW), NOW)),
        ("confirm/ticket", world.offered(world.ticketed(ada, NOW), NOW)),
    ];
    begun.into_iter().map(|(state, (login, handle))| (state, login, handle)).collect()
}

#[test]
fn mfa_02_a_handle_opens_its_own_login_in_its_own_channel_for_ten_minutes() {
    let world = World::new(20);
    let (_, stranger) = world.first(&world.bob, NOW);
    for (state, login, handle) in all(&world) {
        let row = login.row(&world.ring, &world.rng);
        let open = |handle: &LoginHandle, channel, now| Login::open(&world.ring, &row, handle, channel, now).unwrap();
        let last = too_late() - Span::from_millis(1);
        assert!(open(&handle, Channel::Api, NOW).is_ok() && open(&handle, Channel::Api, last).is_ok(), "{state}");
        assert!(row.expires_at - NOW <= Span::from_minutes(10), "{state}");
        assert_eq!(open(&handle, Channel::Api, too_late()).unwrap_err(), Denial::Gone, "{state}: too late");
        assert_eq!(open(&handle, Channel::Page, NOW).unwrap_err(), Denial::Gone, "{state}: another channel");
        assert_eq!(open(&stranger, Channel::Api, NOW).unwrap_err(), Denial::Gone, "{state}: another handle");
        let guessed = guess(&handle);
        assert_eq!(open(&guessed, Channel::Api, NOW).unwrap_err(), Denial::Gone, "{state}: right id, wrong secret");
    }
}

/// The id of a handle, which is no secret, with another secret.
fn guess(handle: &LoginHandle) -> LoginHandle {
    let mut text = handle.text().reveal().clone();
    let last = text.pop().unwrap();
    text.push(if last == 'A' { 'B' } else { 'A' });
    LoginHandle::parse(&text).unwrap()
}

#[test]
fn mfa_02_a_handle_holds_256_bits_and_is_like_no_other() {
    let world = World::new(21);
    let (one, two) = (world.first(&world.ada, NOW).1, world.first(&world.ada, NOW).1);
    let text = one.text();
    assert_eq!(text.reveal().len(), "pll_".len() + 64, "16 bytes of id and 32 of secret");
    assert_ne!(text.reveal().get(26..), two.text().reveal().get(26..));
    assert_eq!(LoginHandle::parse(text.reveal()).unwrap().id(), one.id());
    assert!(!format!("{one:?}").contains(text.reveal().get(30..).unwrap()));
}

#[test]
fn t_26_oae_23_no_other_secret_reads_as_a_handle() {
    let world = World::new(22);
    let text = world.first(&world.ada, NOW).1.text().reveal().clone();
    let body = text.strip_prefix("pll_").unwrap();
    let others = ["pli_", "plu_", "pld_", "plr1.", "", "PLL_", "pll", "pll__"].map(|prefix| format!("{prefix}{body}"));
    for other in others.into_iter().chain([format!("{text}A"), format!("{text}="), text[..text.len() - 1].to_owned()]) {
        assert!(LoginHandle::parse(&other).is_none(), "{other}");
    }
    assert!(poundlock_core::invite::InviteSecret::parse(&text).is_none());
    assert!(poundlock_core::step_up::StepUpSecret::parse(&text).is_none());
    assert!(poundlock_core::device::DeviceToken::parse(&world.ring, &text).is_none());
}

#[test]
fn t_12_a_row_edited_in_any_column_opens_nothing() {
    let world = World::new(23);
    let (foreign, _) = world.first(&world.bob, NOW);
    let foreign = foreign.row(&world.ring, &world.rng);
    for (state, login, handle) in all(&world) {
        let row = login.row(&world.ring, &world.rng);
        let newer = world.stored((login, LoginHandle::parse(handle.text().reveal()).unwrap()), NOW).0;
        let newer = newer.row(&world.ring, &world.rng);
        let mut damaged = row.sealed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        let edits = [
            ("id", LoginRow { id: LoginId::new(NOW, &world.rng), ..row.clone() }),
            ("user", LoginRow { user: world.bob.user, ..row.clone() }),
            ("digest", LoginRow { digest: foreign.digest, ..row.clone() }),
            ("digest of nothing", LoginRow { digest: Digest::of(b""), ..row.clone() }),
            ("version up", LoginRow { version: row.version + 1, ..row.clone() }),
            ("version down", LoginRow { version: row.version - 1, ..row.clone() }),
            ("sealed damaged", LoginRow { sealed: damaged, ..row.clone() }),
            ("sealed emptied", LoginRow { sealed: vec![], ..row.clone() }),
            ("sealed of another login", LoginRow { sealed: foreign.sealed.clone(), ..row.clone() }),
            ("sealed of the next version", LoginRow { sealed: newer.sealed.clone(), ..row.clone() }),
            ("next version over the old seal", LoginRow { sealed: row.sealed.clone(), ..newer }),
        ];
        for (what, edited) in edits {
            let opened = Login::open(&world.ring, &edited, &handle, Channel::Api, NOW);
            assert_eq!(opened.map(|opened| opened.map(|login| login.id())), Err(BadSeal), "{state}: {what}");
        }
        assert!(Login::open(&world.ring, &row, &handle, Channel::Api, NOW).unwrap().is_ok(), "{state}");
    }
}

/// The column serves the sweep. A row prolonged in SQL still ends when it was to end.
#[test]
fn mfa_02_a_row_prolonged_in_sql_lives_no_longer() {
    let world = World::new(24);
    for (state, login, handle) in all(&world) {
        let row = login.row(&world.ring, &world.rng);
        let prolonged = LoginRow { expires_at: too_late() + Span::from_hours(9), ..row };
        let opened = Login::open(&world.ring, &prolonged, &handle, Channel::Api, too_late()).unwrap();
        assert_eq!(opened.unwrap_err(), Denial::Gone, "{state}");
    }
}

/// A row kept from before a restore with other keys, or taken to another server.
#[test]
fn car_01_a_login_opens_under_its_own_keys_alone() {
    let (here, there) = (World::new(25), World::new(26));
    for (state, login, handle) in all(&here) {
        let row = login.row(&here.ring, &here.rng);
        assert!(Login::open(&there.ring, &row, &handle, Channel::Api, NOW).is_err(), "{state}");
    }
}

#[test]
fn a_page_login_is_closed_to_the_api() {
    let world = World::new(27);
    let request = Request { channel: Channel::Page, ..api() };
    let evidence = world.evidence(&world.ada, NOW);
    let (step, handle) = Login::first(evidence, &world.ada.standing(), request, NOW, &world.rng);
    let row = crate::world::asked(step).row(&world.ring, &world.rng);
    let open = |channel| Login::open(&world.ring, &row, &handle, channel, NOW).unwrap();
    assert_eq!(open(Channel::Api).unwrap_err(), Denial::Gone);
    assert!(open(Channel::Page).is_ok());
}

/// Each step is one version on, and a step never prolongs a login.
#[test]
fn mfa_02_every_step_moves_the_version_and_none_the_end() {
    let world = World::new(28);
    let (login, handle) = world.invited(NOW);
    let first = login.row(&world.ring, &world.rng);
    let later = NOW + Span::from_minutes(9);
    let read = Login::open(&world.ring, &first, &handle, Channel::Api, later).unwrap().unwrap();
    assert_eq!(read.version(), first.version);
    let offered = crate::world::asked(read.offer_totp(later, &world.rng));
    let second = offered.row(&world.ring, &world.rng);
    assert_eq!((second.version, second.expires_at), (first.version + 1, first.expires_at));
    assert_eq!((second.id, second.user, second.digest), (first.id, first.user, first.digest));
}

/// Nothing of a password, seed or name can be read from a row without the keys.
#[test]
fn car_01_a_row_holds_nothing_in_the_clear() {
    let world = World::new(29);
    let (login, _) = world.offered(world.invited(NOW), NOW);
    let seed = login.offered().unwrap().base32();
    let raw = totp_rs::Secret::try_from_base32(seed.reveal()).unwrap();
    let row = login.row(&world.ring, &world.rng);
    for secret in [raw.as_ref(), seed.reveal().as_bytes(), b"eve", b"orders"] {
        assert!(!row.sealed.windows(secret.len()).any(|window| window == secret));
    }
}
