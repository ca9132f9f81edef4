//! The keyboard as it is: single keys of a terminal, or lines of a script.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::sync::Arc;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use tokio::sync::mpsc;

use super::screen::Screen;
use super::typed::{HELP, Speech, Step, Typed, key_of_letter, parse};
use super::typist::{Numbered, Typist};
use crate::line::Key;

/// How many entries are read ahead.
const AHEAD: usize = 64;
/// The longest line that is read.
const LINE_MAX: u64 = 4_096;
/// End of transmission: Ctrl-D.
const END: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];

/// Whether somebody sits at standard input.
pub fn is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Standard input while it is read. Dropping it gives the terminal back as it was.
#[derive(Debug)]
pub struct Keyboard {
    before: Option<Termios>,
}

impl Keyboard {
    /// Reads standard input from now on: keys as they go down, if it is a terminal, else lines.
    ///
    /// # Errors
    /// When the terminal cannot be used so.
    pub fn read(screen: Arc<Screen>) -> std::io::Result<(Keyboard, Typist)> {
        let before = if is_terminal() {
            Some(take_keys_singly()?)
        } else {
            None
        };
        // Reading standard input cannot be stopped: the thread ends with the process.
        let (sender, entries) = mpsc::channel(AHEAD);
        let singly = before.is_some();
        let typist = Typist::new(entries, screen.clone());
        std::thread::Builder::new()
            .name("keyboard".to_owned())
            .spawn(move || {
                if singly {
                    read_keys(&sender, &screen);
                } else {
                    read_script(&sender);
                }
            })?;
        Ok((Keyboard { before }, typist))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = rustix::termios::tcsetattr(std::io::stdin(), OptionalActions::Flush, before);
        }
    }
}

/// Each key comes as it goes down, and none is shown: PINs are typed here. Ctrl-C stays a signal.
fn take_keys_singly() -> std::io::Result<Termios> {
    let stdin = std::io::stdin();
    let before = rustix::termios::tcgetattr(&stdin)?;
    let mut singly = before.clone();
    singly.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
    singly.special_codes[SpecialCodeIndex::VMIN] = 1;
    singly.special_codes[SpecialCodeIndex::VTIME] = 0;
    rustix::termios::tcsetattr(&stdin, OptionalActions::Now, &singly)?;
    Ok(before)
}

fn read_script(entries: &mpsc::Sender<Numbered>) {
    let mut input = std::io::stdin().lock();
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        match input.by_ref().take(LINE_MAX).read_until(b'\n', &mut text) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let parsed = std::str::from_utf8(&text)
            .map_err(|_| "is no UTF-8 text".to_owned())
            .and_then(parse);
        let steps = match parsed {
            Ok(steps) => steps.into_iter().map(Ok).collect(),
            Err(problem) => vec![Err(problem)],
        };
        for what in steps {
            if entries.blocking_send(Numbered { line, what }).is_err() {
                return;
            }
        }
    }
}

fn read_keys(entries: &mpsc::Sender<Numbered>, screen: &Screen) {
    let mut command: Option<Vec<u8>> = None;
    for byte in std::io::stdin().lock().bytes() {
        let Ok(byte) = byte else { return };
        let steps = match &mut command {
            Some(line) => match byte {
                b'\n' | b'\r' => {
                    screen.echo("\n");
                    let line = command.take().unwrap_or_default();
                    of_command(&String::from_utf8_lossy(&line), screen)
                }
                byte if BACKSPACE.contains(&byte) => {
                    if line.pop().is_some() {
                        screen.echo("\u{8} \u{8}");
                    }
                    continue;
                }
                _ => {
                    line.push(byte);
                    screen.echo(&char::from(byte).to_string());
                    continue;
                }
            },
            None if byte == b':' => {
                screen.echo(":");
                command = Some(Vec::new());
                continue;
            }
            None if byte == b'?' => {
                screen.show_open_keys();
                screen.note(HELP);
                continue;
            }
            None => of_key(byte),
        };
        for step in steps {
            let step = Numbered {
                line: 0,
                what: Ok(step),
            };
            if entries.blocking_send(step).is_err() {
                return;
            }
        }
    }
}

fn of_key(byte: u8) -> Vec<Step> {
    let character = char::from(byte);
    let typed = match Key::new(character).or_else(|| key_of_letter(character)) {
        Some(key) => Typed::Key(key),
        None if byte == END => Typed::HangUp,
        None if byte == b' ' => Typed::Speak(Speech::Lasting(std::time::Duration::from_secs(1))),
        None => return Vec::new(),
    };
    vec![Step {
        typed,
        at_once: true,
    }]
}

/// Who types at a terminal sees what is going on, and means now.
fn of_command(line: &str, screen: &Screen) -> Vec<Step> {
    match parse(line) {
        Ok(steps) => steps
            .into_iter()
            .map(|step| Step {
                at_once: true,
                ..step
            })
            .collect(),
        Err(problem) => {
            screen.note(&problem);
            Vec::new()
        }
    }
}
