//! Records stand or fall with the change they tell of, are never changed, and lie in one chain each.

use poundlock_core::audit::{Chain, Checkpoint, CheckpointKey, Event, Head, Link, NodeName, Record};
use poundlock_core::id::RecordId;
use poundlock_core::time::Span;
use poundlock_store::{CommitError, Statement, Store, audit, chain, checkpoint, on_both, params, setting, user};

use super::{NOW, RNG, stored_user, user_row, winners, write};

fn node(name: &str) -> NodeName {
    NodeName::parse(name).unwrap()
}

/// A record made `n` milliseconds after [`NOW`], so that ids come in the order of `n`.
fn record(n: i64, on: &str) -> Record {
    let at = NOW + Span::from_millis(n);
    Record::new(RecordId::new(at, &RNG), at, &node(on), Event::LoginRefused)
}

async fn recorded(store: &Store, records: &[Record]) {
    write(store, |b| records.iter().for_each(|record| audit::record(b, record))).await.unwrap();
}

async fn heads(store: &Store) -> Vec<Head> {
    let mut heads = store.read(|r| Box::pin(chain::heads(r))).await.unwrap();
    heads.sort_by(|a, b| a.chain.cmp(&b.chain));
    heads
}

async fn unlinked(store: &Store) -> i64 {
    store.read(|r| Box::pin(chain::unlinked_count(r))).await.unwrap()
}

async fn linked(store: &Store, chain: &mut Chain, records: &[Record]) -> Vec<Link> {
    let links: Vec<Link> = records.iter().map(|record| chain.link(record)).collect();
    write(store, |b| links.iter().for_each(|link| chain::link(b, link))).await.unwrap();
    links
}

fn ids(records: &[Record]) -> Vec<RecordId> {
    records.iter().map(Record::id).collect()
}

on_both! {
    async fn aud_07_a_record_that_cannot_be_written_undoes_the_change(store) {
        let first = record(1, "a");
        recorded(&store, std::slice::from_ref(&first)).await;
        let outcome = write(&store, |b| {
            user::insert(b, &user_row("zoe"));
            audit::record(b, &first);
        }).await;
        assert_eq!(outcome.unwrap_err(), CommitError::Conflict { statement: 1 });
        assert_eq!(user::count(&store).await, Ok(0));
    }

    async fn aud_07_a_change_that_cannot_be_made_leaves_no_record(store) {
        let account = stored_user(&store, "zoe").await;
        let outcome = write(&store, |b| {
            audit::record(b, &record(1, "a"));
            user::stands(b, account.id, 9);
        }).await;
        assert_eq!(outcome.unwrap_err(), CommitError::Conflict { statement: 1 });
        assert!(audit::tail(&store, 10).await.unwrap().is_empty());
    }

    async fn aud_07_a_record_outlives_the_user_it_tells_of(store) {
        let account = stored_user(&store, "zoe").await;
        let about = record(1, "a").about(account.id);
        recorded(&store, std::slice::from_ref(&about)).await;
        write(&store, |b| user::delete(b, account.id, 1, NOW, "deleted")).await.unwrap();
        let read = audit::by_id(&store, about.id()).await.unwrap().unwrap();
        assert_eq!(read.body, about.canonical().as_bytes());
        assert!(audit::by_id(&store, RecordId::new(NOW, &RNG)).await.unwrap().is_none());
    }

    async fn records_are_paged_in_the_order_of_time(store) {
        let records: Vec<Record> = (0..25).map(|n| record(n, "a")).collect();
        let shuffled: Vec<Record> = (0..25).map(|n| records[n * 7 % 25].clone()).collect();
        recorded(&store, &shuffled).await;
        let (mut at, mut seen) = (RecordId::from_bytes(&[0; 16]).unwrap(), Vec::new());
        loop {
            let page = audit::after(&store, at, 10).await.unwrap();
            let Some(last) = page.last() else { break };
            at = last.id;
            seen.extend(page.iter().map(|record| record.id));
        }
        assert_eq!(seen, ids(&records));
        let newest: Vec<RecordId> = audit::tail(&store, 3).await.unwrap().iter().map(|record| record.id).collect();
        assert_eq!(newest, [records[24].id(), records[23].id(), records[22].id()]);
    }

    async fn aud_06_of_64_sealers_one_links(store) {
        let records: Vec<Record> = (0..3).map(|n| record(n, "a")).collect();
        recorded(&store, &records).await;
        let links: Vec<Link> = {
            let mut chain = Chain::continue_from(Head::empty(node("a")));
            records.iter().map(|record| chain.link(record)).collect()
        };
        assert_eq!(winners(&store, 64, |_, b| links.iter().for_each(|link| chain::link(b, link))).await, 1);
        assert_eq!(unlinked(&store).await, 0);
        let end = Head { chain: node("a"), seq: 3, hash: links[2].hash };
        assert_eq!(heads(&store).await, std::slice::from_ref(&end));
        assert_eq!(chain::head(&store, &node("a")).await, Ok(end));
        assert_eq!(chain::head(&store, &node("b")).await, Ok(Head::empty(node("b"))));
        // A second node links no record a second time, not even into a chain of its own.
        let stolen = Chain::continue_from(Head::empty(node("b"))).link(&records[0]);
        assert_eq!(write(&store, |b| chain::link(b, &stolen)).await.unwrap_err(), CommitError::Conflict { statement: 0 });
        // Nor another record at a place that is taken.
        let late = record(9, "a");
        recorded(&store, std::slice::from_ref(&late)).await;
        let taken = Link { record: late.id(), ..links[1].clone() };
        assert_eq!(write(&store, |b| chain::link(b, &taken)).await.unwrap_err(), CommitError::Conflict { statement: 0 });
        assert_eq!(unlinked(&store).await, 1);
    }

    async fn aud_06_what_waits_is_listed_by_node_and_what_is_linked_by_chain_and_place(store) {
        let [a, b]: [Vec<Record>; 2] = ["a", "b"].map(|on| (0..12).map(|n| record(n, on)).collect());
        let mixed: Vec<Record> = a.iter().zip(&b).flat_map(|(a, b)| [b.clone(), a.clone()]).collect();
        recorded(&store, &mixed).await;
        let waiting = chain::unsealed(&store, &node("a"), 100).await.unwrap();
        assert_eq!(waiting.iter().map(|record| record.id).collect::<Vec<_>>(), ids(&a));
        assert_eq!(chain::unsealed(&store, &node("b"), 5).await.unwrap().len(), 5);

        let mut chains = ["a", "b"].map(|name| Chain::continue_from(Head::empty(node(name))));
        let links = [linked(&store, &mut chains[0], &a).await, linked(&store, &mut chains[1], &b).await];
        for ((name, links), records) in ["a", "b"].iter().zip(&links).zip([&a, &b]) {
            let (mut at, mut seen) = (2, Vec::new());
            loop {
                let page = chain::between(&store, &node(name), (at, 11), 4).await.unwrap();
                let Some((last, _)) = page.last() else { break };
                at = last.seq;
                seen.extend(page);
            }
            assert_eq!(seen.len(), 9);
            for ((link, stored), (made, record)) in seen.iter().zip(links.iter().zip(records).skip(2)) {
                assert_eq!(link, made);
                assert_eq!((stored.id, stored.body.as_slice()), (record.id(), record.canonical().as_bytes()));
            }
        }
        assert_eq!(heads(&store).await, chains.map(|chain| chain.head().clone()));
    }

    async fn aud_06_a_record_kept_out_of_every_chain_is_counted_whatever_its_mark_says(store) {
        let records: Vec<Record> = (0..3).map(|n| record(n, "a")).collect();
        recorded(&store, &records).await;
        linked(&store, &mut Chain::continue_from(Head::empty(node("a"))), &records[..2]).await;
        write(&store, |b| { b.push(&MARK_ALL, params![], poundlock_store::Expect::Any); }).await.unwrap();
        assert!(chain::unsealed(&store, &node("a"), 9).await.unwrap().is_empty(), "the mark hides it");
        assert_eq!(unlinked(&store).await, 1);
        assert_eq!(chain::unlinked(&store, 9).await.unwrap()[0].id, records[2].id());
    }

    async fn aud_05_pruning_cuts_one_chain_at_one_place(store) {
        let [a, b]: [Vec<Record>; 2] = ["a", "b"].map(|on| (0..5).map(|n| record(n, on)).collect());
        recorded(&store, &[a.clone(), b.clone(), vec![record(99, "a")]].concat()).await;
        let mut chains = ["a", "b"].map(|name| Chain::continue_from(Head::empty(node(name))));
        let at = linked(&store, &mut chains[0], &a).await;
        linked(&store, &mut chains[1], &b).await;
        let head = |link: &Link| Head { chain: link.chain.clone(), seq: link.seq, hash: link.hash };
        write(&store, |batch| chain::prune(batch, &head(&at[2]))).await.unwrap();
        let left = |name: &'static str| {
            let store = &store;
            async move {
                let left = chain::between(store, &node(name), (0, 99), 99).await.unwrap();
                left.iter().map(|(link, _)| link.seq).collect::<Vec<_>>()
            }
        };
        assert_eq!((left("a").await, left("b").await), (vec![4, 5], vec![1, 2, 3, 4, 5]));
        assert!(audit::by_id(&store, a[2].id()).await.unwrap().is_none());
        assert!(audit::by_id(&store, a[3].id()).await.unwrap().is_some());
        assert_eq!(unlinked(&store).await, 1, "what waits is never pruned");
        // Cut at its very end, the chain still goes on from there: its last link stays though its record is gone.
        write(&store, |batch| chain::prune(batch, &head(&at[4]))).await.unwrap();
        assert!(left("a").await.is_empty());
        assert_eq!(chain::head(&store, &node("a")).await.unwrap(), head(&at[4]));
        let more = record(100, "a");
        recorded(&store, std::slice::from_ref(&more)).await;
        linked(&store, &mut chains[0], &[more]).await;
        assert_eq!(heads(&store).await[0].seq, 6);
    }

    async fn aud_06_of_64_signers_of_one_number_one_wins_and_a_prune_keeps_its_cut(store) {
        let key = CheckpointKey::random(&RNG).unwrap();
        let (mut last, mut all): (Option<Checkpoint>, Vec<Checkpoint>) = (None, Vec::new());
        for n in 0..4 {
            let next = Checkpoint::after(last.as_ref(), NOW + Span::from_minutes(n), Vec::new(), &key);
            assert_eq!(winners(&store, 64, |_, b| checkpoint::insert(b, &next)).await, 1);
            last = Some(next.clone());
            all.push(next);
        }
        assert_eq!(store.read(|r| Box::pin(checkpoint::last(r))).await.unwrap(), last);
        assert_eq!(store.read(|r| Box::pin(checkpoint::cut(r))).await.unwrap(), None);
        let before = checkpoint::before(&store, NOW + Span::from_minutes(2)).await.unwrap().unwrap();
        assert_eq!(before, all[1]);
        write(&store, |b| checkpoint::prune(b, &all[2])).await.unwrap();
        assert_eq!(store.read(|r| Box::pin(checkpoint::cut(r))).await.unwrap().as_ref(), Some(&all[2]));
        let left = checkpoint::after(&store, 0, 99).await.unwrap();
        assert_eq!(left, [(3, Some(all[2].clone())), (4, Some(all[3].clone()))]);
        assert_eq!(checkpoint::after(&store, 3, 99).await.unwrap().len(), 1);
        // An earlier cut comes too late.
        let late = write(&store, |b| checkpoint::prune(b, &all[0])).await.unwrap_err();
        assert_eq!(late, CommitError::Conflict { statement: 0 });
        assert_eq!(setting::read(&store, "audit.cut").await.unwrap().as_deref(), Some(all[2].canonical().as_bytes()));
    }

    async fn the_first_key_of_a_month_stays_and_old_months_are_forgotten(store) {
        let batches = 0..64;
        let won = winners(&store, batches.len(), |n, b| audit::put_month_key(b, "2026-11", &[u8::try_from(n).unwrap()]));
        assert_eq!(won.await, 64, "coming second is no conflict");
        let key = audit::month_key(&store, "2026-11").await.unwrap().unwrap();
        write(&store, |b| audit::put_month_key(b, "2026-11", b"another")).await.unwrap();
        assert_eq!(audit::month_key(&store, "2026-11").await.unwrap(), Some(key));
        write(&store, |b| audit::put_month_key(b, "2025-12", b"old")).await.unwrap();
        write(&store, |b| audit::forget_months(b, "2026-11")).await.unwrap();
        assert_eq!(audit::month_key(&store, "2025-12").await, Ok(None));
        assert!(audit::month_key(&store, "2026-11").await.unwrap().is_some());
    }

    async fn a_node_with_a_tail_is_silent_from_when_it_was_last_seen(store) {
        let minute = NOW + Span::from_minutes(1);
        for (name, at) in [("b", NOW), ("a", NOW), ("c", minute)] {
            write(&store, |batch| chain::seen(batch, &node(name), at)).await.unwrap();
        }
        let silent = |before| {
            let store = &store;
            async move {
                let mut silent = chain::silent(store, before).await.unwrap();
                silent.sort();
                silent
            }
        };
        assert!(silent(minute).await.is_empty(), "nobody left anything");
        let tails = ["a", "b", "c", "never-seen"].map(|name| record(1, name));
        recorded(&store, &tails).await;
        assert_eq!(silent(NOW).await, [node("never-seen")]);
        assert_eq!(silent(minute).await, ["a", "b", "never-seen"].map(node));
        write(&store, |batch| chain::seen(batch, &node("a"), minute)).await.unwrap();
        linked(&store, &mut Chain::continue_from(Head::empty(node("c"))), &tails[3..]).await;
        assert_eq!(silent(minute).await, [node("b")]);
    }
}

static MARK_ALL: Statement = Statement::new("UPDATE audit_record SET sealed = 1 WHERE sealed = 0");

#[test]
fn aud_05_no_statement_changes_a_record_or_a_link() {
    let source = [include_str!("../../../src/audit.rs"), include_str!("../../../src/chain.rs")].concat();
    let writes: Vec<&str> = source
        .split("Statement::new(")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .filter(|sql| ["audit_record", "audit_link"].iter().any(|table| sql.contains(table)))
        .filter(|sql| !["SELECT", "INSERT", "WITH RECURSIVE"].iter().any(|read| sql.starts_with(read)))
        .collect();
    let allowed = [
        "UPDATE audit_record SET sealed = 1 WHERE id = ?1 AND sealed = 0",
        "DELETE FROM audit_record WHERE id IN (SELECT record FROM audit_link WHERE chain = ?1 AND seq <= ?2)",
        "DELETE FROM audit_link WHERE chain = ?1 AND seq <= ?2
     AND seq < (SELECT max(l.seq) FROM audit_link l WHERE l.chain = ?1)",
    ];
    assert_eq!(writes, allowed);
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name().is_some_and(|name| name != "audit.rs" && name != "chain.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("audit_record") && !text.contains("audit_link"), "{}", path.display());
        }
    }
}
