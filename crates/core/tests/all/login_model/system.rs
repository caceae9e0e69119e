//! The real thing: rows in a pretended table with compare-and-set, real proofs, and a book of what was proved in which
//! login, against which every grant is held.

use std::collections::{BTreeMap, BTreeSet};

use poundlock_core::denial::Denial;
use poundlock_core::id::{SessionId, UserId};
use poundlock_core::login::{Channel, Granted, Login, LoginHandle, LoginRow, Step};
use poundlock_core::recovery::{self, RecoveryCode};
use poundlock_core::time::{Span, Time};
use poundlock_core::token::Acr;
use poundlock_core::totp::{self, Authenticator, Checked};

use super::{Kind, Move, Pick, Request, Told, Transition, Who};
use crate::world::{NOW, Person, VERSION, World, code, wrong_code};

struct Kept {
    rows: Vec<LoginRow>,
    stored: bool,
    handle: LoginHandle,
    kind: Kind,
    owner: UserId,
    session: SessionId,
}

/// What a decision would write, and over what.
struct Write {
    login: usize,
    version: i64,
    next: Option<LoginRow>,
    shown: Move,
    step: i64,
}

pub(crate) struct System {
    world: World,
    now: Time,
    logins: Vec<Kept>,
    used: BTreeSet<(Who, usize)>,
    steps: BTreeSet<(Who, i64)>,
    completed: BTreeMap<usize, Told>,
}

impl System {
    pub(crate) fn new() -> Self {
        let (used, steps, completed) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        Self { world: World::new(80), now: NOW, logins: Vec::new(), used, steps, completed }
    }

    pub(crate) fn apply(&mut self, transition: &Transition) -> Vec<Told> {
        match transition {
            Transition::Wait(seconds) => {
                self.now = self.now + Span::from_seconds(*seconds);
                Vec::new()
            }
            Transition::Begin(who, kind) => {
                self.begin(*who, *kind);
                Vec::new()
            }
            Transition::Requests(_) if self.logins.is_empty() => Vec::new(),
            Transition::Requests(requests) => {
                let decided: Vec<_> = requests.iter().map(|request| self.decide(request)).collect();
                decided.into_iter().map(|(told, write)| self.commit(told, write)).collect()
            }
        }
    }

    const fn person(&self, who: Who) -> &Person {
        match who {
            Who::Ada | Who::New => &self.world.ada,
            Who::Bob => &self.world.bob,
        }
    }

    fn begin(&mut self, who: Who, kind: Kind) {
        let (world, person, now, session) = (&self.world, self.person(who), self.now, self.world.session());
        let (login, handle) = match kind {
            Kind::Tokens => world.first(person, now),
            Kind::StepUp => world.step_up(person, session, now),
            Kind::Reprove => world.reprove(person, session, now),
            Kind::Ticket => world.ticketed(person, now),
            Kind::Invite => world.invited(now),
        };
        let (rows, owner) = (vec![login.row(&world.ring, &world.rng)], login.user());
        self.logins.push(Kept { rows, stored: true, handle, kind, owner, session });
    }

    fn decide(&self, request: &Request) -> (Told, Option<Write>) {
        let at = request.login % self.logins.len();
        let next = &self.logins[(at + 1) % self.logins.len()];
        let kept = &self.logins[at];
        let first = kept.rows[0].clone();
        let row = match request.pick {
            Pick::Stored if !kept.stored => return (Told::Gone, None),
            Pick::Stored => kept.rows[kept.rows.len() - 1].clone(),
            Pick::Stale => first,
            Pick::Renumbered => LoginRow { version: first.version + 1, ..first },
            Pick::Swapped => LoginRow { sealed: next.rows[0].sealed.clone(), ..first },
        };
        let handle = if request.foreign_handle { &next.handle } else { &kept.handle };
        let channel = if request.page { Channel::Page } else { Channel::Api };
        match Login::open(&self.world.ring, &row, handle, channel, self.now) {
            Err(_) => (Told::Broken, None),
            Ok(Err(denial)) => {
                assert_eq!(denial, Denial::Gone);
                (Told::Gone, None)
            }
            Ok(Ok(login)) => self.step(at, login, request.shows),
        }
    }

    fn step(&self, at: usize, login: Login, shows: Move) -> (Told, Option<Write>) {
        let World { ring, rng, .. } = &self.world;
        let (version, mut step) = (login.version(), 0);
        let outcome = match shows {
            Move::Totp(who) => {
                let person = self.person(who);
                let factor = Authenticator::open(ring, &person.totp).unwrap();
                let Checked::Match(proof) = totp::check(&factor, &code(&person.seed, self.now), self.now) else {
                    return (Told::Spent, None);
                };
                step = proof.step();
                login.totp(proof)
            }
            Move::Recovery(who, number) => {
                let person = self.person(who);
                let row = Some(&person.codes.rows[number]).filter(|_| !self.used.contains(&(who, number)));
                let shown = RecoveryCode::parse(person.codes.shown[number].reveal()).unwrap();
                let Some(proof) = recovery::check(ring, person.user, &shown, row, self.now) else {
                    return (Told::Spent, None);
                };
                login.recovery(proof)
            }
            Move::Offer => login.offer_totp(self.now, rng),
            Move::Confirm { right } => {
                let seed = login.offered().unwrap_or(&self.world.ada.seed);
                let shown = if right { code(seed, self.now) } else { wrong_code(seed, self.now) };
                login.confirm_totp(&shown, self.now, ring, rng)
            }
        };
        self.judge(at, outcome, Write { login: at, version, next: None, shown: shows, step })
    }

    /// Holds what a step led to against what was shown for it.
    fn judge(&self, at: usize, step: Step, write: Write) -> (Told, Option<Write>) {
        let kept = &self.logins[at];
        let told = match step {
            Step::Deny(Denial::WrongStep) => return (Told::WrongStep, None),
            Step::Deny(Denial::Code) => return (Told::WrongCode, None),
            Step::Offer(login) => {
                let next = Some(login.row(&self.world.ring, &self.world.rng));
                return (Told::Offered, Some(Write { next, ..write }));
            }
            Step::Grant(granted) => self.judge_grant(kept, &granted, write.shown),
            Step::Fresh(fresh) => {
                assert_eq!((kept.kind, fresh.session(), fresh.user()), (Kind::Reprove, kept.session, kept.owner));
                assert!(self.proved_by_owner(kept, write.shown) && matches!(write.shown, Move::Totp(_)));
                Told::Fresh
            }
            Step::Raise(raised) => {
                assert_eq!(
                    (kept.kind, raised.session(), raised.grant().user()),
                    (Kind::StepUp, kept.session, kept.owner)
                );
                assert!(self.proved_by_owner(kept, write.shown) && matches!(write.shown, Move::Totp(_)));
                assert!(raised.grant().event().acr() <= Acr::Aal2);
                Told::Raised
            }
            other => panic!("no such step here: {other:?}"),
        };
        (told, Some(write))
    }

    fn judge_grant(&self, kept: &Kept, granted: &Granted, shown: Move) -> Told {
        let grant = &granted.grant;
        assert_eq!(grant.user(), kept.owner, "MFA-01: proofs of one user");
        assert!(self.proved_by_owner(kept, shown), "MFA-03: no grant without something held");
        assert!(grant.event().auth_time() <= self.now && grant.mfa_time() == self.now);
        assert!(self.now - grant.event().auth_time() < Span::from_minutes(10), "MFA-02: both in one login");
        match (granted.enrolled.as_ref(), shown, grant.event().acr()) {
            (Some(enrolled), Move::Confirm { right: true }, Acr::Aal2) => {
                assert!(matches!(kept.kind, Kind::Ticket | Kind::Invite), "MFA-05: a right to enrol was proved");
                assert_eq!(enrolled.password.is_some(), kept.kind == Kind::Invite);
                Told::Enrolled
            }
            (None, Move::Totp(_), Acr::Aal2) => {
                assert_eq!((kept.kind, grant.user_version()), (Kind::Tokens, VERSION));
                Told::Aal2
            }
            (None, Move::Recovery(..), Acr::Recovery) => {
                assert_eq!((kept.kind, grant.factor()), (Kind::Tokens, None));
                Told::Recovery
            }
            (_, shown, acr) => panic!("MFA-20: {acr:?} for {shown:?}"),
        }
    }

    fn proved_by_owner(&self, kept: &Kept, shown: Move) -> bool {
        match shown {
            Move::Totp(who) | Move::Recovery(who, _) => self.person(who).user == kept.owner,
            Move::Confirm { right } => right,
            Move::Offer => false,
        }
    }

    /// One batch: the row by its version, the code by its row, the step by `last_step`; all or nothing.
    fn commit(&mut self, told: Told, write: Option<Write>) -> Told {
        let Some(write) = write else { return told };
        let kept = &self.logins[write.login];
        let fits = kept.stored && kept.rows[kept.rows.len() - 1].version == write.version;
        let unspent = match write.shown {
            Move::Totp(who) => self.person(who).totp.last_step < write.step,
            Move::Recovery(who, number) => !self.used.contains(&(who, number)),
            Move::Offer | Move::Confirm { .. } => true,
        };
        if !fits || !unspent {
            return Told::Conflict;
        }
        match write.shown {
            Move::Totp(who) => {
                assert!(self.steps.insert((who, write.step)), "OTP-05: a step was accepted twice");
                let person = if who == Who::Bob { &mut self.world.bob } else { &mut self.world.ada };
                person.totp.last_step = write.step;
            }
            Move::Recovery(who, number) => {
                assert!(self.used.insert((who, number)), "RCV-03: a code was accepted twice");
            }
            Move::Offer | Move::Confirm { .. } => {}
        }
        let kept = &mut self.logins[write.login];
        if let Some(row) = write.next {
            assert_eq!(row.version, write.version + 1);
            kept.rows.push(row);
        } else {
            kept.stored = false;
            assert_eq!(self.completed.insert(write.login, told), None, "MFA-02: one completion");
        }
        told
    }
}
