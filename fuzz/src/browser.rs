//! What a browser sends of itself or is told to send: cookies, the way back after a login, parameters.

use poundlock::testing::fuzz;
use poundlock_core::oidc::{Params, encode};
use poundlock_core::return_to::ReturnTo;
use url::{Url, form_urlencoded};

/// A `Cookie` line. What is read stands in it once and under one name; a second one of that name takes it back, since
/// somebody has planted one of them, and no other cookie changes it.
pub(crate) fn cookie(bytes: &[u8]) {
    let read = |lines: &[&[u8]]| fuzz::session_cookie(lines);
    let Some(value) = read(&[bytes]) else { return };
    assert!(!value.contains(';') && bytes.windows(value.len().max(1)).any(|part| part.starts_with(value.as_bytes())));
    let planted = format!("{}=planted", fuzz::SESSION_COOKIE);
    assert_eq!(read(&[&[bytes, b"; ", planted.as_bytes()].concat()]), None, "one of two is believed");
    assert_eq!(read(&[bytes, planted.as_bytes()]), None, "one of two lines is believed");
    let neighbours = format!("{0}1=x; x{0}=x; a=b", fuzz::SESSION_COOKIE);
    for around in [[bytes, b"; ", neighbours.as_bytes()].concat(), [neighbours.as_bytes(), b"; ", bytes].concat()] {
        assert_eq!(read(&[&around]).as_ref(), Some(&value), "another cookie changes it");
    }
}

/// Any text as the way back after a login: what is accepted leads every browser to this server, to that path.
pub(crate) fn return_to(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(there) = ReturnTo::parse(text) else { return };
    assert_eq!(there.as_str(), text, "something was repaired");
    for server in ["https://login.example/sign-in/lgn_1", "http://localhost:8080/"] {
        let Ok(server) = Url::parse(server) else { return };
        let Ok(url) = server.join(text) else { return assert_eq!(text, "", "no browser goes there") };
        assert_eq!(url.origin(), server.origin(), "{text:?} leads away");
        let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
        assert_eq!((url.path(), url.query(), url.fragment()), (path, query, None), "{text:?} leads elsewhere");
    }
}

/// A query or a form: the other reader, which is that of browsers, finds the same values; what came twice is neither.
pub(crate) fn params(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(params) = Params::parse(text) else { return };
    let pairs: Vec<(String, String)> = form_urlencoded::parse(bytes).into_owned().collect();
    agrees(&params, &pairs);
    let mut written = String::new();
    encode(&mut written, pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let Ok(again) = Params::parse(&written) else {
        return assert_eq!(written, "", "what was read is refused when it is written");
    };
    agrees(&again, &pairs);
}

fn agrees(params: &Params, pairs: &[(String, String)]) {
    for (name, value) in pairs {
        let once = pairs.iter().filter(|(other, _)| other == name).count() == 1;
        assert_eq!(params.is_repeated(name), !once, "{name:?}");
        let wanted = (once && !value.is_empty()).then_some(value.as_str());
        assert_eq!(params.one(name), wanted, "{name:?}");
    }
    assert_eq!(params.one("no such name, ever"), None);
}
