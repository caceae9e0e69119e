//! Texts that `core` reads: hashes, handles, names, registrations and exports.

use std::str::FromStr;

use poundlock_core::audit::{Checkpoint, NodeName, Record, verify_export};
use poundlock_core::client::Audience;
use poundlock_core::client::{
    AudienceName, BadAudience, Client, ClientId, ClientKind, ClientSpec, Scope, Surroundings,
};
use poundlock_core::device::DeviceToken;
use poundlock_core::id::{DeviceId, RecordId, SessionId, UserId};
use poundlock_core::invite::InviteSecret;
use poundlock_core::jws::Alg;
use poundlock_core::login::LoginHandle;
use poundlock_core::recovery::RecoveryCode;
use poundlock_core::refresh::RefreshToken;
use poundlock_core::seal::MasterKey;
use poundlock_core::secret::Secret;
use poundlock_core::step_up::{Action, StepUpSecret};
use poundlock_core::testing::reprinted_hash;
use poundlock_core::totp::Code;
use poundlock_core::user::{NAME_BYTES_MAX, UserName};
use url::Url;

use crate::genuine::{CHECKPOINTS, ISSUER, ring};

/// A stored hash has one spelling.
pub(crate) fn password_hash(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(printed) = reprinted_hash(text) {
        assert_eq!(*printed, text, "a second spelling of a hash");
    }
}

/// Whatever a client, a person or a link hands in: what is read is written back as it came, and what is signed was
/// signed by us.
pub(crate) fn handles(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    made_by_us(text);
    typed(text);
    ids(text);
    user_names(text);
    registered(text);
}

fn made_by_us(text: &str) {
    let same = |shown: &Secret<String>, text: &str| assert_eq!(shown.reveal(), text, "a second spelling");
    if let Some(handle) = LoginHandle::parse(text) {
        same(&handle.text(), text);
    }
    if let Some(invite) = InviteSecret::parse(text) {
        same(&invite.text(), text.trim());
    }
    if let Some(secret) = StepUpSecret::parse(text) {
        same(&secret.text(), text);
    }
    if let Some(claim) = DeviceToken::parse(ring(), text) {
        same(&DeviceToken::mint(ring(), claim.device, claim.user), text);
    }
    if let Ok(token) = RefreshToken::parse(ring(), &Secret::new(text.to_owned())) {
        same(&token.text(ring()), text);
    }
}

fn typed(text: &str) {
    if Code::parse(text).is_ok() {
        assert!(text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()), "a code in another spelling");
    }
    if let Ok(code) = RecoveryCode::parse(text) {
        let bare: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let again = RecoveryCode::parse(&bare.to_ascii_uppercase()).map(|code| code.digest(UserId::NIL));
        assert!(again.is_ok_and(|again| again.matches(&code.digest(UserId::NIL))), "one code, two digests");
        assert!(RecoveryCode::parse(&format!("{bare}0")).is_err());
    }
    if let Some(key) = MasterKey::from_hex(text) {
        assert_eq!(*key.to_hex(), text.trim().to_ascii_lowercase());
    }
}

fn ids(text: &str) {
    fn same<T: FromStr + ToString>(text: &str) -> bool {
        let read = text.parse::<T>().ok();
        if let Some(id) = &read {
            assert_eq!(id.to_string(), text, "a second spelling of an id");
        }
        read.is_some()
    }
    let kinds = [same::<UserId>(text), same::<SessionId>(text), same::<DeviceId>(text), same::<RecordId>(text)];
    assert!(kinds.iter().filter(|is| **is).count() < 2, "an id of two kinds");
}

fn user_names(text: &str) {
    if let Ok(name) = UserName::parse(text) {
        assert!(!name.as_str().is_empty() && name.as_str().len() <= NAME_BYTES_MAX);
        assert!(name.as_str().chars().all(|c| !c.is_control() && !c.is_whitespace()), "a name with a gap");
        assert_eq!(UserName::parse(name.as_str()).as_ref(), Ok(&name), "a name that does not find itself");
    }
    let tried = UserName::for_attempt(text);
    assert!(tried.as_str().len() <= 65, "an attempt under a long name");
    assert_eq!(tried, UserName::for_attempt(&format!(" {text} ")));
}

fn registered(text: &str) {
    if let Ok(scope) = Scope::parse(text) {
        assert_eq!(Scope::parse(scope.as_str()).as_ref(), Ok(&scope));
        assert!(scope.words().all(|word| text.split(' ').any(|given| given == word)), "a scope that grew");
        assert_eq!(scope.within(&Scope::default()).as_str(), "");
    }
    if let Ok(name) = AudienceName::parse(text) {
        assert_eq!(name.as_str(), text);
        let service = Audience::service(text, Alg::Es256, ISSUER);
        let account = text.trim_end_matches('/').eq_ignore_ascii_case("https://login.example/account");
        assert_eq!(service == Err(BadAudience::Account), account, "a service in place of the account API");
    }
    for (read, text) in [
        (ClientId::parse(text).ok().map(|id| id.as_str().to_owned()), text),
        (Action::parse(text).map(|action| action.as_str().to_owned()), text),
        (NodeName::parse(text).ok().map(|node| node.to_string()), text),
    ] {
        assert!(read.is_none_or(|read| read == text), "a second spelling of {text:?}");
    }
}

/// A registered client: a browser must read its addresses as we do. The other reader is the `url` crate, which follows
/// the WHATWG standard.
pub(crate) fn client(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let audiences: Vec<Audience> = Audience::service("orders", Alg::Es256, ISSUER).into_iter().collect();
    let around = Surroundings { issuer: ISSUER, audiences: &audiences };
    let built = |spec: &ClientSpec| Client::build(spec, around).ok().map(|built| built.client);
    if let Some(client) = serde_json::from_str::<ClientSpec>(text).ok().as_ref().and_then(built) {
        client.redirect_uris.iter().for_each(|uri| as_browsers_read(uri));
        client.origins.iter().for_each(|origin| as_browsers_name(origin));
        assert!(client.idle <= client.absolute && client.access_life.seconds() <= 3600);
        assert!(client.audiences.iter().all(|audience| audience.name.as_str() == "orders"));
    }
    let (redirect, origin) = (vec![text.to_owned()], vec![text.to_owned()]);
    if built(&ClientSpec { redirect_uris: redirect, ..plain() }).is_some() {
        as_browsers_read(text);
    }
    if built(&ClientSpec { origins: origin, ..plain() }).is_some() {
        as_browsers_name(text);
    }
}

fn plain() -> ClientSpec {
    ClientSpec::plain("web", ClientKind::Public, vec!["orders".to_owned()])
}

fn as_browsers_read(uri: &str) {
    let (scheme, rest) = uri.split_once(':').unwrap_or_default();
    if !matches!(scheme, "https" | "http") {
        // A private scheme goes to the app as it is. It must at least be no scheme that a browser acts on.
        assert!(scheme.contains('.'), "a scheme of the browser: {uri}");
        return;
    }
    let Ok(read) = Url::parse(uri) else {
        // A broken Punycode label leads no browser anywhere.
        return assert!(uri.contains("xn--"), "no browser reads it: {uri}");
    };
    assert!(read.scheme() == scheme && read.username().is_empty() && read.password().is_none());
    let rest = rest.trim_start_matches('/');
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = if authority.starts_with('[') { "[::1]" } else { authority.split(':').next().unwrap_or_default() };
    assert_eq!(read.host_str(), Some(host), "a browser goes to another host: {uri}");
    assert!(scheme == "https" || matches!(host, "127.0.0.1" | "localhost" | "[::1]"), "plain http: {uri}");
    let path = rest.get(authority.len()..).unwrap_or_default().split('?').next().unwrap_or_default();
    assert_eq!(read.path(), if path.is_empty() { "/" } else { path }, "a browser goes to another path: {uri}");
}

fn as_browsers_name(origin: &str) {
    let named = Url::parse(origin).map(|url| url.origin().ascii_serialization());
    if named.is_err() && origin.contains("xn--") {
        return;
    }
    assert_eq!(named.as_deref().ok(), Some(origin), "no browser sends this origin");
}

/// Any bytes as a record, a checkpoint and an export: one spelling each, and only the genuine export is whole.
pub(crate) fn audit(bytes: &[u8]) {
    let Some(key) = CHECKPOINTS.as_ref() else { return };
    let lines = || bytes.split_inclusive(|byte| *byte == b'\n');
    let report = verify_export(lines(), None, Some(key.public()));
    if report.holds() {
        assert_eq!(bytes, crate::seeds::export().as_bytes(), "a forged export is called whole");
    }
    for line in lines() {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches('\n');
        if let Ok(record) = Record::parse(text) {
            assert_eq!(record.canonical(), text, "a second spelling of a record");
        }
        if let Ok(checkpoint) = Checkpoint::parse(text) {
            assert_eq!(checkpoint.canonical(), text, "a second spelling of a checkpoint");
        }
    }
}
