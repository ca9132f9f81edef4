//! Taking a message for a mailbox: recording, the caller's menu, marks, and the delivery that no
//! hang-up prevents (`outlook-voice-access` section 10.3).

use std::time::Duration;

use tracing::error;

use super::arrival::CallType;
use super::desk::{Desk, Visit, mailbox_of};
use super::recording::{self, Bounds, LEAST_VOICE_IN_MESSAGE, SHORTEST_MESSAGE, Taken};
use super::{faults, prompts, sender};
use crate::caller::{Caller, Leave, Saying, Talk};
use crate::line::TakeEnd;
use crate::mailbox::{Envelope, Importance, MessageId};
use crate::outbox::{Recording, TapePurpose};
use crate::policy::mailbox::Subscriber;
use crate::policy::mailbox_policy::Protect;
use crate::turn::menu::{Menu, always};

/// What a caller may do with what was just recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnTake {
    Accept,
    Replay,
    StartOver,
    Continue,
    Cancel,
}

/// The caller's menu after a recording.
pub(super) static CALLER_RECORDING: Menu<OnTake> = Menu::new(
    "caller-recording",
    &[
        always("accept", OnTake::Accept),
        always("replay", OnTake::Replay),
        always("start-over", OnTake::StartOver),
        always("continue", OnTake::Continue),
        always("cancel", OnTake::Cancel),
    ],
);

/// How a message is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnSending {
    Send,
    Important,
    NotImportant,
    Private,
    NotPrivate,
    Back,
}

/// The second level: marks, and sending.
pub(super) static CALLER_SENDING: Menu<OnSending> = Menu::new(
    "caller-sending",
    &[
        always("send", OnSending::Send),
        always("important", OnSending::Important),
        always("not-important", OnSending::NotImportant),
        always("private", OnSending::Private),
        always("not-private", OnSending::NotPrivate),
        always("back", OnSending::Back),
    ],
);

/// How the talk about a message ended, when the caller ended it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Send,
    Cancel,
    LineGone,
}

/// A message not yet delivered.
struct Draft {
    envelope: Envelope,
    recording: Option<Recording>,
}

/// Takes a message for `owner` after `saying` and the tone, delivers it, and says goodbye.
///
/// Once something usable was recorded it is delivered however the talk about it ends, unless the
/// caller cancels it. The delivery is on our disk before the confirmation is spoken.
pub(super) async fn take_message(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    owner: &Subscriber,
    saying: Saying,
) -> Talk {
    let mut draft = Draft {
        envelope: envelope(visit, owner).await,
        recording: None,
    };
    let verdict = talk_about(caller, visit.desk, owner, &mut draft, saying).await;
    let delivered = match draft.recording.take() {
        Some(recording) if matches!(verdict, Ok(Verdict::Cancel)) => {
            recording::discard(visit.desk, &recording.tape).await;
            false
        }
        Some(recording) => {
            deliver(visit, owner, draft.envelope, recording).await?;
            true
        }
        None => false,
    };
    match verdict? {
        Verdict::Cancel => Err(caller.farewell(prompts::MESSAGE_CANCELLED).await),
        Verdict::LineGone => Err(Leave::Goodbye),
        Verdict::Send if delivered => Err(caller
            .farewell(Saying::new(prompts::MESSAGE_SENT).then(prompts::GOODBYE))
            .await),
        Verdict::Send => Err(caller.farewell(prompts::GOODBYE).await),
    }
}

async fn talk_about(
    caller: &mut Caller,
    desk: &Desk,
    owner: &Subscriber,
    draft: &mut Draft,
    mut saying: Saying,
) -> Talk<Verdict> {
    let bounds = bounds(owner);
    loop {
        let purpose = TapePurpose::Message(Box::new(draft.envelope.clone()));
        match recording::record(caller, desk, saying, purpose, bounds).await? {
            Taken::Usable(recording) => {
                draft.recording = Some(recording);
                caller.forgive_failures();
            }
            Taken::LineGone => return Ok(Verdict::LineGone),
            Taken::Nothing(_) => {
                caller.say(prompts::NOTHING_RECORDED).await?;
                caller.count_failure().await?;
                saying = Saying::new(prompts::RECORD_AFTER_TONE);
                continue;
            }
        }
        match decide(caller, desk, owner, draft, bounds).await? {
            Some(verdict) => return Ok(verdict),
            None => saying = Saying::new(prompts::RECORD_AFTER_TONE),
        }
    }
}

/// Asks what to do with the recording; `None` to record anew.
async fn decide(
    caller: &mut Caller,
    desk: &Desk,
    owner: &Subscriber,
    draft: &mut Draft,
    bounds: Bounds,
) -> Talk<Option<Verdict>> {
    loop {
        // Whoever says nothing more, or finds no key, wants the message to arrive, and to know it.
        let Some(choice) = caller.choose_or_nothing(CALLER_RECORDING.open()).await? else {
            return Ok(Some(Verdict::Send));
        };
        let Some(recording) = &mut draft.recording else {
            return Ok(None);
        };
        match choice {
            OnTake::Accept => {
                if options(caller, owner, &mut draft.envelope).await? {
                    return Ok(Some(Verdict::Send));
                }
            }
            OnTake::Replay => {
                let sound = desk
                    .outbox
                    .sound(recording)
                    .await
                    .map_err(faults::recording)?;
                caller
                    .start(Saying::nothing().play("recording", sound))
                    .await?;
            }
            OnTake::StartOver => {
                recording::discard(desk, &recording.tape).await;
                draft.recording = None;
                return Ok(None);
            }
            OnTake::Continue => {
                let end = recording::record_more(caller, desk, recording, bounds).await?;
                if end == TakeEnd::SteadyTone {
                    return Ok(Some(Verdict::LineGone));
                }
            }
            OnTake::Cancel => return Ok(Some(Verdict::Cancel)),
        }
    }
}

/// Sets marks; true when the message may go, false to go back.
async fn options(caller: &mut Caller, owner: &Subscriber, envelope: &mut Envelope) -> Talk<bool> {
    loop {
        let mut open = CALLER_SENDING.open().without(match envelope.importance {
            Importance::Normal | Importance::Low => OnSending::NotImportant,
            Importance::High => OnSending::Important,
        });
        let may_be_private = owner.policy.protect_unauthenticated_voice_mail != Protect::None;
        if !may_be_private || envelope.private {
            open = open.without(OnSending::Private);
        }
        if !may_be_private || !envelope.private {
            open = open.without(OnSending::NotPrivate);
        }
        // Once accepted, no choice sends: a caller who walks away has said all.
        let said = match caller.choose_or_nothing(open).await? {
            None | Some(OnSending::Send) => return Ok(true),
            Some(OnSending::Back) => return Ok(false),
            Some(OnSending::Important) => {
                envelope.importance = Importance::High;
                prompts::MARKED_IMPORTANT
            }
            Some(OnSending::NotImportant) => {
                envelope.importance = Importance::Normal;
                prompts::MARKED_NOT_IMPORTANT
            }
            Some(OnSending::Private) => {
                envelope.private = true;
                prompts::MARKED_PRIVATE
            }
            Some(OnSending::NotPrivate) => {
                envelope.private = false;
                prompts::MARKED_NOT_PRIVATE
            }
        };
        caller.say(said).await?;
    }
}

async fn deliver(
    visit: &mut Visit<'_>,
    owner: &Subscriber,
    mut envelope: Envelope,
    recording: Recording,
) -> Talk {
    envelope.id = MessageId(recording.tape.0.clone());
    match visit.desk.outbox.deliver(envelope, recording).await {
        Ok(()) => {
            visit.outcome.messages_left += 1;
            let to = mailbox_of(owner);
            if visit
                .missed
                .as_ref()
                .is_some_and(|missed| mailbox_of(&missed.owner) == to)
            {
                visit.missed = None;
            }
            if visit.outcome.call_type == CallType::CallAnsweringMissedCall {
                visit.outcome.call_type = CallType::CallAnsweringVoiceMessage;
            }
            Ok(())
        }
        Err(fault) => {
            error!(call = %visit.arrival.call_id, "a message could not be kept: {fault}");
            visit.outcome.fault = Some(fault.to_string());
            Err(faults::sending(fault))
        }
    }
}

/// The envelope of a message that is about to be recorded.
async fn envelope(visit: &Visit<'_>, owner: &Subscriber) -> Envelope {
    let arrival = &visit.arrival;
    Envelope {
        // The tape's identity becomes the message's.
        id: MessageId("".into()),
        to: mailbox_of(owner),
        from: sender::of(visit.desk, arrival, owner).await,
        received: visit.desk.clock.now(),
        importance: Importance::Normal,
        private: false,
        called: arrival.answers_for().to_owned(),
        reason: arrival.reason.to_string(),
        call_id: arrival.call_id.clone(),
        cut_short: false,
        sent: None,
    }
}

fn bounds(owner: &Subscriber) -> Bounds {
    let plan = &owner.dial_plan;
    Bounds {
        longest: Duration::from_secs(u64::from(plan.max_recording_duration) * 60),
        idle: Duration::from_secs(u64::from(plan.recording_idle_timeout)),
        shortest: SHORTEST_MESSAGE,
        least_voice: LEAST_VOICE_IN_MESSAGE,
    }
}
