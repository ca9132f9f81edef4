//! "I'll be late": everybody concerned gets a mail; the meeting itself is not moved
//! (`outlook-voice-access` section 6.1).

use super::super::desk::{Session, Visit};
use super::super::meeting_mail::{everybody, tell, words};
use super::super::{compose, meeting_answers, prompts};
use crate::calendar::Appointment;
use crate::caller::{AskDigits, Caller, Digits, Saying, Talk, Value};
use crate::line::Key;

/// Nobody who is later than this comes at all.
const MINUTES_MAX: u64 = 180;

/// Asks how late, offers to say something, and tells everybody. `*` and `#` alone lead back.
pub(super) async fn late(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    appointment: &Appointment,
) -> Talk {
    let Some(minutes) = how_late(caller).await? else {
        return Ok(());
    };
    let Some((recording, gone)) = meeting_answers::spoken_words(caller, visit, session).await?
    else {
        return caller.say(prompts::NOTHING_SENT).await;
    };
    let (subject, text) = (prompts::MAIL_LATE_SUBJECT, prompts::MAIL_LATE);
    let mut words = words(session, appointment, subject, text);
    words.values.push(("count", Value::Count(minutes)));
    words
        .values
        .push(("minutes", Value::Name(minutes.to_string())));
    let people = everybody(appointment);
    tell(caller, visit, session, &people, words, None, recording).await?;
    if let Some(leave) = gone {
        return Err(leave);
    }
    let told = Saying::new(prompts::LATE_TOLD).with("count", Value::Count(minutes));
    compose::say_sent(caller, visit, told).await
}

async fn how_late(caller: &mut Caller) -> Talk<Option<u64>> {
    let mut prompt = Saying::new(prompts::HOW_LATE);
    loop {
        let answer = caller
            .ask_digits(AskDigits {
                prompt,
                longest: 3,
                complete_at: None,
                lone_keys: &[Key::STAR, Key::POUND],
            })
            .await?;
        let Digits::Entered(digits) = answer else {
            return Ok(None);
        };
        match digits.parse() {
            Ok(minutes @ 1..=MINUTES_MAX) => {
                caller.forgive_failures();
                return Ok(Some(minutes));
            }
            _ => {
                caller.count_failure().await?;
                prompt = Saying::new(prompts::HOW_LATE_AGAIN);
            }
        }
    }
}
