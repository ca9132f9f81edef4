//! Reads and writes stories. The format is described in `docs/testing.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringback::line::Key;

use super::requests::Room;

/// A call, or several, as a transcript.
#[derive(Clone, Debug)]
pub struct Story {
    pub path: PathBuf,
    pub lines: Vec<Line>,
    /// The same lines as they were written.
    written: Vec<String>,
}

/// One line of it, its continuation lines joined.
#[derive(Clone, Debug)]
pub enum Line {
    /// A comment or an empty line, kept as it is.
    Text(String),
    /// The world before the call.
    Given(String),
    /// The second call, the third …
    Call(String),
    /// What the caller hears.
    System(Vec<Said>),
    /// What the caller does.
    Caller(Vec<Act>),
    /// The world after the call.
    Then(String),
}

/// Something the caller hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// A prompt, a recording, `beep`, or `hangs-up`.
    pub name: String,
    /// Its words, where the story cares for them.
    pub text: Option<String>,
}

/// Something the caller does.
#[derive(Clone, PartialEq, Debug)]
pub struct Act {
    /// So long after what was done before; else when the system has fallen silent.
    pub after: Option<Duration>,
    pub what: What,
}

#[derive(Clone, PartialEq, Debug)]
pub enum What {
    Press(Vec<Key>),
    /// Says the phrase of a choice; the recogniser is sure of it, or not.
    Say {
        choice: String,
        surely: bool,
    },
    /// Says what nobody understands.
    Mumble,
    /// Speaks so long: what a recorder hears.
    Speak(Duration),
    /// Does nothing so long.
    Wait(Duration),
    HangUp,
    /// The far end leaves without a BYE: a tone is all that is heard.
    LeaveATone,
    /// Somebody deletes a message by another way meanwhile: `bob deletes one.wav elsewhere`.
    DeleteElsewhere {
        user: String,
        message: String,
    },
    /// A room cannot be reached any more, or can again: `the calendar is out of reach`, `the calendar is
    /// back`.
    Reach {
        room: Room,
        within_reach: bool,
    },
    /// All stored messages are damaged: `the disk damages messages`.
    Damage,
    /// The line breaks down without a word: no event ever comes again.
    Vanish,
}

impl Story {
    pub fn read(path: &Path) -> Result<Story, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        Story::parse(path, &text)
    }

    pub fn parse(path: &Path, text: &str) -> Result<Story, String> {
        let mut joined: Vec<(usize, String, String)> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let continues = line.starts_with(' ') && !line.trim().is_empty();
            match joined.last_mut() {
                Some((_, last, written))
                    if continues && !last.is_empty() && !last.starts_with('#') =>
                {
                    *last = format!("{last} {}", line.trim());
                    *written = format!("{written}\n{}", line.trim_end());
                }
                _ => {
                    let line = line.trim_end().to_owned();
                    joined.push((number + 1, line.clone(), line));
                }
            }
        }
        let mut lines = Vec::new();
        let mut all_written = Vec::new();
        for (number, line, written) in joined {
            let parsed = Line::parse(&line)
                .map_err(|what| format!("{}:{number}: {what}", path.display()))?;
            lines.push(parsed);
            all_written.push(written);
        }
        Ok(Story {
            path: path.to_owned(),
            lines,
            written: all_written,
        })
    }

    /// The story as text, our side as it was `heard`: a list for what comes before each line of the
    /// caller, and one for what comes after the last one of each call.
    pub fn with_our_side(&self, heard: &[Vec<Said>]) -> String {
        let mut heard = heard.iter();
        let mut text = String::new();
        let mut our_turn = false;
        let mut say = |text: &mut String| {
            if let Some(said) = heard.next()
                && !said.is_empty()
            {
                text.push_str(&wrap("system", &written(said)));
            }
        };
        for (line, written) in self.lines.iter().zip(&self.written) {
            match line {
                Line::System(_) => continue,
                Line::Caller(_) => say(&mut text),
                Line::Then(_) if our_turn => {
                    say(&mut text);
                    our_turn = false;
                }
                Line::Call(_) if our_turn => say(&mut text),
                _ => {}
            }
            if matches!(line, Line::Given(_) | Line::Call(_)) {
                our_turn = true;
            }
            text.push_str(written);
            text.push('\n');
        }
        if our_turn {
            say(&mut text);
        }
        text
    }

    /// What the story expects to be heard, in the same lists.
    pub fn our_side(&self) -> Vec<Vec<Said>> {
        let mut lists: Vec<Vec<Said>> = Vec::new();
        let mut our_turn = false;
        let mut present = Vec::new();
        for line in &self.lines {
            match line {
                Line::Text(_) => {}
                Line::Given(_) => our_turn = true,
                Line::Call(_) => {
                    if our_turn {
                        lists.push(std::mem::take(&mut present));
                    }
                    our_turn = true;
                }
                Line::System(said) => present.extend(said.iter().cloned()),
                Line::Caller(_) => lists.push(std::mem::take(&mut present)),
                Line::Then(_) => {
                    if our_turn {
                        lists.push(std::mem::take(&mut present));
                    }
                    our_turn = false;
                }
            }
        }
        if our_turn {
            lists.push(present);
        }
        lists
    }
}

impl Line {
    fn parse(line: &str) -> Result<Line, String> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(Line::Text(line.to_owned()));
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "given" => Ok(Line::Given(rest.to_owned())),
            "call" => Ok(Line::Call(rest.to_owned())),
            "then" => Ok(Line::Then(rest.to_owned())),
            "system" => Ok(Line::System(parse_said(rest)?)),
            "caller" => Ok(Line::Caller(parse_acts(rest)?)),
            _ => Err(format!(
                "`{word}` begins no line; given, call, system, caller and then do"
            )),
        }
    }
}

fn parse_said(text: &str) -> Result<Vec<Said>, String> {
    split_outside_quotes(text, ',')
        .into_iter()
        .map(|item| {
            let (name, text) = match item.split_once('"') {
                Some((name, quoted)) => {
                    let quoted = quoted
                        .strip_suffix('"')
                        .ok_or_else(|| format!("{item}: the quotation does not end"))?;
                    (name.trim(), Some(quoted.to_owned()))
                }
                None => (item.as_str(), None),
            };
            Ok(Said {
                name: name.to_owned(),
                text,
            })
        })
        .collect()
}

/// The parts of `text` between separators that stand in no quotation.
pub fn split_outside_quotes(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for character in text.chars() {
        if character == '"' {
            quoted = !quoted;
        }
        if character == separator && !quoted {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts.retain_mut(|part| {
        *part = part.trim().to_owned();
        !part.is_empty()
    });
    parts
}

fn parse_acts(text: &str) -> Result<Vec<Act>, String> {
    let mut acts: Vec<Act> = Vec::new();
    for part in text.split(", then ") {
        let (what, after) = match part.rsplit_once(" after ") {
            Some((what, after)) => (what, Some(parse_duration(after)?)),
            None => (part, None),
        };
        let what = what.trim();
        let known = parse_what(what);
        let what = match (known, acts.last()) {
            (Some(what), _) => what?,
            // `presses 1, then 7 after 2s`
            (
                None,
                Some(Act {
                    what: What::Press(_),
                    ..
                }),
            ) => What::Press(parse_keys(what)?),
            _ => return Err(format!("`{what}` is nothing that a caller does")),
        };
        acts.push(Act { after, what });
    }
    Ok(acts)
}

fn parse_what(text: &str) -> Option<Result<What, String>> {
    if text == "hangs up" {
        return Some(Ok(What::HangUp));
    }
    if text == "vanishes" {
        return Some(Ok(What::Vanish));
    }
    if text == "leaves a tone" {
        return Some(Ok(What::LeaveATone));
    }
    if let Some(deletion) = text.strip_suffix(" elsewhere") {
        let mut words = deletion.split(" deletes ").map(str::to_owned);
        let (user, message) = (words.next()?, words.next()?);
        return Some(Ok(What::DeleteElsewhere { user, message }));
    }
    if text == "the disk damages messages" {
        return Some(Ok(What::Damage));
    }
    if let Some(about) = text.strip_prefix("the ") {
        let (room, within_reach) = match about.strip_suffix(" is out of reach") {
            Some(room) => (room, false),
            None => (about.strip_suffix(" is back")?, true),
        };
        let room = Room::parse(room).ok_or_else(|| format!("there is no `{room}`"));
        return Some(room.map(|room| What::Reach { room, within_reach }));
    }
    if text == "mumbles" {
        return Some(Ok(What::Mumble));
    }
    if let Some(keys) = text.strip_prefix("presses ") {
        return Some(parse_keys(keys).map(What::Press));
    }
    if let Some(length) = text.strip_prefix("speaks for ") {
        return Some(parse_duration(length).map(What::Speak));
    }
    if let Some(length) = text.strip_prefix("waits ") {
        return Some(parse_duration(length).map(What::Wait));
    }
    let (choice, surely) = match text.strip_prefix("perhaps says ") {
        Some(choice) => (choice, false),
        None => (text.strip_prefix("says ")?, true),
    };
    Some(Ok(What::Say {
        choice: choice.to_owned(),
        surely,
    }))
}

fn parse_keys(text: &str) -> Result<Vec<Key>, String> {
    text.chars()
        .map(|character| Key::new(character).ok_or_else(|| format!("{character} is not a key")))
        .collect()
}

/// `2s`, `300ms`, `5m`, `2h`, `3 days` …
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits]
        .parse()
        .map_err(|_| format!("`{text}` is no length of time"))?;
    let milliseconds = match text[digits..].trim() {
        "ms" => number,
        "s" => number * 1_000,
        "m" => number * 60_000,
        "h" => number * 3_600_000,
        "day" | "days" => number * 86_400_000,
        unit => return Err(format!("`{unit}` is no unit of time: ms, s, m, h, days")),
    };
    Ok(Duration::from_millis(milliseconds))
}

/// A list of what is heard, as it stands in a story.
pub fn written(said: &[Said]) -> String {
    let mut text = String::new();
    for (index, item) in said.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(&item.name);
        if let Some(words) = &item.text {
            let _ = write!(text, " \"{words}\"");
        }
    }
    text
}

const LINE_LENGTH: usize = 100;
const INDENT: usize = 9;

fn wrap(word: &str, text: &str) -> String {
    let mut lines = String::new();
    let mut line = format!("{word:INDENT$}");
    for token in text.split(' ').filter(|token| !token.is_empty()) {
        let empty = line.len() == INDENT;
        if !empty && line.chars().count() + 1 + token.chars().count() > LINE_LENGTH {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = " ".repeat(INDENT);
        } else if !empty {
            line.push(' ');
        }
        line.push_str(token);
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}
