//! Records stand or fall with the change they tell of, are never changed, and lie in one chain each.

use poundlock_core::audit::{Chain, Event, Head, Link, NodeName, Record};
use poundlock_core::id::RecordId;
use poundlock_core::time::Span;
use poundlock_store::{CommitError, Store, audit, on_both, user};

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

async fn linked(store: &Store, chain: &mut Chain, records: &[Record]) -> Vec<Link> {
    let links: Vec<Link> = records.iter().map(|record| chain.link(record)).collect();
    write(store, |b| links.iter().for_each(|link| audit::link(b, link))).await.unwrap();
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
        assert_eq!(winners(&store, 64, |_, b| links.iter().for_each(|link| audit::link(b, link))).await, 1);
        assert_eq!(audit::unsealed_count(&store).await, Ok(0));
        let heads = audit::heads(&store).await.unwrap();
        assert_eq!(heads, [("a".to_owned(), 3, links[2].hash)]);
        // A second node links no record a second time, not even into a chain of its own.
        let stolen = Chain::continue_from(Head::empty(node("b"))).link(&records[0]);
        assert_eq!(write(&store, |b| audit::link(b, &stolen)).await.unwrap_err(), CommitError::Conflict { statement: 0 });
        // Nor another record at a place that is taken.
        let late = record(9, "a");
        recorded(&store, std::slice::from_ref(&late)).await;
        let taken = Link { record: late.id(), ..links[1].clone() };
        assert_eq!(write(&store, |b| audit::link(b, &taken)).await.unwrap_err(), CommitError::Conflict { statement: 0 });
        assert_eq!(audit::unsealed_count(&store).await, Ok(1));
    }

    async fn aud_06_what_waits_is_listed_by_node_and_what_is_linked_by_chain_and_place(store) {
        let [a, b]: [Vec<Record>; 2] = ["a", "b"].map(|on| (0..12).map(|n| record(n, on)).collect());
        let mixed: Vec<Record> = a.iter().zip(&b).flat_map(|(a, b)| [b.clone(), a.clone()]).collect();
        recorded(&store, &mixed).await;
        let waiting = audit::unsealed(&store, "a", 100).await.unwrap();
        assert_eq!(waiting.iter().map(|record| record.id).collect::<Vec<_>>(), ids(&a));
        assert_eq!(audit::unsealed(&store, "b", 5).await.unwrap().len(), 5);

        let mut chains = ["b", "a"].map(|name| Chain::continue_from(Head::empty(node(name))));
        let links = [linked(&store, &mut chains[1], &a).await, linked(&store, &mut chains[0], &b).await].concat();
        let (mut at, mut seen) = ((String::new(), 0), Vec::new());
        loop {
            let page = audit::links_after(&store, &at.0, at.1, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            at = (last.chain.clone(), last.seq);
            seen.extend(page);
        }
        assert_eq!(seen.len(), 24);
        for (stored, (link, record)) in seen.iter().zip(links.iter().zip(a.iter().chain(&b))) {
            assert_eq!((stored.chain.as_str(), stored.seq), (link.chain.as_str(), i64::try_from(link.seq).unwrap()));
            assert_eq!((stored.previous, stored.hash), (link.prev, link.hash));
            assert_eq!((stored.record.id, stored.record.body.as_slice()), (record.id(), record.canonical().as_bytes()));
        }
    }

    async fn aud_05_pruning_cuts_one_chain_at_one_place(store) {
        let [a, b]: [Vec<Record>; 2] = ["a", "b"].map(|on| (0..5).map(|n| record(n, on)).collect());
        recorded(&store, &[a.clone(), b.clone(), vec![record(99, "a")]].concat()).await;
        let mut chains = ["a", "b"].map(|name| Chain::continue_from(Head::empty(node(name))));
        linked(&store, &mut chains[0], &a).await;
        linked(&store, &mut chains[1], &b).await;
        write(&store, |batch| audit::prune(batch, "a", 3)).await.unwrap();
        let left = audit::links_after(&store, "", 0, 100).await.unwrap();
        let left: Vec<_> = left.iter().map(|link| (link.chain.as_str(), link.seq)).collect();
        assert_eq!(left, [("a", 4), ("a", 5), ("b", 1), ("b", 2), ("b", 3), ("b", 4), ("b", 5)]);
        assert!(audit::by_id(&store, a[2].id()).await.unwrap().is_none());
        assert!(audit::by_id(&store, a[3].id()).await.unwrap().is_some());
        assert_eq!(audit::unsealed_count(&store).await, Ok(1), "what waits is never pruned");
        // The chain goes on from its head.
        let more = record(100, "a");
        recorded(&store, std::slice::from_ref(&more)).await;
        linked(&store, &mut chains[0], &[more]).await;
        assert_eq!(audit::heads(&store).await.unwrap()[0].1, 6);
    }

    async fn aud_06_checkpoints_come_back_in_order_and_are_pruned_by_age(store) {
        for n in 0..4 {
            let at = NOW + Span::from_minutes(n);
            write(&store, |b| audit::checkpoint(b, RecordId::new(at, &RNG), at, &format!("checkpoint {n}"))).await.unwrap();
        }
        assert_eq!(audit::last_checkpoint(&store).await.unwrap().as_deref(), Some("checkpoint 3"));
        write(&store, |b| audit::prune_checkpoints(b, NOW + Span::from_minutes(2))).await.unwrap();
        assert_eq!(audit::checkpoints(&store).await.unwrap(), ["checkpoint 2", "checkpoint 3"]);
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

    async fn a_node_is_silent_from_when_it_was_last_seen(store) {
        let minute = NOW + Span::from_minutes(1);
        for (name, at) in [("b", NOW), ("a", NOW), ("c", minute)] {
            write(&store, |batch| audit::seen(batch, name, at)).await.unwrap();
        }
        assert_eq!(audit::silent(&store, NOW).await.unwrap(), Vec::<String>::new());
        assert_eq!(audit::silent(&store, minute).await.unwrap(), ["a", "b"]);
        write(&store, |batch| audit::seen(batch, "a", minute)).await.unwrap();
        assert_eq!(audit::silent(&store, minute).await.unwrap(), ["b"]);
    }
}

#[test]
fn aud_05_no_statement_changes_a_record_or_a_link() {
    let source = include_str!("../../../src/audit.rs");
    let writes: Vec<&str> = source
        .split("Statement::new(")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .filter(|sql| ["audit_record", "audit_link"].iter().any(|table| sql.contains(table)))
        .filter(|sql| !sql.starts_with("SELECT") && !sql.starts_with("INSERT"))
        .collect();
    let allowed = [
        "UPDATE audit_record SET sealed = 1 WHERE id = ?1 AND sealed = 0",
        "DELETE FROM audit_record WHERE id IN (SELECT record FROM audit_link WHERE chain = ?1 AND seq <= ?2)",
        "DELETE FROM audit_link WHERE chain = ?1 AND seq <= ?2",
    ];
    assert_eq!(writes, allowed);
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path.file_name().is_some_and(|name| name != "audit.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("audit_record") && !text.contains("audit_link"), "{}", path.display());
        }
    }
}
