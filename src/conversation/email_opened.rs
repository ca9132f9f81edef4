//! One e-mail, fetched and ready to be read (`outlook-voice-access` section 5.2).

use std::sync::Arc;

use tracing::warn;

use super::desk::{Session, Visit};
use super::email_meeting::Meeting;
use super::{answers, compose, email_header, email_meeting, prompts, reading_language};
use crate::caller::{Caller, Reading, Saying};
use crate::language::{Readable, readable};
use crate::line::{Locale, PromptName, SAMPLE_RATE, Sound};
use crate::mailbox::{Content, Email, MailFault, MailKind, MessageId};

/// Under this name the words of a message stand in transcripts.
const TEXT: PromptName = PromptName("email-text");
/// Under this name the words that it quotes.
const QUOTED: PromptName = PromptName("email-quoted-text");
/// Between two recordings of one message there is so much silence, in samples.
const BETWEEN_SOUNDS: usize = SAMPLE_RATE as usize / 2;
/// So much attached sound is played, in samples: an hour.
const SOUND_MAX: usize = 3_600 * SAMPLE_RATE as usize;

/// One message, ready to be read.
pub(super) struct Opened {
    pub(super) email: Email,
    pub(super) content: Arc<Content>,
    /// The meeting that it is about.
    pub(super) meeting: Option<Meeting>,
    words: Readable,
    /// What voice replies were spoken.
    sound: Option<Arc<Sound>>,
    /// Some of that could not be had.
    sound_missing: bool,
    /// The language that it is read in.
    pub(super) locale: Locale,
    position: (usize, usize),
}

/// Fetches what is read of a message.
pub(super) async fn open(
    caller: &Caller,
    visit: &Visit<'_>,
    session: &Session,
    mut email: Email,
    position: (usize, usize),
) -> Result<Opened, MailFault> {
    name_the_sender(visit, session, &mut email).await;
    let content = visit.desk.mail.content(&session.mailbox, &email.id).await?;
    let words = readable(&content.text);
    let declared = content.language.as_deref();
    let telling = if words.own.is_empty() {
        &email.subject
    } else {
        &words.own
    };
    let locale = reading_language::of_text(visit.desk, caller, telling, declared);
    let (sound, sound_missing) = sound_of(visit, session, &email.id, &content).await?;
    let meeting = email_meeting::of(visit, session, &email, &content).await;
    Ok(Opened {
        email,
        content,
        meeting,
        words,
        sound,
        sound_missing,
        locale,
        position,
    })
}

/// Gives a sender who writes under a bare address the name that the contacts or the directory know.
async fn name_the_sender(visit: &Visit<'_>, session: &Session, email: &mut Email) {
    let Some(from) = email.from.as_mut().filter(|from| !from.is_named()) else {
        return;
    };
    let desk = visit.desk;
    let contact = desk.contacts.by_address(&session.mailbox, &from.address);
    // Where neither can be asked the address is read.
    let name = match contact.await {
        Ok(Some(contact)) => Some(contact.display_name()),
        _ => {
            let person = desk.directory.by_address(&from.address).await;
            person.ok().flatten().map(|person| person.display_name())
        }
    };
    from.name = name.or_else(|| from.name.take());
}

/// The recordings that came with a message in one, and whether some of them could not be had.
async fn sound_of(
    visit: &Visit<'_>,
    session: &Session,
    id: &MessageId,
    content: &Content,
) -> Result<(Option<Arc<Sound>>, bool), MailFault> {
    let mut samples: Vec<i16> = Vec::new();
    let mut missing = false;
    for attachment in content.attachments.iter().filter(|one| one.is_sound) {
        let mail = &visit.desk.mail;
        match mail.part_sound(&session.mailbox, id, attachment.part).await {
            Ok(sound) if samples.len() + sound.samples().len() <= SOUND_MAX => {
                if !samples.is_empty() {
                    samples.resize(samples.len() + BETWEEN_SOUNDS, 0);
                }
                samples.extend_from_slice(sound.samples());
            }
            Ok(_) => missing = true,
            Err(fault @ (MailFault::Unavailable(_) | MailFault::NotFound)) => return Err(fault),
            Err(fault) => {
                warn!("an attachment of e-mail {} cannot be played: {fault}", id.0);
                missing = true;
            }
        }
    }
    let sound = (!samples.is_empty()).then(|| Arc::new(Sound::new(samples)));
    Ok((sound, missing))
}

impl Opened {
    /// The header, and what comes before the words.
    pub(super) fn header(&self, visit: &Visit<'_>, session: &Session) -> Saying {
        email_header::header(visit, session, &self.email, self.position, &self.locale)
    }

    /// The meeting, the words, and the recordings that came with them.
    pub(super) fn body(&self, visit: &Visit<'_>, session: &Session) -> Saying {
        let mut said = match &self.meeting {
            Some(meeting) => meeting.told(visit, session, &self.email),
            None => Saying::nothing(),
        };
        let has_text = !self.words.own.is_empty();
        said = said.then(email_header::before_the_text(&self.content, has_text));
        if has_text {
            said = said.read(self.reading(TEXT, &self.words.own));
        } else if self.content.guard.is_none()
            && !self.content.cut
            && self.sound.is_none()
            && self.meeting.is_none()
        {
            said = said.then(prompts::EMAIL_NO_TEXT);
        }
        if self.sound_missing {
            said = said.then(prompts::EMAIL_SOUND_MISSING);
        }
        match &self.sound {
            Some(sound) => said.play("message", Arc::clone(sound)),
            None => said,
        }
    }

    /// The words that it quotes.
    pub(super) fn quoted(&self) -> Saying {
        Saying::nothing().read(self.reading(QUOTED, &self.words.quoted))
    }

    fn reading(&self, name: PromptName, text: &str) -> Reading {
        Reading::new(name, text, self.locale.clone())
    }

    /// Whether it may be answered, and says to whom.
    pub(super) fn can_be_answered(&self, session: &Session) -> bool {
        compose::may_answer(session, MailKind::VoiceReply) && answers::has_sender(&self.email)
    }

    pub(super) fn has_quoted(&self) -> bool {
        !self.words.quoted.is_empty()
    }
}
