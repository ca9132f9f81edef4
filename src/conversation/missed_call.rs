//! The owner of a mailbox is told of a caller who left nothing (`outlook-voice-access` section 12.3).
//!
//! It is decided when the call is over, whichever way it ended: a message that was left, or somebody
//! who signed in, takes the note back.

use jiff::tz::TimeZone;
use tracing::{error, warn};

use super::call_answering::bytes_in;
use super::desk::{Session, Visit, mailbox_of};
use super::sender;
use crate::mailbox::{MailKind, NothingLeft, OutgoingMail, Recipient};
use crate::policy::areas::Area;
use crate::policy::mailbox::Subscriber;

/// So much above its quota a mailbox may grow by notes alone: some hundreds of them. Whoever lets it
/// overflow has to know who could not leave a message, but nobody may fill the disk by calling.
const ROOM_FOR_NOTES: u64 = 1024 * 1024;

/// A mailbox that answered, and where nothing has been left yet.
pub(super) struct Missed {
    /// Whose it is.
    pub(super) owner: Subscriber,
    /// Why there is nothing.
    pub(super) why: NothingLeft,
}

impl Missed {
    /// As long as nothing but the caller is the reason.
    pub(super) fn by(owner: &Subscriber) -> Missed {
        Missed {
            owner: owner.clone(),
            why: NothingLeft::OfHisOwn,
        }
    }
}

/// Notes a missed call, if it is one and the owner is to be told of those.
pub(super) async fn note(visit: &mut Visit<'_>) {
    let Some(Missed { owner, why }) = visit.missed.take() else {
        return;
    };
    if !owner.may(Area::MissedCalls) {
        return;
    }
    if has_no_room(visit, &owner).await {
        warn!("{} has no room for a missed call", owner.user());
        return;
    }
    let desk = visit.desk;
    let call = sender::details(desk, &visit.arrival, &owner).await;
    let when = visit.began.to_zoned(zone_of(visit, &owner).await);
    let mail = OutgoingMail {
        to: vec![Recipient::mailbox(mailbox_of(&owner))],
        subject: call.missed_subject(),
        text: call.missed_text(&when, why),
        call: Some(Box::new(call)),
        ..OutgoingMail::new(MailKind::MissedCall, None, visit.began)
    };
    match desk.outbox.send(mail, None).await {
        Ok(_) => visit.outcome.missed_call_noted = true,
        Err(fault) => {
            error!(call = %visit.arrival.call_id, "a missed call could not be noted: {fault}");
        }
    }
}

async fn has_no_room(visit: &Visit<'_>, owner: &Subscriber) -> bool {
    let quota = owner.mailbox.quota_bytes;
    quota > 0 && bytes_in(visit.desk, owner).await >= quota.saturating_add(ROOM_FOR_NOTES)
}

/// The zone in which the owner reads times.
async fn zone_of(visit: &Visit<'_>, owner: &Subscriber) -> TimeZone {
    let settings = visit.desk.settings.settings(&mailbox_of(owner)).await;
    let settings = settings.unwrap_or_else(|fault| {
        warn!("the settings of {} cannot be had: {fault}", owner.user());
        Default::default()
    });
    Session::new(visit.desk, owner.clone(), settings).time_zone
}
