//! A line made of the terminal: what is said is printed or played, and the keyboard is the keypad.
//!
//! The far end of the line is an ordinary one, so no conversation knows the difference. Words are
//! shown by the [`Screen`], which follows the call's transcript. [`TextPhone`] needs no sound at
//! all: words take the time that saying them would take, and a recording is so many typed seconds.
//! With a `DesktopVoice` (feature `console`) either speaks by the desktop's own voice.

#[cfg(feature = "console")]
mod desktop_voice;
mod keyboard;
mod screen;
#[cfg(feature = "console")]
mod sound_card;
#[cfg(feature = "console")]
mod sound_phone;
#[cfg(feature = "console")]
mod spoken_aloud;
mod text_phone;
mod typed;
mod typist;
mod voice;

#[cfg(feature = "console")]
pub use desktop_voice::DesktopVoice;
pub use keyboard::{Keyboard, is_terminal};
pub use screen::Screen;
#[cfg(feature = "console")]
pub use sound_card::SoundCard;
#[cfg(feature = "console")]
pub use sound_phone::SoundPhone;
pub use text_phone::{Tempo, TextPhone};
pub use typed::{HELP, Speech, Typed};
pub use typist::{Entry, Over, Typist};
