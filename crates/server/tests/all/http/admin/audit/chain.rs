//! Nodes seal side by side, a silent one's tail is sealed by another, and a crash loses nothing.

use poundlock::testing::TestApp;
use poundlock_core::time::Span;
use poundlock_store::{Batch, Expect, Statement, Store, on_both, params};

use super::{check, last_checkpoint, seal_and_sign, state, wrong_password};

static UNMARK: Statement = Statement::new("UPDATE audit_record SET sealed = 0 WHERE sealed = 1");
static MARK: Statement = Statement::new("UPDATE audit_record SET sealed = 1 WHERE sealed = 0");

async fn run(store: &Store, statement: &'static Statement) {
    let mut batch = Batch::new();
    batch.push(statement, params![], Expect::Any);
    store.commit(batch).await.unwrap();
}

async fn unlinked(app: &TestApp) -> i64 {
    state(app).await["unlinked"]["count"].as_i64().unwrap()
}

on_both! {
    async fn aud_06_two_nodes_seal_side_by_side(store) {
        let one = TestApp::alone(&store, "it counts nodes").await;
        let two = one.beside(store.again().await).await;
        assert_ne!(one.node(), two.node());
        for round in 0..5 {
            let (a, b) = (format!("one-{round}"), format!("two-{round}"));
            tokio::join!(wrong_password(&one, &a), wrong_password(&two, &b));
            tokio::join!(one.seal(), two.seal());
            one.advance(Span::from_seconds(61));
            tokio::join!(one.seen(), two.seen());
            tokio::join!(one.checkpoint(), two.checkpoint());
        }
        tokio::join!(one.finish(), two.finish());
        let report = check(&one.export().await.unwrap(), Some(&last_checkpoint(&one).await));
        assert!(report.holds(), "{report}");
        assert_eq!((report.chains.len(), report.waiting), (2, 0));
        assert_eq!(report.records, one.records().await.len() as u64);
        assert_eq!(last_checkpoint(&one).await, last_checkpoint(&two).await);
    }

    async fn aud_06_two_nodes_of_one_name_take_turns_in_one_chain(store) {
        // A data folder that was copied with its name: wrong, but nothing may be lost by it.
        let one = TestApp::on(&store).await;
        let two = one.restarted().await;
        for round in 0..5 {
            wrong_password(&one, &format!("x-{round}")).await;
            tokio::join!(one.seal(), two.seal());
        }
        one.finish().await;
        let report = check(&one.export().await.unwrap(), None);
        assert!(report.holds(), "{report}");
        assert_eq!((report.chains.len(), report.waiting), (1, 0));
    }

    async fn aud_06_the_tail_of_a_dead_node_is_sealed_by_another(store) {
        let (dead, alive) = {
            let dead = TestApp::on(&store).await;
            let alive = dead.beside(store.again().await).await;
            (dead, alive)
        };
        dead.seen().await;
        wrong_password(&dead, "nobody").await;
        dead.seal().await;
        wrong_password(&dead, "nobody").await;
        alive.seal().await;
        assert_eq!(unlinked(&alive).await, 1, "not while it may be alive");
        alive.advance(Span::from_seconds(61));
        alive.seen().await;
        alive.seal().await;
        assert_eq!(unlinked(&alive).await, 0);
        alive.finish().await;
        let report = check(&alive.export().await.unwrap(), None);
        assert!(report.holds(), "{report}");
        let sum: u64 = report.chains.iter().map(|head| head.seq).sum();
        assert_eq!(sum, alive.records().await.len() as u64);
        // It was not dead: its own chain goes on where it was.
        wrong_password(&dead, "nobody").await;
        dead.seal().await;
        dead.finish().await;
        assert!(check(&dead.export().await.unwrap(), None).holds());
    }

    async fn aud_06_a_crash_between_record_and_seal_loses_nothing(store) {
        let app = TestApp::on(&store).await;
        wrong_password(&app, "before").await;
        app.seal().await;
        for name in ["a", "b", "c"] {
            wrong_password(&app, name).await;
        }
        let before = app.records().await.len();
        assert_eq!(unlinked(&app).await, 3);
        let after = app.restarted().await;
        after.seal().await;
        seal_and_sign(&after).await;
        let report = check(&after.export().await.unwrap(), None);
        assert!(report.holds(), "{report}");
        assert_eq!((report.chains.len(), report.waiting), (1, 0), "the chain went on");
        assert_eq!(report.records, before as u64);
    }

    async fn aud_06_a_mark_taken_away_does_not_stop_the_sealer_and_one_set_does_not_hide(store) {
        let app = TestApp::on(&store).await;
        app.seal().await;
        run(&store, &UNMARK).await;
        wrong_password(&app, "nobody").await;
        app.seal().await;
        assert_eq!(unlinked(&app).await, 0);
        wrong_password(&app, "somebody").await;
        run(&store, &MARK).await;
        app.seal().await;
        let waiting = state(&app).await["unlinked"].clone();
        assert_eq!((&waiting["count"], &waiting["oldest"][0]["late"]), (&1.into(), &false.into()));
        app.advance(Span::from_minutes(3));
        assert_eq!(state(&app).await["unlinked"]["oldest"][0]["late"], true);
        assert_eq!(check(&app.export().await.unwrap(), None).waiting, 1);
    }

    async fn checkpoints_come_once_a_minute_from_whichever_node(store) {
        let one = TestApp::on(&store).await;
        let two = one.again().await;
        tokio::join!(one.checkpoint(), two.checkpoint());
        assert!(state(&one).await["last_checkpoint"].is_null(), "there is nothing to sign yet");
        for _ in 0..3 {
            wrong_password(&one, "nobody").await;
            one.seal().await;
            tokio::join!(one.checkpoint(), two.checkpoint());
            let number = last_checkpoint(&one).await.number();
            one.checkpoint().await;
            two.checkpoint().await;
            assert_eq!(last_checkpoint(&one).await.number(), number, "a second one within the minute");
            one.advance(Span::from_seconds(60));
        }
        assert_eq!(last_checkpoint(&one).await.number(), 3);
        // At the end of a node's work one is signed though none is due, unless the last names everything.
        wrong_password(&one, "nobody").await;
        one.seal().await;
        two.finish().await;
        let number = last_checkpoint(&one).await.number();
        two.finish().await;
        assert_eq!(last_checkpoint(&one).await.number(), number);
        assert!(number >= 4);
    }
}
