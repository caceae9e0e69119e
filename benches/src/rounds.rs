//! Runs operations in turn, slice by slice, and gives each one's rate per second of CPU of this thread: whatever the
//! machine does meanwhile, it does to all of them.

use std::hint::black_box;

use anyhow::Result;

use crate::clock::{seconds, thread_cpu_nanos};

/// How long one slice of one operation takes, in CPU time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) slice_millis: u64,
}

/// One operation; gives something that the compiler must not leave out.
pub(crate) type Operation<'a> = Box<dyn FnMut() -> Result<usize> + 'a>;

/// The rate of each operation in each round: `rates[operation][round]`.
pub(crate) fn run(plan: Plan, operations: &mut [Operation<'_>]) -> Result<Vec<Vec<f64>>> {
    let mut rates = vec![Vec::with_capacity(plan.rounds); operations.len()];
    // A round before the first fills caches and is not counted.
    for round in 0..=plan.rounds {
        for (operation, rates) in operations.iter_mut().zip(&mut rates) {
            let rate = slice(plan.slice_millis * 1_000_000, operation)?;
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    Ok(rates)
}

/// Runs one operation for a slice. The clock is read once in a while, so that its cost does not count.
fn slice(nanos: u64, operation: &mut Operation<'_>) -> Result<f64> {
    let began = thread_cpu_nanos();
    let (mut done, mut between) = (0_u64, 1_u64);
    loop {
        for _ in 0..between {
            black_box(operation()?);
        }
        done += between;
        let spent = thread_cpu_nanos() - began;
        if spent >= nanos {
            return Ok(done as f64 / seconds(spent));
        }
        // About fifty looks at the clock a slice, and never far past its end.
        between = (done * nanos / spent.max(1) / 50).clamp(1, 10_000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spin(turns: u64) -> Operation<'static> {
        Box::new(move || Ok((0..turns).fold(0_u64, |sum, n| black_box(sum ^ n)) as usize))
    }

    #[test]
    fn each_operation_gets_a_rate_in_each_round_and_the_dearer_one_a_lower_one() {
        let plan = Plan { rounds: 3, slice_millis: 2 };
        let rates = run(plan, &mut [spin(100), spin(100_000)]).unwrap();
        assert!(rates.iter().all(|rates| rates.len() == 3));
        assert!(rates[0].iter().zip(&rates[1]).all(|(cheap, dear)| cheap > dear && *dear > 0.0), "{rates:?}");
    }

    #[test]
    fn an_operation_that_fails_ends_the_run() {
        let plan = Plan { rounds: 1, slice_millis: 1 };
        assert!(run(plan, &mut [Box::new(|| anyhow::bail!("no"))]).is_err());
    }
}
