//! The command line of the bench: what to measure, with which programs, where to write. Never guesses a program's place.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
poundlock-bench goals|timing|growth --server FILE --work DIR [--quick] [--out FILE]
                             [--goal N]... [--sqlx FILE] [--oidc DIR] [--size N]...";

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// The goals of `docs/performance.md`.
    Goals,
    /// The timing of refused logins.
    Timing,
    /// What grows with the number of users.
    Growth,
}

/// A parsed command line.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) command: Command,
    /// Fewer and shorter rounds: to see that it runs, not to judge by.
    pub(crate) quick: bool,
    /// The goals to measure; empty for all.
    pub(crate) goals: Vec<u8>,
    /// How many users, each size by itself; empty for the usual ones.
    pub(crate) sizes: Vec<usize>,
    /// The release binary of the server.
    pub(crate) server: PathBuf,
    /// The program that rotates through sqlx.
    pub(crate) sqlx: Option<PathBuf>,
    /// The folder of the `oidc-provider` peer, with its modules installed.
    pub(crate) oidc: Option<PathBuf>,
    /// A folder on the disk to measure.
    pub(crate) work: PathBuf,
    /// Where the report goes; it is printed in any case.
    pub(crate) out: Option<PathBuf>,
}

impl Call {
    /// Reads the words after the program's name.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self> {
        let mut words = words.peekable();
        let command = match words.next().as_deref() {
            Some("goals") => Command::Goals,
            Some("timing") => Command::Timing,
            Some("growth") => Command::Growth,
            _ => bail!("{USAGE}"),
        };
        let (mut quick, mut goals, mut sizes) = (false, Vec::new(), Vec::new());
        let (mut server, mut sqlx, mut oidc, mut work, mut out) = (None, None, None, None, None);
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--quick" => quick = true,
                "--goal" => goals.push(value()?.parse().context("--goal takes a number")?),
                "--size" => sizes.push(value()?.parse().context("--size takes a number")?),
                "--server" => server = Some(value()?.into()),
                "--sqlx" => sqlx = Some(value()?.into()),
                "--oidc" => oidc = Some(value()?.into()),
                "--work" => work = Some(value()?.into()),
                "--out" => out = Some(value()?.into()),
                other => bail!("{other} is not known here\n{USAGE}"),
            }
        }
        let server = server.context("--server names the binary to measure")?;
        let work = work.context("--work names a folder on the disk to measure")?;
        Ok(Self { command, quick, goals, sizes, server, sqlx, oidc, work, out })
    }

    /// One of two figures, by how long the run may take.
    pub(crate) const fn pick<T: Copy>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Whether this goal is to be measured.
    pub(crate) fn wants(&self, goal: u8) -> bool {
        self.goals.is_empty() || self.goals.contains(&goal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Call> {
        Call::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn goals_are_chosen_by_number_and_all_by_none() {
        let some = parse("goals --server s --work w --goal 4 --goal 12 --quick --size 10").unwrap();
        assert_eq!(some.sizes, [10]);
        assert!(some.wants(4) && some.wants(12) && !some.wants(6));
        assert_eq!((some.command, some.pick(7, 2)), (Command::Goals, 2));
        let all = parse("timing --server s --work w --out o").unwrap();
        assert!(all.wants(6) && all.pick(true, false));
        assert_eq!(all.out, Some(PathBuf::from("o")));
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        for text in ["", "other", "goals --server s", "goals --work w", "goals --goal", "goals --server s --work w --x"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
