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
    assert!(refused(&[("POUNDLOCK_LISTEN__ADDRESS", "0.0.0.0:80")]).contains("listen.behind"));
    assert!(refused(&[("POUNDLOCK_LISTEN__BEHIND", "[\"10.0.0.0/99\"]")]).contains("listen.behind"));
}

#[test]
fn pwd_13_a_cost_under_the_floor_does_not_start() {
    let config = load(&[("POUNDLOCK_PASSWORD__MEMORY_KIB", "1024")]).unwrap();
    assert!(config.check().is_err());
}
