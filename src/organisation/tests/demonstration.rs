//! The demo, and where calls to it go.

use std::net::IpAddr;

use super::*;
use crate::organisation::mailboxes;
use crate::policy::lockout::Gate;
use crate::policy::mailbox::Subscribers;
use crate::policy::routing::{Diversion, Offered, ReasonForCall, Refusal, Route};

#[test]
fn the_demo_has_the_people_it_promises() {
    let house = House::new();
    let people = house.organisation.snapshot();
    let mailboxes = mailboxes::list(&house.store, now()).unwrap();
    assert_eq!(mailboxes.len(), 48);
    for user in ["noext", "four", "five", "nomail"] {
        assert!(people.by_user(user).is_none(), "{user}");
        assert!(people.person(user).is_some(), "{user}");
    }
    assert_eq!(people.person("nomail").unwrap().mail, None);
    assert!(people.person("unlisted").unwrap().hidden);
    assert!(people.by_user("unlisted").is_some());
    let of = |user: &str| {
        mailboxes
            .iter()
            .find(|state| state.mailbox.user == user)
            .unwrap()
    };
    assert!(!of("nash").mailbox.enabled);
    assert!(of("carol").pin.as_ref().unwrap().must_change);
    assert!(!of("alice").pin.as_ref().unwrap().must_change);
    assert_eq!(of("dave").pin.as_ref().unwrap().gate, Gate::Locked);
    let alice = people.by_number("demo", "2001").unwrap();
    assert_eq!(
        (alice.user(), &*alice.display_name),
        ("alice", "Alice Archer")
    );
    assert_eq!(
        people.person("chen").unwrap().romanised_name.as_deref(),
        Some("Wei Chen")
    );
}

#[test]
fn every_pin_is_told_once_in_the_order_of_extensions() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut random = StdRng::seed_from_u64(1);
    assert!(!demo::is_built(&store).unwrap());
    let trust = [
        "192.0.2.0/24".parse().unwrap(),
        "2001:db8::/32".parse().unwrap(),
    ];
    let pins = demo::build(&store, &trust, now(), &mut random, PinCost::CHEAPEST).unwrap();
    assert!(demo::is_built(&store).unwrap());
    assert_eq!(pins.len(), 48);
    let first: Vec<&str> = pins.iter().map(|pin| &*pin.user).take(3).collect();
    assert_eq!(first, ["desk", "alice", "bob"]);
    assert_eq!(pins[1].pin, "482915");
    let organisation = Organisation::open(store).unwrap();
    let gateway = |address: &str| {
        let address: IpAddr = address.parse().unwrap();
        organisation
            .snapshot()
            .gateway(address)
            .map(|gateway| gateway.name.clone())
    };
    assert_eq!(gateway("127.1.2.3").as_deref(), Some("this computer"));
    assert_eq!(
        gateway("::ffff:127.0.0.1").as_deref(),
        Some("this computer")
    );
    assert_eq!(
        gateway("192.0.2.9").as_deref(),
        Some("trusted 192.0.2.0 24")
    );
    assert_eq!(
        gateway("2001:db8::7").as_deref(),
        Some("trusted 2001 db8   32")
    );
    assert_eq!(gateway("198.51.100.1"), None);
}

fn diversion(party: &str) -> Diversion {
    Diversion {
        party: party.into(),
        reason: ReasonForCall::DivertNoAnswer,
    }
}

#[test]
fn a_call_enters_where_the_table_says() {
    let house = House::new();
    let snapshot = house.organisation.snapshot();
    let route = |source: &str, called: &str, diversions: &[&str]| {
        let offered = Offered {
            called: vec![called.into()],
            diversions: diversions.iter().map(|party| diversion(party)).collect(),
        };
        match snapshot.route(source.parse().unwrap(), &offered) {
            Route::SubscriberAccess { dial_plan } => format!("access {}", dial_plan.name),
            Route::CallAnswering {
                subscriber,
                reason,
                diverted_from,
                ..
            } => {
                format!(
                    "{} {reason} {}",
                    subscriber.user(),
                    diverted_from.unwrap_or_default()
                )
            }
            Route::DisabledMailbox { subscriber, .. } => format!("disabled {}", subscriber.user()),
            Route::Refuse(refusal) => refusal.status().to_string(),
        }
    };
    let here = "127.0.0.1";
    assert_eq!(route("192.0.2.1", "sip:7000@127.0.0.1", &[]), "403");
    assert_eq!(route(here, "sip:7000@127.0.0.1", &[]), "access demo");
    assert_eq!(route(here, "tel:7000", &[]), "access demo");
    assert_eq!(route(here, "sip:2001@127.0.0.1", &[]), "alice Direct ");
    assert_eq!(route(here, "sip:2055@127.0.0.1", &[]), "disabled nash");
    assert_eq!(route(here, "sip:2033@127.0.0.1", &[]), "404");
    assert_eq!(route(here, "sip:nobody@127.0.0.1", &[]), "404");
    let to_bob = "bob DivertNoAnswer sip:2002@pbx";
    assert_eq!(route(here, "sip:7000@127.0.0.1", &["sip:2002@pbx"]), to_bob);
    assert_eq!(
        route(
            here,
            "sip:7000@127.0.0.1",
            &["sip:2002@pbx", "sip:2001@pbx"]
        ),
        to_bob
    );
    assert_eq!(
        route(
            here,
            "sip:7000@127.0.0.1",
            &["sip:9999@pbx", "sip:2002@pbx"]
        ),
        to_bob
    );
    assert_eq!(
        route(here, "sip:7000@127.0.0.1", &["sip:9999@pbx"]),
        "access demo"
    );
    assert_eq!(
        route(here, "sip:7000@127.0.0.1", &["sip:2055@pbx"]),
        "disabled nash"
    );
    assert_eq!(route(here, "sip:4711@127.0.0.1", &["sip:9999@pbx"]), "404");
}

#[test]
fn gateways_and_hunt_groups_decide_before_numbers_do() {
    let house = House::new();
    let text = crate::organisation::export_text(&house.store).unwrap();
    let apply = |text: &str| {
        let folder = house.folder.path();
        crate::organisation::apply_text(
            &house.store,
            text,
            folder,
            false,
            PinCost::CHEAPEST,
            now(),
        )
        .unwrap();
        house.organisation.refresh_now().unwrap();
    };
    let route = |called: &str, diversions: &[&str]| {
        let offered = Offered {
            called: vec![called.into()],
            diversions: diversions.iter().map(|party| diversion(party)).collect(),
        };
        house
            .organisation
            .snapshot()
            .route("127.0.0.1".parse().unwrap(), &offered)
    };
    apply(&text.replace("status = \"Enabled\"", "status = \"Disabled\""));
    assert!(matches!(
        route("7000", &[]),
        Route::Refuse(Refusal::GatewayDisabled)
    ));
    apply(&text.replace("status = \"Enabled\"", "status = \"NoNewCalls\""));
    assert!(matches!(
        route("7000", &[]),
        Route::Refuse(Refusal::NoNewCalls)
    ));
    apply(&text.replace("pilot_identifiers = []", "pilot_identifiers = [\"7000\"]"));
    assert!(matches!(
        route("2001", &[]),
        Route::Refuse(Refusal::UnknownPilot)
    ));
    assert!(matches!(route("7000", &[]), Route::SubscriberAccess { .. }));
    apply(&text.replace(
        "prefer_most_recent_diversion = true",
        "prefer_most_recent_diversion = false",
    ));
    let Route::CallAnswering { subscriber, .. } = route("7000", &["2002", "2001"]) else {
        panic!("no mailbox answers");
    };
    assert_eq!(subscriber.user(), "alice");
}

#[tokio::test]
async fn a_running_server_sees_what_another_process_changed() {
    let house = House::new();
    let other_process = Store::open(house.folder.path()).unwrap();
    assert!(!house.organisation.refresh().await.unwrap());
    mailboxes::disable(&other_process, "alice").unwrap();
    assert!(house.organisation.refresh().await.unwrap());
    assert!(!house.organisation.by_user("alice").unwrap().mailbox.enabled);
}
