//! People who log in, refresh, end sessions and are attacked, each in a task of their own, and what each was promised.
//! A promise is an answer that came; what was under way when the answers stopped is promised neither way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use poundlock_core::secret::Rng;
use poundlock_core::testing::SeededRng;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::super::site::{Caller, Told};

/// The most sessions that one person keeps.
const SESSIONS_MAX: usize = 6;

/// Draws numbers that a seed repeats.
pub(crate) struct Dice(SeededRng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRng::new(seed))
    }

    /// A number below `sides`.
    pub(crate) fn below(&self, sides: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % sides as u64).unwrap()
    }
}

/// What all tasks share: the answers so far, and who waits for how many.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) answers: AtomicUsize,
    pub(crate) told: Notify,
    /// Wrong passwords of unknown names that were answered, so checked.
    pub(crate) wrong: AtomicU64,
    /// Attempts whose count is left open: unanswered, or of people whose next login clears it.
    pub(crate) open: AtomicU64,
}

impl Tally {
    fn answered(&self) {
        self.answers.fetch_add(1, Ordering::SeqCst);
        self.told.notify_one();
    }

    /// Waits for `count` answers from now on.
    pub(crate) async fn wait_for(&self, count: usize) {
        let until = self.answers.load(Ordering::SeqCst) + count;
        while self.answers.load(Ordering::SeqCst) < until {
            self.told.notified().await;
        }
    }
}

/// A session, by the newest refresh token that came back.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) token: String,
    /// Its end was asked for and not answered.
    pub(crate) ending: bool,
}

/// A person, and everything they were promised.
#[derive(Debug, Default)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) uri: String,
    pub(crate) codes: Vec<String>,
    /// The last step of a code that was sent.
    pub(crate) sent_step: u64,
    pub(crate) sessions: Vec<Held>,
    /// Since the last check: tokens of sessions whose end was answered, with their ids.
    pub(crate) ended: Vec<(String, String)>,
    /// Since the last check: recovery codes that opened a session.
    pub(crate) spent_codes: Vec<String>,
    /// The code, its step and the login that it completed.
    pub(crate) spent_totp: Option<(String, u64, String)>,
    /// Invites that were accepted to the end.
    pub(crate) spent_invite: Option<String>,
}

/// The answers stopped.
pub(crate) struct Gone;

/// Enrols so many people, and ends the test if one cannot be.
pub(crate) async fn enrol_all(caller: &Caller, many: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..many {
        people.push(Person::enrol(caller, &format!("person{n}")).await.unwrap_or_else(|Gone| panic!("no enrolment")));
    }
    people
}

impl Person {
    /// Invites and enrols somebody new. The step before the present one, so that this one is left for a login.
    pub(crate) async fn enrol(caller: &Caller, name: &str) -> Result<Self, Gone> {
        let invite = caller.invite(name).await.ok_or(Gone)?;
        let password = format!("quite unguessable {name} phrase");
        let accepted = ask(caller, "/v1/invite/accept", json!({ "invite": invite, "password": password })).await?;
        let Some(accepted) = accepted else { return Err(Gone) };
        let login = text(&accepted, "login");
        let Some(offer) = ask(caller, "/v1/login/enrol/totp", json!({ "login": login })).await? else {
            return Err(Gone);
        };
        let uri = text(&offer, "uri");
        let step = step_now() - 1;
        let body = json!({ "login": login, "code": code(&uri, step) });
        let Some(tokens) = ask(caller, "/v1/login/enrol/totp/confirm", body).await? else { return Err(Gone) };
        let mut person = Self { name: name.to_owned(), password, uri, sent_step: step, ..Self::default() };
        person.spent_invite = Some(invite);
        person.opened(&tokens);
        Ok(person)
    }

    fn opened(&mut self, tokens: &Value) {
        let codes = tokens["recovery_codes"].as_array().into_iter().flatten();
        self.codes.extend(codes.map(|code| code.as_str().unwrap().to_owned()));
        let (id, token) = (text(tokens, "session"), text(tokens, "refresh_token"));
        self.sessions.push(Held { id, token, ending: false });
    }

    /// Does one thing after another until the answers stop.
    pub(crate) async fn live(mut self, caller: Caller, tally: Arc<Tally>, dice: Dice) -> Self {
        loop {
            let done = match dice.below(10) {
                0..2 if self.sessions.len() < SESSIONS_MAX => self.log_in(&caller, &tally).await,
                2..6 => self.refresh(&caller, &dice).await,
                6 if self.sessions.len() > 1 => self.sign_out(&caller, &dice).await,
                _ => self.be_attacked(&caller, &tally, &dice).await,
            };
            if done.is_err() {
                return self;
            }
            tally.answered();
        }
    }

    /// By the present code when it was not sent yet, else by a recovery code.
    async fn log_in(&mut self, caller: &Caller, tally: &Tally) -> Result<(), Gone> {
        let (step, with_code) = (step_now(), step_now() > self.sent_step);
        if !with_code && self.codes.is_empty() {
            return Ok(());
        }
        tally.open.fetch_add(2, Ordering::SeqCst);
        let first = json!({ "name": self.name, "password": self.password });
        let Some(begun) = ask(caller, "/v1/login", first).await? else { return Ok(()) };
        let login = text(&begun, "login");
        // Taken before it is sent: without an answer nobody knows whether it is spent.
        let (path, code) = if with_code {
            self.sent_step = step;
            ("/v1/login/totp", code(&self.uri, step))
        } else {
            ("/v1/login/recovery-code", self.codes.pop().unwrap_or_default())
        };
        let tokens = ask(caller, path, json!({ "login": login, "code": code })).await?;
        let Some(tokens) = tokens else { panic!("{}: a right code was refused", self.name) };
        self.opened(&tokens);
        if with_code {
            self.spent_totp = Some((code, step, login));
        } else {
            self.spent_codes.push(code);
        }
        Ok(())
    }

    async fn refresh(&mut self, caller: &Caller, dice: &Dice) -> Result<(), Gone> {
        let Some(held) = pick(&mut self.sessions, dice) else { return Ok(()) };
        match caller.refresh(&held.token).await {
            Told::Yes(tokens) => held.token = text(&tokens, "refresh_token"),
            Told::Nothing => return Err(Gone),
            refused => panic!("{}: the newest token of a live session: {refused:?}", self.name),
        }
        Ok(())
    }

    async fn sign_out(&mut self, caller: &Caller, dice: &Dice) -> Result<(), Gone> {
        let at = dice.below(self.sessions.len());
        let mut held = self.sessions.swap_remove(at);
        match caller.sign_out(&held.token).await {
            Told::Yes(_) => self.ended.push((held.id, held.token)),
            Told::Nothing => {
                held.ending = true;
                self.sessions.push(held);
                return Err(Gone);
            }
            refused => panic!("{}: the end of a live session: {refused:?}", self.name),
        }
        Ok(())
    }

    /// A wrong password for a name that nobody has: what it spends, nothing clears.
    async fn be_attacked(&self, caller: &Caller, tally: &Tally, dice: &Dice) -> Result<(), Gone> {
        let name = format!("nobody{}", dice.below(1 << 40));
        match caller.post("/v1/login", &json!({ "name": name, "password": "wrong" })).await {
            Told::No(401, _) => drop(tally.wrong.fetch_add(1, Ordering::SeqCst)),
            Told::No(429 | 503, _) => {}
            Told::Nothing => {
                tally.open.fetch_add(1, Ordering::SeqCst);
                return Err(Gone);
            }
            other => panic!("a wrong password: {other:?}"),
        }
        Ok(())
    }
}

fn pick<'a>(sessions: &'a mut [Held], dice: &Dice) -> Option<&'a mut Held> {
    if sessions.is_empty() { None } else { sessions.get_mut(dice.below(sessions.len())) }
}

/// Asks; `None` when the server has no place now, or wants a pause.
async fn ask(caller: &Caller, path: &str, body: Value) -> Result<Option<Value>, Gone> {
    match caller.post(path, &body).await {
        Told::Yes(answer) => Ok(Some(answer)),
        Told::Nothing => Err(Gone),
        Told::No(429 | 503, _) => Ok(None),
        Told::No(status, code) => panic!("{path}: {status} {code}"),
    }
}

pub(crate) fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap_or_else(|| panic!("no {member} in {answer}")).to_owned()
}

pub(crate) fn code(uri: &str, step: u64) -> String {
    totp_rs::Totp::from_url(uri).unwrap().generate(step * 30).to_string()
}

#[expect(clippy::disallowed_methods, reason = "the server under test runs by this clock too")]
pub(crate) fn step_now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 30
}
