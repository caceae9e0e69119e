//! What the operator has set up: configuration, key file, data folder, proxies.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use poundlock_core::seal::MasterKey;
use poundlock_core::time::Time;

use super::Check;
use crate::boot::{MasterSource, load_master};
use crate::config::Config;
use crate::serving::refuse_long_socket;
use crate::tls::{self, Pair};

const CONFIGURATION: &str = "Configuration";
const KEYS: &str = "Keys";
const PROXY: &str = "Proxy";
const CERTIFICATE: &str = "Certificate";

/// The widest network of proxies that nobody asks about, as a prefix of IPv4 and of IPv6.
const WIDE: (u32, u32) = (16, 48);

pub(super) fn configuration(config: &Config) -> Vec<Check> {
    let sound = config.check().and_then(|()| refuse_long_socket(&config.admin_socket()));
    let mut checks = vec![match sound {
        Ok(()) => Check::ok(CONFIGURATION, format!("It is sound. The issuer is {}.", config.issuer())),
        Err(error) => Check::failed(CONFIGURATION, &error),
    }];
    if config.guard.sources.loopback_unlimited {
        checks.push(Check::warn(
            CONFIGURATION,
            "Requests from this machine are not limited by source: behind a proxy on it, nobody's are.",
            "set guard.sources.loopback_unlimited to false; it is for tests and benches",
        ));
    }
    checks
}

/// The master key and who can read what lies around it.
pub(super) fn keys(config: &Config) -> (Vec<Check>, Option<MasterKey>) {
    let (check, master) = match load_master(config) {
        Err(error) => (Check::failed(KEYS, &error), None),
        Ok(None) => (no_master(), None),
        Ok(Some((key, source))) => (from(&key, &source), Some(key)),
    };
    (vec![folder(&config.data), check], master)
}

fn no_master() -> Check {
    Check::warn(
        KEYS,
        "There is no master key here, so what is sealed cannot be looked at.",
        "run this where the server's key is: a systemd credential is the service's alone",
    )
}

fn from(key: &MasterKey, source: &MasterSource) -> Check {
    let place = match source {
        MasterSource::Credential => "a systemd credential".to_owned(),
        MasterSource::File(path) => path.display().to_string(),
        MasterSource::Variable => "a variable".to_owned(),
        MasterSource::DataFolder => {
            return Check::warn(
                KEYS,
                "The master key lies in the data folder it protects: a copy of the folder is a copy of the key.",
                "stop the server, move master.key out, and name its place in [master_key] file",
            );
        }
    };
    Check::ok(KEYS, format!("The master key {} comes from {place}.", key.fingerprint()))
}

fn folder(data: &Path) -> Check {
    let Ok(found) = std::fs::metadata(data) else {
        return Check::warn(
            KEYS,
            format!("There is no data folder {} yet.", data.display()),
            "name it with --data, or begin with `poundlock up`",
        );
    };
    let mode = found.permissions().mode() & 0o777;
    match mode {
        _ if mode & 0o002 != 0 => Check::fail(
            KEYS,
            format!("Every user of this machine can write in {}: a server does not start.", data.display()),
            format!("chmod 700 {}", data.display()),
        ),
        _ if mode & 0o077 != 0 => Check::warn(
            KEYS,
            format!("Others can look into {}. Its files are their owner's alone, so far.", data.display()),
            format!("chmod 700 {}", data.display()),
        ),
        _ => Check::ok(KEYS, format!("{} is its owner's alone.", data.display())),
    }
}

pub(super) fn proxy(config: &Config) -> Vec<Check> {
    let behind = &config.listen.behind;
    let wide = |text: &&String| {
        let prefix = text.split_once('/').and_then(|(_, prefix)| prefix.parse::<u32>().ok());
        prefix.is_some_and(|prefix| prefix < if text.contains(':') { WIDE.1 } else { WIDE.0 })
    };
    let is_behind_none = behind.is_empty() && config.listen.socket.is_none();
    if is_behind_none && config.listen.tls.is_none() && config.issuer().starts_with("https://") {
        return vec![Check::warn(
            PROXY,
            "The issuer is https and no proxy is named: all clients of a proxy share its address, and one stranger \
             uses up the limit of all.",
            "name the proxy's network in listen.behind, or a certificate in [listen.tls]",
        )];
    }
    if let Some(network) = behind.iter().find(wide) {
        return vec![Check::warn(
            PROXY,
            format!("{network} is wide: every machine in it can write any client's address."),
            "name in listen.behind the proxies alone",
        )];
    }
    match behind.len() {
        0 => vec![Check::ok(PROXY, "None is named, and none is trusted.")],
        _ => vec![Check::ok(PROXY, format!("Trusted: {}.", behind.join(", ")))],
    }
}

/// The certificate of the listener, if TLS ends here.
pub(super) fn certificate(config: &Config, now: Time) -> Vec<Check> {
    let Some(files) = &config.listen.tls else { return Vec::new() };
    let pair = match Pair::read(files) {
        Ok(pair) => pair,
        Err(error) => return vec![Check::failed(CERTIFICATE, &error)],
    };
    let (issuer, until) = (config.issuer(), tls::moment(pair.until()));
    let host = tls::host_of(&issuer);
    if pair.until() <= now {
        return vec![Check::fail(CERTIFICATE, format!("It ended on {until}: clients refuse it."), "renew it")];
    }
    if pair.since() > now {
        let says = format!("It begins on {}: clients refuse it until then.", tls::moment(pair.since()));
        return vec![Check::fail(CERTIFICATE, says, "use one that holds now, or set this machine's clock")];
    }
    if !pair.names(host) {
        let says = format!("It does not name {host}, the issuer's host: clients refuse it.");
        return vec![Check::fail(CERTIFICATE, says, "have it made for the issuer's host")];
    }
    if pair.until() - now <= tls::SOON {
        return vec![Check::warn(CERTIFICATE, format!("It ends on {until}."), "renew it; its files are read again")];
    }
    vec![Check::ok(CERTIFICATE, format!("It is for {host} and holds until {until}."))]
}
