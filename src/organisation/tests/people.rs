//! People from CSV files, and distribution groups.

use super::*;
use crate::organisation::people_file::{self, PeopleImport, PeopleReport};
use crate::organisation::{OrganisationFault, apply_text, export_text, people_without_keys};
use crate::policy::mailbox::Subscribers as _;

fn import(house: &House, file: &[u8], how: &PeopleImport) -> Result<PeopleReport, Vec<String>> {
    let report = people_file::import(&house.store, file, how, PinCost::CHEAPEST, now());
    house.organisation.refresh_now().unwrap();
    report.map_err(|fault| match fault {
        OrganisationFault::Wrong(lines) => lines,
        OrganisationFault::Store(fault) => panic!("{fault}"),
    })
}

#[test]
fn people_are_added_and_changed_and_nobody_is_removed() {
    let house = House::new();
    let file = "User;Given Name;Surname;E-Mail;Title\n";
    let refused = import(&house, file.as_bytes(), &PeopleImport::default()).unwrap_err();
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].contains("line 1: unknown column \"E-Mail\""),
        "{refused:?}"
    );

    let file = b"User;Given Name;Surname;mail;Title\r\n\
        newbie;J\xfcrgen;\"M\xfcller; junior\";jm@example.test;\r\n\
        \r\n\
        alice;Alice;Archer;alice@example.test;Head of \"Everything\"\r\n\
        bob;Bob;Baker;bob@example.test;Head of Research\r\n";
    let dry = PeopleImport {
        dry_run: true,
        ..PeopleImport::default()
    };
    let looked = import(&house, file, &dry).unwrap();
    assert!(house.organisation.snapshot().person("newbie").is_none());
    let report = import(&house, file, &PeopleImport::default()).unwrap();
    assert_eq!(report, looked);
    assert_eq!(
        report.to_string(),
        "line 2: + newbie\nline 4: ~ alice\n1 added, 1 changed, 1 as before\n"
    );
    let snapshot = house.organisation.snapshot();
    let newbie = snapshot.person("newbie").unwrap();
    assert_eq!(newbie.display_name(), "Jürgen Müller; junior");
    let alice = snapshot.person("alice").unwrap();
    assert_eq!(alice.title, "Head of \"Everything\"");
    assert_eq!(alice.department, "Research", "a column that is not there");
    assert!(snapshot.person("carol").is_some());
    let again = import(&house, file, &PeopleImport::default()).unwrap();
    assert!(
        again.to_string().starts_with("0 added, 0 changed, 3"),
        "{again}"
    );
}

#[test]
fn every_wrong_row_is_told_with_its_cure_and_nothing_is_changed() {
    let house = House::new();
    let file = "user,given_name,extension,mail,hidden\n\
        fine,Fine,9001,fine@example.test,no\n\
        Not Fine,A,9002,b@example.test,no\n\
        third,B,90x3,no address,perhaps\n";
    let wrong = import(&house, file.as_bytes(), &PeopleImport::default()).unwrap_err();
    let all = wrong.join("\n");
    for expected in [
        "line 3: user",
        "line 4: extension",
        "must have 1 to 20 digits",
        "line 4: mail",
        "must be a mail address",
        "line 4: hidden = \"perhaps\": must be true or false",
    ] {
        assert!(all.contains(expected), "{expected} in {all}");
    }
    assert!(house.organisation.snapshot().person("fine").is_none());

    for (file, expected) in [
        ("given_name\nA\n", "there is no column \"user\""),
        ("user,user\na,b\n", "stands there twice"),
        (
            "user,title\na\n",
            "line 2: has 1 fields where the first line names 2",
        ),
        (
            "user\na\na\n",
            "line 3: user = \"a\": stands in line 2 already",
        ),
        ("user,sirname\na,b\n", "did you mean \"surname\"?"),
    ] {
        let wrong = import(&house, file.as_bytes(), &PeopleImport::default()).unwrap_err();
        assert!(
            wrong.join("\n").contains(expected),
            "{expected} in {wrong:?}"
        );
    }
}

#[tokio::test]
async fn mailboxes_are_made_where_they_are_asked_for() {
    let house = House::new();
    let file = b"user,given_name,extension\nn1,Nina,2991\nn2,Nora,\nalice,Alice,2001\n";
    let report = import(&house, file, &PeopleImport::default()).unwrap();
    assert!(report.pins.is_empty());
    assert!(house.organisation.snapshot().by_user("n1").is_none());
    let how = PeopleImport {
        with_mailboxes: true,
        ..PeopleImport::default()
    };
    let report = import(&house, file, &how).unwrap();
    let users: Vec<&str> = report.pins.iter().map(|pin| &*pin.user).collect();
    assert_eq!(users, ["n1"], "n2 has no extension, alice has a mailbox");
    let snapshot = house.organisation.snapshot();
    assert_eq!(snapshot.by_user("n1").unwrap().extension(), "2991");
    let taken = b"user,extension\nn3,2001\n";
    let wrong = import(&house, taken, &how).unwrap_err();
    assert!(wrong.join("\n").contains("belongs to"), "{wrong:?}");
    assert!(house.organisation.snapshot().person("n3").is_none());
}

#[test]
fn groups_are_applied_exported_and_checked() {
    let house = House::new();
    let folder = house.folder.path();
    let text = export_text(&house.store).unwrap();
    assert!(text.contains("[[group]]\nname = \"All Sales\""), "{text}");
    let apply = |text: &str| {
        apply_text(&house.store, text, folder, false, PinCost::CHEAPEST, now())
            .map(|report| report.to_string())
            .map_err(|fault| fault.to_string())
    };
    let more = format!(
        "{text}\n[[group]]\nname = \"Board\"\nmembers = [\"carol\", \"x@example.test\", \"Research\"]\n"
    );
    assert_eq!(apply(&more).unwrap(), "+ group \"Board\"\n");
    let wrong = more.replace("\"carol\", \"x@", "\"carrol\", \"x@");
    let said = apply(&wrong).unwrap_err();
    assert!(
        said.contains("group \"Board\": members = \"carrol\"")
            && said.contains("did you mean \"carol\"?"),
        "{said}"
    );
    assert_eq!(apply(&text).unwrap(), "- group \"Board\"\n");
}

#[test]
fn whom_no_keypad_spells_is_told() {
    let house = House::new();
    let file =
        "user,given_name,surname,romanised_name\nwei,伟,陈,\nwang,伟,王,Wei Wang\nlodz,Ewa,Łódź,\n";
    import(&house, file.as_bytes(), &PeopleImport::default()).unwrap();
    let unfindable = people_without_keys(&house.store).unwrap();
    assert!(unfindable.contains(&"wei".to_owned()), "{unfindable:?}");
    for user in ["wang", "lodz", "alice"] {
        assert!(!unfindable.contains(&user.to_owned()), "{unfindable:?}");
    }
}
