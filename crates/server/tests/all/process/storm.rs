//! `kill -9` under write load, again and again: what was acknowledged is there, nothing stands half, the audit chain
//! holds (AUD-06, AUD-07, THR-06, T-08). Twenty rounds, or as many as `POUNDLOCK_CRASH_ROUNDS` says.

pub(crate) mod checks;
pub(crate) mod load;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::JoinSet;

use self::load::{Dice, Person, Tally, enrol_all};
use super::database::Database;
use super::site::{Caller, Node, Site};

/// Whose number of rounds it is; `cargo xtask storm crash` sets it.
const ROUNDS: &str = "POUNDLOCK_CRASH_ROUNDS";
/// Where a storm begins that must be repeated.
const SEED: &str = "POUNDLOCK_CRASH_SEED";
const PEOPLE: usize = 8;
/// A reading of every record, and the check from outside, cost more the longer the storm: every so many rounds.
const DEEP_EVERY: usize = 20;

/// What is killed in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Node,
    Database,
    Both,
}

struct Storm {
    site: Site,
    database: Option<Database>,
    node: Node,
    people: Vec<Person>,
    tally: Arc<Tally>,
    round: u64,
    newcomers: usize,
    records: usize,
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

async fn storm(database: Option<Database>) {
    let (rounds, seed) = (number(ROUNDS, 20), number(SEED, 1));
    let site = Site::new(database.as_ref().map(Database::url).as_deref());
    let node = site.serve();
    let caller = node.caller();
    let people = enrol_all(&caller, PEOPLE).await;
    let tally = Arc::new(Tally::default());
    let mut storm = Storm { site, database, node, people, tally, round: 0, newcomers: 0, records: 0 };
    for round in 0..rounds {
        let dice = Dice::new(seed.wrapping_mul(1_000_003) + round);
        storm.round = round;
        storm.round(&dice).await;
        if round % 50 == 49 {
            println!("{} rounds so far", round + 1);
        }
        storm.check(round + 1 == rounds || round < 20 || round % DEEP_EVERY as u64 == 0).await;
    }
    let (answers, wrong) = (storm.tally.answers.load(Ordering::SeqCst), storm.tally.wrong.load(Ordering::SeqCst));
    println!(
        "storm: {rounds} rounds from seed {seed}, {answers} answers kept, {wrong} wrong passwords counted, \
         {} newcomers, {} records in chains that hold",
        storm.newcomers, storm.records
    );
}

impl Storm {
    /// Load, one kill or two, and everything up again.
    async fn round(&mut self, dice: &Dice) {
        let victim = match (&self.database, dice.below(6)) {
            (None, _) | (_, 0..3) => Victim::Node,
            (_, 3..5) => Victim::Database,
            _ => Victim::Both,
        };
        let mut tasks = JoinSet::new();
        for person in self.people.drain(..) {
            let dice = Dice::new(dice.below(usize::MAX) as u64);
            tasks.spawn(person.live(self.node.caller(), Arc::clone(&self.tally), dice));
        }
        let names = format!("newcomer{}", self.round);
        let newcomers = tokio::spawn(enrol_many(self.node.caller(), names));
        self.tally.wait_for(1 + dice.below(60)).await;
        for _ in 0..dice.below(2000) {
            tokio::task::yield_now().await;
        }
        if victim != Victim::Database {
            self.node.kill_now();
        }
        if let Some(database) = self.database.as_mut().filter(|_| victim != Victim::Node) {
            database.kill();
        }
        while let Some(person) = tasks.join_next().await {
            self.people.push(person.unwrap());
        }
        let enrolled = newcomers.await.unwrap();
        self.newcomers += enrolled.len();
        self.people.sort_by(|a, b| a.name.cmp(&b.name));
        self.back(victim, dice).await;
        for mut person in enrolled {
            let store = self.site.store().await;
            checks::promises(&self.node.caller(), &store, &mut person, &self.tally).await;
            store.close().await;
        }
    }

    async fn back(&mut self, victim: Victim, dice: &Dice) {
        if let Some(database) = self.database.as_mut().filter(|_| victim != Victim::Node) {
            database.again();
        }
        if victim == Victim::Database {
            // The same process goes on by itself.
            assert!(self.node.lives());
            self.node.caller().until_ready(|status, _| status == 200).await;
            return;
        }
        if dice.below(5) == 0 {
            self.site.kill_while_starting(dice.below(200_000) as u64);
        }
        self.node = self.site.serve();
    }

    async fn check(&mut self, deep: bool) {
        let (caller, store) = (self.node.caller(), self.site.store().await);
        for person in &mut self.people {
            checks::promises(&caller, &store, person, &self.tally).await;
        }
        checks::wholeness(&store, &self.tally).await;
        if deep {
            self.records = checks::records(&store).await;
            self.site.verify_audit();
        }
        store.close().await;
    }
}

/// Enrols one newcomer after another until the answers stop; gives those who were told that they are in.
async fn enrol_many(caller: Caller, names: String) -> Vec<Person> {
    let mut enrolled = Vec::new();
    while let Ok(person) = Person::enrol(&caller, &format!("{names}-{}", enrolled.len())).await {
        enrolled.push(person);
        // A few are enough: each is one more account for ever.
        if enrolled.len() == 3 {
            break;
        }
    }
    enrolled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aud_07_thr_06_killed_under_load_sqlite_keeps_every_promise() {
    storm(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aud_07_thr_06_killed_under_load_postgres_keeps_every_promise() {
    storm(Some(Database::start())).await;
}
