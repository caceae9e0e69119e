//! The statistics of the reports: medians, spreads, Welch's t and the two-sample Kolmogorov-Smirnov distance. Pure
//! arithmetic; never decides what a figure means.

/// A median with the extremes beside it: what the rounds of one run gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) rounds: usize,
}

/// How two samples differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Difference {
    /// Mean of the second less mean of the first.
    pub(crate) mean: f64,
    /// Welch's t of that difference.
    pub(crate) t: f64,
    /// The largest distance of the two distributions, from 0 to 1.
    pub(crate) ks: f64,
    /// The distance that equal distributions exceed once in a thousand runs.
    pub(crate) ks_limit: f64,
    /// The smallest difference of means that this many samples could have shown, at once in a thousand.
    pub(crate) visible: f64,
}

/// The |t| that equal means exceed once in a thousand runs, for large samples.
pub(crate) const T_LIMIT: f64 = 3.291;

/// The coefficient of the Kolmogorov-Smirnov limit at once in a thousand.
const KS_COEFFICIENT: f64 = 1.949;

impl Spread {
    /// Of at least one value; of none, all is zero.
    pub(crate) fn of(values: &[f64]) -> Self {
        let sorted = sorted(values);
        Self {
            median: quantile(&sorted, 0.5),
            min: sorted.first().copied().unwrap_or(0.0),
            max: sorted.last().copied().unwrap_or(0.0),
            rounds: sorted.len(),
        }
    }
}

/// Value by value: what the rounds of one operation are to those of its yardstick.
pub(crate) fn ratios(values: &[f64], yardstick: &[f64]) -> Vec<f64> {
    values.iter().zip(yardstick).filter(|(_, yard)| **yard > 0.0).map(|(value, yard)| value / yard).collect()
}

/// The value below which a share `q` of them lies, by nearest rank.
pub(crate) fn percentile(values: &[f64], q: f64) -> f64 {
    quantile(&sorted(values), q)
}

/// The arithmetic mean; of nothing, zero.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Compares two samples.
pub(crate) fn compare(first: &[f64], second: &[f64]) -> Difference {
    let error = (variance(first) / count(first) + variance(second) / count(second)).sqrt();
    let difference = mean(second) - mean(first);
    let harmonic = (count(first) + count(second)) / (count(first) * count(second));
    Difference {
        mean: difference,
        t: if error > 0.0 { difference / error } else { 0.0 },
        ks: ks_distance(first, second),
        ks_limit: KS_COEFFICIENT * harmonic.sqrt(),
        visible: T_LIMIT * error,
    }
}

/// The unbiased variance; of fewer than two values, zero.
fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count(values) - 1.0)
}

/// The largest distance between the two empirical distribution functions.
fn ks_distance(first: &[f64], second: &[f64]) -> f64 {
    let (first, second) = (sorted(first), sorted(second));
    let below = |values: &[f64], at: f64| values.partition_point(|value| *value <= at) as f64 / count(values);
    let steps = first.iter().chain(&second);
    steps.map(|at| (below(&first, *at) - below(&second, *at)).abs()).fold(0.0, f64::max)
}

fn count(values: &[f64]) -> f64 {
    values.len().max(1) as f64
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    if q == 0.5 && sorted.len().is_multiple_of(2) {
        let upper = sorted.len() / 2;
        return sorted.get(upper - 1..=upper).map_or(0.0, mean);
    }
    let rank = (q.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(last)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests;
