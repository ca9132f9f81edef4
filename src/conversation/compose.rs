//! Sending by voice: composing, answering and forwarding (`outlook-voice-access` sections 5.5 and 9).
//!
//! What was recorded goes out once it was accepted, even if the caller hangs up then; before that it
//! is nothing without him, and is forgotten.

use tracing::{error, warn};

use super::addressee::{Addressee, RECIPIENTS_MAX};
use super::desk::{Session, Visit};
use super::find_recipient::{self, Start};
use super::message_recording::{self, Draft, Introduction, Verdict};
use super::{faults, prompts, recipients};
use crate::caller::{Caller, Leave, Saying, Talk, Value};
use crate::mailbox::writing::{forward_subject, forwarded_voice_subject, quote};
use crate::mailbox::{
    AttachedSound, CallDetails, Email, MailKind, OutgoingMail, Recipient, VoiceMessage,
};
use crate::outbox::Recording;
use crate::policy::areas::Area;
use crate::policy::mailbox_policy::Protect;
use crate::turn::menu::{Menu, always};

pub(super) use super::message_recording::OnOptional;

/// An answer by voice.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Reply {
    /// Whom it is for.
    pub(super) to: Vec<Recipient>,
    /// Who else gets it.
    pub(super) cc: Vec<Recipient>,
    /// Its subject, prefix included: see [`answer_subject`].
    pub(super) subject: String,
    /// Message-ID of what it answers, without angle brackets.
    pub(super) in_reply_to: Option<String>,
    /// References of what it answers, oldest first.
    pub(super) references: Vec<String>,
    /// The text of what it answers.
    pub(super) quoted: Option<String>,
    /// [`MailKind::Voice`] to a voice message, else [`MailKind::VoiceReply`].
    pub(super) kind: MailKind,
}

/// What is forwarded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Forwarded<'a> {
    /// A voice message: its sound goes along.
    Voice(&'a VoiceMessage),
    /// An e-mail: it goes along as a message.
    Email(&'a Email),
    /// A meeting: its iCalendar object goes along.
    Meeting {
        /// Its subject.
        subject: &'a str,
        /// Its METHOD and its object.
        calendar: (&'a str, &'a str),
        /// What is known of it, in words.
        text: &'a str,
    },
}

/// Main menu: finds recipients, records a message, and sends it.
pub(super) async fn compose(caller: &mut Caller, visit: &mut Visit<'_>, session: &Session) -> Talk {
    let Some(to) = ask_recipients(caller, visit, session).await? else {
        return Ok(());
    };
    send_message_to(caller, visit, session, to).await
}

/// Records a message to these people and sends it.
pub(super) async fn send_message_to(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    to: Vec<Addressee>,
) -> Talk {
    let mut mail = mail(visit, session, MailKind::Voice);
    mail.to = recipients::addresses(visit, session, &to).await?;
    record_and_send(caller, visit, session, mail, Introduction::Needed).await
}

/// Records an answer and sends it. Whether it was sent, the visit's outcome counts: the caller may be
/// gone by then.
pub(super) async fn reply(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    reply: Reply,
) -> Talk {
    let mut mail = mail(visit, session, reply.kind);
    mail.to = reply.to;
    mail.cc = reply.cc;
    mail.subject = reply.subject;
    mail.in_reply_to = reply.in_reply_to;
    mail.references = reply.references;
    mail.text = reply.quoted.as_deref().map(quote).unwrap_or_default();
    record_and_send(caller, visit, session, mail, Introduction::Needed).await
}

/// Finds recipients, records an introduction if the caller wants one, and forwards; counted like an
/// answer.
pub(super) async fn forward(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    forwarded: Forwarded<'_>,
) -> Talk {
    let Some(to) = ask_recipients(caller, visit, session).await? else {
        return Ok(());
    };
    let kind = match forwarded {
        Forwarded::Voice(_) => MailKind::Voice,
        Forwarded::Email(_) => MailKind::VoiceReply,
        // An invitation stays one when words go with it.
        Forwarded::Meeting { .. } => MailKind::Note,
    };
    let mut mail = mail(visit, session, kind);
    mail.to = recipients::addresses(visit, session, &to).await?;
    match forwarded {
        Forwarded::Voice(message) => {
            let envelope = &message.envelope;
            let sent = envelope.sent.as_deref();
            let subject = sent.map_or("", |sent| &sent.subject);
            // Whoever gets it is to know that it is not its sender's own.
            mail.subject = match subject {
                "" => forwarded_voice_subject(&speaker(message)),
                subject => forward_subject(subject),
            };
            mail.importance = envelope.importance;
            mail.sounds = vec![AttachedSound {
                message: envelope.id.clone(),
                from: speaker(message),
            }];
        }
        Forwarded::Email(email) => {
            mail.subject = forward_subject(&email.subject);
            mail.importance = email.importance;
            mail.references = email.references.clone();
            mail.references.extend(email.message_id.clone());
            mail.original = Some(email.id.clone());
        }
        Forwarded::Meeting {
            subject,
            calendar: (method, object),
            text,
        } => {
            mail.subject = forward_subject(subject);
            mail.calendar = Some((method.to_owned(), object.to_owned()));
            mail.text = text.to_owned();
        }
    }
    record_and_send(caller, visit, session, mail, Introduction::Optional).await
}

/// What becomes of something that can be sent with words or without.
#[derive(Debug)]
pub(super) enum Words {
    /// It goes with these.
    Spoken(Recording),
    /// It goes without.
    None,
    /// It does not go: the caller thinks better of it.
    Back,
}

/// Asks whether words shall go along with what is sent, and records them. Who says none is asked again: it is
/// his to say whether the rest goes without them. Who cancels what he has recorded cancels the rest as well, as
/// the same key does at the question: "cancelled" must not be followed by a mail.
pub(super) async fn optional_recording(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk<Words> {
    loop {
        let open = OPTIONAL_RECORDING
            .open()
            .introduced_by(Saying::new(prompts::OPTIONAL_RECORDING));
        // What it would go along with is decided: who says nothing more, or finds no key, wants it done.
        match caller.choose_or_nothing(open).await? {
            Some(OnOptional::Without) | None => return Ok(Words::None),
            Some(OnOptional::Back) => return Ok(Words::Back),
            Some(OnOptional::Record) => {}
        }
        let rules = message_recording::Rules::words(session);
        let mut draft = Draft::default();
        let opening = Saying::new(prompts::RECORD_YOUR_MESSAGE);
        let verdict = message_recording::talk(caller, visit.desk, &mut draft, opening, rules).await;
        // What was accepted is the caller's to use, even if he is gone now: what it belongs to is
        // sent with it.
        let sends = draft.accepted || matches!(verdict, Ok(Verdict::Send));
        if sends && let Some(recording) = draft.recording.take() {
            return Ok(Words::Spoken(recording));
        }
        let was_there = draft.recording.is_some();
        draft.discard(visit.desk).await;
        verdict?;
        if was_there {
            return Ok(Words::Back);
        }
    }
}

/// Words with what is sent, or none.
pub(super) static OPTIONAL_RECORDING: Menu<OnOptional> = Menu::new(
    "optional-recording",
    &[
        always("record", OnOptional::Record),
        always("without", OnOptional::Without),
        always("back", OnOptional::Back),
    ],
);

/// Whether a subscriber may send voice messages: a switch of the dial plan.
pub(super) fn may_send(session: &Session) -> bool {
    session.may(Area::Compose) && find_recipient::is_open_to(session)
}

/// Whether this may be answered or forwarded by voice: voice messages always, anything else as the
/// policy says.
pub(super) fn may_answer(session: &Session, kind: MailKind) -> bool {
    let policy = &session.subscriber.policy;
    kind == MailKind::Voice || policy.allow_voice_response_to_other_message_types
}

/// Whether a voice message may be forwarded: not one that is protected, by its mark or because all
/// are.
pub(super) fn may_forward(session: &Session, message: &VoiceMessage) -> bool {
    let envelope = &message.envelope;
    let protects = &session.subscriber.policy.protect_unauthenticated_voice_mail;
    let left_by_caller = envelope.sent.is_none();
    !(envelope.private || (left_by_caller && *protects == Protect::All))
        && find_recipient::is_open_to(session)
}

/// Who spoke a message, for the name of what is attached.
fn speaker(message: &VoiceMessage) -> String {
    let from = &message.envelope.from;
    let known = from.name.as_ref().or(from.number.as_ref());
    known.cloned().unwrap_or_default()
}

fn mail(visit: &Visit<'_>, session: &Session, kind: MailKind) -> OutgoingMail {
    let call = CallDetails {
        call_id: visit.arrival.call_id.clone(),
        ..CallDetails::default()
    };
    OutgoingMail {
        call: Some(Box::new(call)),
        ..OutgoingMail::new(kind, Some(session.mailbox.clone()), visit.desk.clock.now())
    }
}

/// Finds somebody, and more if the caller wants; nothing when he gives up.
async fn ask_recipients(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
) -> Talk<Option<Vec<Addressee>>> {
    let found = find_recipient::find_recipient(caller, visit, session, Start::Contacts);
    let Some(first) = Box::pin(found).await? else {
        return Ok(None);
    };
    recipients::confirm(caller, visit, session, vec![first]).await
}

/// Records, lets the caller decide, and sends.
async fn record_and_send(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    mut mail: OutgoingMail,
    introduction: Introduction,
) -> Talk {
    let rules = message_recording::Rules::of(session, mail.kind, introduction);
    if rules.is_private(false) {
        let to = std::mem::take(&mut mail.to);
        mail.to = inside_only(caller, to).await?;
        if mail.to.is_empty() {
            return caller.say(prompts::NOTHING_SENT).await;
        }
    }
    let mut draft = Draft {
        importance: mail.importance,
        ..Draft::default()
    };
    let opening = Saying::new(match introduction {
        Introduction::Needed => prompts::RECORD_YOUR_MESSAGE,
        Introduction::Optional => prompts::RECORD_INTRODUCTION,
    });
    let verdict = loop {
        draft.leaves_us = !mail.to.iter().chain(&mail.cc).all(is_inside);
        let talk = message_recording::talk(caller, visit.desk, &mut draft, opening.clone(), rules);
        match talk.await {
            Ok(Verdict::AddRecipient) => {
                let private = rules.is_private(draft.private);
                if let Err(leave) = add_recipient(caller, visit, session, &mut mail, private).await
                {
                    break Err(leave);
                }
            }
            verdict => break verdict,
        }
    };
    let sends = match &verdict {
        Ok(verdict) => *verdict == Verdict::Send,
        // Who accepted it and hung up wants it to arrive.
        Err(_) => draft.accepted,
    };
    if !sends {
        draft.discard(visit.desk).await;
        verdict?;
        return caller.say(prompts::NOTHING_SENT).await;
    }
    mail.importance = draft.importance;
    mail.private = rules.is_private(draft.private);
    send(visit, mail, draft.recording).await?;
    verdict?;
    say_sent(caller, visit, prompts::MESSAGE_SENT).await
}

/// Whether a message to this recipient stays where we protect it.
fn is_inside(recipient: &Recipient) -> bool {
    recipient.mailbox.is_some()
}

/// Those of them who may get a protected message: nothing protects it where others keep it. Tells the
/// caller of those who do not.
async fn inside_only(caller: &mut Caller, all: Vec<Recipient>) -> Talk<Vec<Recipient>> {
    let (inside, outside): (Vec<_>, Vec<_>) = all.into_iter().partition(is_inside);
    if !outside.is_empty() {
        let count = Value::Count(outside.len() as u64);
        let said = Saying::new(prompts::PROTECTED_STAYS_INSIDE).with("count", count);
        caller.say(said).await?;
    }
    Ok(inside)
}

/// Finds somebody who gets the message too.
async fn add_recipient(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    mail: &mut OutgoingMail,
    private: bool,
) -> Talk {
    let search = find_recipient::find_recipient(caller, visit, session, Start::Contacts);
    let Some(found) = Box::pin(search).await? else {
        return Ok(());
    };
    let mut added = recipients::addresses(visit, session, &[found]).await?;
    if private {
        added = inside_only(caller, added).await?;
        if added.is_empty() {
            return Ok(());
        }
    }
    let added: Vec<Recipient> = added
        .into_iter()
        .filter(|one| !mail.to.iter().chain(&mail.cc).any(|known| known.is(one)))
        .collect();
    if added.is_empty() {
        return caller.say(prompts::RECIPIENT_THERE).await;
    }
    if mail.to.len() + mail.cc.len() + added.len() > RECIPIENTS_MAX {
        return caller.say(prompts::TOO_MANY_RECIPIENTS).await;
    }
    mail.to.extend(added);
    Ok(())
}

/// Hands a mail to the outbox: on disk when this returns.
pub(super) async fn send(
    visit: &mut Visit<'_>,
    mail: OutgoingMail,
    recording: Option<Recording>,
) -> Talk {
    let tape = recording.as_ref().map(|recording| recording.tape.clone());
    let would_wait = visit.desk.outbox.would_wait(&mail);
    match visit.desk.outbox.send(mail, recording).await {
        Ok(id) => {
            visit.outcome.messages_sent += 1;
            visit.waits_untold |= would_wait;
            tracing::info!(call = %visit.arrival.call_id, id = %id.0, "a message is on its way");
            Ok(())
        }
        Err(fault) => {
            error!(call = %visit.arrival.call_id, "a message could not be sent: {fault}");
            visit.outcome.fault = Some(fault.to_string());
            if let Some(tape) = tape {
                warn!(tape = %tape.0, "its recording is thrown away");
                visit.desk.outbox.discard(&tape).await;
            }
            Err::<(), Leave>(faults::sending(fault))
        }
    }
}

/// Says what was done by mail; and, where some of it has to wait for want of a mail relay, that too:
/// who hears "sent" relies on it.
pub(super) async fn say_sent(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    done: impl Into<Saying>,
) -> Talk {
    let mut said = done.into();
    if std::mem::take(&mut visit.waits_untold) {
        said = said.then(prompts::WAITS_FOR_RELAY);
    }
    caller.say(said).await
}
