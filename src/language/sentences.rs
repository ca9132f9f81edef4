//! Text as voices can take it: cleaned of what is not speech, cut into sentences.

use std::borrow::Cow;

/// What stands for a value until sentences are split, so that "a.m." or a name with a full stop
/// never ends one. Private-use characters are stripped from values, so none can be forged.
pub(super) const VALUE_OPENS: char = '\u{E000}';
/// The end of such a mark.
pub(super) const VALUE_CLOSES: char = '\u{E001}';

/// Longer sentences are cut at a clause or a word: voices take a second for much more.
pub(super) const SENTENCE_MAX: usize = 250;

/// Text of somebody else as a voice may get it: no control, format or private characters, nothing
/// that a speech engine takes for markup, single spaces.
pub(super) fn clean(text: &str) -> String {
    let spoken: String = text
        .chars()
        .filter(|character| !is_invisible(*character))
        .map(|character| match character {
            '<' | '>' | '[' | ']' | '{' | '}' | '|' | '\\' | '^' | '`' | '~' => ' ',
            character if character.is_control() => ' ',
            character => character,
        })
        .collect();
    collapse(&spoken)
}

/// Format characters (direction marks, joiners, tags) and private-use ones.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFF}'
        | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// Single spaces, none before a comma or full stop, none at the ends.
pub(super) fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() && !matches!(word, "." | "," | "?" | "!" | ";" | ":") {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// Sentences of a text, each with its mark. A full stop after a single letter ends none ("a.m.").
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut word_length = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        let ends = match character {
            '.' => {
                word_length != 1
                    && characters
                        .peek()
                        .is_none_or(|(_, next)| next.is_whitespace())
            }
            '!' | '?' => characters
                .peek()
                .is_none_or(|(_, next)| next.is_whitespace()),
            '。' | '！' | '？' => true,
            _ => false,
        };
        word_length = if character.is_alphanumeric() || character == VALUE_CLOSES {
            // A value counts as a long word: what follows it can end a sentence.
            word_length + if character == VALUE_CLOSES { 2 } else { 1 }
        } else {
            0
        };
        if ends {
            let end = index + character.len_utf8();
            sentences.push(text[start..end].trim());
            start = end;
        }
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Cuts at most `longest` characters at a time, at a clause if there is one, else between words.
pub(super) fn split_long(text: &str, longest: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest: Cow<'_, str> = Cow::Borrowed(text);
    while rest.chars().count() > longest {
        let limit = rest
            .char_indices()
            .nth(longest)
            .map_or(rest.len(), |(index, _)| index);
        let window = &rest[..limit];
        let cut = [&[',', ';', ':'][..], &[' '][..]]
            .iter()
            .find_map(|marks| window.rfind(*marks).filter(|cut| *cut >= window.len() / 3))
            .map_or(limit, |cut| cut + 1);
        parts.push(rest[..cut].trim().to_owned());
        rest = Cow::Owned(rest[cut..].trim().to_owned());
    }
    if !rest.is_empty() {
        parts.push(rest.into_owned());
    }
    parts
}
