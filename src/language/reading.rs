//! Somebody's own text (a mail, a subject) as sentences for a voice, one after the other and only
//! when asked for: a text of a megabyte costs no more than the sentences that are heard of it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::sentences::{SENTENCE_MAX, clean, sentences, split_long};
use crate::line::{Keep, Locale, PromptName, Utterance};

/// A line without an end is read in pieces of so many bytes.
const LINE_MAX: usize = 4_096;

/// A place between two sentences of a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Place {
    /// The byte where its line begins.
    line: usize,
    /// Which sentence of the line.
    sentence: usize,
}

/// A text to be read aloud, without any words of ours. Its lines are its paragraphs: a sentence ends
/// with its line.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Under which name it stands in transcripts.
    pub name: PromptName,
    /// The words.
    pub text: Arc<str>,
    /// The language of the words, which a voice speaks.
    pub locale: Locale,
    /// Where to begin.
    pub from: Place,
}

impl Reading {
    /// The whole of this text.
    pub fn new(name: PromptName, text: impl Into<Arc<str>>, locale: Locale) -> Reading {
        Reading {
            name,
            text: text.into(),
            locale,
            from: Place::default(),
        }
    }

    /// Its sentences, in order.
    pub fn sentences(&self) -> Sentences {
        let mut sentences = Sentences {
            reading: self.clone(),
            next_line: self.from.line,
            line: self.from.line,
            sentence: 0,
            ready: VecDeque::new(),
        };
        sentences.fill();
        for _ in 0..self.from.sentence {
            sentences.ready.pop_front();
            sentences.sentence += 1;
        }
        sentences
    }

    /// How far into the text this place is, from 0 to 1, by its lines.
    pub fn share(&self, place: Place) -> f32 {
        if self.text.is_empty() {
            return 1.0;
        }
        let line = line_at(&self.text, place.line);
        let in_line = match count(line) {
            0 => 0.0,
            all => place.sentence as f32 / all as f32,
        };
        (place.line as f32 + in_line * line.len() as f32) / self.text.len() as f32
    }
}

/// The sentences of a [`Reading`] that are still to come.
#[derive(Clone, Debug)]
pub struct Sentences {
    reading: Reading,
    next_line: usize,
    line: usize,
    /// Which sentence of the line comes next.
    sentence: usize,
    ready: VecDeque<String>,
}

impl Sentences {
    /// Reads lines until one says something, or the text is over.
    fn fill(&mut self) {
        while self.ready.is_empty() && self.next_line < self.reading.text.len() {
            let line = line_at(&self.reading.text, self.next_line);
            self.line = self.next_line;
            self.sentence = 0;
            self.next_line += line.len();
            self.ready = spoken(line).collect();
        }
    }
}

impl Iterator for Sentences {
    type Item = (Place, Utterance);

    fn next(&mut self) -> Option<(Place, Utterance)> {
        self.fill();
        let text = self.ready.pop_front()?;
        let place = Place {
            line: self.line,
            sentence: self.sentence,
        };
        self.sentence += 1;
        let utterance = Utterance {
            prompt: self.reading.name,
            text,
            locale: self.reading.locale.clone(),
            has_variables: true,
            keep: Keep::Never,
        };
        Some((place, utterance))
    }
}

/// The line that begins at this byte, with its end; at most [`LINE_MAX`] bytes of it.
fn line_at(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
    if end <= LINE_MAX {
        return &rest[..end];
    }
    let most = rest.floor_char_boundary(LINE_MAX);
    let word = rest[..most].rfind(char::is_whitespace);
    &rest[..word.map_or(most, |word| rest.ceil_char_boundary(word + 1))]
}

/// What a voice can say of a line. Marks alone (a ruler, a smiley) are silence.
fn spoken(line: &str) -> impl Iterator<Item = String> + use<> {
    let cleaned = clean(line);
    let sentences: Vec<String> = sentences(&cleaned)
        .into_iter()
        .filter(|sentence| sentence.contains(char::is_alphanumeric))
        .flat_map(|sentence| split_long(sentence, SENTENCE_MAX))
        .filter(|sentence| sentence.contains(char::is_alphanumeric))
        .collect();
    sentences.into_iter()
}

fn count(line: &str) -> usize {
    spoken(line).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reading(text: &str) -> Reading {
        Reading::new(PromptName("sample"), text, Locale::default())
    }

    fn read(reading: &Reading) -> Vec<String> {
        let sentences = reading.sentences();
        sentences.map(|(_, utterance)| utterance.text).collect()
    }

    #[test]
    fn lines_are_paragraphs_and_rulers_are_silence() {
        let text = "Dear Alice\n\n* one thing. Another!\n--------\n:-)\nBob";
        assert_eq!(
            read(&reading(text)),
            ["Dear Alice", "* one thing.", "Another!", "Bob"]
        );
    }

    #[test]
    fn long_text_is_read_in_pieces() {
        let text = "word ".repeat(200) + "and this, that; the other. Short one? Yes.";
        let read = read(&reading(&text));
        assert!(read.iter().all(|text| text.chars().count() <= SENTENCE_MAX));
        assert_eq!(read.join(" "), text);
        assert_eq!(read.last().unwrap(), "Yes.");
    }

    #[test]
    fn a_reading_goes_on_from_any_of_its_places() {
        let whole = reading("One. Two. Three.\n\nFour.\nFive. Six.");
        let all: Vec<_> = whole.sentences().collect();
        assert_eq!(all.len(), 6);
        let mut share = -1.0;
        for (number, (place, _)) in all.iter().enumerate() {
            let rest = Reading {
                from: *place,
                ..whole.clone()
            };
            let rest: Vec<_> = rest.sentences().collect();
            assert_eq!(rest, all[number..]);
            assert!(whole.share(*place) > share);
            share = whole.share(*place);
        }
        assert!(share < 1.0);
    }

    #[test]
    fn only_what_is_asked_for_is_cut_into_sentences() {
        let megabyte = "This is one of very many sentences. ".repeat(30_000);
        let mut sentences = reading(&megabyte).sentences();
        sentences.by_ref().take(10).for_each(drop);
        assert!(sentences.ready.len() < 2 * LINE_MAX / 36);
    }

    proptest! {
        #[test]
        fn any_text_becomes_sentences_without_loss_or_markup(text in any::<String>()) {
            let letters = |text: &str| -> String {
                text.chars().filter(|c| c.is_alphanumeric()).collect()
            };
            let read = read(&reading(&text));
            for sentence in &read {
                prop_assert!(sentence.chars().count() <= SENTENCE_MAX);
                let markup = sentence.contains(['<', '>', '[', ']', '\n', '\u{E000}']);
                prop_assert!(!markup);
            }
            prop_assert_eq!(letters(&read.concat()), letters(&clean(&text)));
        }
    }
}
