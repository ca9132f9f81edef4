//! Whom an answer to a message goes to, and what it says about what it answers
//! (`outlook-voice-access` section 5.5).

use std::collections::BTreeSet;

use super::addressee::Addressee;
use super::compose::Reply;
use super::desk::{Session, Visit};
use super::faults;
use crate::caller::Talk;
use crate::mailbox::writing::answer_subject;
use crate::mailbox::{
    Content, Email, MailAddress, MailKind, MailboxId, MessageClass, Recipient, VoiceMessage,
};

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum To {
    /// To the sender only.
    Sender,
    /// And to everybody else who got the message.
    All,
}

/// An answer to an e-mail.
pub(super) async fn to_email(
    visit: &Visit<'_>,
    session: &Session,
    email: &Email,
    content: &Content,
    to: To,
) -> Talk<Reply> {
    let senders = match email.reply_to.as_slice() {
        [] => email.from.as_slice(),
        some => some,
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut to_whom = recipients(visit, session, senders, &mut seen).await?;
    let mut cc = Vec::new();
    if to == To::All {
        let own = own_address(visit, session).await?;
        let others = [email.to.as_slice(), email.cc.as_slice()].concat();
        cc = recipients(visit, session, &others, &mut seen).await?;
        cc.retain(|other| !is_own(session, own.as_deref(), other));
        // Unless he wrote it himself: then it is to him that he answers.
        if to_whom
            .iter()
            .any(|one| !is_own(session, own.as_deref(), one))
        {
            to_whom.retain(|one| !is_own(session, own.as_deref(), one));
        }
    }
    Ok(Reply {
        to: to_whom,
        cc,
        subject: answer_subject(&email.subject),
        in_reply_to: email.message_id.clone(),
        references: email.references.clone(),
        quoted: Some(content.text.clone()).filter(|text| !text.is_empty()),
        kind: MailKind::VoiceReply,
    })
}

/// Whether an e-mail says where an answer goes.
pub(super) fn has_sender(email: &Email) -> bool {
    // A missed call and a delivery report come from systems: only Reply-To leads to somebody.
    let is_of_a_system = matches!(email.class, MessageClass::MissedCall | MessageClass::Report);
    (email.from.is_some() && !is_of_a_system) || !email.reply_to.is_empty()
}

/// An answer to a voice message; none when nobody knows where it would go.
pub(super) async fn to_voice_message(
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
) -> Talk<Option<Reply>> {
    let Some(user) = &message.envelope.from.user else {
        return Ok(None);
    };
    let person = visit.desk.directory.by_user(user).await;
    let to = match person.map_err(faults::directory)? {
        Some(person) => {
            let colleague = Addressee::Colleague(person.into());
            colleague.recipients(visit.desk, session).await?
        }
        None if visit.desk.subscribers.by_user(user).is_some() => vec![Recipient {
            mailbox: Some(MailboxId(user.as_str().into())),
            address: None,
        }],
        None => Vec::new(),
    };
    if to.is_empty() {
        return Ok(None);
    }
    let sent = message.envelope.sent.as_deref();
    let subject = sent.map_or("", |sent| &sent.subject);
    Ok(Some(Reply {
        to,
        cc: Vec::new(),
        subject: match subject {
            "" => String::new(),
            subject => answer_subject(subject),
        },
        in_reply_to: sent
            .map(|sent| sent.message_id.clone())
            .filter(|id| !id.is_empty()),
        references: Vec::new(),
        quoted: None,
        kind: MailKind::Voice,
    }))
}

/// These people, each once, without those that were seen before.
async fn recipients(
    visit: &Visit<'_>,
    session: &Session,
    addresses: &[MailAddress],
    seen: &mut BTreeSet<String>,
) -> Talk<Vec<Recipient>> {
    let mut recipients = Vec::new();
    for address in addresses {
        if seen.insert(address.address.to_lowercase()) {
            let somebody = Addressee::Address(address.clone());
            recipients.extend(somebody.recipients(visit.desk, session).await?);
        }
    }
    Ok(recipients)
}

/// Whether mail to this recipient comes to the subscriber himself: to his mailbox, to his address, or to
/// his user name at its domain, as it is delivered to us (LMTP).
fn is_own(session: &Session, own: Option<&str>, recipient: &Recipient) -> bool {
    if let Some(mailbox) = &recipient.mailbox {
        return *mailbox == session.mailbox;
    }
    let (Some(own), Some(address)) = (own, &recipient.address) else {
        return false;
    };
    let domain = own.rsplit_once('@').map_or("", |(_, domain)| domain);
    let by_user = format!("{}@{domain}", session.subscriber.user());
    address.reaches(own) || address.reaches(&by_user)
}

/// The address of the subscriber himself, who needs no copy of what he says.
async fn own_address(visit: &Visit<'_>, session: &Session) -> Talk<Option<String>> {
    let own = visit
        .desk
        .directory
        .by_user(session.subscriber.user())
        .await;
    let own = own.map_err(faults::directory)?;
    Ok(own
        .and_then(|person| person.mail.clone())
        .map(|mail| mail.to_lowercase()))
}
