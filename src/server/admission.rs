//! Whether a call is taken, and where it enters: the table of `outlook-voice-access` section 1.1,
//! with the answers of section 0.2a for calls that are not taken. Pure.

use std::net::IpAddr;
use std::sync::Arc;

use crate::conversation::{EntryPoint, ReasonForCall};
use crate::policy::dial_plan::{DialPlan, Gateway, GatewayStatus, HuntGroup};
use crate::policy::mailbox::{Subscriber, Subscribers};

/// What of the organisation decides about calls.
pub struct Routes<'a> {
    /// Trusted peers.
    pub gateways: &'a [Arc<Gateway>],
    /// Which called numbers of which gateway belong to which dial plan.
    pub hunt_groups: &'a [Arc<HuntGroup>],
    /// All dial plans.
    pub dial_plans: &'a [Arc<DialPlan>],
    /// All mailboxes.
    pub subscribers: &'a dyn Subscribers,
}

/// What a call says about itself.
#[derive(Clone, Debug)]
pub struct Offered {
    /// Where it was sent from.
    pub source: IpAddr,
    /// The called number: user part of the Request-URI.
    pub called: String,
    /// Who diverted it, the most recent diversion first.
    pub diversions: Vec<(String, ReasonForCall)>,
}

/// What is done with a call.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It is answered.
    Take(Taken),
    /// It is not.
    Decline(Refusal),
}

/// A call that is answered.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The gateway it came through.
    pub gateway: Arc<Gateway>,
    /// The dial plan it belongs to.
    pub dial_plan: Arc<DialPlan>,
    /// Where it enters.
    pub entry: EntryPoint,
    /// The number that diverted it, when that decided.
    pub diverted_from: Option<String>,
    /// Why it came.
    pub reason: ReasonForCall,
}

/// Why a call is not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The source is no gateway.
    NoGateway,
    /// The gateway is disabled.
    GatewayDisabled,
    /// The gateway takes no new calls.
    NoNewCalls,
    /// No hunt group has this pilot.
    NoHuntGroup,
    /// The number leads nowhere.
    NoEntryPoint,
    /// As many calls as are allowed are in progress.
    CallLimit,
    /// The server is shutting down.
    Draining,
}

impl Refusal {
    /// The SIP status.
    pub fn status(self) -> u16 {
        match self {
            Refusal::NoGateway | Refusal::GatewayDisabled => 403,
            Refusal::NoHuntGroup | Refusal::NoEntryPoint => 404,
            Refusal::NoNewCalls | Refusal::CallLimit | Refusal::Draining => 503,
        }
    }

    /// Seconds after which trying again may help.
    pub fn retry_after(self) -> Option<u32> {
        match self {
            Refusal::CallLimit => Some(5),
            Refusal::Draining => Some(30),
            Refusal::NoNewCalls => Some(60),
            _ => None,
        }
    }

    /// For the call record, the log and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Refusal::NoGateway => "no-gateway",
            Refusal::GatewayDisabled => "gateway-disabled",
            Refusal::NoNewCalls => "no-new-calls",
            Refusal::NoHuntGroup => "no-hunt-group",
            Refusal::NoEntryPoint => "no-entry-point",
            Refusal::CallLimit => "call-limit",
            Refusal::Draining => "draining",
        }
    }
}

/// Decides about a call.
pub fn decide(routes: &Routes<'_>, offered: &Offered) -> Decision {
    match take(routes, offered) {
        Ok(taken) => Decision::Take(taken),
        Err(refusal) => Decision::Decline(refusal),
    }
}

fn take(routes: &Routes<'_>, offered: &Offered) -> Result<Taken, Refusal> {
    let gateway = gateway_of(routes.gateways, offered.source).ok_or(Refusal::NoGateway)?;
    match gateway.status {
        GatewayStatus::Enabled => {}
        GatewayStatus::Disabled => return Err(Refusal::GatewayDisabled),
        GatewayStatus::NoNewCalls => return Err(Refusal::NoNewCalls),
    }
    let dial_plan =
        dial_plan_of(routes, &gateway.name, &offered.called).ok_or(Refusal::NoHuntGroup)?;
    let mailbox = |number: &str| routes.subscribers.by_number(&dial_plan.name, number);

    // Row 3. A diversion that names no mailbox changes nothing but the reason.
    let first_diversion = offered.diversions.first();
    if let Some((number, why, owner)) = diverted(&dial_plan, &offered.diversions, mailbox) {
        return Ok(Taken {
            gateway,
            entry: EntryPoint::CallAnswering(owner),
            dial_plan,
            diverted_from: Some(number.to_owned()),
            reason: why,
        });
    }
    // Row 5.
    let is_access_number = dial_plan
        .access_telephone_numbers
        .iter()
        .any(|number| is_same_number(number, &offered.called));
    let entry = if is_access_number {
        EntryPoint::SubscriberAccess
    } else if let Some(owner) = mailbox(&offered.called) {
        // Row 6.
        EntryPoint::CallAnswering(owner)
    } else {
        return Err(Refusal::NoEntryPoint);
    };
    Ok(Taken {
        gateway,
        entry,
        diverted_from: first_diversion.map(|(number, _)| number.clone()),
        dial_plan,
        reason: first_diversion.map_or(ReasonForCall::Direct, |(_, reason)| *reason),
    })
}

/// The gateway whose network holds `source`; the narrowest when several do.
pub fn gateway_of(gateways: &[Arc<Gateway>], source: IpAddr) -> Option<Arc<Gateway>> {
    let source = source.to_canonical();
    gateways
        .iter()
        .filter(|gateway| gateway.address.contains(&source))
        .max_by_key(|gateway| gateway.address.prefix_len())
        .cloned()
}

/// The dial plan whose hunt group has this pilot; a hunt group without pilots takes any.
fn dial_plan_of(routes: &Routes<'_>, gateway: &str, pilot: &str) -> Option<Arc<DialPlan>> {
    let of_gateway = || {
        routes
            .hunt_groups
            .iter()
            .filter(|group| group.gateway == gateway)
    };
    let group = of_gateway()
        .find(|group| {
            group
                .pilot_identifiers
                .iter()
                .any(|identifier| is_same_number(identifier, pilot))
        })
        .or_else(|| of_gateway().find(|group| group.pilot_identifiers.is_empty()))?;
    routes
        .dial_plans
        .iter()
        .find(|plan| plan.name == group.dial_plan)
        .cloned()
}

/// The diversion that is a mailbox: the most recent one, or the first party ever called.
fn diverted<'a>(
    dial_plan: &DialPlan,
    diversions: &'a [(String, ReasonForCall)],
    mailbox: impl Fn(&str) -> Option<Subscriber>,
) -> Option<(&'a str, ReasonForCall, Subscriber)> {
    let find = |(number, reason): &'a (String, ReasonForCall)| {
        mailbox(number).map(|owner| (number.as_str(), *reason, owner))
    };
    if dial_plan.prefer_most_recent_diversion {
        diversions.iter().find_map(find)
    } else {
        diversions.iter().rev().find_map(find)
    }
}

/// Whether two numbers, or user parts of SIP addresses, are the same: separators, scheme and host
/// do not count.
fn is_same_number(configured: &str, signalled: &str) -> bool {
    fn bare(text: &str) -> String {
        let text = text.trim();
        let text = ["sips:", "sip:", "tel:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text);
        let user = text.split(['@', ';']).next().unwrap_or(text);
        let is_number = user
            .chars()
            .all(|c| c.is_ascii_digit() || " +-.()*#".contains(c));
        if is_number {
            user.chars().filter(|c| !" -.()".contains(*c)).collect()
        } else {
            user.to_ascii_lowercase()
        }
    }
    let configured = bare(configured);
    !configured.is_empty() && configured == bare(signalled)
}

#[cfg(test)]
mod tests;
