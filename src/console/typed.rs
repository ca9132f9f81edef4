//! What is typed at a console: keys, waits, speech. One line of a script, or of a command.

use std::path::PathBuf;
use std::time::Duration;

use crate::line::Key;

/// The longest wait or speech that can be typed.
const SECONDS_MAX: f64 = 3_600.0;
/// What a `,` among keys means.
const COMMA: Duration = Duration::from_secs(1);

/// What can be typed, for a terminal.
pub const HELP: &str = "\
0-9 * #     keys of the telephone; letters press the key they stand on
space       a second of your voice, while you are recorded
:           a line: wait 2 | speak 5 | speak FILE.wav | spell smith | hang up
?           what may be pressed now, and this list
Ctrl-C      hang up
";

/// One thing that somebody at a console does.
#[derive(Clone, PartialEq, Debug)]
pub enum Typed {
    /// Presses a key.
    Key(Key),
    /// Does nothing for so long.
    Wait(Duration),
    /// Speaks.
    Speak(Speech),
    /// Hangs up.
    HangUp,
}

/// What stands for a voice.
#[derive(Clone, PartialEq, Debug)]
pub enum Speech {
    /// A tone for so long.
    Lasting(Duration),
    /// The sound in a WAV file.
    File(PathBuf),
}

/// One of the things that a line asks for, and whether it is done at once instead of when all has
/// been heard.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Step {
    pub(super) typed: Typed,
    pub(super) at_once: bool,
}

/// What a line asks for, in order; nothing for an empty line and for a remark.
///
/// # Errors
/// What is wrong with the line, and how it is written.
pub(super) fn parse(line: &str) -> Result<Vec<Step>, String> {
    let line = line.trim();
    let (line, barges_in) = match line.strip_prefix('!') {
        Some(rest) => (rest.trim_start(), true),
        None => (line, false),
    };
    if line.is_empty() || line.starts_with("//") {
        return Ok(Vec::new());
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    let mut typed = match (word, rest) {
        ("wait", _) => vec![Typed::Wait(seconds(rest)?)],
        ("speak", _) => vec![Typed::Speak(speech(rest)?)],
        ("spell", _) => spelled(rest)?,
        ("hang", "up") => vec![Typed::HangUp],
        _ => keys(line)?,
    }
    .into_iter();
    // The keys of a line are pressed one behind the other, whatever they make the system say.
    let first = typed.next().map(|typed| Step {
        typed,
        at_once: barges_in,
    });
    let rest = typed.map(|typed| Step {
        typed,
        at_once: true,
    });
    Ok(first.into_iter().chain(rest).collect())
}

fn keys(line: &str) -> Result<Vec<Typed>, String> {
    line.chars()
        .filter(|character| *character != ' ')
        .map(|character| match Key::new(character) {
            Some(key) => Ok(Typed::Key(key)),
            None if character == ',' => Ok(Typed::Wait(COMMA)),
            None => Err(format!(
                "`{line}` is no line of keys; write keys such as 2001#, or wait 2, speak 5, \
                 speak FILE.wav, spell NAME, hang up"
            )),
        })
        .collect()
}

fn spelled(name: &str) -> Result<Vec<Typed>, String> {
    let keys: Option<Vec<Typed>> = name
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| key_of_letter(character).map(Typed::Key))
        .collect();
    keys.filter(|keys| !keys.is_empty())
        .ok_or_else(|| format!("`{name}` cannot be spelled by keys; write it like spell smith"))
}

/// The key that a letter stands on (ITU-T E.161).
pub(super) fn key_of_letter(letter: char) -> Option<Key> {
    let digit = match letter.to_ascii_lowercase() {
        'a'..='c' => 2,
        'd'..='f' => 3,
        'g'..='i' => 4,
        'j'..='l' => 5,
        'm'..='o' => 6,
        'p'..='s' => 7,
        't'..='v' => 8,
        'w'..='z' => 9,
        _ => return None,
    };
    Key::digit(digit)
}

fn speech(what: &str) -> Result<Speech, String> {
    if what.is_empty() {
        return Err("write seconds or a WAV file, such as speak 5 or speak hello.wav".to_owned());
    }
    Ok(match seconds(what) {
        Ok(length) => Speech::Lasting(length),
        Err(problem) if what.parse::<f64>().is_ok() => return Err(problem),
        Err(_) => Speech::File(PathBuf::from(what)),
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|number| (0.0..=SECONDS_MAX).contains(number))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("`{text}` is no number of seconds from 0 to {SECONDS_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_of(line: &str) -> String {
        let steps = parse(line).unwrap().into_iter();
        steps
            .map(|step| match step.typed {
                Typed::Key(key) => key.character(),
                Typed::Wait(_) => ',',
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn keys_of_one_line_follow_each_other_at_once() {
        assert_eq!(keys_of("2001#"), "2001#");
        assert_eq!(keys_of("  1 ,, * "), "1,,*");
        assert_eq!(keys_of("spell Smith"), "76484");
        let at_once = |line: &str| -> Vec<bool> {
            let steps = parse(line).unwrap().into_iter();
            steps.map(|step| step.at_once).collect()
        };
        assert_eq!(at_once("123"), [false, true, true]);
        assert_eq!(at_once("! 12"), [true, true]);
    }

    #[test]
    fn waits_speech_and_remarks() {
        let one = |line: &str| parse(line).unwrap().remove(0).typed;
        assert_eq!(one("wait 1.5"), Typed::Wait(Duration::from_millis(1_500)));
        let five = Speech::Lasting(Duration::from_secs(5));
        assert_eq!(one("speak 5"), Typed::Speak(five));
        let file = Speech::File(PathBuf::from("two words.wav"));
        assert_eq!(one("speak two words.wav"), Typed::Speak(file));
        assert_eq!(one("hang up"), Typed::HangUp);
        assert!(parse("// sign in").unwrap().is_empty());
        assert!(parse("   ").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_the_cure() {
        for line in ["2001x", "wait", "wait long", "wait -1", "wait 1e9", "speak"] {
            let said = parse(line).unwrap_err();
            assert!(said.contains("write") || said.contains("seconds"), "{said}");
        }
        for line in [
            "speak -3",
            "speak 1e9",
            "spell",
            "spell 1",
            "hang",
            "wait nan",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
