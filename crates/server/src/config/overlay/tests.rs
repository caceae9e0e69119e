//! How variables become settings, and what an error says of a value that was put into the wrong place.

use super::*;

fn applied(over: &str, variables: &[(&str, &str)]) -> anyhow::Result<Table> {
    let mut table = table(over)?;
    apply(&mut table, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))?;
    Ok(table)
}

fn read(text: &str) -> Table {
    text.parse().unwrap()
}

#[test]
fn a_variable_sets_its_key_and_leaves_the_others() {
    let file = "issuer = 'a'\n[listen]\naddress = 'b'\nbehind = []\n";
    let set = applied(file, &[("POUNDLOCK_LISTEN__ADDRESS", "c"), ("POUNDLOCK_GUARD__SOURCES__PER_MINUTE", "7")]);
    let expected = "issuer = 'a'\n[listen]\naddress = 'c'\nbehind = []\n[guard.sources]\nper_minute = 7\n";
    assert_eq!(set.unwrap(), read(expected));
}

#[test]
fn values_are_read_by_their_look() {
    let value = |text: &str| applied("", &[("POUNDLOCK_X", text)]).unwrap().remove("x").unwrap();
    assert_eq!(value("12"), Value::Integer(12));
    assert_eq!(value("true"), Value::Boolean(true));
    assert_eq!(value("[\"a\", \"b\"]"), Value::Array(vec!["a".into(), "b".into()]));
    for text in
        ["", "01", "1.5", "True", "yes", "\"12\"", "{ a = 1 }", "1979-05-27", "[", "a = 1", "127.0.0.1:80", " a "]
    {
        assert_eq!(value(text), Value::String(text.to_owned()), "{text:?}");
    }
}

#[test]
fn a_value_of_several_lines_is_one_value() {
    let set = applied("", &[("POUNDLOCK_X", "1\nissuer = 'evil'")]).unwrap();
    assert_eq!(set.get("x"), Some(&Value::String("1\nissuer = 'evil'".to_owned())));
    assert_eq!(set.len(), 1);
}

#[test]
fn other_variables_are_not_settings() {
    let others = [
        ("PATH", "/bin"),
        ("poundlock_issuer", "a"),
        ("MY_POUNDLOCK_ISSUER", "a"),
        ("POUNDLOCK_CONFIG", "a"),
        ("POUNDLOCK_MASTER_KEY", "a"),
        ("POUNDLOCK_TEST_POSTGRES", "a"),
    ];
    assert!(applied("", &others).unwrap().is_empty());
}

#[test]
fn a_misspelt_name_stays_misspelt() {
    // Read as `issuer`, it would hide that the one who wrote it meant something else.
    let set = applied("", &[("POUNDLOCK_POUNDLOCK_ISSUER", "a")]).unwrap();
    assert!(set.get("issuer").is_none() && set.get("poundlock_issuer").is_some());
    assert!(applied("", &[("POUNDLOCK_", "a")]).unwrap().contains_key(""), "an unknown key, which is then refused");
}

#[test]
fn a_file_gives_the_value_without_its_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, "postgres://u:p@h/d\r\n").unwrap();
    let named = path.to_str().unwrap();
    let set = applied("[store]\nurl = 'a'\n", &[("POUNDLOCK_STORE__URL_FILE", named)]).unwrap();
    assert_eq!(set, read("[store]\nurl = 'postgres://u:p@h/d'\n"));
    let missing = folder.path().join("missing");
    let why = applied("", &[("POUNDLOCK_STORE__URL_FILE", missing.to_str().unwrap())]).unwrap_err();
    assert!(why.to_string().contains("POUNDLOCK_STORE__URL_FILE"), "{why}");
}

#[test]
fn the_key_file_is_named_and_not_read() {
    for name in ["POUNDLOCK_MASTER_KEY_FILE", "POUNDLOCK_MASTER_KEY__FILE"] {
        assert_eq!(applied("", &[(name, "/no/such/file")]).unwrap(), read("[master_key]\nfile = '/no/such/file'\n"));
    }
}

#[test]
fn a_setting_is_no_section_and_the_variable_is_named() {
    for (file, name) in [("issuer = 'a'\n", "POUNDLOCK_ISSUER__X"), ("master_key = 1\n", "POUNDLOCK_MASTER_KEY_FILE")] {
        let why = format!("{:#}", applied(file, &[(name, "hunter2")]).unwrap_err());
        assert!(why.contains(name) && why.contains("is not a section") && !why.contains("hunter2"), "{why}");
    }
}

#[test]
fn t_35_a_file_that_does_not_read_is_told_by_its_line_alone() {
    for (text, line) in [("a = hunter2x y", 1), ("a = 1\n\nb = 'hunter2", 3), ("a = 1\na = 'hunter2'", 2)] {
        let why = table(text).unwrap_err().to_string();
        assert!(why.starts_with(&format!("line {line}: ")) && !why.contains("hunter2"), "{why}");
    }
}

#[test]
fn t_35_a_wrong_kind_of_value_is_told_without_the_value() {
    for (text, wanted) in [
        ("invalid type: string \"hunter2\", expected u32", "wrong kind of value, expected u32"),
        (
            "in x: invalid value: string \"a, expected hunter2, expected b\", expected u8",
            "in x: wrong kind of value, expected u8",
        ),
        ("invalid type: string \"hunter2\"", "wrong kind of value, expected another kind of value"),
        ("unknown field `adress`", "unknown field `adress`"),
    ] {
        assert_eq!(without_value(text), wanted);
    }
}
