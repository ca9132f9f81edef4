//! Where every call begins and ends: leads it to its entry point, and says goodbye.

use tracing::{info, warn};

use super::arrival::{Arrival, CallType, EntryPoint, Outcome};
use super::desk::{Desk, Visit};
use super::sign_in::SignIn;
use super::{call_answering, missed_call, prompts, voice_access};
use crate::caller::{Caller, Leave, Saying, Talk};
use crate::policy::mailbox::Subscriber;

/// How often one call may go from one stop to another.
const STOPS_MAX: usize = 8;

/// Where a call goes next, when it cannot be told from below.
pub(super) enum NextStop {
    /// Sign-in with the welcome.
    VoiceAccess,
    /// Sign-in to another mailbox than that of the telephone.
    OtherMailbox,
    /// Sign-in to the mailbox that has just answered.
    SignInTo(Subscriber),
    /// Call answering for this mailbox.
    Mailbox(Subscriber),
    /// All is said.
    Goodbye,
}

/// Talks with a caller from the answer to the end of the call.
pub async fn reception(caller: &mut Caller, desk: &Desk, arrival: Arrival) -> Outcome {
    let mut next = match &arrival.entry {
        EntryPoint::SubscriberAccess => NextStop::VoiceAccess,
        EntryPoint::CallAnswering(owner) => NextStop::Mailbox(owner.clone()),
    };
    let mut visit = Visit {
        desk,
        outcome: Outcome {
            call_type: match &arrival.entry {
                EntryPoint::SubscriberAccess => CallType::UnauthenticatedPilotNumber,
                EntryPoint::CallAnswering(_) => CallType::CallAnsweringMissedCall,
            },
            ..Outcome::default()
        },
        arrival,
        began: desk.clock.now(),
        missed: None,
        manner: caller.manner(),
        sign_in_failures: 0,
        waits_untold: false,
    };
    for _ in 0..STOPS_MAX {
        match stop_at(caller, &mut visit, next).await {
            Ok(NextStop::Goodbye) => break,
            Ok(stop) => next = stop,
            Err(leave) => {
                part(caller, &mut visit, leave).await;
                break;
            }
        }
    }
    missed_call::note(&mut visit).await;
    visit.outcome.caller_hung_up = caller.has_hung_up();
    visit.outcome
}

async fn stop_at(caller: &mut Caller, visit: &mut Visit<'_>, stop: NextStop) -> Talk<NextStop> {
    match stop {
        NextStop::VoiceAccess => Box::pin(voice_access::welcomed(caller, visit)).await,
        NextStop::OtherMailbox => Box::pin(voice_access::enter(caller, visit, None)).await,
        NextStop::SignInTo(owner) => {
            let known = Some(SignIn::Answered(owner));
            Box::pin(voice_access::enter(caller, visit, known)).await
        }
        NextStop::Mailbox(owner) => Box::pin(call_answering::answer(caller, visit, owner)).await,
        NextStop::Goodbye => Ok(NextStop::Goodbye),
    }
}

/// Ends a call that was left from somewhere below.
async fn part(caller: &mut Caller, visit: &mut Visit<'_>, leave: Leave) {
    match leave {
        Leave::HungUp | Leave::Goodbye => {}
        // Both have been stopped below, unless there is no such place in this call.
        Leave::MainMenu | Leave::Operator => {
            caller.farewell(prompts::GOODBYE).await;
        }
        Leave::Fault(fault) => {
            warn!(call = %visit.arrival.call_id, "a call ended early: {}", fault.log);
            let said = Saying::new(fault.prompt).then(prompts::GOODBYE);
            caller.farewell(said).await;
            visit.outcome.fault = Some(fault.log);
        }
    }
    info!(call = %visit.arrival.call_id, "the conversation is over");
}
