//! Between the words of `sip`, of `media` and of the rules: rooms that do not know each other.

use std::sync::Arc;

use crate::conversation::{Arrival, EntryPoint, Outcome, ReasonForCall};
use crate::line::{HangUpCause, Number};
use crate::media;
use crate::policy::dial_plan::DialPlan;
use crate::policy::routing::{Diversion, Refusal, Route};
use crate::sip::{self, LegEnd, MediaPlan};

use super::call_record::Notes;
use super::offer::Offer;

/// What a conversation is told of a routed call, and the notes for its record; nothing when it is
/// refused.
pub(super) fn arrival_of(
    offer: &Offer,
    route: Route,
    asserts_calling_number: bool,
    mut notes: Notes,
) -> Option<(Arrival, Notes)> {
    // A diversion that names no mailbox is told, though it decided nothing.
    let told = offer.offered.diversions.first().cloned();
    let entered = entered(route, told)?;
    let Entered {
        entry,
        dial_plan,
        reason,
        diverted_from,
    } = entered;
    if let EntryPoint::CallAnswering(subscriber) = &entry {
        notes.record.callee_mailbox_alias = subscriber.user().to_owned();
    }
    notes.record.dial_plan_name = dial_plan.name.clone();
    notes.record.reason_for_call = reason.to_string();
    let calling = offer.calling.as_ref();
    let arrival = Arrival {
        entry,
        dial_plan,
        calling: calling.and_then(|calling| Number::parse(&calling.number)),
        calling_is_asserted: asserts_calling_number,
        calling_name: calling.and_then(|calling| calling.name.clone()),
        called: offer.called.clone(),
        diverted_from,
        reason,
        call_id: offer.call_id.clone(),
    };
    Some((arrival, notes))
}

/// Where a routed call enters, and what brought it there.
pub(super) struct Entered {
    pub(super) entry: EntryPoint,
    pub(super) dial_plan: Arc<DialPlan>,
    pub(super) reason: ReasonForCall,
    pub(super) diverted_from: Option<String>,
}

/// Where a route leads; nothing when it is refused. `told` is who last diverted the call.
pub(super) fn entered(route: Route, told: Option<Diversion>) -> Option<Entered> {
    match route {
        Route::SubscriberAccess { dial_plan } => Some(Entered {
            entry: EntryPoint::SubscriberAccess,
            dial_plan,
            reason: told
                .as_ref()
                .map_or(ReasonForCall::Direct, |told| told.reason),
            diverted_from: told.map(|told| user_part(&told.party).to_owned()),
        }),
        // The conversation tells the caller of a disabled mailbox so.
        Route::CallAnswering {
            dial_plan,
            subscriber,
            reason,
            diverted_from,
        }
        | Route::DisabledMailbox {
            dial_plan,
            subscriber,
            reason,
            diverted_from,
        } => Some(Entered {
            entry: EntryPoint::CallAnswering(subscriber),
            dial_plan,
            reason,
            diverted_from: diverted_from.map(|party| user_part(&party).to_owned()),
        }),
        Route::Refuse(_) => None,
    }
}

fn user_part(party: &str) -> &str {
    party.split('@').next().unwrap_or(party)
}

/// What offer and answer agreed on, in the media room's words.
pub(super) fn leg_plan(plan: &MediaPlan, behind_nat: bool) -> media::LegPlan {
    media::LegPlan {
        remote: plan.remote,
        remote_rtcp: plan.remote_rtcp,
        codec: match plan.codec {
            sip::Codec::Pcmu => media::Codec::PCMU,
            sip::Codec::Pcma => media::Codec::PCMA,
            sip::Codec::G722 => media::Codec::G722,
            #[cfg(feature = "opus")]
            sip::Codec::Opus => media::Codec::Opus,
        },
        payload_type: plan.payload_type,
        telephone_event: plan.telephone_event,
        ptime_ms: plan.ptime_ms,
        send: plan.send,
        receive: plan.receive,
        behind_nat,
    }
}

/// Why the signalling ended, in the line's words.
pub(super) fn hang_up_cause(end: LegEnd) -> HangUpCause {
    match end {
        LegEnd::Caller => HangUpCause::Caller,
        LegEnd::SessionExpired => HangUpCause::SessionExpired,
        LegEnd::NotAcknowledged | LegEnd::Fault => HangUpCause::Fault,
    }
}

/// Why a call ended, as transcripts say it.
pub(super) fn why_word(why: HangUpCause, outcome: &Outcome) -> String {
    match why {
        HangUpCause::Caller => "caller-hung-up",
        HangUpCause::Ringback if outcome.fault.is_some() => "fault",
        HangUpCause::Ringback => "goodbye",
        HangUpCause::NoMedia => "no-media",
        HangUpCause::CallTooLong => "call-too-long",
        HangUpCause::SessionExpired => "session-expired",
        HangUpCause::GatewayDisabled => "gateway-disabled",
        HangUpCause::Shutdown => "shutdown",
        HangUpCause::Fault => "fault",
    }
    .to_owned()
}

/// Why a call was refused, as records say it.
pub(super) fn refusal_word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownSource => "unknown-source",
        Refusal::GatewayDisabled => "gateway-disabled",
        Refusal::NoNewCalls => "no-new-calls",
        Refusal::UnknownPilot => "unknown-pilot",
        Refusal::NoEntryPoint => "no-entry-point",
    }
}
