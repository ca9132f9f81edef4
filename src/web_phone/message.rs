//! The words of the WebSocket between a page and us. Everything here is foreign until it was read.

use serde::{Deserialize, Serialize};

use crate::line::{Key, Number};
use crate::transcript::Event;

/// The longest message that is read, in bytes. The longest that a page has reason to send is a
/// tenth of it.
pub const MESSAGE_MOST: usize = 2_048;

/// What a page asks for.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Call a number.
    Call {
        /// Which.
        to: String,
        /// The number to present; none or empty: withheld.
        #[serde(default)]
        from: String,
        /// How the call was diverted from the number to our access number; none: it was not.
        #[serde(default)]
        diverted: Option<Diverted>,
    },
    /// A key went down.
    Key {
        /// Which.
        key: char,
    },
    /// The microphone is switched on or off.
    Microphone {
        /// On.
        on: bool,
    },
    /// The call is to end.
    HangUp,
}

/// Why a call was diverted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Diverted {
    /// The line was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// All calls are diverted.
    Always,
}

/// A number that was dialled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dialled {
    /// Whom to call.
    pub to: Number,
    /// Who calls, if that is told.
    pub from: Option<Number>,
    /// How the call was diverted.
    pub diverted: Option<Diverted>,
}

/// What a page wishes during a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// A key went down.
    Key(Key),
    /// The microphone was switched on or off.
    Microphone(bool),
    /// The call is to end.
    HangUp,
    /// Nothing comes from the page any more.
    Lost,
}

/// A message of a page, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// A call is wanted.
    Call(Dialled),
    /// Something is wished of the call.
    Wish(Wish),
}

/// Reads a text message.
///
/// # Errors
/// What is wrong with it, in words for whoever wrote the page.
pub fn read(text: &str) -> Result<Read, String> {
    if text.len() > MESSAGE_MOST {
        return Err(format!("a message is longer than {MESSAGE_MOST} bytes"));
    }
    let request: Request =
        serde_json::from_str(text).map_err(|error| format!("not understood: {error}"))?;
    Ok(match request {
        Request::Call { to, from, diverted } => Read::Call(Dialled {
            to: Number::parse(&to).ok_or("`to` is no number")?,
            from: match from.trim() {
                "" => None,
                from => Some(Number::parse(from).ok_or("`from` is no number")?),
            },
            diverted,
        }),
        Request::Key { key } => {
            Read::Wish(Wish::Key(Key::new(key).ok_or("`key` is on no keypad")?))
        }
        Request::Microphone { on } => Read::Wish(Wish::Microphone(on)),
        Request::HangUp => Read::Wish(Wish::HangUp),
    })
}

/// What a page is told.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "tell", rename_all = "kebab-case")]
pub enum Told {
    /// The call was answered.
    Answered {
        /// Its identity in logs and records.
        call: String,
    },
    /// The call was not taken.
    Refused {
        /// The SIP status that a telephone would have got.
        status: u16,
        /// Why, in a word.
        why: String,
    },
    /// Something happened in the call.
    Happened {
        /// What.
        event: Event,
    },
    /// The call is over.
    Ended {
        /// Why.
        why: String,
    },
    /// The page sent what cannot be: the connection ends.
    Wrong {
        /// What is wrong.
        problem: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pages_send_is_read() {
        let number = |text| Number::parse(text).unwrap();
        for (text, expected) in [
            (
                r#"{"do":"call","to":"7000","from":"2001"}"#,
                Read::Call(Dialled {
                    to: number("7000"),
                    from: Some(number("2001")),
                    diverted: None,
                }),
            ),
            (
                r#"{"do":"call","to":"2002","from":" ","diverted":"no-answer"}"#,
                Read::Call(Dialled {
                    to: number("2002"),
                    from: None,
                    diverted: Some(Diverted::NoAnswer),
                }),
            ),
            (
                r##"{"do":"key","key":"#"}"##,
                Read::Wish(Wish::Key(Key::POUND)),
            ),
            (
                r#"{"do":"microphone","on":true}"#,
                Read::Wish(Wish::Microphone(true)),
            ),
            (r#"{"do":"hang-up"}"#, Read::Wish(Wish::HangUp)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_words() {
        for text in [
            "",
            "7000",
            "{}",
            r#"{"do":"dance"}"#,
            r#"{"do":"call"}"#,
            r#"{"do":"call","to":"sip:a@b"}"#,
            r#"{"do":"call","to":"7000","from":"<script>"}"#,
            r#"{"do":"call","to":"7000","volume":11}"#,
            r#"{"do":"key","key":"A"}"#,
            r#"{"do":"key","key":"12"}"#,
            r#"{"do":"microphone","on":"yes"}"#,
        ] {
            assert!(!read(text).unwrap_err().is_empty(), "{text}");
        }
        let long = format!(r#"{{"do":"call","to":"{}"}}"#, "7".repeat(MESSAGE_MOST));
        assert!(read(&long).unwrap_err().contains("longer"));
    }
}
