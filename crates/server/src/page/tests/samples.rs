//! Every view, as it looks on a usual day and on a bad one.

mod account;

use poundlock_core::password::{ContextWord, Weakness};
use poundlock_core::secret::Secret;
use poundlock_core::step_up::Action;
use poundlock_core::time::{Span, Time};

use self::account::{account, bare_account, consent};
use crate::page::view::{
    Account, Back, ChangePassword, EnrolChoice, EnrolPasskey, EnrolTotp, Error, Hidden, InviteAccept, InviteKind,
    Leave, Notice, Purpose, RecoveryCodes, RenameFactor, SecondFactor, SignIn, SignOut, SignedOut, StepUp, Way,
};
use crate::page::{Field, Frame, Html, Trouble, What};

/// A view under a name.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) render: Box<dyn Fn(&Frame<'_>) -> Html>,
}

fn sample(name: &str, render: impl Fn(&Frame<'_>) -> Html + 'static) -> Sample {
    Sample { name: name.to_owned(), render: Box::new(render) }
}

/// Every trouble there is.
pub(crate) fn troubles() -> Vec<Trouble> {
    [
        What::Credentials,
        What::Password,
        What::Code,
        What::RecoveryCode,
        What::Passkey,
        What::Invite,
        What::NameTaken,
        What::Weak(Weakness::TooShort { min: 8 }),
        What::Weak(Weakness::TooLong),
        What::Weak(Weakness::Common),
        What::Weak(Weakness::Context(ContextWord::Name)),
        What::Differs,
        What::Empty(Field::Name),
        What::Empty(Field::Label),
        What::NotSaved,
        What::Wait(Span::from_seconds(30)),
        What::Wait(Span::from_minutes(7)),
        What::Busy(Span::from_hours(2)),
        What::Blocked,
        What::Rebind,
        What::Stale,
    ]
    .into_iter()
    .map(|what| Trouble { what, reference: "ref_01a3185cc5317ef3ab2330e2d347532c".to_owned() })
    .collect()
}

fn trouble(what: What) -> Option<Trouble> {
    troubles().into_iter().find(|one| one.what == what)
}

/// Texts that others chose, friendly ones.
#[derive(Clone, Copy)]
pub(crate) struct Texts {
    pub(crate) name: &'static str,
    pub(crate) client: &'static str,
    pub(crate) label: &'static str,
    pub(crate) id: &'static str,
}

pub(crate) const FRIENDLY: Texts =
    Texts { name: "maria.schmidt", client: "Lagerverwaltung", label: "Pixel 9", id: "018f3c2a" };

pub(crate) const LONG: Texts = Texts {
    name: "maximiliane.von-und-zu-hohenlohe-waldenburg-schillingsfuerst",
    client: "Bundesweite Reisekostenabrechnungssoftware (Testsystem)",
    label: "Das alte Diensttelefon in der Schreibtischschublade, zweites Fach",
    id: "018f3c2a",
};

/// Texts of somebody who wants the page to be another one.
pub(crate) const HOSTILE: Texts = Texts {
    name: "\"><script>alert(1)</script>\u{202e}",
    client: "Bank\u{202e}<img src=x onerror=alert(1)>\u{200b}",
    label: "' onfocus='alert(1)' \0javascript:alert(1) &amp; {{ f.csrf }} \u{2069}",
    id: "x\" onclick=\"alert(1)",
};

fn at(seconds: i64) -> Time {
    Time::from_seconds(1_795_000_000 + seconds)
}

fn hidden(texts: Texts) -> Vec<Hidden> {
    vec![Hidden { name: "return_to", value: texts.client.to_owned() }]
}

fn second(texts: Texts, ways: &[Way], purpose: Purpose, trouble: Option<Trouble>) -> SecondFactor {
    SecondFactor {
        at: "/sign-in/018f3c2a".to_owned(),
        name: texts.name.to_owned(),
        ways: ways.to_vec(),
        purpose,
        hidden: hidden(texts),
        trouble,
    }
}

fn sign_in(texts: Texts, trouble: Option<Trouble>) -> SignIn {
    SignIn {
        name: if trouble.is_some() { texts.name.to_owned() } else { String::new() },
        client: Some(texts.client.to_owned()),
        hidden: hidden(texts),
        passkeys: true,
        recovery: false,
        trouble,
    }
}

fn enrol_totp(texts: Texts, trouble: Option<Trouble>) -> EnrolTotp {
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    EnrolTotp {
        at: "/sign-in/018f3c2a".to_owned(),
        secret: Secret::new(secret.to_owned()),
        uri: Secret::new(format!(
            "otpauth://totp/id.example.org:maria.schmidt?secret={secret}&issuer=id.example.org&algorithm=SHA1&digits=6"
        )),
        label: texts.label.to_owned(),
        hidden: hidden(texts),
        first: true,
        other: Some("/sign-in/018f3c2a".to_owned()),
        trouble,
    }
}

fn codes(texts: Texts, trouble: Option<Trouble>) -> RecoveryCodes {
    let code = |number: u32| Secret::new(format!("K7QH4M-2P9XW-D3RTV-B{:04}-NCYE8", 1000 + number * 37));
    RecoveryCodes {
        at: "/sign-in/018f3c2a/codes".to_owned(),
        name: texts.name.to_owned(),
        codes: (0..10).map(code).collect(),
        first: true,
        hidden: hidden(texts),
        trouble,
    }
}

fn invite(kind: InviteKind, trouble: Option<Trouble>) -> InviteAccept {
    let invite = if kind == InviteKind::Unknown { String::new() } else { "pli_abcdefgh".to_owned() };
    InviteAccept { invite, kind, least: 8, trouble }
}

fn gates(texts: Texts) -> Vec<Sample> {
    let all = [Way::RecoveryCode, Way::Totp, Way::Passkey];
    let step_up = move |purpose, passkeys, trouble| StepUp {
        at: "/account/step-up/018f3c2a".to_owned(),
        name: texts.name.to_owned(),
        purpose,
        hidden: hidden(texts),
        passkeys,
        trouble,
    };
    vec![
        sample("sign-in", move |f| sign_in(texts, None).render(f)),
        sample("sign-in-wrong", move |f| sign_in(texts, trouble(What::Credentials)).render(f)),
        sample("sign-in-blocked", move |f| sign_in(texts, trouble(What::Blocked)).render(f)),
        sample("sign-in-plain", move |f| SignIn { passkeys: false, client: None, ..sign_in(texts, None) }.render(f)),
        sample("second-factor", move |f| second(texts, &all, Purpose::SignIn, None).render(f)),
        sample("second-factor-totp", move |f| {
            second(texts, &[Way::Totp, Way::RecoveryCode], Purpose::SignIn, None).render(f)
        }),
        sample("second-factor-wrong", move |f| second(texts, &all, Purpose::SignIn, trouble(What::Code)).render(f)),
        sample("second-factor-change", move |f| {
            second(texts, &all, Purpose::Change(Action::AddFactor, None), None).render(f)
        }),
        sample("step-up", move |f| step_up(Purpose::Change(Action::ChangePassword, None), false, None).render(f)),
        sample("step-up-remove", move |f| {
            let purpose = Purpose::Change(Action::RemoveFactor, Some(texts.label.to_owned()));
            step_up(purpose, true, trouble(What::Password)).render(f)
        }),
        sample("step-up-refresh", move |f| step_up(Purpose::Refresh, true, None).render(f)),
        sample("step-up-codes", move |f| {
            step_up(Purpose::Change(Action::NewRecoveryCodes, None), false, None).render(f)
        }),
    ]
}

fn enrolments(texts: Texts) -> Vec<Sample> {
    let choice = |first, trouble| EnrolChoice {
        at: "/sign-in/018f3c2a/enrol".to_owned(),
        passkeys: true,
        totp: true,
        first,
        trouble,
    };
    let passkey = move |first, trouble| EnrolPasskey {
        at: "/account/factors".to_owned(),
        label: texts.label.to_owned(),
        hidden: hidden(texts),
        first,
        other: Some("/account/factors".to_owned()),
        trouble,
    };
    let named = move || Some(texts.name.to_owned());
    vec![
        sample("invite", |f| invite(InviteKind::Unknown, None).render(f)),
        sample("invite-named", move |f| {
            let weak = trouble(What::Weak(Weakness::TooShort { min: 8 }));
            invite(InviteKind::New { name: named() }, weak).render(f)
        }),
        sample("invite-ticket", move |f| invite(InviteKind::Ticket { name: named() }, None).render(f)),
        sample("invite-gone", |f| invite(InviteKind::Unknown, trouble(What::Invite)).render(f)),
        sample("enrol-choice", move |f| choice(true, None).render(f)),
        sample("enrol-choice-more", move |f| choice(false, trouble(What::Stale)).render(f)),
        sample("enrol-totp", move |f| enrol_totp(texts, None).render(f)),
        sample("enrol-totp-wrong", move |f| enrol_totp(texts, trouble(What::Code)).render(f)),
        sample("enrol-passkey", move |f| passkey(true, None).render(f)),
        sample("enrol-passkey-more", move |f| passkey(false, trouble(What::Empty(Field::Label))).render(f)),
        sample("recovery-codes", move |f| codes(texts, None).render(f)),
        sample("recovery-codes-unsaved", move |f| codes(texts, trouble(What::NotSaved)).render(f)),
    ]
}

fn rename(texts: Texts, trouble: Option<Trouble>) -> RenameFactor {
    RenameFactor { at: "/account/factors/018f3c2a/name".to_owned(), label: texts.label.to_owned(), trouble }
}

fn others(texts: Texts) -> Vec<Sample> {
    let password = move |trouble| ChangePassword {
        at: "/account/password".to_owned(),
        name: texts.name.to_owned(),
        least: 12,
        hidden: hidden(texts),
        trouble,
    };
    let error = |problem, wait, back| Error { problem, reference: "req_01a3185cc531".to_owned(), wait, back };
    let sign_out = move |client| SignOut { name: texts.name.to_owned(), client, hidden: hidden(texts) };
    vec![
        sample("account", move |f| account(texts, None).render(f)),
        sample("account-notice", move |f| account(texts, Some(Notice::FactorAdded)).render(f)),
        sample("account-bare", move |f| bare_account(texts).render(f)),
        sample("rename-factor", move |f| rename(texts, None).render(f)),
        sample("rename-factor-empty", move |f| rename(texts, trouble(What::Empty(Field::Label))).render(f)),
        sample("change-password", move |f| password(None).render(f)),
        sample("change-password-differs", move |f| password(trouble(What::Differs)).render(f)),
        sample("consent", move |f| consent(texts).render(f)),
        sample("sign-out", move |f| sign_out(None).render(f)),
        sample("sign-out-client", move |f| sign_out(Some(texts.client.to_owned())).render(f)),
        sample("leave", |f| {
            let (location, host) = ("https://lager.example.org/cb?code=x".to_owned(), "lager.example.org".to_owned());
            Leave { location, host }.render(f)
        }),
        sample("signed-out", |f| SignedOut::default().render(f)),
        sample("signed-out-back", move |f| {
            let back = Some((texts.client.to_owned(), "https://lager.example.org/".to_owned()));
            SignedOut { back }.render(f)
        }),
        sample("error-gone", move |f| error("gone", None, Back::SignIn).render(f)),
        sample("error-busy", move |f| error("busy", Some(Span::from_seconds(5)), Back::Account).render(f)),
        sample("error-not-found", move |f| error("not_found", None, Back::Nowhere).render(f)),
    ]
}

/// Every form that can be shown again with this trouble.
pub(crate) fn forms_with(trouble: &Trouble, f: &Frame<'_>) -> Vec<(&'static str, String)> {
    let some = Some(trouble.clone());
    let choice = EnrolChoice { at: String::new(), passkeys: true, totp: true, first: true, trouble: some.clone() };
    let label = String::new();
    let passkey =
        EnrolPasskey { at: String::new(), label, hidden: vec![], first: true, other: None, trouble: some.clone() };
    let name = FRIENDLY.name.to_owned();
    let step_up = StepUp {
        at: String::new(),
        name: name.clone(),
        purpose: Purpose::Refresh,
        hidden: vec![],
        passkeys: true,
        trouble: some.clone(),
    };
    let password = ChangePassword { at: String::new(), name, least: 8, hidden: vec![], trouble: some.clone() };
    let ticket = InviteKind::Ticket { name: None };
    let known = InviteKind::New { name: None };
    let all = [Way::Passkey, Way::Totp, Way::RecoveryCode];
    let pages = [
        ("sign-in", sign_in(FRIENDLY, some.clone()).render(f)),
        ("second-factor", second(FRIENDLY, &all, Purpose::SignIn, some.clone()).render(f)),
        ("second-factor-passkey", second(FRIENDLY, &all[..1], Purpose::SignIn, some.clone()).render(f)),
        ("invite", invite(InviteKind::Unknown, some.clone()).render(f)),
        ("invite-known", invite(known, some.clone()).render(f)),
        ("ticket", invite(ticket, some.clone()).render(f)),
        ("enrol-choice", choice.render(f)),
        ("enrol-totp", enrol_totp(FRIENDLY, some.clone()).render(f)),
        ("enrol-passkey", passkey.render(f)),
        ("recovery-codes", codes(FRIENDLY, some.clone()).render(f)),
        ("change-password", password.render(f)),
        ("step-up", step_up.render(f)),
        ("account", Account { trouble: some, ..account(FRIENDLY, None) }.render(f)),
    ];
    pages.into_iter().map(|(name, html)| (name, html.0)).collect()
}

/// All of them.
pub(crate) fn samples(texts: Texts) -> Vec<Sample> {
    gates(texts).into_iter().chain(enrolments(texts)).chain(others(texts)).collect()
}
