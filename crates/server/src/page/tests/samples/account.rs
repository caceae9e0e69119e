//! An account that is used, one that is new, and an app that asks.

use super::{FRIENDLY, Texts, at, hidden};
use crate::page::view::{Account, Consent, DeviceLine, FactorKind, FactorLine, GrantLine, Learns, Notice, SessionLine};

fn factors(texts: Texts) -> Vec<FactorLine> {
    let line = |kind, label: &str, used_at, held_until, removable| FactorLine {
        id: texts.id.to_owned(),
        kind,
        label: label.to_owned(),
        made_at: at(-9_000_000),
        used_at,
        held_until,
        removable,
    };
    vec![
        line(FactorKind::Passkey, texts.label, Some(at(-3_000)), None, true),
        line(FactorKind::SecurityKey, "YubiKey 5C", None, None, true),
        line(FactorKind::Totp, "Authenticator", Some(at(-400_000)), Some(at(200_000)), false),
    ]
}

pub(super) fn account(texts: Texts, notice: Option<Notice>) -> Account {
    let session = |present, agent: Option<&str>, address: Option<&str>| SessionLine {
        id: texts.id.to_owned(),
        present,
        client: texts.client.to_owned(),
        agent: agent.map(str::to_owned),
        address: address.map(str::to_owned),
        opened_at: at(-50_000),
        used_at: at(-60),
    };
    let device = |present, agent: Option<&str>| DeviceLine {
        id: texts.id.to_owned(),
        present,
        agent: agent.map(str::to_owned),
        made_at: at(-9_000_000),
        used_at: at(-60),
    };
    Account {
        name: texts.name.to_owned(),
        display_name: if texts.name == FRIENDLY.name { "Maria Schmidt".to_owned() } else { String::new() },
        groups: vec!["lager".to_owned(), texts.label.to_owned()],
        made_at: at(-20_000_000),
        factors: factors(texts),
        codes_left: if notice.is_some() { 10 } else { 1 },
        sessions: vec![
            session(true, Some("Firefox, Linux"), Some("203.0.113.0/24")),
            session(false, Some("Safari, iPhone"), None),
            session(false, None, None),
        ],
        devices: vec![device(true, Some("Firefox, Linux")), device(false, None)],
        grants: vec![GrantLine {
            client: texts.id.to_owned(),
            name: texts.client.to_owned(),
            learns: vec![Learns::Identity, Learns::Profile, Learns::Offline],
            given_at: at(-600_000),
        }],
        notice,
        trouble: None,
    }
}

pub(super) fn bare_account(texts: Texts) -> Account {
    let mut account = account(texts, None);
    account.factors.truncate(1);
    account.sessions.truncate(1);
    (account.devices, account.grants, account.groups) = (Vec::new(), Vec::new(), Vec::new());
    account
}

pub(super) fn consent(texts: Texts) -> Consent {
    Consent {
        at: "/consent/018f3c2a".to_owned(),
        client: texts.client.to_owned(),
        host: "lager.example.org".to_owned(),
        name: texts.name.to_owned(),
        learns: vec![
            Learns::Identity,
            Learns::Profile,
            Learns::Email,
            Learns::Groups,
            Learns::Offline,
            Learns::Api(texts.client.to_owned()),
            Learns::Scope(texts.label.to_owned()),
        ],
        lifetime: Some(poundlock_core::time::Span::from_hours(720)),
        hidden: hidden(texts),
    }
}
