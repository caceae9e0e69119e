//! What a request still needs, by who is logged in (OAE-18).

use super::{CHALLENGE, NOW, client};
use crate::client::ClientKind;
use crate::id::UserId;
use crate::oidc::Params;
use crate::oidc::authorize::{Asked, check};
use crate::oidc::consent::ConsentRow;
use crate::oidc::need::{Browser, Need, next};
use crate::testing::SeededRng;
use crate::time::Span;
use crate::token::{Acr, Event};

const MINUTE: Span = Span::from_minutes(1);

fn asked(more: &str) -> Asked {
    let text = format!(
        "client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&response_type=code&scope=openid+profile&\
         code_challenge={CHALLENGE}&code_challenge_method=S256{more}"
    );
    let client = client(ClientKind::Public, |_| ());
    let params = Params::parse(&text).unwrap();
    check(&params, |_| Some(&client), NOW).unwrap()
}

fn event(acr: Acr, ago: Span) -> Event {
    Event::new(acr, Vec::new(), NOW - ago)
}

fn browser(event: Option<&Event>) -> Browser<'_> {
    Browser {
        event,
        mfa_time: NOW - MINUTE,
        mfa_max_age: Span::from_hours(12),
        asks_consent: false,
        is_public: true,
        consented: None,
        consents_now: false,
    }
}

fn error(need: Need) -> &'static str {
    match need {
        Need::Refuse(refusal) => refusal.error.code(),
        need => panic!("{need:?}"),
    }
}

#[test]
fn oae_18_nobody_logged_in_means_a_login_or_a_refusal_without_a_page() {
    assert_eq!(next(&asked(""), browser(None), NOW), Need::Login);
    assert_eq!(error(next(&asked("&prompt=none"), browser(None), NOW)), "login_required");
}

#[test]
fn oae_18_old_or_weak_logins_are_made_again_and_never_silently() {
    let old = event(Acr::Aal2, Span::from_minutes(10));
    for (more, need) in [
        ("", Need::Nothing),
        ("&max_age=600", Need::Nothing),
        ("&max_age=599", Need::Login),
        ("&max_age=0", Need::Login),
        ("&prompt=login", Need::Login),
        ("&prompt=select_account", Need::Login),
        ("&acr_values=aal2", Need::Nothing),
        ("&acr_values=phr", Need::Login),
        ("&acr_values=phr+aal2", Need::Nothing),
    ] {
        assert_eq!(next(&asked(more), browser(Some(&old)), NOW), need, "{more}");
        if need == Need::Login && !more.contains("prompt") {
            let silent = next(&asked(&format!("{more}&prompt=none")), browser(Some(&old)), NOW);
            assert_eq!(error(silent), "login_required", "{more}");
        }
    }
    let stale = Browser { mfa_time: NOW - Span::from_hours(13), ..browser(Some(&old)) };
    assert_eq!(next(&asked(""), stale, NOW), Need::Login, "its first refresh would ask for a factor");
}

/// STP-03: somebody with a stronger login has proved a weaker one inside it, and it is as old as before.
#[test]
fn stp_03_what_changed_nothing_is_not_asked_for_again() {
    let old = event(Acr::Phr, Span::from_minutes(10));
    let proved = Browser { mfa_time: NOW, ..browser(Some(&old)) };
    assert_eq!(next(&asked("&max_age=60"), proved, NOW), Need::LoginAnew);
    assert_eq!(next(&asked("&acr_values=phrh"), proved, NOW), Need::LoginAnew);
    assert_eq!(error(next(&asked("&max_age=60&prompt=none"), proved, NOW)), "login_required");
    assert_eq!(next(&asked(""), proved, NOW), Need::Nothing);
}

/// RFC 8252 section 8.6: who listens on this machine is anybody, and so is who has a scheme.
#[test]
fn ses_15_a_code_goes_to_no_address_of_this_machine_without_a_word_of_its_user() {
    let old = event(Acr::Aal2, Span::from_minutes(10));
    for to in ["http://127.0.0.1:49731/cb", "http://[::1]/cb", "com.example.app:/cb"] {
        let asked = Asked { redirect_uri: to.to_owned(), ..asked("") };
        assert_eq!(next(&asked, browser(Some(&old)), NOW), Need::Consent, "{to}");
        let consented = Browser { consents_now: true, ..browser(Some(&old)) };
        assert_eq!(next(&asked, consented, NOW), Need::Nothing, "{to}");
        let new = event(Acr::Aal2, Span::from_seconds(0));
        assert_eq!(next(&asked, browser(Some(&new)), NOW), Need::Consent, "logged in, for anything at all: {to}");
        let with_secret = Browser { is_public: false, ..browser(Some(&old)) };
        assert_eq!(next(&asked, with_secret, NOW), Need::Nothing, "{to}");
    }
}

#[test]
fn a_login_made_for_the_request_will_do_and_never_loops() {
    let later = NOW + Span::from_minutes(5);
    let fresh = Event::new(Acr::Aal2, Vec::new(), NOW + MINUTE);
    for more in ["&max_age=0", "&prompt=login", "&prompt=select_account", "&acr_values=aal2"] {
        assert_eq!(next(&asked(more), browser(Some(&fresh)), later), Need::Nothing, "{more}");
    }
    let need = next(&asked("&acr_values=phr"), browser(Some(&fresh)), later);
    assert_eq!(error(need), "unmet_authentication_requirements");
    let recovered = Event::new(Acr::Recovery, Vec::new(), NOW + MINUTE);
    let need = next(&asked("&acr_values=aal2"), browser(Some(&recovered)), later);
    assert_eq!(error(need), "unmet_authentication_requirements", "a recovery is no second factor");
}

#[test]
fn oae_17_consent_is_asked_once_for_each_word_and_never_silently() {
    let event = event(Acr::Aal2, MINUTE);
    let asking = Browser { asks_consent: true, ..browser(Some(&event)) };
    assert_eq!(next(&asked(""), asking, NOW), Need::Consent);
    assert_eq!(error(next(&asked("&prompt=none"), asking, NOW)), "consent_required");
    let row = |scope: &str, audiences: &str| ConsentRow {
        user: UserId::new(NOW, &SeededRng::new(1)),
        client: "app".to_owned(),
        scope: scope.to_owned(),
        audiences: audiences.to_owned(),
        given_at: NOW,
    };
    let all = row("openid profile groups", "orders api");
    for less in [row("openid", "orders api"), row("openid profile groups", "orders"), row("openid profiles", "api")] {
        assert_eq!(next(&asked(""), Browser { consented: Some(&less), ..asking }, NOW), Need::Consent, "{less:?}");
    }
    let known = Browser { consented: Some(&all), ..asking };
    assert_eq!(next(&asked(""), known, NOW), Need::Nothing);
    assert_eq!(next(&asked("&prompt=none"), known, NOW), Need::Nothing);
    assert_eq!(next(&asked("&prompt=consent"), known, NOW), Need::Consent);
    assert_eq!(next(&asked("&prompt=consent"), browser(Some(&event)), NOW), Need::Consent, "of a trusted client too");
    let now = Browser { consents_now: true, ..asking };
    assert_eq!(next(&asked("&prompt=consent"), now, NOW), Need::Nothing);
}
