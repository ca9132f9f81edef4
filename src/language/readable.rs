//! What of a mail's text is worth hearing: the sender's own words. Quoted text is kept apart, and
//! signatures, rulers, and all of a link but its place are dropped. No words of any language are
//! looked for: what is dropped is known by its marks.

use std::borrow::Cow;

/// Words longer than this are no words: keys, hashes, encoded data.
const WORD_MAX: usize = 60;
/// Lines this long were probably cut to fit a page, and go on in the next one.
const WRAPPED_AT_LEAST: usize = 50;
/// So many lines above quoted text may tell whose it is.
const ATTRIBUTION_LINES: usize = 3;
/// Header lines that follow the ruler above an earlier mail, at least.
const EARLIER_HEADERS: usize = 2;

/// A text for the ear. Each line is a paragraph.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Readable {
    /// The sender's own words; all of it when there are none but quoted ones.
    pub own: String,
    /// The words that he quotes, earlier mails below his own included.
    pub quoted: String,
}

/// Takes a text apart.
pub fn readable(text: &str) -> Readable {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut kinds: Vec<Kind> = lines.iter().map(|line| Kind::of(line)).collect();
    mark_attributions(&lines, &mut kinds);
    let mut own = Paragraphs::default();
    let mut quoted = Paragraphs::default();
    let mut signed = false;
    let mut earlier = false;
    for (number, (line, kind)) in lines.iter().zip(&kinds).enumerate() {
        earlier |= *kind == Kind::Ruler && begins_earlier_mail(&lines[number + 1..]);
        match kind {
            // A ruler ends a paragraph and is not read.
            Kind::Ruler => {
                own.end();
                quoted.end();
            }
            Kind::Signature if !earlier => signed = true,
            Kind::Quoted => {
                // What follows quoted text is no signature any more.
                signed = false;
                own.end();
                quoted.add(line.trim_start_matches(['>', ' ', '|']));
            }
            Kind::Own | Kind::Signature if earlier => quoted.add(line),
            Kind::Own if signed => {}
            Kind::Own | Kind::Signature => {
                quoted.end();
                own.add(line);
            }
        }
    }
    let (own, quoted) = (own.finish(), quoted.finish());
    if own.is_empty() {
        return Readable {
            own: quoted,
            quoted: own,
        };
    }
    Readable { own, quoted }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Own,
    Quoted,
    /// `-- `, above what every mail of the sender ends with.
    Signature,
    /// Nothing but marks, with words between them at most.
    Ruler,
}

impl Kind {
    fn of(line: &str) -> Kind {
        let line = line.trim_start();
        if line.starts_with('>') {
            Kind::Quoted
        } else if line == "--" {
            Kind::Signature
        } else if is_ruler(line) {
            Kind::Ruler
        } else {
            Kind::Own
        }
    }
}

/// One line for the ear, a subject for example: of links and endless words it keeps what a text keeps.
pub fn readable_line(line: &str) -> String {
    let words: Vec<_> = line
        .split_whitespace()
        .map(spoken_word)
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        // Nothing but an endless word, a file's name perhaps: its beginning tells more than nothing.
        return line.trim().chars().take(WORD_MAX).collect();
    }
    words.join(" ")
}

fn is_ruler(line: &str) -> bool {
    let mark = |character: char| matches!(character, '-' | '_' | '=' | '*' | '~' | '#');
    let begins = line.chars().take_while(|one| mark(*one)).count();
    let ends = line.chars().rev().take_while(|one| mark(*one)).count();
    begins >= 4 && ends >= 4
}

/// The lines right above quoted text that lead to it ("On Monday, Bob wrote:") belong to it.
fn mark_attributions(lines: &[&str], kinds: &mut [Kind]) {
    for number in 1..lines.len() {
        if kinds[number] != Kind::Quoted || kinds[number - 1] == Kind::Quoted {
            continue;
        }
        let mut last = number;
        while last > 0 && lines[last - 1].is_empty() && number - last < 2 {
            last -= 1;
        }
        if last == 0 || kinds[last - 1] != Kind::Own || !lines[last - 1].ends_with(':') {
            continue;
        }
        let first = last.saturating_sub(ATTRIBUTION_LINES);
        for line in (first..last).rev() {
            if lines[line].is_empty() || kinds[line] != Kind::Own {
                break;
            }
            // Only the line with the colon, and lines that were cut before it.
            if line + 1 < last && lines[line].chars().count() < WRAPPED_AT_LEAST {
                break;
            }
            kinds[line] = Kind::Quoted;
        }
    }
}

/// Whether these lines are the header of an earlier mail (`From: …`, `Von: …`).
fn begins_earlier_mail(lines: &[&str]) -> bool {
    let lines = lines.iter().filter(|line| !line.is_empty());
    let headers = lines.take(4).filter(|line| {
        let name = line.trim_start_matches(['*', ' ']).split_once(':');
        name.is_some_and(|(name, _)| {
            let name = name.trim_end_matches('*');
            !name.is_empty() && name.chars().count() <= 15 && name.chars().all(is_name)
        })
    });
    headers.count() >= EARLIER_HEADERS
}

fn is_name(character: char) -> bool {
    character.is_alphabetic() || matches!(character, ' ' | '-')
}

/// Lines that are joined to paragraphs.
#[derive(Default)]
struct Paragraphs {
    text: String,
    /// The last line goes on when the next one is no new paragraph.
    open: bool,
}

impl Paragraphs {
    fn add(&mut self, line: &str) {
        let line = line.trim();
        if line.is_empty() {
            self.end();
            return;
        }
        let goes_on = self.open && !begins_item(line);
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(if goes_on { ' ' } else { '\n' });
        }
        let before = self.text.len();
        for word in without_bullet(line).split_whitespace() {
            let spoken = spoken_word(word);
            if spoken.is_empty() {
                continue;
            }
            if self.text.len() > before {
                self.text.push(' ');
            }
            self.text.push_str(&spoken);
        }
        self.open = line.chars().count() >= WRAPPED_AT_LEAST;
    }

    fn end(&mut self) {
        self.open = false;
    }

    fn finish(self) -> String {
        let lines = self.text.lines().map(str::trim);
        let spoken = lines.filter(|line| line.contains(char::is_alphanumeric));
        spoken.collect::<Vec<_>>().join("\n")
    }
}

/// Whether a line is one of a list.
fn begins_item(line: &str) -> bool {
    let mut characters = line.chars();
    match characters.next() {
        Some('-' | '*' | '•' | '–' | '+') => true,
        Some(digit) if digit.is_ascii_digit() => {
            let rest = characters
                .as_str()
                .trim_start_matches(|c: char| c.is_ascii_digit());
            rest.starts_with(['.', ')'])
        }
        _ => false,
    }
}

/// The line without the mark that only shows that it is one of a list; a number is read.
fn without_bullet(line: &str) -> &str {
    let bullet = ['-', '*', '•', '–', '+'];
    line.strip_prefix(bullet)
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .unwrap_or(line)
}

/// A word as it is read: of a link only its place, of something endless nothing. Stars and underscores
/// around it are how plain text prints bold, and voices would name them.
fn spoken_word(word: &str) -> Cow<'_, str> {
    let word = word.trim_matches(['*', '_']);
    let bare = word.trim_start_matches(['<', '(', '[', '"', '\'']);
    let link = ["https://", "http://", "ftp://"]
        .iter()
        .find_map(|scheme| strip_prefix_ignoring_case(bare, scheme))
        .or_else(|| strip_prefix_ignoring_case(bare, "www.").map(|_| bare));
    if let Some(link) = link {
        let link = strip_prefix_ignoring_case(link, "www.").unwrap_or(link);
        let end = link.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-')));
        let place = link[..end.unwrap_or(link.len())].trim_end_matches(['.', '-']);
        // What ends the sentence ends it without the link too.
        let last = word
            .trim_end_matches(['>', ')', ']', '"', '\''])
            .chars()
            .next_back();
        return match last {
            Some(mark @ ('.' | ',' | ';' | ':' | '!' | '?')) if !place.is_empty() => {
                format!("{place}{mark}").into()
            }
            _ => place.into(),
        };
    }
    if word.chars().nth(WORD_MAX).is_some() && !is_written_without_spaces(word) {
        return "".into();
    }
    word.into()
}

/// Chinese, Japanese, Thai and others put no spaces between words.
fn is_written_without_spaces(word: &str) -> bool {
    let foreign = |character: &char| *character as u32 >= 0x0E00;
    word.chars().filter(foreign).count() * 2 > word.chars().count()
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start
        .eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(text: &str) -> (String, String) {
        let Readable { own, quoted } = readable(text);
        (own, quoted)
    }

    #[test]
    fn own_words_and_quoted_ones_are_kept_apart() {
        for (text, own, quoted) in [
            ("Yes.\n\nBob\n", "Yes.\nBob", ""),
            (
                "Bring:\n* bread\n- *fresh* milk\n+ 5*3 eggs\n1. -5 degrees\n-5 degrees\n",
                "Bring:\nbread\nfresh milk\n5*3 eggs\n1. -5 degrees\n-5 degrees",
                "",
            ),
            (
                "Yes, I come.\n\nOn Monday, 23 November, Alice wrote:\n> Do you come?\n> Alice\n",
                "Yes, I come.",
                "On Monday, 23 November, Alice wrote:\nDo you come?\nAlice",
            ),
            (
                "> One?\nYes.\n> Two?\n> Really?\nNo.\n",
                "Yes.\nNo.",
                "One?\nTwo?\nReally?",
            ),
            (
                "Fine.\n\n-----Original Message-----\nFrom: Alice\nSent: Monday\nTo: Bob\n\nIs it?\n",
                "Fine.",
                "From: Alice\nSent: Monday\nTo: Bob\nIs it?",
            ),
            ("See you.\n-- \nBob Example\nSales\n", "See you.", ""),
            (
                "Above.\n-- \nBob\n> quoted\nBelow.\n",
                "Above.\nBelow.",
                "quoted",
            ),
            ("> only\n> quoted\n", "only\nquoted", ""),
            ("\n=====\n:-)\n", "", ""),
        ] {
            assert_eq!(parts(text), (own.to_owned(), quoted.to_owned()), "{text}");
        }
    }

    #[test]
    fn lines_that_were_cut_are_joined_and_lists_are_not() {
        let text = "This is a sentence that was cut by a mail program at\nseventy columns.\n\
                    Shopping:\n- a long list of things that somebody has to buy today\n- milk\n\
                    1. one thing that is long enough to look as if it were cut\n2. two\n";
        assert_eq!(
            parts(text).0,
            "This is a sentence that was cut by a mail program at seventy columns.\nShopping:\n\
             a long list of things that somebody has to buy today\nmilk\n\
             1. one thing that is long enough to look as if it were cut\n2. two"
        );
    }

    #[test]
    fn links_are_named_by_their_place() {
        let text = "See <https://www.example.com/a/very?long=link#here>, www.example.org. or \
                    HTTP://Example.net:8080/x";
        assert_eq!(
            parts(text).0,
            "See example.com, example.org. or Example.net"
        );
        let endless = format!("Key: {} end", "abc0".repeat(100));
        assert_eq!(parts(&endless).0, "Key: end");
        let chinese = "你好".repeat(100);
        assert_eq!(parts(&chinese).0, chinese);
        let subject = "Fwd:  your order https://shop.example.com/o?id=123456789";
        assert_eq!(readable_line(subject), "Fwd: your order shop.example.com");
    }

    #[test]
    fn a_megabyte_is_taken_apart_in_one_go() {
        for line in ["> x:\n", "word ", "a:\n\n> b\n", "-----\nA: b\n"] {
            let text = line.repeat(1_048_576 / line.len());
            let Readable { own, quoted } = readable(&text);
            assert!(own.len() + quoted.len() > 100_000, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart(text in "(?s)([>|a-z:.\\- \n_]|.){0,200}") {
            let Readable { own, quoted } = readable(&text);
            prop_assert!(own.len() + quoted.len() <= text.len());
            prop_assert!(!own.is_empty() || quoted.is_empty());
        }
    }
}
