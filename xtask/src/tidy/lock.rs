//! Rules about `Cargo.lock`: what must never be built in, and from which version on the rest is sound.

use super::{Finding, Tree};

/// Packages and why they stay out. Where one is named by an option that we do not build, `tidy.toml` says so.
const BANNED: [(&str, &str); 46] = [
    ("async-std", "unmaintained"),
    ("atty", "unmaintained"),
    ("backoff", "unmaintained"),
    ("bincode", "unmaintained"),
    ("boring", "BoringSSL needs cmake and bindgen; one TLS stack is enough"),
    ("derivative", "unmaintained"),
    ("dotenv", "unmaintained"),
    ("drill", "GPL"),
    ("envoy-types", "89,000 generated lines"),
    ("fast_uaparser", "no release since 2022"),
    ("figment", "quiet since 2024"),
    ("fxhash", "unmaintained"),
    ("hyperloglogplus", "no release since 2022"),
    ("iai-callgrind", "renamed gungraun"),
    ("include_dir", "quiet since 2024"),
    ("instant", "unmaintained"),
    ("jose-rs", "turns on arbitrary_precision for everybody"),
    ("josekit", "OpenSSL"),
    ("jwt-simple", "BoringSSL"),
    ("native-tls", "OpenSSL"),
    ("oauth2-types", "older than OAuth 2.1"),
    ("openssl", "one TLS stack is enough, and this one has the most advisories"),
    ("openssl-sys", "as openssl"),
    ("oxide-auth", "older than OAuth 2.1"),
    ("paste", "unmaintained"),
    ("postgresql_embedded", "downloads while it builds"),
    ("probabilistic-collections", "no release since 2020"),
    ("proc-macro-error", "unmaintained"),
    ("prometheus", "prometheus-client is the chosen one"),
    ("pwhash", "no release since 2020"),
    ("ring", "aws-lc-rs is the one source of cryptography"),
    ("rsa", "RUSTSEC-2023-0071, the Marvin attack (T-36, KEY-10)"),
    ("rustls-pemfile", "unmaintained"),
    ("serde_cbor", "unmaintained"),
    ("serde_yml", "unsound"),
    ("slauth", "old cryptography"),
    ("sqlx", "ten times slower durable writes"),
    ("svix", "compile weight"),
    ("deadpool-sqlite", "holds rusqlite back"),
    ("rusqlite_migration", "holds rusqlite back"),
    ("refinery", "holds rusqlite back"),
    ("users", "unmaintained"),
    ("utoipa-swagger-ui", "downloads while it builds"),
    ("webauthn_rp", "old cryptography"),
    ("woothee", "no release since 2021"),
    ("hiqlite", "not under credentials yet"),
];

/// The first version in which known holes are mended.
const FLOORS: [(&str, [u64; 3]); 10] = [
    ("anyhow", [1, 0, 103]),
    ("aws-lc-sys", [0, 39, 0]),
    ("bcrypt", [0, 19, 2]),
    ("h2", [0, 4, 16]),
    ("jsonwebtoken", [10, 3, 0]),
    ("lru", [0, 18, 2]),
    ("rustls-webpki", [0, 103, 13]),
    ("time", [0, 3, 47]),
    ("tokio-postgres", [0, 7, 18]),
    ("tracing-subscriber", [0, 3, 20]),
];

struct Package<'a> {
    name: &'a str,
    version: &'a str,
    dependencies: Vec<&'a str>,
}

/// No banned package, except through what `tidy.toml` names and for its reason.
pub(super) fn bans(tree: &Tree) -> Vec<Finding> {
    let packages = packages(&tree.lock);
    let mut findings = Vec::new();
    for (name, why) in BANNED.iter().filter(|(name, _)| packages.iter().any(|package| package.name == *name)) {
        let parents = packages.iter().filter(|package| package.dependencies.contains(name)).map(|package| package.name);
        let exception = tree.records.lock.get(*name).filter(|exception| !exception.reason.is_empty());
        let through = exception.map(|exception| exception.through.as_slice()).unwrap_or_default();
        let bad: Vec<&str> = parents.filter(|parent| !through.iter().any(|allowed| allowed == parent)).collect();
        if exception.is_none() || !bad.is_empty() {
            findings.push(finding(&format!("{name} is banned ({why}); named by {}", bad.join(", "))));
        }
    }
    for name in tree.records.lock.keys().filter(|name| !packages.iter().any(|package| package.name == **name)) {
        findings.push(finding(&format!("{name} is gone; take its exception out of {}", super::RECORDS)));
    }
    findings
}

/// No version with a known hole.
pub(super) fn floors(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Package { name, version, .. } in packages(&tree.lock) {
        let floor = FLOORS.iter().find(|(floored, _)| *floored == name).map(|(_, floor)| *floor);
        if let Some([major, minor, patch]) = floor.filter(|floor| numbers(version) < *floor) {
            findings.push(finding(&format!("{name} {version} is below {major}.{minor}.{patch}")));
        }
    }
    findings
}

fn packages(lock: &str) -> Vec<Package<'_>> {
    let entries = lock.split("[[package]]").skip(1);
    entries
        .filter_map(|entry| {
            Some(Package {
                name: value(entry, "name = ")?,
                version: value(entry, "version = ")?,
                dependencies: entry.lines().filter_map(dependency).collect(),
            })
        })
        .collect()
}

fn value<'a>(entry: &'a str, key: &str) -> Option<&'a str> {
    entry.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim_matches('"'))
}

/// ` "name",` or ` "name 1.2.3",`.
fn dependency(line: &str) -> Option<&str> {
    line.strip_prefix(" \"")?.trim_end_matches(['"', ',']).split(' ').next()
}

fn numbers(version: &str) -> [u64; 3] {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let mut parts = plain.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

fn finding(what: &str) -> Finding {
    Finding { place: "Cargo.lock".to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::{Exception, tree};
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"h2\"\nversion = \"0.4.9\"\ndependencies = [\n \"ring\",\n]\n\n\
                        [[package]]\nname = \"ring\"\nversion = \"0.17.14\"\n\n[[package]]\nname = \"time\"\nversion = \"0.3.47\"\n";

    fn locked(lock: &str) -> Tree {
        Tree { lock: lock.to_owned(), ..tree(&[]) }
    }

    fn excepted(through: &str, reason: &str) -> Tree {
        let mut tree = locked(LOCK);
        let exception = Exception { through: vec![through.to_owned()], reason: reason.to_owned() };
        tree.records.lock.insert("ring".to_owned(), exception);
        tree
    }

    #[test]
    fn a_banned_package_is_found_with_who_names_it() {
        let findings = bans(&locked(LOCK));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.contains("ring") && findings[0].what.ends_with("named by h2"), "{}", findings[0]);
        assert!(bans(&locked(&LOCK.replace("\"ring\"", "\"wring\""))).is_empty());
    }

    #[test]
    fn an_exception_holds_for_its_parents_and_with_a_reason() {
        assert!(bans(&excepted("h2", "an option that is off")).is_empty());
        assert_eq!(bans(&excepted("h2", "")).len(), 1);
        assert_eq!(bans(&excepted("rustls", "an option that is off")).len(), 1);
    }

    #[test]
    fn an_exception_for_nothing_is_found() {
        let mut tree = excepted("h2", "an option that is off");
        tree.lock = LOCK.replace("\"ring\"", "\"wring\"");
        assert_eq!(bans(&tree).len(), 1);
    }

    #[test]
    fn old_versions_are_found_by_number_and_not_by_letter() {
        let findings = floors(&locked(LOCK));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.contains("h2 0.4.9 is below 0.4.16"));
        assert!(numbers("0.10.0") > numbers("0.9.9"));
        assert_eq!(numbers("1.2.3-rc.1+4"), [1, 2, 3]);
    }
}
