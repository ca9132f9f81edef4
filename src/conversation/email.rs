//! E-mail, one message after the other (`outlook-voice-access` sections 5.1 to 5.4).

use tracing::warn;

use super::answers::{self, To};
use super::compose::{self, Forwarded};
use super::desk::{Session, Visit};
use super::email_meeting;
use super::email_menu::{EMAIL, OnEmail, open_for};
use super::email_opened::{self, Opened};
use super::find_by_name::{self, SEARCHED_MAX};
use super::meeting_answers::OnDecline;
use super::pile::{Move, Moved, Pile};
use super::playback::{self, HEARD};
use super::undo::{self, Deletion};
use super::{email_header, faults, prompts, reading_language};
use crate::caller::{Caller, Leave, Saying, Talk, Value};
use crate::mailbox::{Email, Flag, Folder, MailFault, MessageId, Page};

/// Reads the e-mails in turn and does with each what the caller asks.
pub(super) async fn review(caller: &mut Caller, visit: &mut Visit<'_>, session: &Session) -> Talk {
    let folder = folder(session);
    let mail = &visit.desk.mail;
    let counts = mail
        .email_counts(&session.mailbox, folder)
        .await
        .map_err(faults::mailbox)?;
    let first = page(visit, session, 0).await?;
    let mut pile = Pile::of(first, counts.unread + counts.read);
    if pile.current().is_none() {
        return caller.say(prompts::NO_EMAILS).await;
    }
    let mut whole = true;
    loop {
        leave_out_hidden(&mut pile, session);
        if pile.current().is_none() && whole && more(&mut pile, visit, session).await? {
            continue;
        }
        let turns_old = pile.turns_old();
        let Some(email) = pile.current().cloned() else {
            return caller.say(prompts::NO_MORE_MESSAGES).await;
        };
        if turns_old {
            caller.say(prompts::OLD_EMAILS_FOLLOW).await?;
        }
        let position = pile.position();
        let direction = present(caller, visit, session, email, position, &mut pile).await?;
        if matches!(direction, Move::Only(_)) {
            whole = false;
        }
        if pile.go(direction) == Moved::StaysFirst {
            caller.say(prompts::FIRST_MESSAGE).await?;
        }
    }
}

/// The folder that is read (TelephoneAccessFolderEmail).
pub(super) fn folder(session: &Session) -> Folder {
    session.settings.email_folder.unwrap_or(Folder::Inbox)
}

async fn page(visit: &Visit<'_>, session: &Session, skip: usize) -> Talk<Vec<Email>> {
    let page = Page {
        skip,
        ..Page::default()
    };
    let mail = &visit.desk.mail;
    let emails = mail.emails(&session.mailbox, folder(session), page).await;
    emails.map_err(faults::mailbox)
}

/// Fetches messages that have not been read out yet. Marks and moves have changed the order since,
/// so what has been here already is passed over from the beginning.
async fn more(pile: &mut Pile<Email>, visit: &Visit<'_>, session: &Session) -> Talk<bool> {
    let mut skip = 0;
    loop {
        let emails = page(visit, session, skip).await?;
        if emails.is_empty() {
            return Ok(false);
        }
        skip += emails.len();
        if pile.add(emails) > 0 {
            return Ok(true);
        }
    }
}

/// Passes over conversations that the caller does not want to hear of.
fn leave_out_hidden(pile: &mut Pile<Email>, session: &Session) {
    pile.remove_those(|email| session.memory.hides(&email.conversation));
}

/// Reads one message, unless it cannot be had.
async fn present(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    email: Email,
    position: (usize, usize),
    pile: &mut Pile<Email>,
) -> Talk<Move<Email>> {
    // A mail program, or another telephone, may have changed or deleted it since the list was made.
    let mail = &visit.desk.mail;
    let opened = match mail.email(&session.mailbox, &email.id).await {
        Ok(now) if now.folder != folder(session) => Err(MailFault::NotFound),
        Ok(now) => {
            pile.refresh(now.clone());
            email_opened::open(caller, visit, session, now, position).await
        }
        Err(fault) => Err(fault),
    };
    match opened {
        Ok(opened) => Box::pin(hear(caller, visit, session, opened, pile)).await,
        Err(MailFault::NotFound) => {
            caller.say(prompts::MESSAGE_GONE).await?;
            Ok(Move::Removed)
        }
        Err(fault @ MailFault::Unavailable(_)) => Err(faults::mailbox(fault)),
        Err(fault) => {
            warn!("e-mail {} cannot be read: {fault}", email.id.0);
            let named = email_header::sender_and_subject(&email, caller.locale());
            caller.say(named.then(prompts::EMAIL_UNREADABLE)).await?;
            Ok(Move::Next)
        }
    }
}

/// Reads one message and does what the caller asks until that leads to another. Who hangs up has
/// heard what he has heard.
async fn hear(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    opened: Opened,
    pile: &mut Pile<Email>,
) -> Talk<Move<Email>> {
    let id = opened.email.id.clone();
    let mut heard = false;
    let left = Box::pin(listen(caller, visit, session, opened, pile, &mut heard)).await;
    if left.is_err() && heard {
        quietly_mark_read(visit, session, &id).await;
    }
    left
}

/// `heard` says whether the message counts as read wherever the caller goes.
async fn listen(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    mut opened: Opened,
    pile: &mut Pile<Email>,
    heard: &mut bool,
) -> Talk<Move<Email>> {
    let whole = opened
        .header(visit, session)
        .then(opened.body(visit, session));
    caller.start(whole).await?;
    // The quoted words are not the message: hearing them marks nothing.
    let mut is_message = true;
    loop {
        let open = open_for(visit, session, &opened);
        let choice = caller.choose(open).await;
        *heard |= is_message && caller.played_share() >= HEARD;
        let choice = choice?;
        match choice {
            OnEmail::Steer(how) => playback::steer(caller, how).await?,
            OnEmail::Next => return mark(caller, visit, session, &opened, pile, true).await,
            OnEmail::Save => {
                let onward = mark(caller, visit, session, &opened, pile, true).await?;
                if onward == Move::Next {
                    caller.say(prompts::MESSAGE_SAVED).await?;
                }
                return Ok(onward);
            }
            OnEmail::Skip => return Ok(Move::Next),
            OnEmail::NextUnread => match mark(caller, visit, session, &opened, pile, true).await? {
                Move::Next => {
                    if let Some(direction) = next_unread(caller, visit, session, pile).await? {
                        return Ok(direction);
                    }
                }
                removed => return Ok(removed),
            },
            OnEmail::Reply | OnEmail::ReplyAll => {
                let whom = match choice {
                    OnEmail::ReplyAll => To::All,
                    _ => To::Sender,
                };
                let answer =
                    answers::to_email(visit, session, &opened.email, &opened.content, whom).await?;
                let before = visit.outcome.messages_sent;
                let replied = Box::pin(compose::reply(caller, visit, session, answer)).await;
                // He may have hung up behind it.
                if visit.outcome.messages_sent > before {
                    *heard = true;
                    note(visit, session, &mut opened.email, Flag::Answered).await;
                }
                replied?;
            }
            OnEmail::Forward => {
                let original = Forwarded::Email(&opened.email);
                let before = visit.outcome.messages_sent;
                let forwarded = Box::pin(compose::forward(caller, visit, session, original)).await;
                if visit.outcome.messages_sent > before {
                    note(visit, session, &mut opened.email, Flag::Forwarded).await;
                }
                forwarded?;
            }
            OnEmail::Accept | OnEmail::RemoveMeeting | OnEmail::Decline => {
                if let Some(direction) = meet(caller, visit, session, &opened, choice).await? {
                    return Ok(direction);
                }
            }
            OnEmail::MarkUnread => {
                *heard = false;
                return mark(caller, visit, session, &opened, pile, false).await;
            }
            OnEmail::Delete => {
                *heard = false;
                return delete(caller, visit, session, &[opened.email], false).await;
            }
            OnEmail::DeleteConversation => {
                *heard = false;
                let emails = conversation(visit, session, &opened.email).await?;
                return delete(caller, visit, session, &emails, true).await;
            }
            OnEmail::HideConversation => {
                session.memory.hide(opened.email.conversation);
                caller.say(prompts::CONVERSATION_HIDDEN).await?;
                return Ok(Move::Removed);
            }
            OnEmail::Previous => {
                if *heard {
                    quietly_mark_read(visit, session, &opened.email.id).await;
                    pile.mark(true);
                }
                return Ok(Move::Previous);
            }
            OnEmail::Replay => {
                is_message = true;
                caller.start(opened.body(visit, session)).await?;
            }
            OnEmail::ReadHeader => {
                is_message = false;
                caller.start(opened.header(visit, session)).await?;
            }
            OnEmail::Quoted => {
                is_message = false;
                caller.start(opened.quoted()).await?;
            }
            OnEmail::Envelope => {
                is_message = false;
                let envelope = email_header::envelope(visit, session, &opened.email);
                caller.start(envelope).await?;
            }
            OnEmail::Language => {
                let chosen = reading_language::choose(caller, visit.desk, &opened.locale).await?;
                if let Some(locale) = chosen {
                    opened.locale = locale;
                    is_message = true;
                    caller.start(opened.body(visit, session)).await?;
                }
            }
            OnEmail::Flag => {
                if let Err(fault) = flag(visit, session, &mut opened.email).await {
                    return gone(caller, fault).await;
                }
                pile.refresh(opened.email.clone());
                is_message = false;
                let flagged = match opened.email.flags.flagged {
                    true => prompts::MESSAGE_FLAGGED,
                    false => prompts::MESSAGE_NOT_FLAGGED,
                };
                caller.start(flagged).await?;
            }
            OnEmail::FindByName => {
                let all = newest(visit, session).await?;
                if let Some(found) = find_by_name::choose_sender(caller, all).await? {
                    if *heard {
                        quietly_mark_read(visit, session, &opened.email.id).await;
                    }
                    return Ok(Move::Only(found));
                }
            }
            OnEmail::Undo => {
                if let Some(direction) = take_back(caller, visit, session).await? {
                    return Ok(direction);
                }
            }
        }
    }
}

/// Does what the caller wants done about the meeting of a mail; where to go when the mail is gone.
async fn meet(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    opened: &Opened,
    choice: OnEmail,
) -> Talk<Option<Move<Email>>> {
    let Opened { email, meeting, .. } = opened;
    let Some(meeting) = meeting else {
        return Ok(None);
    };
    let gone = match choice {
        OnEmail::Accept => {
            Box::pin(email_meeting::accept(
                caller, visit, session, email, meeting,
            ))
            .await?
        }
        OnEmail::RemoveMeeting => {
            email_meeting::remove(caller, visit, session, email, meeting).await?
        }
        _ => {
            let declined = email_meeting::decline(caller, visit, session, email, meeting);
            match Box::pin(declined).await? {
                OnDecline::Decline => true,
                OnDecline::Back => false,
                OnDecline::Delete => {
                    let emails = std::slice::from_ref(email);
                    return delete(caller, visit, session, emails, false)
                        .await
                        .map(Some);
                }
            }
        }
    };
    Ok(gone.then_some(Move::Removed))
}

/// The way to the next unread message; when there is none, says so.
async fn next_unread(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    pile: &mut Pile<Email>,
) -> Talk<Option<Move<Email>>> {
    loop {
        leave_out_hidden(pile, session);
        if pile.has_unread_behind() {
            return Ok(Some(Move::NextUnread));
        }
        if !more(pile, visit, session).await? {
            caller.say(prompts::NO_MORE_UNREAD).await?;
            return Ok(None);
        }
    }
}

/// The messages of the folder that a search looks through.
async fn newest(visit: &Visit<'_>, session: &Session) -> Talk<Vec<Email>> {
    let mut emails = Vec::new();
    while emails.len() < SEARCHED_MAX {
        let next = page(visit, session, emails.len()).await?;
        if next.is_empty() {
            break;
        }
        emails.extend(next);
    }
    Ok(emails)
}

/// Marks the message and goes on.
async fn mark(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    opened: &Opened,
    pile: &mut Pile<Email>,
    read: bool,
) -> Talk<Move<Email>> {
    let id = &opened.email.id;
    let mail = &visit.desk.mail;
    let marked = match mail.email(&session.mailbox, id).await {
        // Nobody finds again what is kept in Deleted Items.
        Ok(now) if !read && now.folder != opened.email.folder => Err(MailFault::NotFound),
        Ok(_) => mail.set_read(&session.mailbox, id, read).await,
        Err(fault) => Err(fault),
    };
    match marked {
        Ok(()) => {
            pile.mark(read);
            if !read {
                caller.say(prompts::MESSAGE_MARKED_UNREAD).await?;
            }
            Ok(Move::Next)
        }
        Err(fault) => gone(caller, fault).await,
    }
}

/// Marks a message by what was done with it. The answer is on its way, with the mark or without.
async fn note(visit: &Visit<'_>, session: &Session, email: &mut Email, flag: Flag) {
    let mail = &visit.desk.mail;
    match mail.set_flag(&session.mailbox, &email.id, flag, true).await {
        Ok(()) | Err(MailFault::NotFound) => {}
        Err(fault) => warn!("e-mail {} is not marked: {fault}", email.id.0),
    }
}

/// Puts a flag on the message, or takes it off.
async fn flag(visit: &Visit<'_>, session: &Session, email: &mut Email) -> Result<(), MailFault> {
    let flagged = !email.flags.flagged;
    let mail = &visit.desk.mail;
    mail.set_flag(&session.mailbox, &email.id, Flag::Flagged, flagged)
        .await?;
    email.flags.flagged = flagged;
    Ok(())
}

/// The messages of a conversation that lie where e-mail is read: copies of what was sent stay.
async fn conversation(visit: &Visit<'_>, session: &Session, email: &Email) -> Talk<Vec<Email>> {
    let mail = &visit.desk.mail;
    let mut emails = mail
        .conversation(&session.mailbox, &email.conversation)
        .await
        .map_err(faults::mailbox)?;
    emails.retain(|one| one.folder == email.folder);
    Ok(emails)
}

/// Moves messages to Deleted Items and goes on.
async fn delete(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    emails: &[Email],
    whole_conversation: bool,
) -> Talk<Move<Email>> {
    let mail = &visit.desk.mail;
    let mut deleted = Vec::new();
    let mut fault = None;
    for email in emails {
        // Who deletes a message knows of it: it is no news in Deleted Items either.
        quietly_mark_read(visit, session, &email.id).await;
        match mail
            .move_to(&session.mailbox, &email.id, Folder::Deleted)
            .await
        {
            Ok(()) => deleted.push((email.id.clone(), email.flags.read)),
            Err(MailFault::NotFound) => {}
            Err(other) => {
                fault = Some(other);
                break;
            }
        }
    }
    let ids: Vec<MessageId> = emails.iter().map(|email| email.id.clone()).collect();
    let count = deleted.len();
    if count > 0 {
        session.memory.deleted(Deletion {
            messages: deleted,
            folder: folder(session),
            emails: true,
        });
    }
    if let Some(fault) = fault {
        return Err(faults::mailbox(fault));
    }
    if count == 0 {
        caller.say(prompts::MESSAGE_GONE).await?;
    } else {
        let said = match whole_conversation {
            true => {
                Saying::new(prompts::CONVERSATION_DELETED).with("count", Value::Count(count as u64))
            }
            false => Saying::new(prompts::MESSAGE_DELETED),
        };
        undo::say_deleted(caller, session, said, EMAIL.name).await?;
    }
    Ok(Move::AllRemoved(ids))
}

/// Takes back the last deletion; where to go when e-mails have come back.
async fn take_back(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk<Option<Move<Email>>> {
    let Some(deletion) = undo::take_back(caller, visit, session).await? else {
        return Ok(None);
    };
    let mut back = Vec::new();
    for (id, _) in deletion.messages.iter().filter(|_| deletion.emails) {
        match visit.desk.mail.email(&session.mailbox, id).await {
            Ok(email) => back.push(email),
            Err(MailFault::NotFound) => {}
            Err(fault) => return Err(faults::mailbox(fault)),
        }
    }
    // As they were read out before: unread ones first, newest first.
    back.sort_by_key(|email| (email.flags.read, std::cmp::Reverse(email.received)));
    Ok((!back.is_empty()).then_some(Move::Restored(back)))
}

/// What to do when a message cannot be changed: it may be gone, by mail program or another call.
async fn gone(caller: &mut Caller, fault: MailFault) -> Talk<Move<Email>> {
    match fault {
        MailFault::NotFound => {
            caller.say(prompts::MESSAGE_GONE).await?;
            Ok(Move::Removed)
        }
        fault => Err::<Move<Email>, Leave>(faults::mailbox(fault)),
    }
}

/// Marks a message as read where the caller waits for nothing: a failure leaves it new.
async fn quietly_mark_read(visit: &Visit<'_>, session: &Session, id: &MessageId) {
    match visit.desk.mail.set_read(&session.mailbox, id, true).await {
        Ok(()) | Err(MailFault::NotFound) => {}
        Err(fault) => warn!("e-mail {} stays unread: {fault}", id.0),
    }
}
