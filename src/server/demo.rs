//! The demo organisation: who there is, what their PINs are, and what lies in 2001's mailbox.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::directory::Person;
use crate::mailbox::{Envelope, Importance, MailboxId, MessageId, Sender};
use crate::policy::dial_plan::{DialPlan, Gateway, HuntGroup};
use crate::policy::mailbox::Mailbox;
use crate::policy::mailbox_policy::MailboxPolicy;

/// The dial plan's name.
pub const DIAL_PLAN: &str = "demo";
/// The voice access number.
pub const ACCESS_NUMBER: &str = "7000";
/// Name of the mailbox policy.
pub const POLICY: &str = "demo Default Policy";
/// Whose mailbox has messages from the start.
pub const OWNER_OF_MESSAGES: &str = "alice";

/// PINs that are the same in every demo, by extension.
pub const FIXED_PINS: [(&str, &str); 4] = [
    ("2001", "482915"),
    ("2002", "739164"),
    ("2003", "615284"),
    ("2004", "950371"),
];
/// Has never signed in: the PIN must be changed, then comes first-time set-up.
pub const NEVER_SIGNED_IN: &str = "2003";
/// Locked out after too many wrong PINs.
pub const LOCKED_OUT: &str = "2004";
/// Has a mailbox that is disabled for voice mail.
pub const DISABLED: &str = "2055";

/// In the directory, without a mailbox.
const WITHOUT_MAILBOX: [&str; 4] = ["noext", "four", "five", "nomail"];

#[derive(Deserialize)]
struct People {
    people: Vec<Person>,
}

/// Everybody in the directory.
pub fn people() -> Vec<Person> {
    let text = include_str!("demo/people.toml");
    match toml::from_str::<People>(text) {
        Ok(People { people }) => people,
        // The file is part of this program, and a test reads it.
        Err(error) => unreachable!("people.toml: {error}"),
    }
}

/// The mailboxes of those who have one.
pub fn mailboxes() -> Vec<Mailbox> {
    people()
        .into_iter()
        .filter(|person| !WITHOUT_MAILBOX.contains(&person.user.as_str()))
        .filter_map(|person| {
            let extension = person.extension?;
            Some(Mailbox {
                enabled: extension != DISABLED,
                user: person.user,
                policy: POLICY.to_owned(),
                extensions: vec![extension],
                addresses: Vec::new(),
                subscriber_access_enabled: true,
                anonymous_callers_can_leave_messages: true,
                quota_bytes: 0,
            })
        })
        .collect()
}

/// The dial plan.
pub fn dial_plan() -> DialPlan {
    let text = format!(
        "name = \"{DIAL_PLAN}\"\nnumber_of_digits_in_extension = 4\n\
         access_telephone_numbers = [\"{ACCESS_NUMBER}\"]\n"
    );
    match toml::from_str(&text) {
        Ok(plan) => plan,
        Err(error) => unreachable!("the demo's dial plan: {error}"),
    }
}

/// The mailbox policy: the defaults.
pub fn mailbox_policy() -> MailboxPolicy {
    MailboxPolicy {
        name: POLICY.to_owned(),
        dial_plan: DIAL_PLAN.to_owned(),
        ..MailboxPolicy::default()
    }
}

/// The trusted peers: this machine, and whom `--trust` names. Each takes any pilot.
pub fn gateways(trusted: &[ipnet::IpNet]) -> (Vec<Gateway>, Vec<HuntGroup>) {
    let this_machine = ["127.0.0.0/8", "::1/128"];
    let this_machine = this_machine.iter().filter_map(|net| net.parse().ok());
    let mut gateways = Vec::new();
    let mut hunt_groups = Vec::new();
    for (index, address) in this_machine.chain(trusted.iter().copied()).enumerate() {
        let name = match index {
            0 => "demo".to_owned(),
            1 => "demo IPv6".to_owned(),
            _ => format!("trusted {}", index - 1),
        };
        hunt_groups.push(HuntGroup {
            name: format!("{name} Default Hunt Group"),
            dial_plan: DIAL_PLAN.to_owned(),
            gateway: name.clone(),
            pilot_identifiers: Vec::new(),
        });
        gateways.push(Gateway {
            name,
            address,
            status: crate::policy::dial_plan::GatewayStatus::Enabled,
            // A load generator on the same machine is a fine thing to try the demo with.
            requests_per_second: 5_000,
            calls_per_second: 500,
            behind_nat: false,
        });
    }
    (gateways, hunt_groups)
}

/// A voice message that lies in a mailbox when the demo is made.
pub struct DemoMessage {
    /// The words of the caller.
    pub words: &'static str,
    /// The flite voice that speaks them.
    pub voice: &'static str,
    /// Who left it and when.
    pub envelope: Envelope,
    /// Whether it has been heard.
    pub read: bool,
}

/// 2001's messages, as of `now`.
pub fn messages(now: Timestamp) -> Vec<DemoMessage> {
    let left = |number: u8, ago_minutes: i64, from: Sender, importance| Envelope {
        id: MessageId(Arc::from(format!("demo-{number}"))),
        to: MailboxId(Arc::from(OWNER_OF_MESSAGES)),
        from,
        received: now
            .checked_sub(SignedDuration::from_mins(ago_minutes))
            .unwrap_or(now),
        importance,
        private: false,
        called: "2001".to_owned(),
        reason: "DivertNoAnswer".to_owned(),
        call_id: format!("demo-{number}"),
        cut_short: false,
    };
    vec![
        DemoMessage {
            words: "Hi Alice, this is Bob. The meeting about the new laboratory has moved to \
                    Thursday at ten. Could you bring the floor plan? Thanks, and see you then.",
            voice: "rms",
            envelope: left(
                1,
                48,
                Sender {
                    number: Some("2002".to_owned()),
                    name: Some("Bob Baker".to_owned()),
                    user: Some("bob".to_owned()),
                },
                Importance::Normal,
            ),
            read: false,
        },
        DemoMessage {
            words: "Good morning, this is Grace from the travel desk. Your train at four o'clock \
                    has been cancelled. Please call me back before noon, and I will book you on \
                    the next one.",
            voice: "slt",
            envelope: left(
                2,
                17,
                Sender {
                    number: Some("+15550109876".to_owned()),
                    ..Sender::default()
                },
                Importance::High,
            ),
            read: false,
        },
        DemoMessage {
            words: "Hello, I found a grey scarf in the lift on the second floor, and somebody \
                    said that it might be yours. I have left it with the front desk. Bye bye.",
            voice: "slt",
            envelope: left(3, 26 * 60, Sender::default(), Importance::Normal),
            read: true,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_people_are_those_of_the_contract() {
        let people = people();
        assert_eq!(people.len(), 52);
        let mailboxes = mailboxes();
        assert_eq!(mailboxes.len(), 48);
        let of = |user: &str| mailboxes.iter().find(|mailbox| mailbox.user == user);
        for user in WITHOUT_MAILBOX {
            assert!(of(user).is_none(), "{user}");
            assert!(people.iter().any(|person| person.user == user), "{user}");
        }
        assert!(
            people
                .iter()
                .any(|person| person.user == "unlisted" && person.hidden)
        );
        assert!(of("unlisted").is_some());
        let disabled: Vec<_> = mailboxes
            .iter()
            .filter(|mailbox| !mailbox.enabled)
            .collect();
        assert_eq!(disabled.len(), 1);
        assert_eq!(disabled[0].extensions, ["2055"]);
        assert!(
            people
                .iter()
                .all(|person| person.mail.is_none() == (person.user == "nomail"))
        );
    }

    #[test]
    fn the_messages_are_those_of_the_contract() {
        let now: Timestamp = "2026-11-23T08:30:00Z".parse().unwrap();
        let messages = messages(now);
        assert_eq!(messages.len(), 3);
        assert_eq!(messages.iter().filter(|message| !message.read).count(), 2);
        let high = messages
            .iter()
            .filter(|message| message.envelope.importance == Importance::High);
        assert_eq!(high.count(), 1);
        assert!(
            messages
                .iter()
                .all(|message| message.envelope.received < now)
        );
        let voices: std::collections::BTreeSet<_> =
            messages.iter().map(|message| message.voice).collect();
        assert_eq!(voices.len(), 2);
    }

    #[test]
    fn whom_trust_names_is_a_gateway_of_its_own() {
        let (gateways, hunt_groups) = gateways(&["192.0.2.0/24".parse().unwrap()]);
        assert_eq!(gateways.len(), 3);
        assert_eq!(gateways[0].address.to_string(), "127.0.0.0/8");
        assert_eq!(gateways[2].address.to_string(), "192.0.2.0/24");
        assert!(
            hunt_groups
                .iter()
                .zip(&gateways)
                .all(|(group, gateway)| group.gateway == gateway.name)
        );
        assert_eq!(dial_plan().access_telephone_numbers, [ACCESS_NUMBER]);
        assert_eq!(mailbox_policy().dial_plan, dial_plan().name);
    }
}
