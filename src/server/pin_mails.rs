//! Mails that the system writes to subscribers: a new PIN, and the welcome
//! (`unified-messaging` section 13). They are the only place where a PIN stands.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::mailbox::{Cards, MailAddress, MailKind, MailboxId, OutgoingMail, Recipient};
use crate::outbox::Outbox;
use crate::policy::clock::WallClock;
use crate::policy::mailbox::Subscriber;
use crate::policy::pin::{PinFault, PinPost};

/// Brings new PINs to mailboxes by the outbox.
pub(super) struct OutboxPinPost {
    pub(super) outbox: Arc<Outbox>,
    pub(super) cards: Arc<dyn Cards>,
    pub(super) clock: Arc<dyn WallClock>,
    /// Whether to the owner's mail address too.
    pub(super) to_address: bool,
}

#[async_trait]
impl PinPost for OutboxPinPost {
    async fn post(&self, owner: &Subscriber, pin: &str) -> Result<(), PinFault> {
        let mut mail = reset_mail(owner, pin, self.clock.now());
        if self.to_address {
            let card = self.cards.card(&MailboxId(owner.user().into())).await;
            let card = card.map_err(|fault| PinFault(fault.to_string()))?;
            mail.to.extend(card.address.map(|address| {
                Recipient::address(MailAddress {
                    name: Some(card.name),
                    address,
                })
            }));
        }
        let sent = self.outbox.send(mail, None).await;
        sent.map(drop).map_err(|fault| PinFault(fault.to_string()))
    }
}

/// The mail that brings a PIN after too many failures.
pub(super) fn reset_mail(owner: &Subscriber, pin: &str, now: Timestamp) -> OutgoingMail {
    let mut text = format!(
        "Somebody entered a wrong PIN for your mailbox too many times. The former PIN is no longer \
         valid.\n\nYour new PIN is {pin}\n\nYou will be asked to change it when you call next.\n"
    );
    numbers(&mut text, owner);
    closing(&mut text, &owner.policy.reset_pin_text);
    to_owner(owner, "Your new voice mail PIN", text, now)
}

/// The mail that brings a PIN which an administrator has set.
pub(super) fn given_mail(
    owner: &Subscriber,
    pin: &str,
    must_change: bool,
    now: Timestamp,
) -> OutgoingMail {
    let mut text = format!(
        "The PIN of your mailbox was reset by an administrator. The former PIN is no longer \
         valid.\n\nYour new PIN is {pin}\n\n"
    );
    text.push_str(if must_change {
        "You will be asked to change it when you call next.\n"
    } else {
        "Change it in your personal options when you call next, so that nobody else knows it.\n"
    });
    numbers(&mut text, owner);
    closing(&mut text, &owner.policy.reset_pin_text);
    to_owner(owner, "Your new voice mail PIN", text, now)
}

/// The mail that welcomes the owner of a new mailbox; `pin` is none when it stays as it was.
pub(super) fn welcome_mail(owner: &Subscriber, pin: Option<&str>, now: Timestamp) -> OutgoingMail {
    let mut text = String::from("Your mailbox takes voice messages now.\n\n");
    let _ = writeln!(text, "Your extension is {}", owner.extension());
    let _ = match pin {
        Some(pin) => writeln!(
            text,
            "Your PIN is {pin}\n\nYou will be asked to change it when you call first."
        ),
        None => writeln!(text, "Your PIN is as it was."),
    };
    numbers(&mut text, owner);
    closing(&mut text, &owner.policy.um_enabled_text);
    to_owner(owner, "Welcome to voice mail", text, now)
}

/// Where to call.
fn numbers(text: &mut String, owner: &Subscriber) {
    let numbers = &owner.dial_plan.access_telephone_numbers;
    if !numbers.is_empty() {
        let _ = writeln!(
            text,
            "\nTo listen to your messages, call {}",
            numbers.join(" or ")
        );
    }
}

/// The organisation's own words.
fn closing(text: &mut String, words: &str) {
    if !words.is_empty() {
        let _ = writeln!(text, "\n{words}");
    }
}

fn to_owner(owner: &Subscriber, subject: &str, text: String, now: Timestamp) -> OutgoingMail {
    OutgoingMail {
        to: vec![Recipient::mailbox(MailboxId(owner.user().into()))],
        subject: subject.to_owned(),
        text,
        ..OutgoingMail::new(MailKind::System, None, now)
    }
}
