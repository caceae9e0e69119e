//! Who can read a record's personal part, which month's key it is sealed under, and what is kept for a store that is
//! down.

use poundlock_core::audit::{Month, Offered};
use poundlock_core::time::Span;
use poundlock_store::testing::TestStore;
use poundlock_store::{on_both, setting};

use super::*;
use crate::testing::{BEGIN, TestApp};

/// 2027-01-31T00:00:00Z, a day before the next month; [`BEGIN`] is the 15th at 08:00.
const LAST_DAY: Time = Time::from_millis(1_801_353_600_000);

fn origin(address: &str) -> Origin {
    Origin { request: "req_1".to_owned(), address: address.parse().ok(), agent: Some("Lynx".to_owned()) }
}

async fn user(app: &App, name: &str) -> UserRow {
    let nobody = UserId::new(BEGIN, &app.rng);
    poundlock_store::user::resolve(&app.store, name, nobody).await.unwrap().unwrap().user
}

fn key_of(app: &App, user: &UserRow) -> PersonalKey {
    PersonalKey::from_stored(&user.personal_key, Owner::User(user.id), &app.ring).unwrap()
}

on_both! {
    async fn a_record_about_somebody_opens_with_their_key_alone(store) {
        let app = TestApp::on(&store).await;
        for name in ["ada", "bob"] {
            app.enrol(name, &[]).await;
        }
        let app = app.shared();
        let (ada, bob) = (user(app, "ada").await, user(app, "bob").await);
        let asked = origin("192.0.2.7");
        let record = Note::new(app, &asked, BEGIN).about(&ada).saying("lost phone").record(Event::LoginFirstRefused);
        assert_eq!(record.owner(), Owner::User(ada.id));
        let opened = record.open_personal(&key_of(app, &ada)).unwrap().unwrap();
        assert_eq!((opened.name.as_deref(), opened.source.as_deref()), (Some("ada"), Some("192.0.2.7")));
        assert_eq!((opened.agent.as_deref(), opened.note.as_deref()), (Some("Lynx"), Some("lost phone")));
        assert!(record.open_personal(&key_of(app, &bob)).is_err());
        assert!(record.open_personal(&app.journal.month_key(BEGIN)).is_err());
        let text = record.canonical();
        assert!(!["192.0.2.7", "Lynx", "lost phone", "ada"].iter().any(|part| text.contains(part)), "{text}");
    }

    async fn a_record_about_nobody_opens_with_its_months_key_and_has_no_name(store) {
        let app = TestApp::on(&store).await;
        let other = app.again().await;
        let (app, other) = (app.shared(), other.shared());
        let asked = origin("2001:db8::7");
        let record = Note::new(app, &asked, BEGIN).client("app").record(Event::LoginFirstRefused);
        assert_eq!(record.owner(), Owner::Month(Month::of(BEGIN)));
        // The key is the store's, so that any node can read what one has written.
        let opened = record.open_personal(&other.journal.month_key(BEGIN)).unwrap().unwrap();
        assert_eq!((opened.name, opened.source.as_deref()), (None, Some("2001:db8::7")));
        other.journal.turn_month(&other.store, &other.ring, LAST_DAY, &other.rng).await.unwrap();
        assert!(record.open_personal(&other.journal.month_key(LAST_DAY + Span::from_hours(24))).is_err());
    }

    async fn the_key_of_a_month_is_there_a_day_before_it(store) {
        let app = TestApp::on(&store).await;
        let app = app.shared();
        let has = async |month: &str| audit::month_key(&app.store, month).await.unwrap().is_some();
        let turn = async |at| app.journal.turn_month(&app.store, &app.ring, at, &app.rng).await.unwrap();
        turn(LAST_DAY - Span::from_millis(1)).await;
        assert!(has("2027-01").await && !has("2027-02").await);
        turn(LAST_DAY).await;
        assert!(has("2027-02").await && !has("2027-03").await);
        let next = LAST_DAY + Span::from_hours(24);
        let asked = origin("192.0.2.7");
        for (at, elsewhere) in [(next - Span::from_millis(1), next), (next, next - Span::from_millis(1))] {
            let record = Note::new(app, &asked, at).record(Event::LoginFirstRefused);
            assert!(record.open_personal(&app.journal.month_key(at)).is_ok());
            assert!(record.open_personal(&app.journal.month_key(elsewhere)).is_err(), "each moment has its month's");
        }
    }

    async fn two_nodes_that_turn_the_month_at_once_share_its_key(store) {
        let app = TestApp::on(&store).await;
        let other = app.again().await;
        let (one, two) = (app.shared(), other.shared());
        let next = LAST_DAY + Span::from_hours(24);
        let (first, second) = tokio::join!(
            one.journal.turn_month(&one.store, &one.ring, next, &one.rng),
            two.journal.turn_month(&two.store, &two.ring, next, &two.rng)
        );
        first.and(second).unwrap();
        let record = Note::new(one, &origin("192.0.2.7"), next).record(Event::LoginFirstRefused);
        assert!(record.open_personal(&two.journal.month_key(next)).is_ok());
    }

    async fn a_months_key_that_does_not_open_is_named(store) {
        let app = TestApp::on(&store).await;
        let app = app.shared();
        let mut batch = Batch::new();
        // The key of one month in the place of another's: its seal names its owner.
        let january = audit::month_key(&store, "2027-01").await.unwrap().unwrap();
        audit::put_month_key(&mut batch, "2027-02", &january);
        store.commit(batch).await.unwrap();
        let turned = app.journal.turn_month(&app.store, &app.ring, LAST_DAY, &app.rng).await;
        assert!(format!("{:#}", turned.unwrap_err()).contains("2027-02"));
        // Until somebody has looked, the present month goes on.
        let record = Note::new(app, &origin("192.0.2.7"), BEGIN).record(Event::LoginFirstRefused);
        assert!(record.open_personal(&app.journal.month_key(BEGIN)).is_ok());
    }

    async fn a_checkpoint_key_is_one_for_all_nodes_and_is_not_replaced_when_damaged(store) {
        let app = TestApp::on(&store).await;
        let app = app.shared();
        let again = checkpoint_key(&store, &app.ring, &app.rng).await.unwrap();
        assert!(again.public() == app.journal.key.public());
        let mut batch = Batch::new();
        setting::put(&mut batch, "audit.checkpoint_key", b"damaged");
        store.commit(batch).await.unwrap();
        let why = checkpoint_key(&store, &app.ring, &app.rng).await.unwrap_err();
        assert!(why.to_string().contains("checkpoints"), "{why}");
        assert_eq!(setting::read(&store, "audit.checkpoint_key").await.unwrap().unwrap(), b"damaged");
    }
}

#[tokio::test]
async fn a_user_whose_key_does_not_open_still_gets_a_sealed_record() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    app.enrol("ada", &[]).await;
    let app = app.shared();
    let damaged = UserRow { personal_key: vec![7; 60], ..user(app, "ada").await };
    let record = Note::new(app, &origin("192.0.2.7"), BEGIN).about(&damaged).record(Event::LoginFirstRefused);
    assert_eq!(record.owner(), Owner::Month(Month::of(BEGIN)));
    let opened = record.open_personal(&app.journal.month_key(BEGIN)).unwrap().unwrap();
    assert_eq!((opened.name, opened.source.as_deref()), (None, Some("192.0.2.7")));
}

#[tokio::test]
async fn a_clock_beyond_every_key_seals_under_the_newest() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let app = app.shared();
    app.journal.turn_month(&app.store, &app.ring, LAST_DAY, &app.rng).await.unwrap();
    let late = LAST_DAY + Span::from_hours(24 * 365);
    let record = Note::new(app, &origin("192.0.2.7"), late).record(Event::LoginFirstRefused);
    assert!(record.open_personal(&app.journal.month_key(LAST_DAY + Span::from_hours(24))).is_ok());
    assert!(record.open_personal(&app.journal.month_key(BEGIN)).is_err());
}

#[tokio::test]
async fn t_19_a_source_is_an_ipv4_address_or_the_64_of_one_customer() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let digest = |address: &str| origin(address).source_digest(&app.shared().ring);
    let same = |one: &str, two: &str| digest(one).matches(&digest(two));
    assert!(same("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff"));
    assert!(!same("2001:db8:0:1::1", "2001:db8:0:2::1"));
    assert!(same("192.0.2.7", "::ffff:192.0.2.7"));
    assert!(!same("192.0.2.7", "192.0.2.8"));
    assert!(!same("192.0.2.7", "unknown") && same("unknown", "nowhere"));
}

#[tokio::test]
async fn aud_07_counted_records_wait_for_the_store_in_order_and_the_oldest_are_given_up() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let app = app.shared();
    let asked = origin("192.0.2.7");
    let record = |second: usize| {
        let at = BEGIN + Span::from_seconds(i64::try_from(second).unwrap());
        Note::new(app, &asked, at).record(Event::LoginFirstRefused).into_parts().0
    };
    let records: Vec<_> = (0..COUNTED_MAX + 3).map(record).collect();
    // The newer ones failed first; then those of before came back too, and go before them.
    app.journal.put_back(records[10..].to_vec());
    app.journal.put_back(records[..10].to_vec());
    assert_eq!(app.journal.held(records[3].id()), Some(records[3].clone()));
    assert_eq!(app.journal.held(records[2].id()), None, "given up");
    let taken = app.journal.take_counted(None);
    assert!(taken == records[3..], "the newest, in order");
    assert!(app.journal.take_counted(None).is_empty() && app.journal.held(records[3].id()).is_none());
}

#[tokio::test]
async fn aud_07_a_window_is_taken_when_it_is_over_and_at_the_end_whatever_its_age() {
    let store = TestStore::sqlite().await;
    let app = TestApp::on(&store).await;
    let app = app.shared();
    let asked = origin("192.0.2.7");
    let mut counted = None;
    for _ in 0..9 {
        let (record, source) = Note::new(app, &asked, BEGIN).record(Event::LoginFirstRefused).into_parts();
        let offered = app.journal.collapser.lock().unwrap().offer(record, &source, b"ada", BEGIN);
        if let Offered::Counted(reference) = offered {
            counted = Some(reference);
        }
    }
    let counted = counted.unwrap();
    assert_eq!(app.journal.held(counted).unwrap().count(), 4, "five are written, the rest is counted");
    assert!(app.journal.take_counted(Some(BEGIN + Span::from_seconds(59))).is_empty());
    let taken = app.journal.take_counted(Some(BEGIN + Span::from_seconds(60)));
    assert_eq!(taken.iter().map(|record| (record.id(), record.count())).collect::<Vec<_>>(), [(counted, 4)]);
    assert!(app.journal.held(counted).is_none() && app.journal.take_counted(None).is_empty());
}
