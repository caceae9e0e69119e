//! `cargo xtask sabotage`: opens one hole after the other and demands that the tests turn red.
//! Never counts a hole as noticed because it does not compile, or because its test was red before.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use anyhow::{Result, bail};

use crate::{
    patch::{self, Patch, Selection},
    postgres::{self, Postgres},
    runner::Runner,
    scratch::Scratch,
};

const REPORT: &str = "docs/sabotage.md";

/// What became of one patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// A test turned red.
    Noticed,
    /// Every test stayed green: the hole would reach users.
    Unnoticed,
    /// The patch does not fit the code any more.
    Stale,
    /// The broken code does not compile, which proves nothing about the tests.
    DoesNotBuild,
    /// Without the patch the test is red or there is none of that name.
    NoGreenTest,
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Verdict::Noticed => "noticed",
            Verdict::Unnoticed => "NOT NOTICED",
            Verdict::Stale => "PATCH DOES NOT APPLY",
            Verdict::DoesNotBuild => "DOES NOT BUILD",
            Verdict::NoGreenTest => "NO GREEN TEST WITHOUT IT",
        }
    }
}

/// Runs the patches that `words` choose: names, `--ci` for the short run, or none for all.
/// True when every hole was noticed. A run writes its rows into the report; rows of patches that were not run, and have
/// not changed since, stay. The short run writes nothing.
pub fn run(words: &[String]) -> Result<bool> {
    let root = crate::root()?;
    let all = patch::all(&root)?;
    let every = all.clone();
    let patches = chosen(all, words)?;
    let server = server(&root)?;
    let environment = server.iter().map(|server| (postgres::VARIABLE.to_owned(), server.url.clone().into())).collect();
    let scratch = Scratch::new(&root, environment)?;
    let gang = Gang { runner: Runner::detect(&root)?, scratch };
    let green = gang.green(&patches)?;
    let mut outcomes = Vec::new();
    for patch in &patches {
        let verdict = gang.verdict(patch, green.get(&patch.test).copied().unwrap_or(false))?;
        println!("{:<22} {:<8} {}", verdict.text(), patch.requirement.to_string(), patch.name);
        outcomes.push((patch, verdict));
    }
    if !words.iter().any(|word| word == "--ci") {
        let before = fs::read_to_string(root.join(REPORT)).unwrap_or_default();
        fs::write(root.join(REPORT), report(&every, &outcomes, &before))?;
    }
    let noticed = outcomes.iter().filter(|(_, verdict)| *verdict == Verdict::Noticed).count();
    println!("{noticed} of {} holes were noticed", outcomes.len());
    Ok(noticed == outcomes.len())
}

/// Tests of the store and the server want one; the caller may have named their own.
fn server(root: &Path) -> Result<Option<Postgres>> {
    if std::env::var_os(postgres::VARIABLE).is_some() {
        return Ok(None);
    }
    fs::create_dir_all(root.join("target"))?;
    Postgres::start(&root.join("target/postgres-sabotage.log")).map(Some)
}

fn chosen(all: Vec<Patch>, words: &[String]) -> Result<Vec<Patch>> {
    if let Some(unknown) = words.iter().find(|word| *word != "--ci" && !all.iter().any(|patch| patch.name == **word)) {
        bail!("there is no patch {unknown} in {}", patch::FOLDER);
    }
    let ci = words.iter().any(|word| word == "--ci");
    let wanted = |patch: &Patch| words.is_empty() || (ci && patch.ci) || words.contains(&patch.name);
    let patches: Vec<Patch> = all.into_iter().filter(wanted).collect();
    if patches.is_empty() {
        bail!("no patch to apply: {} holds none that was asked for", patch::FOLDER);
    }
    Ok(patches)
}

struct Gang {
    runner: Runner,
    scratch: Scratch,
}

impl Gang {
    /// For each selection whether it matches a test and all it matches are green on whole code.
    fn green(&self, patches: &[Patch]) -> Result<BTreeMap<Selection, bool>> {
        let mut green = BTreeMap::new();
        println!("checking that the tests are green without a hole");
        for patch in patches {
            if !green.contains_key(&patch.test) {
                let (ok, passed, failed) = self.test(&patch.test)?;
                green.insert(patch.test.clone(), ok && passed > 0 && failed == 0);
            }
        }
        Ok(green)
    }

    fn verdict(&self, patch: &Patch, green: bool) -> Result<Verdict> {
        if !green {
            return Ok(Verdict::NoGreenTest);
        }
        let verdict = if self.scratch.apply(&patch.file)? { self.tried(&patch.test) } else { Ok(Verdict::Stale) };
        self.scratch.restore()?;
        verdict
    }

    fn tried(&self, test: &Selection) -> Result<Verdict> {
        let words = self.words(test);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if !self.runner.build(&self.scratch.tree(), &words)?.ok {
            return Ok(Verdict::DoesNotBuild);
        }
        let (_, _, failed) = self.test(test)?;
        Ok(if failed > 0 { Verdict::Noticed } else { Verdict::Unnoticed })
    }

    fn test(&self, test: &Selection) -> Result<(bool, u32, u32)> {
        let words = self.words(test);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let tree = self.scratch.tree();
        let (ran, counts) = if test.doc { self.runner.doc(&tree, &words)? } else { self.runner.test(&tree, &words)? };
        Ok((ran.ok, counts.passed, counts.failed))
    }

    fn words(&self, test: &Selection) -> Vec<String> {
        let mut words = self.runner.package(&test.package);
        words.extend(arguments(&test.words));
        words
    }
}

/// Puts `--` between the flags for cargo and the parts of test names, of which it takes only one.
fn arguments(words: &[String]) -> Vec<String> {
    let mut flags = Vec::new();
    let mut names = vec!["--".to_owned()];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with("--") {
            names.push(word.clone());
            continue;
        }
        flags.push(word.clone());
        if word == "--test" {
            flags.extend(words.next().cloned());
        }
    }
    flags.extend(names);
    flags
}

fn report(every: &[Patch], outcomes: &[(&Patch, Verdict)], before: &str) -> String {
    let mut text = String::from(
        "# Sabotage\n\n\
         Written by `cargo xtask sabotage`; do not edit.\n\
         Each patch in `tests/sabotage` opens one hole in a copy of the code. The named tests are green without it\n\
         and must turn red with it; a patch that does not compile proves nothing and counts as a failure.\n\n\
         | patch | requirement | hole | tests | outcome |\n|---|---|---|---|---|\n",
    );
    let mut rows = Vec::new();
    for patch in every {
        let Patch { name, requirement, hole, test, .. } = patch;
        let about = format!("| `{name}` | {requirement} | {hole} | `{test}` | ");
        let now = outcomes.iter().find(|(run, _)| run.name == *name).map(|(_, verdict)| verdict.text());
        let outcome = now.or_else(|| before.lines().find_map(|line| line.strip_prefix(&about)?.strip_suffix(" |")));
        rows.extend(outcome.map(|outcome| format!("{about}{outcome} |")));
    }
    let noticed = rows.iter().filter(|row| row.ends_with("| noticed |")).count();
    let _ = writeln!(text, "{}\n\n{noticed} of {} holes were noticed.", rows.join("\n"), rows.len());
    text
}

/// The names of the patches that a report speaks of.
pub fn reported(report: &str) -> Vec<&str> {
    report.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patches() -> Vec<Patch> {
        let text = "# requirement: OTP-05\n# test: core otp\n# hole: Twice.\n--- a\n";
        let ci = text.replace("--- a", "# ci: yes\n--- a");
        let read = |name: &str, text: &str| patch::read(Path::new(name), text).unwrap();
        vec![read("one.patch", text), read("two.patch", &ci), read("three.patch", text)]
    }

    fn names(words: &[&str]) -> Result<Vec<String>> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Ok(chosen(patches(), &words)?.into_iter().map(|patch| patch.name).collect())
    }

    #[test]
    fn patches_are_chosen_by_name_or_for_the_short_run() {
        assert_eq!(names(&[]).unwrap(), ["one", "two", "three"]);
        assert_eq!(names(&["--ci"]).unwrap(), ["two"]);
        assert_eq!(names(&["three", "one"]).unwrap(), ["one", "three"]);
    }

    #[test]
    fn an_unknown_name_is_refused_and_so_is_an_empty_run() {
        assert!(names(&["four"]).is_err());
        assert!(chosen(Vec::new(), &[]).is_err());
    }

    #[test]
    fn names_of_tests_come_after_the_flags() {
        let split = |text: &str| arguments(&text.split(' ').map(str::to_owned).collect::<Vec<_>>()).join(" ");
        assert_eq!(split("--lib otp_05 otp_06"), "--lib -- otp_05 otp_06");
        assert_eq!(split("otp --test login_table"), "--test login_table -- otp");
        assert_eq!(split("otp"), "-- otp");
    }

    #[test]
    fn the_report_names_every_patch_and_its_outcome() {
        let patches = patches();
        let verdicts = [Verdict::Noticed, Verdict::Unnoticed, Verdict::DoesNotBuild];
        let outcomes: Vec<_> = patches.iter().zip(verdicts).collect();
        let text = report(&patches, &outcomes, "");
        assert_eq!(reported(&text), ["one", "two", "three"]);
        assert!(text.contains("| `two` | OTP-05 | Twice. | `core otp` | NOT NOTICED |"), "{text}");
        assert!(text.ends_with("1 of 3 holes were noticed.\n"));
    }

    #[test]
    fn a_run_of_some_keeps_the_rows_of_the_others_unless_they_changed() {
        let mut patches = patches();
        let before = report(&patches, &patches.iter().map(|one| (one, Verdict::Noticed)).collect::<Vec<_>>(), "");
        patches[2].hole = "Another.".to_owned();
        let text = report(&patches, &[(&patches[1], Verdict::Unnoticed)], &before);
        assert_eq!(reported(&text), ["one", "two"], "a changed patch must be run again");
        assert!(text.ends_with("1 of 2 holes were noticed.\n"), "{text}");
    }
}
