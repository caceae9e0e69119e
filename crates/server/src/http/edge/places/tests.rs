//! Who gets a place and who does not.

use super::*;

fn limits(all: usize, per_source: usize) -> Limits {
    Limits { connections_max: all, connections_per_source_max: per_source, ..Limits::default() }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn t_19_one_source_has_its_share_however_it_is_written() {
    let places = Places::new(&limits(100, 2), &[], Connections::default());
    for (mine, others) in [
        (["203.0.113.9", "203.0.113.9", "::ffff:203.0.113.9"], ["203.0.113.8", "::ffff:203.0.113.8"]),
        (["2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:0:3"], ["2001:db8:0:1::1", "2001:db9::1"]),
    ] {
        let taken: Vec<Option<Place>> = mine.iter().map(|address| places.take(ip(address))).collect();
        assert!(taken[0].is_some() && taken[1].is_some() && taken[2].is_none(), "{mine:?}");
        assert!(others.iter().all(|address| places.take(ip(address)).is_some()), "{others:?}");
        drop(taken);
        assert!(places.take(ip(mine[2])).is_some(), "a place is free again after use");
    }
    assert!(places.taken.lock().unwrap().is_empty(), "nothing is kept of who is gone");
    assert_eq!(places.tally(), Tally { full: 0, source_full: 2, floods: 0, unaccepted: 0 });
    assert_eq!(places.tally(), Tally { full: 0, source_full: 0, floods: 0, unaccepted: 0 });
}

#[test]
fn this_machine_and_the_proxies_have_no_share_but_count_in_all() {
    let places = Places::new(&limits(4, 1), &["10.0.0.0/8".to_owned()], Connections::default());
    let held: Vec<_> =
        ["127.0.0.1", "::1", "10.1.2.3", "10.1.2.3"].iter().map(|address| places.take(ip(address)).unwrap()).collect();
    assert!(places.take(ip("127.0.0.1")).is_none());
    assert_eq!(places.tally().full, 1);
    drop(held);
    assert_eq!(places.free.available_permits(), 4);
}

#[test]
fn a_client_that_its_proxy_names_counts_for_itself() {
    let places = Places::new(&limits(100, 1), &["10.0.0.0/8".to_owned()], Connections::default());
    let (mut first, mut second) = (places.take(ip("10.0.0.1")).unwrap(), places.take(ip("10.0.0.1")).unwrap());
    assert!(first.is_of(ip("203.0.113.9")) && first.is_of(ip("203.0.113.9")));
    assert!(!second.is_of(ip("203.0.113.9")), "it has its share already");
    drop(second);
    assert!(places.take(ip("203.0.113.9")).is_none());
    assert!(first.is_of(ip("203.0.113.7")));
    assert!(places.take(ip("203.0.113.9")).is_some());
}

#[test]
fn floods_are_counted() {
    let places = Places::new(&limits(1, 1), &[], Connections::default());
    places.note(Ended::Quietly);
    places.note(Ended::Flooded);
    assert_eq!(places.tally().floods, 1);
    places.report();
}

#[test]
fn ops_04_connections_that_could_not_be_had_are_counted() {
    let places = Places::new(&Limits::default(), &[], Connections::default());
    let error = io::Error::from_raw_os_error(24);
    (0..3).for_each(|_| places.cannot_accept(&error));
    assert_eq!(places.tally(), Tally { full: 0, source_full: 0, floods: 0, unaccepted: 3 });
    assert_eq!(places.tally().unaccepted, 0);
}
