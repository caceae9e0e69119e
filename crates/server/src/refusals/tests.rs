//! One line for a refusal, and few for many.

use std::io::Write;
use std::sync::Arc;

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What `work` writes into the log, as JSON, line by line.
fn heard(work: impl FnOnce()) -> Vec<serde_json::Value> {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(log, work);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn told() -> Told {
    Told { kind: "credentials", reason: "credentials", reference: "ref".to_owned(), fault: None }
}

fn asked(source: &str, status: StatusCode) -> Asked<'static> {
    let source = source.parse().ok();
    Asked { request: "req_1", method: "POST", route: "/v1/login", source, status }
}

fn at(seconds: i64) -> Span {
    Span::from_seconds(seconds)
}

#[test]
fn aud_02_a_line_says_what_was_refused_to_whom_and_why() {
    let lines = heard(|| Refusals::default().tell(&told(), &asked("198.51.100.7", StatusCode::UNAUTHORIZED), at(0)));
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(line["level"], "INFO");
    let fields = &line["fields"];
    for (name, value) in [
        ("message", "refused"),
        ("kind", "credentials"),
        ("reason", "credentials"),
        ("reference", "ref"),
        ("request", "req_1"),
        ("method", "POST"),
        ("route", "/v1/login"),
        ("source", "198.51.100.0/24"),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    assert_eq!(fields["status"], 401);
}

#[test]
fn every_5xx_is_an_error() {
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE] {
        let lines = heard(|| Refusals::default().tell(&told(), &asked("::1", status), at(0)));
        assert_eq!((lines.len(), &lines[0]["level"]), (1, &"ERROR".into()));
    }
}

#[test]
fn refusals_alike_are_counted_and_others_are_not() {
    let refusals = Refusals::default();
    let lines = heard(|| {
        for _ in 0..100 {
            refusals.tell(&told(), &asked("198.51.100.7", StatusCode::UNAUTHORIZED), at(0));
        }
        refusals.tell(&told(), &asked("198.51.101.7", StatusCode::UNAUTHORIZED), at(1));
        refusals.flush(Some(at(59)));
    });
    assert_eq!(lines.len(), 6, "{lines:?}");
    let lines = heard(|| refusals.flush(Some(at(60))));
    assert_eq!((lines.len(), &lines[0]["fields"]["count"]), (1, &95.into()));
    assert_eq!(lines[0]["fields"]["source"], "198.51.100.0/24");
    assert!(heard(|| refusals.flush(None)).is_empty(), "what was written one by one is not counted again");
}

#[test]
fn a_new_window_writes_lines_again_and_says_what_the_old_one_held() {
    let refusals = Refusals::default();
    let tell = |seconds| refusals.tell(&told(), &asked("::ffff:198.51.100.7", StatusCode::UNAUTHORIZED), at(seconds));
    assert_eq!(heard(|| (0..7).for_each(|_| tell(0))).len(), 5);
    let lines = heard(|| tell(61));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["fields"]["count"], 2);
    assert_eq!(lines[1]["fields"]["message"], "refused");
}

#[test]
fn a_flood_from_everywhere_shares_one_window() {
    let refusals = Refusals::default();
    let lines = heard(|| {
        for number in 0..5_000_u32 {
            let source = Some(IpAddr::V4(Ipv4Addr::from_bits(number << 8)));
            refusals.tell(&told(), &Asked { source, ..asked("", StatusCode::UNAUTHORIZED) }, at(0));
        }
    });
    assert_eq!(lines.len(), WINDOWS_MAX + 5);
    assert_eq!(refusals.open.lock().unwrap().len(), WINDOWS_MAX + 1);
}

#[test]
fn a_source_is_shown_as_a_network() {
    let shown = |text: &str| prefix(text.parse().ok());
    assert_eq!(shown("2001:db8:1:2:3::9"), "2001:db8:1::/48");
    assert_eq!(shown("::ffff:10.1.2.3"), "10.1.2.0/24");
    assert_eq!(shown("nothing"), "unknown");
}
