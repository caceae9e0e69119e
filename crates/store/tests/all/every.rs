//! Every statement of the crate prepares on both engines, with types that both store alike. The statements are found in
//! the source, so that none can be forgotten.

use std::path::Path;

use poundlock_store::{Statement, on_both};

/// Files whose statements are examples or belong to one engine.
const NOT_NOUNS: [&str; 3] = ["row.rs", "statement.rs", "store.rs"];

/// The text of each `Statement::new("…")` in `source`, before its tests.
fn statements(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    code.split("Statement::new(").skip(1).filter_map(|rest| literal(rest.trim_start().strip_prefix('"')?)).collect()
}

/// The string literal that starts here, as the compiler reads it; `None` without an end.
fn literal(text: &str) -> Option<String> {
    let (mut out, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return Some(out),
            '\\' => match chars.next()? {
                '\n' => chars = chars.as_str().trim_start().chars(),
                'n' => out.push('\n'),
                c @ ('"' | '\\' | '\'') => out.push(c),
                c => panic!("an escape that this test does not know: \\{c}"),
            },
            c => out.push(c),
        }
    }
}

/// Every statement with its file.
fn every() -> Vec<(String, &'static Statement)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !path.is_file() || NOT_NOUNS.contains(&name.as_str()) {
            continue;
        }
        for sql in statements(&std::fs::read_to_string(&path).unwrap()) {
            found.push((name.clone(), &*Box::leak(Box::new(Statement::new(sql.leak())))));
        }
    }
    found
}

on_both! {
    async fn every_statement_of_the_nouns_prepares(store) {
        let (statements, mut bad) = (every(), Vec::new());
        assert!(statements.len() > 100, "only {} statements were found", statements.len());
        for (file, statement) in statements {
            if let Err(error) = store.check(statement).await {
                bad.push(format!("{file}: {error}"));
            }
        }
        assert!(bad.is_empty(), "{}", bad.join("\n"));
    }
}

#[test]
fn no_statement_is_overlooked() {
    let source = r#"
        static A: Statement = Statement::new("SELECT \"a\" \
             FROM t");
        pub static B: Statement =
            Statement::new(
                "SELECT 'b'",
            );
        #[cfg(test)]
        static C: Statement = Statement::new("SELECT c");
    "#;
    assert_eq!(statements(source), ["SELECT \"a\" FROM t", "SELECT 'b'"]);
}

#[test]
fn no_sql_stands_where_this_test_does_not_look() {
    // A statement made in any other way would escape the check above.
    for (file, count) in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().filter_map(|f| {
        let path = f.unwrap().path();
        let source = path.is_file().then(|| std::fs::read_to_string(&path).unwrap())?;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let code = source.split("#[cfg(test)]").next().unwrap().to_owned();
        let calls = code.matches("Statement::new(").count();
        (!NOT_NOUNS.contains(&name.as_str())).then(|| (name, (calls, statements(&source).len())))
    }) {
        assert_eq!(count.0, count.1, "{file}");
    }
}
