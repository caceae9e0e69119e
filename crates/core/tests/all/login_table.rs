//! Every state of a login against every step, fresh and read back from its row. What the table does not name is refused.

use poundlock_core::denial::Denial;
use poundlock_core::login::{Enrolled, Login, LoginHandle, NewFactor, Step};
use poundlock_core::totp::{self, Authenticator, Seed};

use crate::world::{NOW, VERSION, World, code, wrong_code};

/// Rows: what a login is and where it goes. Columns: the step; with `'`, of another user, or with a wrong code.
/// `.` is the refusal `wrong_step`: not this login's next step.
const TABLE: &str = "
                   totp    totp'  recovery  recovery'  offer  confirm   confirm'
second/tokens      aal2    code   recovery  code       .      .         .
second/step_up     raise   code   .         .          .      .         .
reprove/refresh    fresh   .      .         .          .      .         .
enrol/invite       .       .      .         .          offer  .         .
enrol/ticket       .       .      .         .          offer  .         .
confirm/invite     .       .      .         .          offer  enrolled  code
confirm/ticket     .       .      .         .          offer  enrolled  code
enrol/recovery     .       .      .         .          offer  .         .
confirm/recovery   .       .      .         .          offer  added     code
";

fn begin(world: &World, state: &str) -> (Login, LoginHandle) {
    let (ada, session) = (&world.ada, world.session());
    match state {
        "second/tokens" => world.first(ada, NOW),
        "second/step_up" => world.step_up(ada, session, NOW),
        "reprove/refresh" => world.reprove(ada, session, NOW),
        "enrol/invite" => world.invited(NOW),
        "enrol/ticket" => world.ticketed(ada, NOW),
        "confirm/invite" => world.offered(world.invited(NOW), NOW),
        "confirm/ticket" => world.offered(world.ticketed(ada, NOW), NOW),
        "enrol/recovery" => world.recovered(NOW),
        "confirm/recovery" => world.offered(world.recovered(NOW), NOW),
        other => panic!("no state {other}"),
    }
}

fn take(world: &World, login: Login, step: &str) -> Step {
    let World { ring, rng, ada, bob } = world;
    // A login that offers nothing is shown a code that is right for some seed.
    let with = |pick: fn(&Seed) -> totp::Code| pick(login.offered().unwrap_or(&ada.seed));
    match step {
        "totp" => login.totp(ada.holds(ring, NOW)),
        "totp'" => login.totp(bob.holds(ring, NOW)),
        "recovery" => login.recovery(ada.saved(ring, 0, NOW)),
        "recovery'" => login.recovery(bob.saved(ring, 0, NOW)),
        "offer" => login.offer_totp(NOW, rng),
        "confirm" => {
            let right = with(|seed| code(seed, NOW));
            login.confirm_totp(&right, NOW, ring, rng)
        }
        "confirm'" => {
            let wrong = with(|seed| wrong_code(seed, NOW));
            login.confirm_totp(&wrong, NOW, ring, rng)
        }
        other => panic!("no step {other}"),
    }
}

fn totp_of(enrolled: &Enrolled) -> &totp::TotpRow {
    match &enrolled.factor {
        NewFactor::Totp(row) => row,
        NewFactor::Passkey(row) => panic!("no app: {row:?}"),
    }
}

/// One word for each outcome; a grant is named by its strength.
fn word(step: &Step) -> &'static str {
    match step {
        Step::Deny(Denial::WrongStep) => ".",
        Step::Deny(denial) => denial.code(),
        Step::Ask(_) => "ask",
        Step::Enrol(_) => "enrol",
        Step::Offer(_) => "offer",
        Step::Grant(granted) if granted.enrolled.is_some() => "enrolled",
        Step::Grant(granted) => granted.grant.event().acr().as_str(),
        Step::Fresh(_) => "fresh",
        Step::Raise(_) => "raise",
        Step::Added(_) => "added",
    }
}

/// MFA-01, MFA-03, T-12.
#[test]
fn mfa_01_mfa_05_t_12_every_state_against_every_step() {
    let world = World::new(1);
    let mut lines = TABLE.lines().filter(|line| !line.is_empty());
    let steps: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let mut cells = 0;
    for line in lines {
        let (state, expected) = line.split_once(' ').unwrap();
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(expected.len(), steps.len(), "{state}");
        for (step, expected) in steps.iter().zip(expected) {
            let fresh = take(&world, begin(&world, state).0, step);
            let stored = take(&world, world.stored(begin(&world, state), NOW).0, step);
            assert_eq!(word(&fresh), expected, "{state}, fresh: {step}");
            assert_eq!(word(&stored), expected, "{state}, read back: {step}");
            cells += 1;
        }
    }
    assert_eq!(cells, 63, "a row or column is missing");
}

/// What the words of the table stand for.
#[test]
fn mfa_20_each_outcome_says_what_was_proved_and_no_more() {
    let world = World::new(2);
    for (step, acr, amr) in [("totp", "aal2", "pwd otp mfa"), ("recovery", "recovery", "pwd mfa rcv")] {
        let Step::Grant(granted) = take(&world, begin(&world, "second/tokens").0, step) else { panic!("{step}") };
        let said: Vec<&str> = granted.grant.event().amr().iter().map(|amr| amr.as_str()).collect();
        assert_eq!((granted.grant.event().acr().as_str(), said.join(" ").as_str()), (acr, amr));
        assert_eq!((granted.grant.user(), granted.grant.user_version()), (world.ada.user, VERSION));
        assert_eq!(granted.grant.factor(), (step == "totp").then_some(world.ada.totp.id));
        assert_eq!((granted.grant.mfa_time(), granted.grant.event().auth_time()), (NOW, NOW));
        assert_eq!(granted.request, crate::world::api());
    }
}

#[test]
fn stp_05_a_step_up_carries_its_own_action_and_a_re_proof_its_own_session() {
    let world = World::new(3);
    let session = world.session();
    let (login, _) = world.stored(world.step_up(&world.ada, session, NOW), NOW);
    let Step::Raise(raised) = take(&world, login, "totp") else { panic!("no raise") };
    assert_eq!((raised.session(), raised.action(), raised.target()), (session, "factor.remove", "fac_1"));
    assert_eq!(raised.token(), Some(&b"stored token"[..]));
    assert_eq!((raised.grant().user(), raised.grant().event().auth_time()), (world.ada.user, NOW));
    let (login, _) = world.stored(world.reprove(&world.ada, session, NOW), NOW);
    let Step::Fresh(fresh) = take(&world, login, "totp") else { panic!("no freshness") };
    assert_eq!((fresh.session(), fresh.user(), fresh.at()), (session, world.ada.user, NOW));
    assert_eq!(fresh.token(), b"stored token");
}

#[test]
fn otp_13_a_new_factor_exists_only_after_a_code_of_it_and_its_first_code_is_spent() {
    let world = World::new(4);
    for (state, sets_password) in [("confirm/invite", true), ("confirm/ticket", false)] {
        let (login, _) = world.stored(begin(&world, state), NOW);
        let user = login.user();
        let right = code(login.offered().unwrap(), NOW);
        let Step::Grant(granted) = take(&world, login, "confirm") else { panic!("{state}") };
        let enrolled = granted.enrolled.unwrap();
        assert_eq!((totp_of(&enrolled).user, granted.grant.user()), (user, user));
        assert_eq!(granted.grant.factor(), Some(totp_of(&enrolled).id));
        assert_eq!(enrolled.password.is_some(), sets_password);
        let factor = Authenticator::open(&world.ring, totp_of(&enrolled)).unwrap();
        let again = totp::check(&factor, &right, NOW);
        assert!(matches!(again, totp::Checked::Replay { .. }), "{state}: {again:?}");
    }
}

#[test]
fn otp_13_an_offer_replaced_by_another_no_longer_confirms() {
    let world = World::new(5);
    let (first, handle) = world.stored(begin(&world, "confirm/invite"), NOW);
    let old = code(first.offered().unwrap(), NOW);
    let (second, _) = world.offered((first, handle), NOW);
    let denied = second.confirm_totp(&old, NOW, &world.ring, &world.rng);
    assert!(matches!(denied, Step::Deny(Denial::Code)), "{denied:?}");
}

#[test]
fn rcv_08_what_a_recovery_enrols_is_on_probation_and_changes_nothing() {
    let world = World::new(6);
    let (login, _) = world.stored(begin(&world, "confirm/recovery"), NOW);
    let later = NOW + totp::STEP;
    let second = code(login.offered().unwrap(), later);
    let Step::Added(added) = take(&world, login, "confirm") else { panic!("no factor") };
    assert_eq!(totp_of(&added).held_until, Some(NOW + poundlock_core::invite::HOLD));
    let proof = |row| match totp::check(&Authenticator::open(&world.ring, row).unwrap(), &second, later) {
        totp::Checked::Match(proof) => proof,
        other => panic!("a right code was refused: {other:?}"),
    };
    let both = world.evidence(&world.ada, later).and_totp(proof(totp_of(&added))).unwrap();
    assert!(poundlock_core::policy::grant(both).unwrap().held());
    let (step_up, _) = world.step_up(&world.ada, world.session(), later);
    let denied = step_up.totp(proof(totp_of(&added)));
    assert!(matches!(denied, Step::Deny(Denial::Held)), "{denied:?}");
    let (reprove, _) = world.reprove(&world.ada, world.session(), later);
    let denied = reprove.totp(proof(totp_of(&added)));
    assert!(matches!(denied, Step::Deny(Denial::Held)), "it freshens no session: {denied:?}");
    // Edited away in SQL it does not open; released by its owner it does all that others do.
    let edited = totp::TotpRow { held_until: None, ..totp_of(&added).clone() };
    assert!(Authenticator::open(&world.ring, &edited).is_err());
    let released = totp_of(&added).released(&world.ring, &world.rng).unwrap();
    let (step_up, _) = world.step_up(&world.ada, world.session(), later);
    assert!(matches!(step_up.totp(proof(&released)), Step::Raise(_)));
    let (reprove, _) = world.reprove(&world.ada, world.session(), later);
    assert!(matches!(reprove.totp(proof(&released)), Step::Fresh(_)));
}
