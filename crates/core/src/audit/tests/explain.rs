//! What an operator is told.

use super::world::{START, node};
use crate::audit::{Collapser, Event, Key, Lane, Offered, Record, explain};
use crate::id::{RecordId, UserId};
use crate::testing::SeededRng;

fn record(event: Event) -> Record {
    Record::new(RecordId::new(START, &SeededRng::new(1)), START, &node("eu-1"), event)
}

fn told(record: &Record) -> String {
    explain(record).join("\n")
}

#[test]
fn a_refusal_says_rule_counters_lane_and_what_to_do() {
    let text = told(
        &record(Event::LoginBlocked)
            .about(UserId::new(START, &SeededRng::new(2)))
            .with(Key::Rule, "budget")
            .with(Key::Lane, Lane::Strangers)
            .with(Key::Tried, 50_u32)
            .with(Key::Limit, 50_u32),
    );
    for part in [
        "2023-11-14T22:13:20.000Z: The guard refused an attempt unchecked.",
        "login.blocked on node eu-1.",
        "The rule that decided: The budget of this lane is used up (budget).",
        "Counted against the budget of strangers: 50 of 50 used.",
        "User: usr_",
        "What you can do: the owner can use a known device",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn a_delay_says_until_when() {
    let text = told(&record(Event::LoginDelayed).because("delay").with(Key::RetryAfterMillis, 1_500_i64));
    assert!(text.contains("checked after 2 s, at 2023-11-14T22:13:21.500Z."), "{text}");
    assert!(text.contains("Why: After repeated failures the next attempt has to wait (delay)."), "{text}");
}

#[test]
fn advice_depends_on_the_rule() {
    let blocked = |rule: &str| told(&record(Event::LoginBlocked).with(Key::Rule, rule));
    assert!(blocked("both_budgets").contains("reset-factor"));
    assert!(told(&record(Event::LoginBlocked).because("rebind")).contains("reset-factor"));
    assert!(blocked("source").contains("[guard.sources]"));
    assert!(blocked("budget").contains("user unlock"));
}

#[test]
fn signals_widths_and_other_details_are_told() {
    let text = told(
        &record(Event::AttackSeen)
            .with(Key::Rule, "source")
            .with(Key::Width, "/64")
            .with(Key::Signal, "many_accounts")
            .with(Key::Acr, "aal2")
            .with(Key::Limit, 7_u32),
    );
    for part in ["counted sources by /64.", "A detector saw: many_accounts.", "acr = aal2", "which allows 7."] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn a_counted_record_says_how_many() {
    let (rng, mut collapser) = (SeededRng::new(3), Collapser::new(1));
    for _ in 0..25 {
        let record = Record::new(RecordId::new(START, &rng), START, &node("a"), Event::LoginDelayed);
        assert!(matches!(collapser.offer(record, "s", b"t", START), Offered::Write(_) | Offered::Counted(_)));
    }
    assert!(told(&collapser.drain()[0]).contains("It stands for 20 refusals of this kind"));
}

#[test]
fn aud_04_hostile_text_is_told_escaped() {
    let hostile = "\u{1b}[2J\r\nWhat you can do: open the door\u{202e}";
    let lines = explain(
        &record(Event::AccessRefused)
            .asked_by(hostile)
            .in_request(hostile)
            .with(Key::Rule, hostile)
            .with(Key::Lane, hostile)
            .with(Key::Width, hostile)
            .with(Key::Signal, hostile)
            .with(Key::Tried, hostile)
            .with(Key::Target, hostile),
    );
    assert!(lines.iter().all(|line| line.chars().all(|c| matches!(c, ' '..='~'))), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.starts_with("What you can do")));
}

#[test]
fn every_event_can_be_explained() {
    for event in Event::ALL {
        let lines = explain(&record(*event));
        assert!(lines.len() >= 2 && lines[0].ends_with(event.says()), "{event}");
    }
}
