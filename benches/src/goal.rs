//! The goals that are measured, in the order of their worth, and the report of them. Each goal has a file of its own.

mod crypto;
mod flood;
mod growth;
mod login;
mod memory;
mod mint;
mod neighbours;
mod overload;
mod pages;
mod rotation;
mod share;
mod start;
mod verify;

pub(crate) use self::login::insert;

use anyhow::{Context, Result};

use crate::call::Call;
use crate::report::{Section, all_met, text};
use crate::{clock, machine};

type Goal = fn(&Call) -> Result<Section>;

/// What can be measured, in the order that it is.
const GOALS: [(u8, Goal); 9] = [
    (2, verify::measure),
    (3, mint::measure),
    (4, login::measure),
    (6, rotation::measure),
    (9, neighbours::measure),
    (10, overload::measure),
    (11, start::measure),
    (12, memory::measure),
    (14, pages::measure),
];

/// What is not, and why.
const UNMEASURED: [(&str, &str); 7] = [
    ("goal 1, forward-auth", "the route is not built yet"),
    ("goal 2, cached verification and its allocations", "the cache of verified tokens is not built yet"),
    ("goal 5, an AVX2 hasher", "the hasher is the `argon2` crate with reused memory, and no code of our own yet"),
    ("goal 7, refresh over HTTP against a peer", "the rate under goal 12 stands alone; no peer is driven beside it"),
    ("goal 8, PostgreSQL", "the bench runs on SQLite"),
    ("goal 13, ten million users", "`cargo xtask grow` measures it by itself and writes docs/growth.md"),
    ("Rauthy, a yardstick of goals 11 and 12", "it is not in a registry that the bench installs from"),
];

/// Measures what grows with the number of users, and writes it to a file of its own.
pub(crate) fn growth(call: &Call) -> Result<bool> {
    let watch = Watch::start();
    let section = growth::measure(call).context("goal 13")?;
    watch.written(call, &[section], &[])
}

/// Measures what was asked for, prints the report and writes it.
pub(crate) fn run(call: &Call) -> Result<bool> {
    let watch = Watch::start();
    let mut sections = Vec::new();
    for (goal, measure) in GOALS.into_iter().filter(|(goal, _)| call.wants(*goal)) {
        eprintln!("goal {goal} ...");
        sections.push(measure(call).with_context(|| format!("goal {goal}"))?);
    }
    watch.written(call, &sections, &UNMEASURED)
}

/// When a run began, and what the machine did then.
struct Watch {
    date: String,
    before: String,
    began: u64,
}

impl Watch {
    fn start() -> Self {
        Self { date: machine::date(), before: machine::busy(), began: clock::monotonic_nanos() }
    }

    /// Prints the report, writes it where that was asked for, and says whether all is met.
    fn written(self, call: &Call, sections: &[Section], unmeasured: &[(&str, &str)]) -> Result<bool> {
        let Self { date, before, began } = self;
        let took = clock::seconds_since(began);
        let mode = call.pick("full", "quick: few and short rounds, to see that it runs and not to judge by");
        let head = [
            format!("{date}, {mode}, {took:.0} s"),
            machine::line(),
            format!(
                "load average {before} before, {} after; 0 would be a machine that does nothing else",
                machine::busy()
            ),
            "a goal is a ratio to a yardstick of the same run, taken in turn with it; absolute figures move with the \
             machine and are marked"
                .to_owned(),
        ];
        let report = text(&head, sections, unmeasured);
        println!("{report}");
        if let Some(out) = &call.out {
            std::fs::write(out, &report).with_context(|| format!("cannot write {}", out.display()))?;
        }
        Ok(all_met(sections))
    }
}
