//! A call as it is offered, whether by a gateway or by a page: what routing, conversation and record
//! want to know of it.

use std::net::IpAddr;

use crate::conversation::ReasonForCall;
use crate::policy::routing::{Diversion, Offered};
use crate::sip::{self, DiversionReason, IncomingCall, Party};

/// A call as it is offered.
pub(super) struct Offer {
    /// Its identity in logs, records and transcripts.
    pub(super) call_id: String,
    /// Who sent it.
    pub(super) source: IpAddr,
    /// The called number.
    pub(super) called: String,
    /// Who calls, as far as we may tell the called.
    pub(super) calling: Option<Calling>,
    /// What routing wants to know.
    pub(super) offered: Offered,
}

/// Who calls.
pub(super) struct Calling {
    /// The number, or whatever the peer gave in its place.
    pub(super) number: String,
    /// The name that came with it.
    pub(super) name: Option<String>,
}

impl Offer {
    /// What an INVITE offers.
    pub(super) fn of_sip(incoming: &IncomingCall) -> Offer {
        let mut called = vec![address(&incoming.called)];
        let to = address(&incoming.to);
        if !called.contains(&to) {
            called.push(to);
        }
        Offer {
            call_id: incoming.call_id.clone(),
            source: incoming.source.ip(),
            called: incoming.called.user.clone(),
            calling: calling(incoming).map(|party| Calling {
                number: party.user.clone(),
                name: party.display_name.clone(),
            }),
            offered: Offered {
                called,
                diversions: incoming.diversions.iter().map(diversion_of).collect(),
            },
        }
    }
}

fn diversion_of(diversion: &sip::Diversion) -> Diversion {
    Diversion {
        party: address(&diversion.party),
        reason: match diversion.reason {
            DiversionReason::UserBusy => ReasonForCall::DivertBusy,
            DiversionReason::NoAnswer => ReasonForCall::DivertNoAnswer,
            DiversionReason::Unconditional | DiversionReason::Other => ReasonForCall::DivertForward,
        },
    }
}

/// `user@host`, as routing compares it.
fn address(party: &Party) -> String {
    match &party.host {
        Some(host) if !party.user.is_empty() => format!("{}@{host}", party.user),
        _ => party.user.clone(),
    }
}

/// Who calls, as far as we may tell the called: what a trusted peer asserts before what the caller
/// says, and nobody when the caller wants to stay unknown.
fn calling(incoming: &IncomingCall) -> Option<&Party> {
    if incoming.is_private {
        return None;
    }
    incoming
        .asserted
        .as_ref()
        .or(incoming.calling.as_ref())
        .filter(|party| !party.is_anonymous())
}
