//! What an administrator does with mailboxes.

use super::*;
use crate::directory::Person;
use crate::organisation::OrganisationFault;
use crate::organisation::mailboxes::{self, Enabling};
use crate::policy::pin::{PinCheck, Pins};

fn enabling(user: &str, extension: &str) -> Enabling {
    Enabling {
        user: user.into(),
        extensions: vec![extension.into()],
        must_change: true,
        ..Enabling::default()
    }
}

fn enable(
    house: &House,
    enabling: Enabling,
) -> Result<Option<mailboxes::NewPin>, OrganisationFault> {
    let enabled = mailboxes::enable(&house.store, enabling, PinCost::CHEAPEST, now());
    house.organisation.refresh_now().unwrap();
    enabled
}

#[tokio::test]
async fn an_enabled_mailbox_has_a_pin_that_must_be_changed() {
    let house = House::new();
    let person = Person {
        user: "new".into(),
        given_name: "Nina".into(),
        surname: "New".into(),
        ..Person::default()
    };
    let new = Enabling {
        person: Some(person),
        ..enabling("new", "2099")
    };
    let pin = enable(&house, new).unwrap().unwrap();
    assert_eq!((&*pin.user, pin.pin.len()), ("new", 6));
    let check = house
        .pins()
        .check("demo", "2099", &pin.pin, None)
        .await
        .unwrap();
    let PinCheck::MustChange(subscriber) = check else {
        panic!("{check:?}");
    };
    assert_eq!(subscriber.display_name, "Nina New");
    assert!(!format!("{pin:?}").contains(&pin.pin));
}

#[tokio::test]
async fn disabling_keeps_everything_and_enabling_again_keeps_the_pin() {
    let house = House::new();
    mailboxes::disable(&house.store, "alice").unwrap();
    house.organisation.refresh_now().unwrap();
    let pins = house.pins();
    let refused = pins.check("demo", "2001", "482915", None).await.unwrap();
    assert!(matches!(refused, PinCheck::Refused));
    let again = Enabling {
        user: "alice".into(),
        ..Enabling::default()
    };
    assert_eq!(enable(&house, again).unwrap(), None);
    let accepted = pins.check("demo", "2001", "482915", None).await.unwrap();
    assert!(matches!(accepted, PinCheck::Accepted(_)));
}

#[test]
fn what_cannot_be_enabled_says_why() {
    let house = House::new();
    let wrong = |enabling: Enabling| enable(&house, enabling).unwrap_err().to_string();
    let taken = wrong(enabling("noext", "2001"));
    assert!(
        taken.contains("\"noext\"") && taken.contains("\"alice\""),
        "{taken}"
    );
    let short = wrong(enabling("noext", "209"));
    assert!(short.contains("must have 4 digits"), "{short}");
    let name = wrong(enabling("../etc/passwd", "2099"));
    assert!(name.contains("is not in the directory"), "{name}");
    let policy = wrong(Enabling {
        policy: Some("demo Defalt Policy".into()),
        ..enabling("noext", "2099")
    });
    assert!(
        policy.contains("did you mean \"demo Default Policy\"?"),
        "{policy}"
    );
    let pin = wrong(Enabling {
        pin: Some("123456".into()),
        ..enabling("noext", "2099")
    });
    assert!(pin.contains("sequence"), "{pin}");
    assert_eq!(mailboxes::list(&house.store, now()).unwrap().len(), 48);
}

#[tokio::test]
async fn a_pin_can_be_set_and_a_mailbox_unlocked() {
    let house = House::new();
    let set = |user: &str, pin: Option<&str>, must_change| {
        let pin = pin.map(str::to_owned);
        mailboxes::set_pin(
            &house.store,
            user,
            pin,
            must_change,
            PinCost::CHEAPEST,
            now(),
        )
    };
    assert!(
        set("alice", Some("482915"), true).is_err(),
        "the present PIN"
    );
    assert!(set("alice", Some("2001"), true).is_err());
    assert!(set("nobody", None, true).is_err());
    assert_eq!(set("dave", Some("730518"), false).unwrap(), None);
    let pins = house.pins();
    let accepted = pins.check("demo", "2004", "730518", None).await.unwrap();
    assert!(
        matches!(accepted, PinCheck::Accepted(_)),
        "a set PIN unlocks: {accepted:?}"
    );
    let made = set("bob", None, true).unwrap().unwrap();
    let changed = pins.check("demo", "2002", &made.pin, None).await.unwrap();
    assert!(matches!(changed, PinCheck::MustChange(_)));
    assert!(mailboxes::unlock(&house.store, "nobody").is_err());
}

#[test]
fn a_new_mailbox_takes_the_directorys_extension_and_needs_a_person() {
    let house = House::new();
    let plain = |user: &str| Enabling {
        user: user.into(),
        must_change: true,
        ..Enabling::default()
    };
    enable(&house, plain("nomail")).unwrap().unwrap();
    let made = mailboxes::show(&house.store, "nomail", now()).unwrap();
    assert_eq!(made.mailbox.extensions, ["2033"]);
    let said = enable(&house, plain("noext")).unwrap_err().to_string();
    assert!(said.contains("--extension"), "{said}");
    let said = enable(&house, enabling("ghost", "2099")).unwrap_err();
    let said = said.to_string();
    assert!(said.contains("ghost is not in the directory"), "{said}");
    assert!(said.contains("org apply"), "{said}");
    let said = enable(&house, enabling("nomale", "2099")).unwrap_err();
    assert!(said.to_string().contains("did you mean nomail?"), "{said}");
}
