//! Which place a call enters at (`outlook-voice-access` sections 0.2a and 1.1).

use std::fmt;
use std::sync::Arc;

use super::dial_plan::{DialPlan, Gateway, GatewayStatus, HuntGroup};
use super::mailbox::{Subscriber, Subscribers};
use super::party;

/// ReasonForCall: why the call came to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReasonForCall {
    /// Called directly.
    #[default]
    Direct,
    /// Diverted unconditionally.
    DivertForward,
    /// Diverted because the line was busy.
    DivertBusy,
    /// Diverted because nobody answered.
    DivertNoAnswer,
}

impl fmt::Display for ReasonForCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReasonForCall::Direct => "Direct",
            ReasonForCall::DivertForward => "DivertForward",
            ReasonForCall::DivertBusy => "DivertBusy",
            ReasonForCall::DivertNoAnswer => "DivertNoAnswer",
        })
    }
}

/// Somebody who did not take the call, and why it went on from there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diversion {
    /// A number, `tel:` or SIP address.
    pub party: String,
    /// Why.
    pub reason: ReasonForCall,
}

/// What a call says about itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offered {
    /// What was called: the Request-URI, and where it is something else, the To.
    pub called: Vec<String>,
    /// Who diverted it, the most recent first.
    pub diversions: Vec<Diversion>,
}

/// A hunt group with its dial plan.
#[derive(Clone, Debug)]
pub struct Hunted {
    /// The hunt group.
    pub hunt_group: Arc<HuntGroup>,
    /// Its dial plan.
    pub dial_plan: Arc<DialPlan>,
}

/// Where a call goes.
#[derive(Clone, Debug)]
pub enum Route {
    /// To the voice access of a dial plan: sign-in.
    SubscriberAccess {
        /// The dial plan.
        dial_plan: Arc<DialPlan>,
    },
    /// To somebody's mailbox.
    CallAnswering {
        /// The dial plan whose hunt group took the call.
        dial_plan: Arc<DialPlan>,
        /// Whose.
        subscriber: Subscriber,
        /// Why.
        reason: ReasonForCall,
        /// Who diverted it; none for a direct call.
        diverted_from: Option<String>,
    },
    /// To a mailbox that is disabled for voice mail: the call is answered, and told so.
    DisabledMailbox {
        /// The dial plan whose hunt group took the call.
        dial_plan: Arc<DialPlan>,
        /// Whose.
        subscriber: Subscriber,
        /// Why.
        reason: ReasonForCall,
        /// Who diverted it; none for a direct call.
        diverted_from: Option<String>,
    },
    /// Nowhere.
    Refuse(Refusal),
}

/// Why a call is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Its source is no gateway.
    UnknownSource,
    /// Its gateway is disabled.
    GatewayDisabled,
    /// Its gateway takes no new calls.
    NoNewCalls,
    /// No hunt group has this pilot.
    UnknownPilot,
    /// Nothing is behind this number.
    NoEntryPoint,
}

impl Refusal {
    /// The SIP answer; 503 goes with a Retry-After.
    pub fn status(self) -> u16 {
        match self {
            Refusal::UnknownSource | Refusal::GatewayDisabled => 403,
            Refusal::UnknownPilot | Refusal::NoEntryPoint => 404,
            Refusal::NoNewCalls => 503,
        }
    }
}

/// Where a call goes that came from `gateway`, whose hunt groups these are.
pub fn route(
    gateway: Option<&Gateway>,
    hunt_groups: &[Hunted],
    subscribers: &dyn Subscribers,
    offered: &Offered,
) -> Route {
    let refusal = match gateway.map(|gateway| gateway.status) {
        None => Some(Refusal::UnknownSource),
        Some(GatewayStatus::Disabled) => Some(Refusal::GatewayDisabled),
        Some(GatewayStatus::NoNewCalls) => Some(Refusal::NoNewCalls),
        Some(GatewayStatus::Enabled) => None,
    };
    if let Some(refusal) = refusal {
        return Route::Refuse(refusal);
    }
    let Some(hunted) = hunt_group(hunt_groups, &offered.called) else {
        return Route::Refuse(Refusal::UnknownPilot);
    };
    let dial_plan = &hunted.dial_plan;
    let mailbox = |party: &str| subscribers.by_number(&dial_plan.name, party);
    let mut diversions: Vec<&Diversion> = offered.diversions.iter().collect();
    if !dial_plan.prefer_most_recent_diversion {
        diversions.reverse();
    }
    for diversion in diversions {
        if let Some(subscriber) = mailbox(&diversion.party) {
            let from = Some(diversion.party.clone());
            return answering(dial_plan, subscriber, diversion.reason, from);
        }
    }
    let is_access_number = |called: &String| named_in(&dial_plan.access_telephone_numbers, called);
    if offered.called.iter().any(is_access_number) {
        return Route::SubscriberAccess {
            dial_plan: dial_plan.clone(),
        };
    }
    match offered.called.iter().find_map(|called| mailbox(called)) {
        Some(subscriber) => answering(dial_plan, subscriber, ReasonForCall::Direct, None),
        None => Route::Refuse(Refusal::NoEntryPoint),
    }
}

fn answering(
    dial_plan: &Arc<DialPlan>,
    subscriber: Subscriber,
    reason: ReasonForCall,
    diverted_from: Option<String>,
) -> Route {
    let dial_plan = dial_plan.clone();
    if subscriber.mailbox.enabled {
        Route::CallAnswering {
            dial_plan,
            subscriber,
            reason,
            diverted_from,
        }
    } else {
        Route::DisabledMailbox {
            dial_plan,
            subscriber,
            reason,
            diverted_from,
        }
    }
}

/// A hunt group that names the pilot, before one that takes any.
fn hunt_group<'a>(hunt_groups: &'a [Hunted], called: &[String]) -> Option<&'a Hunted> {
    let names_it = |hunted: &&Hunted| {
        called
            .iter()
            .any(|called| named_in(&hunted.hunt_group.pilot_identifiers, called))
    };
    let takes_any = |hunted: &&Hunted| hunted.hunt_group.pilot_identifiers.is_empty();
    hunt_groups
        .iter()
        .find(names_it)
        .or_else(|| hunt_groups.iter().find(takes_any))
}

/// Whether a list of numbers and SIP addresses names this party.
fn named_in(list: &[String], party: &str) -> bool {
    let called = party::keys(party);
    list.iter()
        .filter_map(|listed| party::keys(listed).into_iter().next())
        .any(|listed| called.contains(&listed))
}
