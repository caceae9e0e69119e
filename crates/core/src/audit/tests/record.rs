//! Records and events: one text, nothing forged or split by input, no secrets, stable names.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::world::{START, World, node};
use crate::audit::{Chain, Event, Export, Head, Key, NodeName, Outcome, Record, Severity, Value};
use crate::id::{RecordId, SessionId, UserId};
use crate::testing::SeededRng;

fn id(seed: u64) -> RecordId {
    RecordId::new(START, &SeededRng::new(seed))
}

#[test]
fn aud_02_a_record_tells_when_who_where_what_and_how() {
    let rng = SeededRng::new(1);
    let (user, session) = (UserId::new(START, &rng), SessionId::new(START, &rng));
    let record = Record::new(id(2), START, &node("eu-1"), Event::LoginFirstRefused)
        .about(user)
        .within(session)
        .asked_by("web")
        .in_request("req-7")
        .because("password_wrong")
        .with(Key::Tried, 3_u32)
        .with(Key::Lane, "strangers");
    let expected = format!(
        "{{\"id\":\"{}\",\"at\":1700000000000,\"node\":\"eu-1\",\"event\":\"login.first.refused\",\
         \"outcome\":\"refused\",\"user\":\"{user}\",\"session\":\"{session}\",\"client\":\"web\",\
         \"request\":\"req-7\",\"reason\":\"password_wrong\",\"count\":1,\
         \"details\":{{\"lane\":\"strangers\",\"tried\":3}}}}",
        id(2)
    );
    assert_eq!(record.canonical(), expected);
    assert_eq!(Record::parse(&expected), Ok(record));
}

#[test]
fn a_record_has_one_spelling() {
    let text = Record::new(id(3), START, &node("a"), Event::ServerStarted).canonical();
    let spellings = [
        format!(" {text}"),
        format!("{text}\n"),
        text.replacen(',', ", ", 1),
        text.replace("\"count\":1", "\"count\":1,\"user\":null"),
        text.replace("\"count\":1", "\"count\":1,\"count\":1"),
        text.replace("\"count\":1", "\"count\":1,\"extra\":1"),
        text.replace("server.started", "server.exploded"),
        text.replace("\"node\":\"a\"", "\"node\":\"A\""),
        text.replace("{}", "{\"tried\":1,\"lane\":\"x\"}"),
        text.replace("{}", "{\"tried\":1,\"tried\":1}"),
        text.replace("{}", "{\"tried\":1.0}"),
    ];
    assert!(Record::parse(&text).is_ok());
    for other in spellings {
        assert_ne!(other, text);
        assert!(Record::parse(&other).is_err(), "{other}");
    }
}

#[test]
fn t_35_line_feeds_and_terminal_escapes_stay_in_one_record() {
    let world = World::new(4, 0, 0, 0);
    let hostile = "x\r\n{\"end\":{}}\n\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\u{0}\",\"outcome\":\"ok";
    let record = Record::new(id(5), START, &node("a"), Event::AccessRefused)
        .asked_by(hostile)
        .in_request(hostile)
        .with(Key::Target, hostile);
    let mut chain = Chain::continue_from(Head::empty(node("a")));
    let (mut export, header) = Export::begin(START, world.key.public(), None, 0);
    let line = export.record(&chain.link(&record), record.canonical().as_bytes());
    assert!(line.strip_suffix('\n').unwrap().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line}");
    let text = header + &line + &export.finish(&world.key);
    assert_eq!(text.lines().count(), 3);
    assert!(world.check(&text).holds());
    let read = Record::parse(&record.canonical()).unwrap();
    assert_eq!((read.client(), read.outcome()), (Some(hostile), Outcome::Refused));
    assert!(crate::audit::explain(&read).iter().all(|line| !line.chars().any(char::is_control)));
}

#[test]
fn input_cannot_choose_the_size_of_a_record() {
    let long = "\u{1b}".repeat(100_000);
    let record = Record::new(id(6), START, &node("a"), Event::AccessRefused)
        .asked_by(&long)
        .in_request(&long)
        .with(Key::Target, long.as_str());
    assert!(record.canonical().len() < 8 * 1024);
}

#[test]
fn aud_08_names_are_unique_stable_and_read_back() {
    let names: BTreeSet<&str> = Event::ALL.iter().map(|event| event.name()).collect();
    assert_eq!(names.len(), Event::ALL.len());
    for event in Event::ALL {
        let text = serde_json::to_string(event).unwrap();
        assert_eq!(text, format!("\"{event}\""));
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), *event);
        assert!(event.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_'), "{event}");
        assert!(event.says().ends_with('.') && event.name().contains('.'));
    }
}

#[test]
fn aud_09_every_event_has_its_word_in_the_vocabulary() {
    let families =
        ["authn_", "authz_", "session_", "user_", "sys_", "sensitive_", "excess_", "privilege_", "malicious_"];
    for event in Event::ALL {
        let known = families.iter().any(|family| event.owasp().starts_with(family));
        assert!(known || *event == Event::ClockJumped, "{event}");
    }
    let done = Record::new(id(7), START, &node("a"), Event::LoginCompleted);
    assert_eq!(done.owasp(), "authn_login_success");
    assert_eq!(done.clone().with(Key::FailedBefore, 0_u32).owasp(), "authn_login_success");
    assert_eq!(done.with(Key::FailedBefore, 2_u32).owasp(), "authn_login_successafterfail");
}

#[test]
fn alerts_are_critical_and_refusals_are_warnings() {
    for event in Event::ALL {
        assert_eq!(event.severity() == Severity::Critical, event.outcome() == Outcome::Alert, "{event}");
        assert!(event.outcome() != Outcome::Refused || event.severity() == Severity::Warning, "{event}");
    }
}

#[test]
fn an_ordinary_event_can_be_raised() {
    let record = Record::new(id(8), START, &node("a"), Event::LoginCompleted).with(Key::Signal, "new_place").alerting();
    assert_eq!(record.outcome(), Outcome::Alert);
    assert_eq!(record.detail(Key::Signal), Some(&Value::Text("new_place".to_owned())));
}

proptest! {
    #[test]
    fn aud_04_any_input_reads_back_and_stays_on_one_line(
        client in any::<String>(), request in any::<String>(), text in any::<String>(), number in any::<i64>(),
        event in 0..Event::ALL.len(), seed in any::<u64>(),
    ) {
        let record = Record::new(id(seed), START, &node("a"), Event::ALL[event])
            .asked_by(&client)
            .in_request(&request)
            .with(Key::Target, text.as_str())
            .with(Key::Tried, number);
        let canonical = record.canonical();
        prop_assert!(canonical.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        prop_assert_eq!(Record::parse(&canonical), Ok(record));
    }

    #[test]
    fn any_text_is_read_as_itself_or_not_at_all(text in any::<String>()) {
        if let Ok(record) = Record::parse(&text) {
            prop_assert_eq!(record.canonical(), text.clone());
        }
        if let Ok(name) = NodeName::parse(&text) {
            prop_assert_eq!(name.as_str(), text);
        }
    }
}
