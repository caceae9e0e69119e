//! The timing report: medians, differences and a plain reading of them. Says what the run could have seen, so that
//! nothing seen is not taken for nothing there.

use std::fmt::Write as _;

use super::Sampled;
use crate::stats::{Difference, Spread, T_LIMIT, compare, mean, percentile};

/// Above this quantile of both samples together the machine speaks, not the server.
const QUIET: f64 = 0.9;

/// A run that could not have seen a difference of this much says little.
const COARSE_MILLIS: f64 = 1.0;

/// One kind against the first.
struct Pair {
    says: &'static str,
    all: Difference,
    /// The same without the slowest tenth of both, which only adds noise.
    quiet: Difference,
}

impl Pair {
    fn of(first: &Sampled, other: &Sampled) -> Self {
        let both = [first.millis.as_slice(), &other.millis].concat();
        let limit = percentile(&both, QUIET);
        let quiet = |millis: &[f64]| millis.iter().copied().filter(|millis| *millis <= limit).collect::<Vec<_>>();
        Self {
            says: other.kind.says(),
            all: compare(&first.millis, &other.millis),
            quiet: compare(&quiet(&first.millis), &quiet(&other.millis)),
        }
    }

    fn differs(&self) -> bool {
        self.all.t.abs() > T_LIMIT || self.quiet.t.abs() > T_LIMIT || self.all.ks > self.all.ks_limit
    }

    fn reading(&self) -> String {
        let visible = self.quiet.visible * 1000.0;
        if self.differs() {
            format!("**differs**: {:+.0} µs in the mean of the quiet nine tenths", self.quiet.mean * 1000.0)
        } else {
            format!("no difference seen; one of {visible:.0} µs would have been")
        }
    }

    fn row(&self) -> String {
        let Self { says, all, quiet } = self;
        format!(
            "| {says} | {:+.3} ms | {:+.2} | {:+.3} ms | {:+.2} | {:.3} (limit {:.3}) | {} |",
            all.mean,
            all.t,
            quiet.mean,
            quiet.t,
            all.ks,
            all.ks_limit,
            self.reading()
        )
    }
}

/// The report, and whether every kind looks like the first.
pub(super) fn text(head: &[String], sampled: &[Sampled]) -> (String, bool) {
    let mut out = String::from("# Timing of refused logins\n\nWritten by `cargo xtask timing`; do not edit.\n\n");
    for line in head {
        let _ = writeln!(out, "- {line}");
    }
    out.push_str(
        "- `POST /v1/login` to the release binary over one keep-alive connection for each kind, in an order drawn by a \
         seed, every name tried once; each kind gets the same answer but for the reference\n\n\
         | tried | samples | median | mean | 10 %..90 % |\n|---|---|---|---|---|\n",
    );
    for one in sampled {
        let _ = writeln!(out, "{}", summary(one));
    }
    let Some((first, others)) = sampled.split_first() else { return (out, false) };
    let pairs: Vec<Pair> = others.iter().map(|other| Pair::of(first, other)).collect();
    let _ = write!(
        out,
        "\nAgainst \"{}\". Welch's t, and the two-sample Kolmogorov-Smirnov distance; the quiet columns leave out what is \
         slower than nine tenths of both. A pair differs when |t| is over {T_LIMIT} or the distance over its limit: each \
         of these happens by chance once in a thousand.\n\n\
         | tried | difference of means | t | quiet difference | quiet t | distance | reading |\n|---|---|---|---|---|---|---|\n",
        first.kind.says()
    );
    for pair in &pairs {
        let _ = writeln!(out, "{}", pair.row());
    }
    let same = !pairs.iter().any(Pair::differs);
    let coarsest = pairs.iter().map(|pair| pair.quiet.visible).fold(0.0, f64::max);
    let _ = writeln!(out, "\n{}", conclusion(same, coarsest));
    (out, same)
}

fn summary(one: &Sampled) -> String {
    let Spread { median, rounds, .. } = Spread::of(&one.millis);
    let (low, high) = (percentile(&one.millis, 0.1), percentile(&one.millis, 0.9));
    let mean = mean(&one.millis);
    format!("| {} | {rounds} | {median:.3} ms | {mean:.3} ms | {low:.2}..{high:.2} ms |", one.kind.says())
}

/// What a reader takes away; `coarsest` is the smallest difference in milliseconds that every pair could have shown.
fn conclusion(same: bool, coarsest: f64) -> &'static str {
    match (same, coarsest > COARSE_MILLIS) {
        (true, false) => {
            "Read plainly: in this run, time did not tell who has an account. Over a network the noise is larger still."
        }
        (true, true) => {
            "Read plainly: no difference was seen, but the machine was so busy, or the samples so few, that even one of \
             more than a millisecond could hide. Run it again on a quiet machine before relying on it."
        }
        (false, _) => {
            "Read plainly: in this run, time told the kinds marked above apart. Run it again on a quiet machine; if it \
             stays, it is a hole (T-23)."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::random::Shuffler;

    fn sampled(kind: Kind, seed: u64, shift: f64) -> Sampled {
        let mut draw = Shuffler::new(seed);
        let millis = (0..500).map(|_| 50.0 + shift + draw.below(1_000) as f64 / 1_000.0).collect();
        Sampled { kind, millis, answer: None }
    }

    #[test]
    fn kinds_that_take_as_long_are_read_as_the_same() {
        let (text, same) =
            text(&["head".into()], &[sampled(Kind::KnownWrong, 1, 0.0), sampled(Kind::UnknownName, 2, 0.0)]);
        assert!(same, "{text}");
        assert!(
            text.contains("- head\n") && text.contains("no difference seen") && text.contains("did not tell"),
            "{text}"
        );
    }

    #[test]
    fn a_skipped_hash_and_a_fifth_of_a_millisecond_are_both_seen() {
        for shift in [-45.0, 0.2] {
            let known = sampled(Kind::KnownWrong, 1, 0.0);
            let (text, same) = text(&[], &[known, sampled(Kind::UnknownName, 2, shift)]);
            assert!(!same && text.contains("**differs**"), "{text}");
        }
    }

    #[test]
    fn a_run_that_could_see_little_says_so() {
        assert!(conclusion(true, 0.2).contains("did not tell"));
        assert!(conclusion(true, 20.0).contains("could hide"));
        assert!(conclusion(false, 20.0).contains("a hole"));
    }

    #[test]
    fn one_slow_answer_is_no_difference() {
        let mut other = sampled(Kind::UnknownName, 2, 0.0);
        other.millis.push(9_000.0);
        assert!(text(&[], &[sampled(Kind::KnownWrong, 1, 0.0), other]).1);
    }
}
