//! The table of entry points, row by row.

use super::*;
use crate::policy::mailbox::Mailbox;
use crate::policy::mailbox_policy::MailboxPolicy;

struct People(Vec<Subscriber>);

impl Subscribers for People {
    fn by_number(&self, dial_plan: &str, number: &str) -> Option<Subscriber> {
        self.0
            .iter()
            .find(|subscriber| {
                subscriber.dial_plan.name == dial_plan
                    && subscriber
                        .mailbox
                        .extensions
                        .iter()
                        .any(|own| own == number)
            })
            .cloned()
    }

    fn by_user(&self, user: &str) -> Option<Subscriber> {
        self.0.iter().find(|found| found.user() == user).cloned()
    }
}

struct House {
    gateways: Vec<Arc<Gateway>>,
    hunt_groups: Vec<Arc<HuntGroup>>,
    dial_plans: Vec<Arc<DialPlan>>,
    people: People,
}

fn plan(name: &str, access: &str) -> DialPlan {
    toml::from_str(&format!(
        "name = \"{name}\"\nnumber_of_digits_in_extension = 4\n\
         access_telephone_numbers = [\"{access}\"]\n"
    ))
    .unwrap()
}

fn gateway(name: &str, address: &str, status: GatewayStatus) -> Arc<Gateway> {
    let mut gateway: Gateway =
        toml::from_str(&format!("name = \"{name}\"\naddress = \"{address}\"\n")).unwrap();
    gateway.status = status;
    Arc::new(gateway)
}

fn group(dial_plan: &str, gateway: &str, pilots: &[&str]) -> Arc<HuntGroup> {
    Arc::new(HuntGroup {
        name: format!("{dial_plan} by {gateway}"),
        dial_plan: dial_plan.to_owned(),
        gateway: gateway.to_owned(),
        pilot_identifiers: pilots.iter().map(|pilot| (*pilot).to_owned()).collect(),
    })
}

fn subscriber(user: &str, extension: &str, dial_plan: &Arc<DialPlan>) -> Subscriber {
    Subscriber {
        mailbox: Arc::new(
            toml::from_str::<Mailbox>(&format!(
                "user = \"{user}\"\npolicy = \"p\"\nextensions = [\"{extension}\"]\n"
            ))
            .unwrap(),
        ),
        policy: Arc::new(MailboxPolicy::default()),
        dial_plan: dial_plan.clone(),
        display_name: user.to_owned(),
    }
}

fn house() -> House {
    let demo = Arc::new(plan("demo", "7000"));
    let sales = Arc::new(plan("sales", "+1 555 0107001"));
    House {
        gateways: vec![
            gateway("net", "10.0.0.0/8", GatewayStatus::Enabled),
            gateway("one", "10.1.1.1/32", GatewayStatus::Enabled),
            gateway("off", "10.2.0.0/16", GatewayStatus::Disabled),
            gateway("full", "10.3.0.0/16", GatewayStatus::NoNewCalls),
            gateway("six", "2001:db8::/32", GatewayStatus::Enabled),
        ],
        hunt_groups: vec![
            group("demo", "net", &["7000", "2001", "2002"]),
            group("sales", "net", &["+15550107001"]),
            group("demo", "one", &[]),
            group("demo", "six", &["7000"]),
        ],
        people: People(vec![
            subscriber("alice", "2001", &demo),
            subscriber("bob", "2002", &demo),
        ]),
        dial_plans: vec![demo, sales],
    }
}

fn decided(
    house: &House,
    source: &str,
    called: &str,
    diversions: &[(&str, ReasonForCall)],
) -> String {
    let routes = Routes {
        gateways: &house.gateways,
        hunt_groups: &house.hunt_groups,
        dial_plans: &house.dial_plans,
        subscribers: &house.people,
    };
    let offered = Offered {
        source: source.parse().unwrap(),
        called: called.to_owned(),
        diversions: diversions
            .iter()
            .map(|(number, reason)| ((*number).to_owned(), *reason))
            .collect(),
    };
    match decide(&routes, &offered) {
        Decision::Decline(refusal) => format!("{} {}", refusal.status(), refusal.label()),
        Decision::Take(taken) => {
            let entry = match taken.entry {
                EntryPoint::SubscriberAccess => "access".to_owned(),
                EntryPoint::CallAnswering(owner) => format!("answers for {}", owner.user()),
            };
            format!(
                "{} {} {entry} {} {}",
                taken.gateway.name,
                taken.dial_plan.name,
                taken.reason,
                taken.diverted_from.unwrap_or_default()
            )
            .trim_end()
            .to_owned()
        }
    }
}

use ReasonForCall::{DivertBusy, DivertForward, DivertNoAnswer};

#[test]
fn calls_enter_by_the_table() {
    let house = house();
    for (source, called, diversions, expected) in [
        ("192.0.2.1", "7000", &[][..], "403 no-gateway"),
        ("10.2.0.1", "7000", &[][..], "403 gateway-disabled"),
        ("10.3.0.1", "7000", &[][..], "503 no-new-calls"),
        ("10.0.0.1", "9999", &[][..], "404 no-hunt-group"),
        ("10.1.1.1", "9999", &[][..], "404 no-entry-point"),
        ("10.0.0.1", "7000", &[][..], "net demo access Direct"),
        ("::ffff:10.0.0.1", "7000", &[][..], "net demo access Direct"),
        ("2001:db8::7", "7000", &[][..], "six demo access Direct"),
        (
            "10.0.0.1",
            "+1-555-0107001",
            &[][..],
            "net sales access Direct",
        ),
        (
            "10.0.0.1",
            "2001",
            &[][..],
            "net demo answers for alice Direct",
        ),
        (
            "10.1.1.1",
            "2002",
            &[][..],
            "one demo answers for bob Direct",
        ),
        (
            "10.0.0.1",
            "7000",
            &[("2001", DivertNoAnswer)][..],
            "net demo answers for alice DivertNoAnswer 2001",
        ),
        (
            "10.0.0.1",
            "7000",
            &[("2002", DivertBusy), ("2001", DivertForward)][..],
            "net demo answers for bob DivertBusy 2002",
        ),
        (
            "10.0.0.1",
            "7000",
            &[("2999", DivertBusy), ("2001", DivertForward)][..],
            "net demo answers for alice DivertForward 2001",
        ),
        (
            "10.0.0.1",
            "7000",
            &[("2999", DivertBusy)][..],
            "net demo access DivertBusy 2999",
        ),
        (
            "10.0.0.1",
            "2001",
            &[("2999", DivertBusy)][..],
            "net demo answers for alice DivertBusy 2999",
        ),
    ] {
        assert_eq!(
            decided(&house, source, called, diversions),
            expected,
            "{called} from {source}"
        );
    }
}

#[test]
fn the_first_party_ever_called_can_be_preferred() {
    let mut house = house();
    let mut demo = (*house.dial_plans[0]).clone();
    demo.prefer_most_recent_diversion = false;
    house.dial_plans[0] = Arc::new(demo);
    assert_eq!(
        decided(
            &house,
            "10.0.0.1",
            "7000",
            &[
                ("2002", DivertBusy),
                ("2001", DivertForward),
                ("2999", DivertBusy)
            ]
        ),
        "net demo answers for alice DivertForward 2001"
    );
}

#[test]
fn refusals_that_pass_say_when_to_try_again() {
    for refusal in [Refusal::CallLimit, Refusal::Draining, Refusal::NoNewCalls] {
        assert_eq!(refusal.status(), 503);
        assert!(refusal.retry_after().is_some());
    }
    assert_eq!(Refusal::NoGateway.retry_after(), None);
}
