//! Inputs to begin with that need our keys or our writers: a search would never guess them. The others lie in
//! `fuzz/corpus`, and so does every input that once broke something.

use poundlock_core::audit::{Chain, Checkpoint, Event, Export, Head, NodeName, Record};
use poundlock_core::device::DeviceToken;
use poundlock_core::id::{DeviceId, FactorId, RecordId, SessionId, UserId};
use poundlock_core::invite::{self, LIFE_DEFAULT};
use poundlock_core::recovery::RecoveryCodes;
use poundlock_core::refresh::{Family, Start};
use poundlock_core::time::Time;
use poundlock_core::user::UserName;
use poundlock_verify::{ACCESS_TOKEN_TYP, StatusBits};

use crate::genuine::{CHECKPOINTS, ISSUER, LIST, claims, header, ring, rng, signed};

const AT: Time = Time::from_millis(1_790_000_000_000);

/// Target, name and bytes of each.
#[must_use]
pub fn all() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut all = vec![
        ("jws", signed(&header(ACCESS_TOKEN_TYP), &claims()).into_bytes()),
        ("jws", signed(&header("statuslist+jwt"), b"{}").into_bytes()),
        ("jws", signed(br#"{"alg":"none","typ":"at+jwt","kid":"ed"}"#, &claims()).into_bytes()),
        ("claims", [b"\0".as_slice(), &claims()].concat()),
        ("claims", [b"\x01".as_slice(), &header(ACCESS_TOKEN_TYP)].concat()),
        ("status", [b"\x80".as_slice(), list().as_bytes()].concat()),
        ("audit", export().into_bytes()),
        ("jwks", crate::genuine::keys().to_json().unwrap_or_default().into_bytes()),
    ];
    for bits in [1_u8, 2, 4, 8] {
        let list = StatusBits::from_bytes(bits, vec![0b1001_0001; 40]).ok().and_then(|list| list.encode().ok());
        all.push(("status", [&[bits], list.unwrap_or_default().as_bytes()].concat()));
    }
    all.extend(export().lines().filter_map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(("audit", value.get("record").or_else(|| value.get("checkpoint"))?.to_string().into_bytes()))
    }));
    all.extend(handles().into_iter().map(|text| ("handles", text.into_bytes())));
    all.into_iter().enumerate().map(|(n, (target, bytes))| (target, format!("made-{n:02}"), bytes)).collect()
}

fn list() -> String {
    let bits = StatusBits::all_valid(1024);
    let text = bits.encode().unwrap_or_default();
    format!(
        r#"{{"iss":"{ISSUER}","sub":"{LIST}","iat":1790000000,"exp":1790003600,"ttl":60,"status_list":{{"bits":1,"lst":"{text}"}}}}"#
    )
}

/// One of each thing that we hand out.
fn handles() -> Vec<String> {
    let (ring, rng) = (ring(), rng());
    let user = UserId::new(AT, &rng);
    let start = Start { session: SessionId::new(AT, &rng), client: "web".to_owned(), binding: None, granted: None };
    let mut handles = vec![
        DeviceToken::mint(ring, DeviceId::new(AT, &rng), user).reveal().clone(),
        Family::start(start, AT, ring, &rng).0.text(ring).reveal().clone(),
        user.to_string(),
    ];
    let codes = RecoveryCodes::generate(ring, user, FactorId::new(AT, &rng), &rng);
    handles.extend(codes.shown.iter().take(1).map(|code| code.reveal().clone()));
    if let Ok(name) = UserName::parse("ada") {
        let purpose = invite::new_user(&name, "Ada", Vec::new());
        handles.push(invite::make(&purpose, LIFE_DEFAULT, AT, ring, &rng).0.text().reveal().clone());
    }
    handles
}

/// The one export that is whole: three records, a checkpoint, a record after it.
#[must_use]
pub fn export() -> String {
    let (Some(key), Ok(node)) = (CHECKPOINTS.as_ref(), NodeName::parse("node-1")) else { return String::new() };
    let (rng, mut chain) = (rng(), Chain::continue_from(Head::empty(node.clone())));
    let (mut export, mut text) = Export::begin(AT, key.public(), None, 0);
    for n in 0..4 {
        let record = Record::new(RecordId::new(AT, &rng), AT, &node, Event::LoginCompleted).asked_by("web");
        let link = chain.link(&record);
        text += &export.record(&link, record.canonical().as_bytes());
        if n == 2 {
            text += &export.checkpoint(&Checkpoint::after(None, AT, vec![chain.head().clone()], key));
        }
    }
    text + &export.finish(key)
}
