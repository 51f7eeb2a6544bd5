//! Texts of which there are few, such as types of file systems, in four bytes each.

use std::num::NonZeroU32;
use std::sync::{PoisonError, RwLock};

/// Stands for a text that lasts as long as the process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Word(NonZeroU32);

/// Every text that a [`Word`] was made of, in the order in which they came.
static WORDS: RwLock<Vec<&'static str>> = RwLock::new(Vec::new());

impl Word {
    /// The word for this text; one text has just one.
    ///
    /// # Panics
    ///
    /// With 4 billion different texts, which no program holds.
    pub fn of(text: &'static str) -> Self {
        let known = place(&WORDS.read().unwrap_or_else(PoisonError::into_inner), text);
        let place = known.unwrap_or_else(|| {
            let mut words = WORDS.write().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have been faster.
            place(&words, text).unwrap_or_else(|| {
                words.push(text);
                words.len() - 1
            })
        });
        let number = u32::try_from(place + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("fewer than 4 billion texts are in a program"))
    }

    /// The word for a text that need not last: each different one is kept for ever, once.
    pub fn of_any(text: String) -> Self {
        let known = place(&WORDS.read().unwrap_or_else(PoisonError::into_inner), &text);
        match known.and_then(|place| NonZeroU32::new(u32::try_from(place + 1).ok()?)) {
            Some(number) => Self(number),
            None => Self::of(Box::leak(text.into_boxed_str())),
        }
    }

    /// The text.
    pub fn text(self) -> &'static str {
        let words = WORDS.read().unwrap_or_else(PoisonError::into_inner);
        words.get(self.0.get() as usize - 1).copied().unwrap_or_default()
    }
}

fn place(words: &[&str], text: &str) -> Option<usize> {
    words.iter().position(|word| *word == text)
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_gives_its_text_back_and_equal_texts_are_one_word_on_any_thread() {
        let texts = ["ext4", "ntfs", "", "ext4x"];
        let here = texts.map(Word::of);
        assert_eq!(here.map(Word::text), texts);
        let there = std::thread::scope(|scope| {
            let all = texts.map(|text| scope.spawn(move || Word::of_any(text.to_owned())));
            all.map(|word| word.join().unwrap())
        });
        assert_eq!(here, there);
        assert_ne!(here[0], here[3]);
        assert_eq!(size_of::<Option<Word>>(), 4);
    }
}
