//! The mails that bring a PIN: the welcome, and a PIN that an administrator has set.

use crate::house::{House, Taken};

/// The PIN that the command line printed, once.
fn printed(said: &str) -> String {
    let (_, behind) = said.split_once("PIN ").unwrap();
    behind.chars().take_while(char::is_ascii_digit).collect()
}

fn words(mail: &Taken) -> String {
    mail.message.replace("=\r\n", "").replace("\r\n", "\n")
}

#[test]
fn the_welcome_says_all_that_is_needed_and_the_organisations_words_at_the_end() {
    let mut house = House::new("");
    let said = house.run(&[
        "mailbox",
        "enable",
        "bob",
        "--notify",
        "bob.private@example.org",
    ]);
    let pin = printed(&said);
    assert!(pin.len() >= 6, "{said}");
    house.open();
    let mail = house.taken_when(1).remove(0);
    assert_eq!(mail.to, ["bob.private@example.org"]);
    assert_eq!(mail.from, "", "nobody answers a machine");
    assert_eq!(
        mail.header("Subject").as_deref(),
        Some("Welcome to voice mail")
    );
    assert_eq!(
        mail.header("Auto-Submitted").as_deref(),
        Some("auto-generated")
    );
    let words = words(&mail);
    for part in [
        "Your extension is 1043".to_owned(),
        format!("Your PIN is {pin}"),
        "call 7000".to_owned(),
    ] {
        assert!(words.contains(&part), "{part:?} is missing in {words}");
    }
    let own = words
        .find("Welcome from the whole of Example Ltd.")
        .unwrap();
    assert!(own > words.find("call 7000").unwrap(), "{words}");
    // The mail went elsewhere, and not into the mailbox as well.
    let listed = house.run(&["mailbox", "messages", "bob"]);
    assert!(!listed.contains("Welcome"), "{listed}");
}

#[test]
fn who_is_not_told_elsewhere_finds_it_in_the_mailbox() {
    let mut house = House::new("");
    house.open();
    let said = house.run(&["mailbox", "enable", "bob"]);
    let pin = printed(&said);
    let mail = house.stored_when("bob", "Welcome to voice mail");
    assert!(mail.contains(&format!("Your PIN is {pin}")), "{mail}");
    assert_eq!(house.taken().len(), 0, "it left the house");
    let said = house.run(&["mailbox", "set-pin", "bob"]);
    let pin = printed(&said);
    let mail = house.stored_when("bob", "Your new voice mail PIN");
    for part in [
        &format!("Your new PIN is {pin}"),
        "You will be asked to change it",
        "Questions? Call the help desk at 1000.",
    ] {
        assert!(mail.contains(part), "{part:?} is missing in {mail}");
    }
}

#[test]
fn a_given_pin_is_mailed_where_it_is_wanted_only() {
    let mut house = House::new("");
    let silent = [
        "mailbox",
        "set-pin",
        "alice",
        "--pin",
        "271828",
        "--no-mail",
    ];
    assert!(!house.run(&silent).contains("mail"));
    let told = ["--keep", "--notify", "alice@example.org"];
    house.run(
        &[
            &["mailbox", "set-pin", "alice", "--pin", "918273"],
            &told[..],
        ]
        .concat(),
    );
    house.open();
    let taken = house.taken_when(1);
    assert_eq!(taken[0].to, ["alice@example.org"]);
    let words = words(&taken[0]);
    assert!(words.contains("Your new PIN is 918273"), "{words}");
    assert!(
        words.contains("Change it in your personal options"),
        "{words}"
    );
    house.close();
    assert_eq!(house.taken().len(), 1);
    assert!(!house.run(&["mailbox", "messages", "alice"]).contains("PIN"));
    // Nothing is changed when nobody could be told.
    let wrong = [
        "mailbox", "set-pin", "alice", "--pin", "314159", "--notify", "alice",
    ];
    let output = house.try_to_run(&wrong);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("name@example.com"), "{said}");
}
