//! Reads just enough of SQL to change placeholders and type words. Never touches what stands in quotes or comments: a
//! `?1` in a literal is data.

/// A stretch of SQL: code, or text that must be kept as it is.
#[derive(Debug, PartialEq, Eq)]
enum Span<'a> {
    Code(&'a str),
    Kept(&'a str),
}

/// Changes the code of `sql` with `change`, and keeps literals, quoted names and comments.
pub(crate) fn map_code(sql: &str, change: impl Fn(&str) -> String) -> String {
    spans(sql)
        .into_iter()
        .map(|span| match span {
            Span::Code(code) => change(code),
            Span::Kept(text) => text.to_owned(),
        })
        .collect()
}

/// Changes every word (letters, digits, underscore) of `code` with `change`.
pub(crate) fn map_words(code: &str, change: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(code.len() + 16);
    let mut rest = code;
    while !rest.is_empty() {
        let (word, tail) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        out.push_str(change(word).unwrap_or(word));
        let (gap, tail) = tail.split_at(tail.find(is_word).unwrap_or(tail.len()));
        out.push_str(gap);
        rest = tail;
    }
    out
}

/// Rewrites `?n` of the common dialect to the `$n` of PostgreSQL.
pub(crate) fn dollar_placeholders(sql: &str) -> String {
    map_code(sql, |code| {
        let mut out = String::with_capacity(code.len());
        let mut chars = code.chars().peekable();
        while let Some(c) = chars.next() {
            let numbered = c == '?' && chars.peek().is_some_and(char::is_ascii_digit);
            out.push(if numbered { '$' } else { c });
        }
        out
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn spans(sql: &str) -> Vec<Span<'_>> {
    let mut out = Vec::new();
    let mut rest = sql;
    while !rest.is_empty() {
        let (code, tail) = rest.split_at(code_len(rest));
        if !code.is_empty() {
            out.push(Span::Code(code));
        }
        let (kept, tail) = tail.split_at(kept_len(tail));
        if !kept.is_empty() {
            out.push(Span::Kept(kept));
        }
        rest = tail;
    }
    out
}

/// Bytes before the next quote or comment.
fn code_len(text: &str) -> usize {
    let comment = |at: usize| text.get(at..).is_some_and(|t| t.starts_with("--") || t.starts_with("/*"));
    text.char_indices().find(|&(at, c)| c == '\'' || c == '"' || comment(at)).map_or(text.len(), |(at, _)| at)
}

/// Bytes of the quoted text or comment that starts here. A doubled quote reads as two literals side by side, which is
/// the same for our purpose.
fn kept_len(text: &str) -> usize {
    let end_after = |from: usize, end: &str| {
        text.get(from..).and_then(|t| t.find(end)).map_or(text.len(), |at| from + at + end.len())
    };
    match text.chars().next() {
        Some('\'') => end_after(1, "'"),
        Some('"') => end_after(1, "\""),
        Some('-') => end_after(2, "\n"),
        Some('/') => end_after(2, "*/"),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_placeholder_in_code_is_rewritten_and_elsewhere_kept() {
        let sql = "SELECT '?1', \"?2\", ?10 -- ?3\n, ?1 /* ?4 */ WHERE a = ?2 AND b = 'it''s ?5'";
        let want = "SELECT '?1', \"?2\", $10 -- ?3\n, $1 /* ?4 */ WHERE a = $2 AND b = 'it''s ?5'";
        assert_eq!(dollar_placeholders(sql), want);
    }

    #[test]
    fn ten_is_not_one_and_a_zero() {
        assert_eq!(dollar_placeholders("?1,?10,?11,?1"), "$1,$10,$11,$1");
    }

    #[test]
    fn words_change_whole_or_not_at_all() {
        let change = |word: &str| (word == "INT").then_some("BIGINT");
        assert_eq!(map_words("a INT, POINT INT_2 INT)", change), "a BIGINT, POINT INT_2 BIGINT)");
    }

    #[test]
    fn an_unclosed_quote_or_comment_runs_to_the_end() {
        assert_eq!(dollar_placeholders("?1 '?2"), "$1 '?2");
        assert_eq!(dollar_placeholders("?1 -- ?2"), "$1 -- ?2");
        assert_eq!(dollar_placeholders("?1 /* ?2"), "$1 /* ?2");
    }

    proptest! {
        #[test]
        fn rewriting_changes_nothing_but_question_marks(sql in "[ -~é\n]{0,60}") {
            let out = dollar_placeholders(&sql);
            prop_assert_eq!(out.chars().count(), sql.chars().count());
            for (a, b) in sql.chars().zip(out.chars()) {
                prop_assert!(a == b || (a == '?' && b == '$'));
            }
        }

        #[test]
        fn words_left_alone_give_the_same_text(code in "[ -~é\n]{0,60}") {
            prop_assert_eq!(map_words(&code, |_| None), code);
        }
    }
}
