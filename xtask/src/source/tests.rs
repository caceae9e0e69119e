//! Functions, tests and comments told apart in a file that has one of each.

use super::*;

const TEXT: &str = "\
//! Says what.

/// Does one.
pub(crate) async fn one(
    left: u8,
) -> u8 {
    // this is no code here
    left
}

trait Shape {
    fn declared(&self) -> u8;
    fn given(&self) -> u8 {
        1
    }
}

fn short() {}

#[cfg(test)]
mod tests {
    /// Proves OTP-05.
    #[tokio::test(flavor = \"multi_thread\")]
    async fn otp_06_it_holds() {
        assert!(true);
    }

    proptest! {
        #[test]
        fn any(x in 0..9) {
            let y = x;
        }
        fn bare(x in 0..9) {
            let y = x;
        }
    }

    fn part() {
        two();
    }
}
";

#[test]
fn functions_have_names_places_and_lengths() {
    let file = File::new("crates/a/src/x.rs", TEXT);
    let seen: Vec<_> = file.functions().into_iter().map(|one| (one.name, one.line, one.lines, one.test)).collect();
    let expected = [
        ("one", 4, 6, false),
        ("given", 13, 3, false),
        ("short", 18, 1, false),
        ("otp_06_it_holds", 24, 3, true),
        ("any", 30, 3, true),
        ("bare", 33, 3, true),
        ("part", 38, 3, false),
    ];
    assert_eq!(seen, expected.map(|(name, line, lines, test)| (name.to_owned(), line, lines, test)));
}

#[test]
fn what_stands_above_a_function_belongs_to_it() {
    let file = File::new("crates/a/src/x.rs", TEXT);
    let functions = file.functions();
    assert!(functions[3].above.contains("OTP-05") && functions[3].above.contains("tokio::test"));
    assert_eq!(functions[0].above, "/// Does one.");
}

#[test]
fn a_body_for_both_engines_is_a_test() {
    let text = "//! A.\n\nasync fn no_test() {\n}\n\non_both! {\n    async fn otp_06_once(store) {\n    }\n\n    \
                async fn otp_08_again(store) {\n    }\n}\n\nasync fn none_after() {\n}\n";
    let file = File::new("crates/a/tests/all/x.rs", text);
    let seen: Vec<_> = file.functions().into_iter().map(|function| (function.name, function.test)).collect();
    let expected = [("no_test", false), ("otp_06_once", true), ("otp_08_again", true), ("none_after", false)];
    assert_eq!(seen, expected.map(|(name, test)| (name.to_owned(), test)));
}

#[test]
fn tests_are_told_from_source() {
    let file = File::new("crates/a/src/x.rs", TEXT);
    assert_eq!(file.source().len(), 19);
    assert!(file.is_test(21) && !file.is_test(18));
    assert_eq!(File::new("crates/a/tests/all.rs", TEXT).source().len(), 0);
    assert_eq!(File::new("crates/a/src/x/tests.rs", TEXT).source().len(), 0);
    let plain = File::new("crates/a/src/y.rs", "//! A.\n#[cfg(test)]\nmod tests;\nfn a() {}\n");
    assert_eq!(plain.source().len(), 4);
}

#[test]
fn a_module_that_only_tests_is_a_test_with_all_below_it() {
    let lib = "//! A.\n#[cfg(any(test, feature = \"testing\"))]\npub mod testing;\npub mod guard;\n";
    let guard = "//! B.\n#[cfg(test)]\nmod model;\nmod lane;\n";
    let paths = ["lib", "testing", "guard", "guard/model", "guard/model/step", "guard/lane", "guard/models"];
    let text = |path: &str| match path {
        "lib" => lib,
        "guard" => guard,
        _ => "fn a() {}\n",
    };
    let mut files = paths.map(|path| File::new(&format!("crates/a/src/{path}.rs"), text(path)));
    mark_test_modules(&mut files);
    let tests: Vec<bool> = files.iter().map(|file| file.is_test(1)).collect();
    assert_eq!(tests, [false, true, false, true, true, false, false]);
}

#[test]
fn comments_are_no_code() {
    let file = File::new("crates/a/src/x.rs", TEXT);
    assert!(file.code().all(|(_, line)| !line.contains("no code here")));
    assert_eq!(file.code().next(), Some((4, "pub(crate) async fn one(")));
}
