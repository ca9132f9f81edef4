//! What a terminal shows of a call: its transcript, as it happens.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::transcript::{Event, OpenKey, Pressed, Witness};

/// How wide a line may be.
const WIDTH: usize = 78;
/// Where the words begin, behind who says them.
const MARGIN: usize = 10;

/// A terminal, or whatever else takes text.
pub struct Screen(Mutex<State>);

struct State {
    out: Box<dyn Write + Send>,
    /// The last line shows keys, and is not ended: more may come.
    keys: bool,
    /// How long the sound is that begins now, and its words, where they are known.
    sound: Option<(Duration, Option<&'static str>)>,
    /// What may be pressed now.
    open: Vec<OpenKey>,
    /// How much has been asked.
    questions: u64,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Screen")
    }
}

impl Screen {
    /// Shows everything on `out`. A closed end is no error: the call goes on.
    pub fn new(out: impl Write + Send + 'static) -> Screen {
        Screen(Mutex::new(State {
            out: Box::new(out),
            keys: false,
            sound: None,
            open: Vec::new(),
            questions: 0,
        }))
    }

    /// Shows a remark that is no part of the call.
    pub fn note(&self, text: &str) {
        let mut state = self.state();
        for line in text.lines() {
            state.row("", line);
        }
    }

    /// Shows what is typed, as it is typed.
    pub(super) fn echo(&self, text: &str) {
        let mut state = self.state();
        state.end_keys();
        state.write(text);
    }

    /// Shows what may be pressed now.
    pub(super) fn show_open_keys(&self) {
        let mut state = self.state();
        if state.open.is_empty() {
            state.row("", "(no menu is open: digits, or nothing, are expected)");
        }
        for open in state.open.clone() {
            let says = if open.says.is_empty() {
                &open.choice
            } else {
                &open.says
            };
            state.row("", &format!("{:<4} {says}", open.keys));
        }
    }

    /// How many questions have been asked so far.
    pub(super) fn questions(&self) -> u64 {
        self.state().questions
    }

    /// The recording that begins to sound next is so long, and these are its words.
    pub(super) fn sounds(&self, length: Duration, words: Option<&'static str>) {
        self.state().sound = Some((length, words));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }

    fn end_keys(&mut self) {
        if std::mem::take(&mut self.keys) {
            self.write("\n");
        }
    }

    /// Words behind who says them, in lines that are not too long.
    fn row(&mut self, who: &str, words: &str) {
        self.end_keys();
        let mut text = format!("{who:<MARGIN$}");
        let mut column = MARGIN;
        for word in words.split(' ') {
            let length = word.chars().count() + 1;
            if column + length > WIDTH && column > MARGIN {
                text.truncate(text.trim_end().len());
                text.push('\n');
                text.push_str(&" ".repeat(MARGIN));
                column = MARGIN;
            }
            text.push_str(word);
            text.push(' ');
            column += length;
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        self.write(&text);
    }

    fn key(&mut self, character: char) {
        if !self.keys {
            self.write(&format!("{:<MARGIN$}", "you"));
            self.keys = true;
        }
        self.write(&character.to_string());
    }
}

impl Witness for Screen {
    fn note(&self, _call: &str, event: Event) {
        let mut state = self.state();
        match event {
            Event::Arrived {
                called,
                calling,
                diverted_from,
                reason,
                ..
            } => {
                let calling =
                    calling.map_or_else(String::new, |calling| format!(" from {calling}"));
                let diverted = diverted_from.map_or_else(String::new, |party| {
                    format!(", diverted from {party} ({reason})")
                });
                state.row("call", &format!("to {called}{calling}{diverted}"));
            }
            Event::Says { text, .. } => state.row("ringback", &text),
            Event::Key { key } => state.key(match key {
                Pressed::Key(character) => character,
                Pressed::Secret => '•',
            }),
            Event::UnusedKeys { count } => {
                state.row("", &format!("(keys that nobody asked for: {count})"));
            }
            Event::Hears { words } => state.row("heard", &words),
            Event::Choice { menu, choice } => state.row("", &format!("→ {menu}: {choice}")),
            Event::Plays { what } => {
                let Some((length, words)) = state.sound.take() else {
                    return state.row("plays", &what);
                };
                let length = length.as_secs_f64();
                state.row("plays", &format!("{what}, {length:.1} seconds"));
                if let Some(words) = words {
                    state.row("", &format!("“{words}”"));
                }
            }
            Event::Records { seconds } => state.row("recorded", &format!("{seconds:.1} seconds")),
            Event::Transfers { to } => state.row("transfer", &format!("to {to}")),
            Event::SignedIn { mailbox } => state.row("signed in", &mailbox),
            Event::Asks { menu, keys, .. } => {
                if menu == "after-tone" {
                    state.row("records", "what you say from now on");
                }
                state.open = keys;
                state.questions += 1;
            }
            Event::FallsSilent => {}
            Event::Ended { why } => state.row("over", &why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn keys_share_a_line_and_a_pin_is_not_shown() {
        let paper = Paper::default();
        let screen = Screen::new(paper.clone());
        let key = |key| Event::Key { key };
        Witness::note(&screen, "c", key(Pressed::Key('7')));
        Witness::note(&screen, "c", key(Pressed::Secret));
        Witness::note(&screen, "c", key(Pressed::Key('#')));
        screen.sounds(Duration::from_millis(2_500), Some("Hello, Alice."));
        Witness::note(
            &screen,
            "c",
            Event::Plays {
                what: "message".to_owned(),
            },
        );
        let long = "word ".repeat(30);
        let says = Event::Says {
            prompt: "p".to_owned(),
            text: long,
        };
        Witness::note(&screen, "c", says);
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("you       7•#"));
        assert_eq!(lines.next(), Some("plays     message, 2.5 seconds"));
        assert_eq!(lines.next(), Some("          “Hello, Alice.”"));
        assert!(lines.all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.matches("word").count(), 30);
    }
}
