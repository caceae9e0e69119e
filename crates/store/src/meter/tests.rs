//! Counts that operators are woken by must be right.

use super::*;

#[test]
fn a_value_lies_in_the_first_bucket_that_holds_it() {
    let spread = Spread::<8>::default();
    for value in [1, 2, 3, 128, 129] {
        spread.add(&BATCHES, value);
    }
    let read = spread.read(&BATCHES);
    assert_eq!((read.sum, read.count), (263, 5));
    let held: Vec<u64> = read.buckets.iter().map(|(_, count)| *count).collect();
    assert_eq!(held, [1, 1, 1, 0, 0, 0, 0, 1, 1]);
    assert_eq!(read.buckets.last().map(|(bound, _)| *bound), Some(u64::MAX));
}

#[tokio::test]
async fn every_end_is_counted_and_only_what_is_in_force_was_recorded() {
    let meter = Meter::default();
    let recorded = || vec![Event::RefreshTheft];
    let ends = [
        Ok(Committed::default()),
        Err(CommitError::Conflict { statement: 0 }),
        Err(CommitError::Unknown),
        Err(CommitError::Unavailable(String::new())),
        Err(CommitError::Full),
        Err(CommitError::Fault(String::new())),
    ];
    for end in ends {
        let told = format!("{end:?}");
        let answer = meter.measure(recorded(), std::future::ready(end)).await;
        assert_eq!(format!("{answer:?}"), told);
    }
    for end in Ended::ALL {
        assert_eq!(meter.ended(end), 1, "{}", end.as_str());
    }
    assert_eq!(meter.commit_micros().count, 6);
    assert_eq!(meter.recorded(Event::RefreshTheft), 1);
    assert_eq!(meter.recorded(Event::LoginCompleted), 0);
}
