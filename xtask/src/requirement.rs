//! The list of requirements and the IDs that tests carry.
//! Never decides whether a line is met; it only knows which lines there are.

use std::fmt;

use anyhow::{Result, bail};

/// The areas of `docs/requirements.md`, in its order.
pub const AREAS: [&str; 19] = [
    "PWD", "OTP", "WAN", "RCV", "MFA", "TOK", "KEY", "RFT", "POP", "OAE", "BND", "STP", "REC", "THR", "AUD", "SES",
    "CAR", "OPS", "T",
];

/// The name of one requirement, as `OTP-05`. Ordered as the document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    area: usize,
    number: u8,
}

impl Id {
    /// Reads exactly `AREA-NN`.
    pub fn parse(text: &str) -> Option<Id> {
        let (area, number) = text.split_once('-')?;
        Id::new(area, number)
    }

    fn new(area: &str, number: &str) -> Option<Id> {
        let area = AREAS.iter().position(|known| *known == area)?;
        let two_digits = number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit());
        let number = number.parse().ok().filter(|_| two_digits)?;
        Some(Id { area, number })
    }

    pub fn area(self) -> &'static str {
        AREAS.get(self.area).copied().unwrap_or_default()
    }

    pub fn number(self) -> u8 {
        self.number
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{:02}", self.area(), self.number)
    }
}

/// One line of the document.
pub struct Requirement {
    pub id: Id,
    /// What is demanded, or for a trap its name.
    pub text: String,
}

/// Reads every `- ID | level | text | source` and every `- T-NN name | …`.
pub fn read(document: &str) -> Result<Vec<Requirement>> {
    let mut found: Vec<Requirement> = Vec::new();
    for line in document.lines() {
        let Some(rest) = line.strip_prefix("- ") else { continue };
        let Some((first, fields)) = rest.split_once(" | ") else { continue };
        let (name, trap) = first.split_once(' ').unwrap_or((first, ""));
        let Some(id) = Id::parse(name) else { continue };
        let text = if trap.is_empty() { fields.split(" | ").nth(1).unwrap_or(fields) } else { trap };
        if found.iter().any(|known| known.id == id) {
            bail!("{id} stands twice in the requirements");
        }
        found.push(Requirement { id, text: text.trim().to_owned() });
    }
    found.sort_by_key(|requirement| requirement.id);
    Ok(found)
}

/// The IDs in the name of a test: `otp_05_otp_06_one_of_many` carries two.
pub fn in_name(name: &str) -> Vec<Id> {
    let words: Vec<&str> = name.split('_').collect();
    let pairs = words.iter().zip(words.iter().skip(1));
    pairs.filter_map(|(area, number)| Id::new(&area.to_ascii_uppercase(), number)).collect()
}

/// The IDs in prose: `OTP-05`, and `OTP-05..07` or `OTP-05/06` for several.
pub fn in_prose(text: &str) -> Vec<Id> {
    let mut found = Vec::new();
    for word in text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "-./".contains(letter))) {
        let word = word.trim_end_matches(['.', '/', '-']);
        if let Some(id) = Id::parse(word) {
            found.push(id);
        } else if let Some((first, last)) = word.split_once("..") {
            found.extend(range(first, last));
        } else {
            found.extend(list(word));
        }
    }
    found
}

/// `OTP-05` and `07` as all between them, both included.
pub fn range(first: &str, last: &str) -> Vec<Id> {
    let Some(first) = Id::parse(first) else { return Vec::new() };
    let Ok(last) = last.parse::<u8>() else { return Vec::new() };
    (first.number..=last).map(|number| Id { area: first.area, number }).collect()
}

fn list(word: &str) -> Vec<Id> {
    let mut parts = word.split('/');
    let Some(first) = parts.next().and_then(Id::parse) else { return Vec::new() };
    let rest = parts.filter_map(|part| Id::new(first.area(), part).or_else(|| Id::parse(part)));
    std::iter::once(first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(ids: &[Id]) -> Vec<String> {
        ids.iter().map(Id::to_string).collect()
    }

    #[test]
    fn an_id_is_an_area_and_two_digits() {
        assert_eq!(Id::parse("OTP-05").unwrap().to_string(), "OTP-05");
        assert_eq!(Id::parse("T-09").unwrap().to_string(), "T-09");
        for wrong in ["OTP-5", "OTP-005", "otp-05", "XYZ-01", "OTP05", "OTP-", "C-01", ""] {
            assert!(Id::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn reads_lines_and_traps_of_the_document() {
        let text = "# Title\n- OTP-05 | MUST | After a success, no more. | 6238 §5.2\nprose - OTP-06 | no\n\
                    - PWD-15 | MUST (FIPS mode) | PBKDF2. | ASVS\n- C-1 RS256: prose\n\
                    - T-09 TOTP reuse | Vault CVE | Same code twice: one success.\n";
        let read = read(text).unwrap();
        let lines: Vec<_> = read.iter().map(|one| (one.id.to_string(), one.text.as_str())).collect();
        let expected = [("PWD-15", "PBKDF2."), ("OTP-05", "After a success, no more."), ("T-09", "TOTP reuse")];
        assert_eq!(lines, expected.map(|(id, text)| (id.to_owned(), text)));
    }

    #[test]
    fn an_id_that_stands_twice_is_refused() {
        assert!(read("- OTP-05 | MUST | a | b\n- OTP-05 | MUST | c | d\n").is_err());
    }

    #[test]
    fn names_of_tests_carry_ids() {
        assert_eq!(names(&in_name("otp_05_a_code_is_spent")), ["OTP-05"]);
        assert_eq!(names(&in_name("otp_05_otp_06_one_wins")), ["OTP-05", "OTP-06"]);
        assert_eq!(names(&in_name("t_09_reuse")), ["T-09"]);
        assert!(in_name("a_test_of_09_things").is_empty());
        assert!(in_name("at_09_reuse").is_empty());
    }

    #[test]
    fn prose_carries_ids() {
        assert_eq!(names(&in_prose("Proves OTP-05, (T-09) and MFA-01.")), ["OTP-05", "T-09", "MFA-01"]);
        assert_eq!(names(&in_prose("AUD-01..03 hold")), ["AUD-01", "AUD-02", "AUD-03"]);
        assert_eq!(names(&in_prose("RFT-02/03 and OTP-05/T-09")), ["RFT-02", "RFT-03", "OTP-05", "T-09"]);
        assert!(in_prose("UTF-08x SHA-256 XOTP-05").is_empty());
    }
}
