//! A stored voice message as the mail that it is elsewhere (`unified-messaging` section 11).

use jiff::tz::TimeZone;

use super::super::post;
use super::super::wiring::wav_in_mails;
use super::mailboxes::name_of;
use crate::config::Config;
use crate::directory::embedded::EmbeddedDirectory;
use crate::directory::embedded_contacts::EmbeddedContacts;
use crate::directory::{Contacts as _, Directory as _};
use crate::line::Sound;
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::writing::{Writing, WrittenSound};
use crate::mailbox::{
    CallDetails, Card, Envelope, MailAddress, MailKind, OutgoingMail, Settings as _, SpokenPart,
    VoiceMessage,
};
use crate::organisation::Organisation;
use crate::organisation::mailboxes::MailboxState;
use crate::policy::mailbox::Subscribers as _;
use crate::store::Store;

/// The mail, in bytes: with everything that is known of the caller by now.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn as_mail(
    config: &Config,
    store: Store,
    owner: &MailboxState,
    message: &VoiceMessage,
    sound: &Sound,
) -> anyhow::Result<Vec<u8>> {
    let envelope = &message.envelope;
    let details = details(&store, envelope).await?;
    let sent = envelope.sent.as_deref();
    let who = details.who();
    let mut mail = OutgoingMail::new(MailKind::CallAnswering, None, envelope.received);
    mail.id = envelope.id.clone();
    mail.importance = envelope.importance;
    mail.private = envelope.private;
    let mut parts = vec![SpokenPart {
        from: who,
        samples: sound.samples().len() as u64,
    }];
    let mut sender = None;
    if let Some(sent) = sent {
        mail.kind = MailKind::Voice;
        mail.subject = sent.subject.clone();
        mail.in_reply_to = sent.in_reply_to.clone();
        if !sent.sounds.is_empty() {
            parts = sent.sounds.clone();
        }
        sender = Some(Card {
            name: details.name.clone().unwrap_or_default(),
            address: details.mail.clone(),
            number: details.number.clone(),
        });
    }
    mail.call = Some(Box::new(details));
    let organisation = Organisation::open(store.clone())?;
    if let Some(subscriber) = organisation.by_user(&owner.mailbox.user) {
        mail.text = subscriber.policy.voice_mail_text.clone();
    }
    let address = owner.person.as_ref().and_then(|person| person.mail.clone());
    let to: Vec<MailAddress> = address
        .map(|address| MailAddress {
            name: Some(name_of(owner)),
            address,
        })
        .into_iter()
        .collect();
    let writing = Writing {
        mail: &mail,
        letterhead: &post::letterhead(&config.submission),
        sender: sender.as_ref(),
        to: &to,
        cc: &[],
        sounds: &WrittenSound::split(&parts, sound.samples(), wav_in_mails),
        original: None,
        zone: &zone(config, store, envelope).await?,
    };
    Ok(writing.bytes())
}

/// Who left it: a person of the directory or a contact of the owner, else what came with the call.
async fn details(store: &Store, envelope: &Envelope) -> anyhow::Result<CallDetails> {
    let from = &envelope.from;
    let known = match (&from.user, &from.number) {
        (Some(user), _) => {
            let person = EmbeddedDirectory::new(store.clone()).by_user(user).await?;
            person.map(|person| person.call_details())
        }
        (None, Some(number)) => {
            let contacts = EmbeddedContacts::new(store.clone());
            let contact = contacts.by_number(&envelope.to, number).await?;
            contact.map(|contact| contact.call_details())
        }
        (None, None) => None,
    };
    let known = known.unwrap_or_default();
    Ok(CallDetails {
        name: from.name.clone().or(known.name),
        number: from.number.clone(),
        called: envelope.called.clone(),
        reason: envelope.reason.clone(),
        call_id: envelope.call_id.clone(),
        ..known
    })
}

/// The zone in which the owner reads times.
async fn zone(config: &Config, store: Store, envelope: &Envelope) -> anyhow::Result<TimeZone> {
    let settings = EmbeddedMailbox::new(store).settings(&envelope.to).await?;
    let own = settings.time_zone.as_deref().map(TimeZone::get);
    Ok(own
        .and_then(Result::ok)
        .unwrap_or_else(|| config.time_zone()))
}
