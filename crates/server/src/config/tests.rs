//! What the configuration takes and what it refuses.

use super::*;

fn load(variables: &[(&str, &str)]) -> anyhow::Result<Config> {
    Config::load(None, variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

#[test]
fn the_example_is_the_default() {
    let example: Config = toml::from_str(example()).unwrap();
    assert_eq!(toml::to_string(&example).unwrap(), toml::to_string(&Config::default()).unwrap());
    example.check().unwrap();
}

#[test]
fn variables_override_and_misspelt_ones_are_refused() {
    let config = load(&[("POUNDLOCK_LISTEN__ADDRESS", "127.0.0.1:9000"), ("POUNDLOCK_PASSWORD__PASSES", "2")]).unwrap();
    assert_eq!(config.listen.address.port(), 9000);
    assert_eq!(config.issuer(), "http://localhost:9000");
    assert_eq!(config.password.passes, 2);
    assert!(load(&[("POUNDLOCK_LISTEN__ADRESS", "127.0.0.1:9000")]).is_err());
    assert!(load(&[("POUNDLOCK_LISTEN", "x")]).is_err());
}

#[test]
fn ops_02_unsafe_combinations_do_not_start() {
    let refused = |variables: &[(&str, &str)]| load(variables).unwrap().check().unwrap_err().to_string();
    assert!(refused(&[("POUNDLOCK_ISSUER", "http://login.example.org")]).contains("plain http"));
    assert!(refused(&[("POUNDLOCK_ISSUER", "http://localhost.evil.example")]).contains("plain http"));
    assert!(refused(&[("POUNDLOCK_ISSUER", "https://login.example.org/")]).contains("slash"));
    assert!(refused(&[("POUNDLOCK_ISSUER", "ftp://login.example.org")]).contains("https URL"));
    for odd in ["https://Login.example.org", "http://localhost:evil", "https://1.2", "https:// a"] {
        assert!(refused(&[("POUNDLOCK_ISSUER", odd)]).contains(odd), "{odd}");
    }
    assert!(refused(&[("POUNDLOCK_LISTEN__ADDRESS", "0.0.0.0:80")]).contains("listen.behind"));
    assert!(refused(&[("POUNDLOCK_LISTEN__BEHIND", "[\"10.0.0.0/99\"]")]).contains("listen.behind"));
    for everyone in ["0.0.0.0/0", "::/0", "10.0.0.1/0"] {
        let said = refused(&[("POUNDLOCK_LISTEN__BEHIND", &format!("[\"{everyone}\"]"))]);
        assert!(said.contains("makes everyone a proxy"), "{everyone}: {said}");
    }
}

#[test]
fn pwd_13_a_cost_under_the_floor_does_not_start() {
    let config = load(&[("POUNDLOCK_PASSWORD__MEMORY_KIB", "1024")]).unwrap();
    assert!(config.check().is_err());
}

#[test]
fn t_35_an_error_shows_no_value() {
    const SECRET: &str = "5ec7e75ec7e7";
    for name in ["POUNDLOCK_STORE", "POUNDLOCK_MASTER_KEY_", "POUNDLOCK_LISTEN__BEHIND", "POUNDLOCK_PASSWORD__PASSES"] {
        let said = format!("{:#}", load(&[(name, &format!("postgres://u:{SECRET}, expected@h/d"))]).unwrap_err());
        assert!(!said.contains(SECRET), "{name}: {said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("poundlock.toml");
    for text in [format!("[store]\nurl = \"postgres://u:{SECRET}@h/d\n"), format!("[store]\nurl = {SECRET}x y\n")] {
        std::fs::write(&file, text).unwrap();
        let said = format!("{:#}", Config::load(Some(&file), std::iter::empty()).unwrap_err());
        assert!(!said.contains(SECRET) && said.contains("line 2"), "{said}");
    }
    std::fs::write(&file, format!("[store]\nurl = [\"{SECRET}\"]\n")).unwrap();
    let said = format!("{:#}", Config::load(Some(&file), std::iter::empty()).unwrap_err());
    assert!(!said.contains(SECRET) && said.contains("expected"), "{said}");
}

#[test]
fn car_04_a_variable_may_name_the_key_file_and_its_text_stays_out_of_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "ab".repeat(32)).unwrap();
    for name in ["POUNDLOCK_MASTER_KEY_FILE", "POUNDLOCK_MASTER_KEY__FILE"] {
        let config = load(&[(name, file.to_str().unwrap())]).unwrap();
        assert_eq!(config.master_key.file.as_deref(), Some(file.as_path()), "{name}");
    }
}

#[test]
fn ops_04_limits_are_set_by_key_and_never_to_nothing() {
    let config =
        load(&[("POUNDLOCK_LISTEN__LIMITS__HEADER_SECONDS", "3"), ("POUNDLOCK_LISTEN__LIMITS__CONNECTIONS_MAX", "9")])
            .unwrap();
    config.check().unwrap();
    assert_eq!((config.listen.limits.header.as_secs(), config.listen.limits.connections_max), (3, 9));
    let toml::Value::Table(keys) = toml::Value::try_from(Limits::default()).unwrap() else { panic!("no table") };
    for key in keys.keys() {
        let nothing = load(&[(&format!("POUNDLOCK_LISTEN__LIMITS__{}", key.to_uppercase()), "0")]).unwrap();
        let said = nothing.check().unwrap_err().to_string();
        assert!(said.contains(key), "{key}: {said}");
        assert!(load(&[(&format!("POUNDLOCK_LISTEN__LIMITS__{}", key.to_uppercase()), "-1")]).is_err(), "{key}");
    }
    assert!(load(&[("POUNDLOCK_LISTEN__LIMITS__CONNECTIONS_MAX", "1000001")]).unwrap().check().is_err());
}

#[test]
fn ops_02_a_free_port_needs_no_issuer_and_a_named_one_none_such() {
    let free = ("POUNDLOCK_LISTEN__ADDRESS", "127.0.0.1:0");
    let config = load(&[free]).unwrap();
    assert_eq!(config.listen.address.port(), 0, "chosen when it listens");
    config.check().unwrap();
    let odd = load(&[free, ("POUNDLOCK_ISSUER", "http://localhost:0")]).unwrap();
    let said = odd.check().unwrap_err().to_string();
    assert!(said.contains("issuer") && said.contains("localhost:0"), "{said}");
}

#[test]
fn ops_02_what_would_send_passwords_in_the_clear_does_not_start() {
    let config = |issuer: &str, text: &str| {
        let text = format!("issuer = \"{issuer}\"\n[listen]\n{text}\n");
        toml::from_str::<Config>(&text).unwrap().check().map_err(|error| error.to_string())
    };
    let tls = "[listen.tls]\ncertificate = \"/c\"\nkey = \"/k\"";
    let https = "https://login.example.org";
    config(https, tls).unwrap();
    config(https, &format!("address = \"0.0.0.0:443\"\n{tls}")).unwrap();
    config(https, "address = \"0.0.0.0:80\"\nbehind = [\"10.0.0.0/8\"]").unwrap();
    config(https, "socket = \"/run/s\"\nproxy_protocol = true").unwrap();
    config(https, "socket = \"/run/s\"\nsocket_mode = \"0660\"").unwrap();
    for (issuer, text, says) in [
        (https, "address = \"0.0.0.0:443\"", "plain HTTP"),
        (https, "address = \"[::]:443\"", "plain HTTP"),
        (https, "address = \"[::ffff:192.0.2.1]:443\"", "plain HTTP"),
        ("http://localhost:8080", tls, "write the issuer as https"),
        (https, "proxy_protocol = true", "nobody may connect"),
        (https, "socket = \"/run/s\"\nsocket_mode = \"0666\"", "every user of this machine"),
        (https, "socket = \"/run/s\"\nsocket_mode = \"rw\"", "is no mode"),
        (https, "socket = \"/run/s\"\nsocket_mode = \"7777\"", "is no mode"),
    ] {
        let said = config(issuer, text).unwrap_err();
        assert!(said.contains(says), "{text}: {said}");
    }
}

#[test]
fn a_certificate_without_a_key_is_no_tls() {
    assert!(toml::from_str::<Config>("[listen.tls]\ncertificate = \"/c\"").is_err());
    let set = load(&[("POUNDLOCK_LISTEN__TLS__CERTIFICATE", "/c"), ("POUNDLOCK_LISTEN__TLS__KEY", "/k")]).unwrap();
    assert_eq!(set.listen.tls.unwrap().key, PathBuf::from("/k"));
}
