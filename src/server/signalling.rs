//! What a call was set up by: SIP, or a page. Past the answer both tell the same few things.

use tokio::sync::mpsc;

use super::translate::{hang_up_cause, leg_plan};
use crate::line::{HangUpCause, Key};
use crate::media::LegPlan;
use crate::sip::{CallLeg, CallLegEvent, Release};
use crate::web_phone::Wish;

/// What set the call up, and can end it.
pub(super) enum Signalling {
    Sip { leg: CallLeg, behind_nat: bool },
    Web(mpsc::Receiver<Wish>),
}

/// What the signalling of an answered call tells.
pub(super) enum Signal {
    /// Sound goes another way now.
    Plan(LegPlan),
    /// A key that did not come with the sound.
    Key(Key),
    /// The call is over. While the release lives, the far end's goodbye stays unanswered.
    HungUp(HangUpCause, Option<Release>),
    /// The signalling is gone without a word.
    Gone,
}

impl Signalling {
    /// What happens next.
    pub(super) async fn next(&mut self) -> Signal {
        match self {
            Signalling::Sip { leg, behind_nat } => loop {
                return match leg.events.recv().await {
                    Some(CallLegEvent::Confirmed) => continue,
                    Some(CallLegEvent::Media(plan)) => Signal::Plan(leg_plan(&plan, *behind_nat)),
                    Some(CallLegEvent::Key(character)) => match Key::new(character) {
                        Some(key) => Signal::Key(key),
                        None => continue,
                    },
                    Some(CallLegEvent::HungUp { cause, release }) => {
                        Signal::HungUp(hang_up_cause(cause), Some(release))
                    }
                    None => Signal::Gone,
                };
            },
            Signalling::Web(wishes) => match wishes.recv().await {
                Some(Wish::Key(key)) => Signal::Key(key),
                Some(Wish::Microphone(on)) => Signal::Plan(LegPlan::streamed(on)),
                Some(Wish::Lost) => Signal::HungUp(HangUpCause::NoMedia, None),
                // A page that was closed has hung up.
                Some(Wish::HangUp) | None => Signal::HungUp(HangUpCause::Caller, None),
            },
        }
    }

    /// Says goodbye to the far end. A page learns it from the end of its sound.
    pub(super) async fn hang_up(&self) {
        match self {
            Signalling::Sip { leg, .. } => leg.hang_up().await,
            Signalling::Web(_) => {}
        }
    }
}
