//! Attempts are spent before they are checked: never more than the limit, never given back.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use poundlock_core::guard::{Account, Budget, CounterRow, FAILURES_MAX, Guessable, LADDER, Lane, delay_after};
use poundlock_core::id::UserId;
use poundlock_core::time::{Span, Time};
use poundlock_store::{Batch, CommitError, Store, guard, login, on_both, user};

use super::{NOW, RING, RNG, at_once, login_row, made, passed, stored_user, winners, write};

fn budget() -> Budget {
    let account = Account::Known(UserId::new(NOW, &RNG));
    Budget::of(&RING, Guessable::Totp, Lane::Strangers, account)
}

async fn spend(store: &Store, budget: &Budget, now: Time) -> Result<i64, CommitError> {
    let mut batch = Batch::new();
    let at = guard::spend(&mut batch, budget, now);
    let committed = store.commit(batch).await?;
    Ok(committed.first(at).unwrap().int(0).unwrap())
}

fn spent(batch: &mut Batch, budget: &Budget, now: Time) {
    guard::spend(batch, budget, now);
}

async fn tried(store: &Store, budget: &Budget) -> u32 {
    guard::counter(store, budget).await.unwrap().map_or(0, |row| row.tried)
}

on_both! {
    async fn thr_02_the_sql_ladder_is_the_ladder_of_core(store) {
        let (budget, mut now) = (budget(), NOW);
        assert_eq!(guard::counter(&store, &budget).await, Ok(None));
        for number in 1..=FAILURES_MAX {
            assert_eq!(spend(&store, &budget, now).await, Ok(i64::from(number)));
            let next_at = now + delay_after(number);
            assert_eq!(guard::counter(&store, &budget).await, Ok(Some(CounterRow { tried: number, next_at })));
            if next_at > now {
                let early = spend(&store, &budget, next_at - Span::from_millis(1)).await;
                assert_eq!(early, Err(CommitError::Conflict { statement: 0 }), "try {number}");
            }
            now = next_at;
        }
        assert!(LADDER.iter().all(|rung| rung.from_try <= FAILURES_MAX), "a rung that no try reaches");
    }

    async fn thr_01_time_never_refills_a_budget(store) {
        let (budget, mut now) = (budget(), NOW);
        for _ in 0..FAILURES_MAX {
            spend(&store, &budget, now).await.unwrap();
            now = now + Span::from_hours(2);
        }
        let year = now + Span::from_hours(24 * 365);
        assert_eq!(spend(&store, &budget, year).await, Err(CommitError::Conflict { statement: 0 }));
        assert_eq!(tried(&store, &budget).await, FAILURES_MAX);
    }

    async fn t_08_64_and_1000_at_once_never_exceed_the_limit(store) {
        for copies in [64, 1_000] {
            // Up to five tries the ladder asks for no wait, so the limit alone decides.
            let budget = Budget { limit: 5, ..budget() };
            assert_eq!(winners(&store, copies, |_, batch| spent(batch, &budget, NOW)).await, 5);
            assert_eq!(tried(&store, &budget).await, 5);
        }
        let last = Budget { limit: 50, ..budget() };
        for number in 0..49 {
            spend(&store, &last, NOW + Span::from_hours(2 * number)).await.unwrap();
        }
        let later = NOW + Span::from_hours(1_000);
        assert_eq!(winners(&store, 1_000, |_, batch| spent(batch, &last, later)).await, 1);
        assert_eq!(tried(&store, &last).await, 50);
    }

    async fn thr_02_waves_at_once_get_one_try_each_while_the_lane_waits(store) {
        let budget = budget();
        let mut all = winners(&store, 64, |_, batch| spent(batch, &budget, NOW)).await;
        assert_eq!(all, 6, "five without a wait, and the one after which the first wait follows");
        for hour in 1..60 {
            let now = NOW + Span::from_hours(2 * hour);
            all += winners(&store, 8, |_, batch| spent(batch, &budget, now)).await;
        }
        assert_eq!(all, 50);
        assert_eq!(tried(&store, &budget).await, 50);
    }

    async fn thr_06_spent_stays_spent_beside_batches_that_are_undone(store) {
        let budget = Budget { limit: 1_000, ..budget() };
        let account = stored_user(&store, "zoe").await;
        for round in 0..5 {
            let batches = (0..64).map(|n| made(|batch| {
                if n % 2 == 0 {
                    guard::spend(batch, &budget, NOW + Span::from_hours(2 * round));
                } else {
                    user::stands(batch, account.id, 99);
                }
            })).collect();
            let before = tried(&store, &budget).await;
            let won = passed(&at_once(&store, batches).await);
            assert_eq!(tried(&store, &budget).await, before + u32::try_from(won).unwrap());
            assert!(won > 0);
        }
    }

    async fn thr_06_spent_stays_spent_when_the_store_is_opened_again(store) {
        let budget = budget();
        for _ in 0..3 {
            spend(&store, &budget, NOW).await.unwrap();
        }
        store.close().await;
        let again = store.again().await;
        assert_eq!(tried(&again, &budget).await, 3);
        assert_eq!(spend(&again, &budget, NOW).await, Ok(4));
        again.close().await;
    }

    async fn thr_06_spent_stays_spent_when_the_caller_goes_away(store) {
        let budget = Budget { limit: 5, ..budget() };
        for _ in 0..64 {
            let mut spending = pin!(store.commit(made(|batch| spent(batch, &budget, NOW))));
            poll_fn(|context| Poll::Ready(spending.as_mut().poll(context).is_ready())).await;
        }
        while tried(&store, &budget).await < 5 {
            tokio::task::yield_now().await;
        }
        assert_eq!(spend(&store, &budget, NOW).await, Err(CommitError::Conflict { statement: 0 }));
        assert_eq!(tried(&store, &budget).await, 5);
    }

    async fn thr_03_a_completed_login_clears_the_budget_it_used_and_no_other(store) {
        let user = UserId::new(NOW, &RNG);
        let budgets = Budget::both(&RING, Guessable::Totp, Account::Known(user));
        for budget in &budgets {
            for _ in 0..4 {
                spend(&store, budget, NOW).await.unwrap();
            }
        }
        write(&store, |batch| guard::clear(batch, &budgets[0])).await.unwrap();
        assert_eq!((tried(&store, &budgets[0]).await, tried(&store, &budgets[1]).await), (0, 4));
        assert_eq!(spend(&store, &budgets[0], NOW).await, Ok(1), "the wait is cleared as well");
    }

    async fn thr_03_clearing_what_was_never_spent_is_no_conflict(store) {
        write(&store, |batch| guard::clear(batch, &budget())).await.unwrap();
    }

    async fn otp_08_new_logins_and_sweeps_leave_the_count(store) {
        let (budget, account) = (budget(), stored_user(&store, "zoe").await);
        for _ in 0..5 {
            spend(&store, &budget, NOW).await.unwrap();
            let row = login_row(account.id);
            write(&store, |batch| login::insert(batch, &row)).await.unwrap();
        }
        crate::nouns::sweep::everything(&store, NOW + Span::from_hours(24 * 365)).await;
        assert_eq!(tried(&store, &budget).await, 5);
    }

    async fn thr_05_lanes_and_accounts_do_not_share_a_counter(store) {
        let (one, two) = (Account::Known(UserId::new(NOW, &RNG)), Account::Pseudo(7));
        let all = [one, two].map(|account| Budget::both(&RING, Guessable::Password, account));
        for budget in all.iter().flatten() {
            assert_eq!(spend(&store, budget, NOW).await, Ok(1));
        }
    }
}
