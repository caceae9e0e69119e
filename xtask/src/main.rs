//! Reads the command line and hands on. Never does the work itself.

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  test [--stage NAME]... [--list]   run every stage, or the named ones; --list names them
  sabotage [NAME]... [--ci]         open holes in a copy of the code; the tests must turn red
  compliance                        write docs/compliance.md from the requirements and the tests
  bench [--quick] [--goal N]...     measure the goals and write docs/performance.md
  grow [--quick] [USERS]...         measure what grows with the users and write docs/growth.md
  timing [--quick]                  measure refused logins and write docs/timing.md
  storm crash [--rounds N] [--seed N] [--store sqlite|postgres]
                                    kill -9 under write load, 1,000 rounds; writes docs/storm.md
  fuzz [TARGET]... [--seconds N]    search for inputs that break a parser, 30 s each unless told otherwise
  tidy [--record]                   show what the style rules find; --record writes the ratchets";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((command, rest)) if command == "test" => xtask::test::run(rest),
        Some((command, rest)) if command == "sabotage" => xtask::sabotage::run(rest),
        Some((command, [])) if command == "compliance" => xtask::compliance::run(),
        Some((command, rest)) if command == "bench" => xtask::bench::run(rest),
        Some((command, rest)) if command == "grow" => xtask::bench::grow(rest),
        Some((command, rest)) if command == "timing" => xtask::bench::timing(rest),
        Some((command, rest)) if command == "storm" => xtask::storm::run(rest),
        Some((command, rest)) if command == "fuzz" => xtask::fuzz::run(rest),
        Some((command, rest)) if command == "tidy" => xtask::tidy::run(rest),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault:#}");
            ExitCode::from(2)
        }
    }
}
