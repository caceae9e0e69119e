//! The truth: stages, versions and spent codes, as a page of paper would hold them.

use super::{Kind, Move, Pick, Request, Told, Transition, Who};
use crate::world::{ENROLLED, NOW};

/// Ten minutes.
const LIFE: i64 = 600;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Second,
    Reprove,
    Enrol,
    Confirm,
    Done,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    owner: Who,
    kind: Kind,
    stage: Stage,
    version: u32,
    begun: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Truth {
    now: i64,
    logins: Vec<Life>,
    /// The last step of Ada's authenticator, and of Bob's.
    last_step: [i64; 2],
    /// Their codes that were used.
    used: Vec<(Who, usize)>,
    pub(crate) told: Vec<Told>,
}

impl Truth {
    pub(crate) fn new() -> Self {
        let enrolled = ENROLLED.seconds() / 30;
        let (logins, used, told) = (Vec::new(), Vec::new(), Vec::new());
        Self { now: NOW.seconds(), logins, last_step: [enrolled; 2], used, told }
    }

    pub(crate) fn apply(&mut self, transition: &Transition) {
        self.told.clear();
        match transition {
            Transition::Wait(seconds) => self.now += seconds,
            Transition::Begin(who, kind) => {
                let stage = match kind {
                    Kind::Tokens | Kind::StepUp => Stage::Second,
                    Kind::Reprove => Stage::Reprove,
                    Kind::Ticket | Kind::Invite => Stage::Enrol,
                };
                let owner = if *kind == Kind::Invite { Who::New } else { *who };
                self.logins.push(Life { owner, kind: *kind, stage, version: 1, begun: self.now });
            }
            Transition::Requests(requests) if self.logins.is_empty() => drop(requests.len()),
            Transition::Requests(requests) => {
                let snapshot = self.clone();
                for request in requests {
                    let told = self.commit(request, snapshot.decide(request), &snapshot);
                    self.told.push(told);
                }
            }
        }
    }

    fn index(&self, request: &Request) -> (usize, usize) {
        let at = request.login % self.logins.len();
        (at, (at + 1) % self.logins.len())
    }

    /// The login as its first row tells it.
    fn first_row(life: Life) -> Life {
        let stage = match life.kind {
            Kind::Tokens | Kind::StepUp => Stage::Second,
            Kind::Reprove => Stage::Reprove,
            Kind::Ticket | Kind::Invite => Stage::Enrol,
        };
        Life { stage, version: 1, ..life }
    }

    fn presented(&self, request: &Request) -> Result<Life, Told> {
        let (at, next) = self.index(request);
        let life = self.logins[at];
        match request.pick {
            Pick::Renumbered => Err(Told::Broken),
            Pick::Swapped if next != at => Err(Told::Broken),
            Pick::Stored if life.stage == Stage::Done => Err(Told::Gone),
            Pick::Stored => Ok(life),
            Pick::Stale | Pick::Swapped => Ok(Self::first_row(life)),
        }
    }

    fn decide(&self, request: &Request) -> Told {
        let (at, next) = self.index(request);
        let life = match self.presented(request) {
            Ok(life) => life,
            Err(told) => return told,
        };
        if request.page || (request.foreign_handle && next != at) || self.now - life.begun >= LIFE {
            return Told::Gone;
        }
        match request.shows {
            Move::Totp(who) if self.now / 30 <= self.last_step[who as usize] => Told::Spent,
            Move::Recovery(who, code) if self.used.contains(&(who, code)) => Told::Spent,
            shows => outcome(life, shows),
        }
    }

    /// What is written only over the version, codes and steps that it was decided on.
    fn commit(&mut self, request: &Request, told: Told, snapshot: &Self) -> Told {
        let done = matches!(told, Told::Aal2 | Told::Recovery | Told::Enrolled | Told::Raised | Told::Fresh);
        if !done && told != Told::Offered {
            return told;
        }
        let (at, _) = self.index(request);
        let Ok(read) = snapshot.presented(request) else { return told };
        let spent = match request.shows {
            Move::Totp(who) => self.now / 30 <= self.last_step[who as usize],
            Move::Recovery(who, code) => self.used.contains(&(who, code)),
            Move::Offer | Move::Confirm { .. } => false,
        };
        let life = &mut self.logins[at];
        if spent || life.stage == Stage::Done || life.version != read.version {
            return Told::Conflict;
        }
        life.version += 1;
        life.stage = if done { Stage::Done } else { Stage::Confirm };
        match request.shows {
            Move::Totp(who) => self.last_step[who as usize] = self.now / 30,
            Move::Recovery(who, code) => self.used.push((who, code)),
            Move::Offer | Move::Confirm { .. } => {}
        }
        told
    }
}

const fn outcome(life: Life, shows: Move) -> Told {
    match (life.stage, shows) {
        (Stage::Second, Move::Totp(who)) => match (life.kind, who as u8 == life.owner as u8) {
            (_, false) => Told::WrongCode,
            (Kind::StepUp, true) => Told::Raised,
            (_, true) => Told::Aal2,
        },
        (Stage::Second, Move::Recovery(who, _)) => match (life.kind, who as u8 == life.owner as u8) {
            (Kind::StepUp, _) => Told::WrongStep,
            (_, false) => Told::WrongCode,
            (_, true) => Told::Recovery,
        },
        (Stage::Reprove, Move::Totp(who)) if who as u8 == life.owner as u8 => Told::Fresh,
        (Stage::Enrol | Stage::Confirm, Move::Offer) => Told::Offered,
        (Stage::Confirm, Move::Confirm { right: true }) => Told::Enrolled,
        (Stage::Confirm, Move::Confirm { right: false }) => Told::WrongCode,
        _ => Told::WrongStep,
    }
}
