//! From what stands in a record, and from what a person types, to the words that are compared.
//!
//! Letters lose case and accents; a word is a run of letters and digits. Three things make a
//! search forgiving:
//! - short parts that belong together are joined as well (`AB12 CDE` is also `ab12cde`, `PL1 1AA`
//!   also `pl11aa`), so that plates, postcodes and references are found with and without gaps;
//! - nine or more digits in a row of words are a number to call: `07700 900123` and
//!   `+44 7700 900123` are the same;
//! - a name also stands under its keys: itself and what it is with any one letter left out, and
//!   how it sounds. Two names that differ by one letter put in, left out, replaced or swapped
//!   with its neighbour share a key.
//!
//! Source: the keys are those of Symmetric Delete (Garbe 2012); the sound is Double Metaphone
//! (Philips 2000).

use std::collections::BTreeSet;

use rphonetic::{DoubleMetaphone, Encoder};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words of one record that are looked at; what lies beyond is found by what lies before.
const MOST: usize = 400;
/// Letters of a word that count.
const LONGEST: usize = 40;
/// Names shorter than this have too many neighbours to be found by them.
const SHORTEST_NAME: usize = 4;
/// Names longer than this are not misspelt but another word.
const LONGEST_NAME: usize = 16;
/// Letters from which on the beginning of a word tells it from most others.
const TELLING: usize = 3;
/// Digits from which on a run of them is a number to call.
const NUMBER: usize = 9;

/// What a record is found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its words, joined parts and numbers.
    pub words: BTreeSet<String>,
    /// The keys of its names.
    pub keys: BTreeSet<String>,
}

/// The words of these lines.
pub fn document<'a>(lines: impl IntoIterator<Item = &'a str>) -> Document {
    let mut document = Document::default();
    for line in lines {
        let parts = split(line);
        for (at, part) in parts.iter().enumerate() {
            if document.words.len() >= MOST {
                return document;
            }
            document.words.insert(part.clone());
            if is_name(part) {
                document.keys.extend(keys(part));
            }
            document.words.extend((2..=3).filter_map(|n| joined(parts.get(at..at + n)?)));
        }
        document.words.extend(runs(&parts).filter_map(|run| number(&parts[run])));
    }
    document
}

/// One thing that must be found: any of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The words as typed: all of them, the last letters of each still to come.
    pub words: Vec<String>,
    /// The number to call that they make together.
    pub number: Option<String>,
    /// The keys, where it is a name.
    pub keys: BTreeSet<String>,
    /// The words are whole: where nothing but single letters is typed, too much begins so.
    pub whole: bool,
}

impl Wanted {
    /// Whether so little of a word is typed that very many words begin so.
    pub fn is_short(&self) -> bool {
        self.words.iter().any(|word| word.chars().count() < TELLING)
    }
}

/// What a person looks for: all of these.
pub fn wanted(text: &str) -> Vec<Wanted> {
    let mut parts = split(text);
    parts.truncate(12);
    let mut wanted = Vec::new();
    let mut at = 0;
    for run in runs(&parts).collect::<Vec<_>>() {
        wanted.extend(parts[at..run.start].iter().map(|word| one(word)));
        match number(&parts[run.clone()]) {
            Some(number) => wanted.push(Wanted {
                words: parts[run.clone()].to_vec(),
                number: Some(number),
                keys: BTreeSet::new(),
                whole: false,
            }),
            None => wanted.extend(parts[run.clone()].iter().map(|word| one(word))),
        }
        at = run.end;
    }
    wanted.extend(parts[at..].iter().map(|word| one(word)));
    if parts.iter().all(|part| part.chars().count() == 1) {
        for one in &mut wanted {
            one.whole = true;
        }
    }
    wanted
}

fn one(word: &str) -> Wanted {
    let keys = if is_name(word) { keys(word) } else { BTreeSet::new() };
    Wanted { words: vec![word.to_owned()], number: None, keys, whole: false }
}

/// The words of a line, without case and accents.
pub fn split(line: &str) -> Vec<String> {
    let plain: String = line
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && *c != '\'' && *c != '\u{2019}')
        .flat_map(char::to_lowercase)
        .collect();
    plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(LONGEST).collect())
        .collect()
}

/// Neighbouring parts as one word, where at least one of them holds a digit.
fn joined(parts: &[String]) -> Option<String> {
    let whole = parts.concat();
    let short = parts.iter().all(|part| part.chars().count() <= 8) && whole.len() <= 16;
    (short && whole.bytes().any(|b| b.is_ascii_digit())).then_some(whole)
}

/// Where words of nothing but digits stand in a row.
fn runs(parts: &[String]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let digits = |at: usize| parts.get(at).is_some_and(|w| w.bytes().all(|b| b.is_ascii_digit()));
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < parts.len() && !digits(at) {
            at += 1;
        }
        let start = at;
        while digits(at) {
            at += 1;
        }
        (start < at).then_some(start..at)
    })
}

/// A number to call as its national significant number, British where no other country is said.
fn number(parts: &[String]) -> Option<String> {
    let digits = parts.concat();
    if digits.len() < NUMBER {
        return None;
    }
    let national = digits.strip_prefix("0044").or_else(|| digits.strip_prefix("44"));
    let rest = national.filter(|rest| rest.len() >= NUMBER).unwrap_or(&digits);
    Some(rest.trim_start_matches('0').to_owned()).filter(|number| !number.is_empty())
}

fn is_name(word: &str) -> bool {
    let letters = word.chars().count();
    (SHORTEST_NAME..=LONGEST_NAME).contains(&letters) && word.chars().all(char::is_alphabetic)
}

/// A name, what it is with any one letter left out, and how it sounds.
fn keys(name: &str) -> BTreeSet<String> {
    let letters: Vec<char> = name.chars().collect();
    let without = |gone: usize| {
        letters.iter().enumerate().filter(move |(at, _)| *at != gone).map(|(_, c)| *c).collect()
    };
    let mut keys: BTreeSet<String> = (0..letters.len()).map(without).collect();
    keys.insert(name.to_owned());
    if name.is_ascii() {
        let sound = DoubleMetaphone::default().encode(name).to_lowercase();
        // A sound of one or two consonants is that of too many names.
        if sound.len() >= 3 {
            // Sounds are no words: the digit keeps them apart from the names themselves.
            keys.insert(format!("0{sound}"));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str, typed: &str) -> bool {
        let document = document([text]);
        wanted(typed).iter().all(|wanted| {
            let starts = |word: &String| document.words.iter().any(|w| w.starts_with(word));
            wanted.words.iter().all(starts)
                || wanted.number.as_ref().is_some_and(|n| document.words.contains(n))
                || !wanted.keys.is_disjoint(&document.keys)
        })
    }

    #[test]
    fn names_are_found_however_they_are_spelt() {
        for typed in
            ["jonathan", "Jonathon", "jonatan", "Jonahtan", "jonathann", "JONATHAN", "jona"]
        {
            assert!(finds("Jonathan Quillfeather", typed), "{typed}");
        }
        assert!(finds("Catherine", "Kathryn") && finds("Zoë O'Hara", "zoe ohara"));
        assert!(!finds("Jonathan", "Johanna") && !finds("Anna", "Nora"));
    }

    #[test]
    fn a_number_to_call_is_one_however_it_is_written() {
        for written in ["07700 900123", "+44 7700 900123", "0044 7700 900 123", "07700900123"] {
            for typed in ["07700 900123", "447700900123", "+44 (0)7700 900123".trim_end()] {
                let same = typed.contains("(0)") || finds(written, typed);
                assert!(same, "{written} by {typed}");
            }
        }
        assert!(!finds("07700 900123", "07700 900124"));
    }

    #[test]
    fn plates_postcodes_references_and_addresses_are_found_with_and_without_gaps() {
        for (written, typed) in [
            ("AB12 CDE", "ab12cde"),
            ("AB12CDE", "AB12"),
            ("12 Harbour Lane, PL1 1AA", "pl11aa"),
            ("12 Harbour Lane, PL1 1AA", "pl1 1aa harbour"),
            ("JRS/17", "jrs17"),
            ("JRS/17", "JRS/17"),
            ("192.168.100.200", "192.168.100"),
            ("a.person@example.org", "person@example.org"),
        ] {
            assert!(finds(written, typed), "{written} by {typed}");
        }
    }

    #[test]
    fn one_letter_off_is_found_wherever_it_is() {
        let name = "quillfeather";
        for at in 0..name.len() {
            let mut gone = name.to_owned();
            gone.remove(at);
            let replaced = format!("{}x{}", &name[..at], &name[at + 1..]);
            let more = format!("{}x{}", &name[..at], &name[at..]);
            let mut swapped: Vec<char> = name.chars().collect();
            swapped.swap(at, (at + 1).min(name.len() - 1));
            let swapped: String = swapped.into_iter().collect();
            for typed in [gone, replaced, more, swapped] {
                assert!(finds(name, &typed), "{typed}");
            }
        }
    }

    #[test]
    fn hostile_text_gives_bounded_words() {
        let long = "x".repeat(1 << 20) + &" y1".repeat(1 << 16);
        let document = document([long.as_str(), "\0\u{202e}%_'\"*"]);
        assert!(document.words.len() < MOST + 10);
        assert!(wanted(&long).len() <= 12);
        assert!(wanted("% _ ' \" * \\ \0").is_empty());
    }
}
