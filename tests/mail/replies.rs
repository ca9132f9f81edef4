//! The automatic reply of who is away.

use std::time::Duration;

use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::{MailboxId, Settings as _, UserSettings};
use ringback::store::Store;

use crate::house::House;

fn away(house: &House, on: bool, text: Option<&str>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mailbox = EmbeddedMailbox::new(Store::open(&house.data()).unwrap());
    let settings = UserSettings {
        auto_reply: on,
        auto_reply_text: text.map(str::to_owned),
        ..UserSettings::default()
    };
    let alice = MailboxId("alice".into());
    let saved = mailbox.save_settings(&alice, &settings);
    runtime.block_on(saved).unwrap();
}

fn letter(id: u32, headers: &str) -> String {
    format!(
        "{headers}From: Carl <carl@example.org>\nTo: Alice <alice@example.test>\n\
         Subject: Lunch?\nMessage-ID: <{id}@example.org>\nReferences: <first@example.org>\n\nToday?"
    )
}

#[test]
fn each_sender_is_answered_once_and_a_restart_forgets_nobody() {
    let mut house = House::new("");
    away(&house, true, None);
    house.open();
    house.bring("carl@example.org", "alice@example.test", &letter(1, ""));
    let taken = house.taken_when(1);
    let reply = &taken[0];
    assert_eq!(reply.from, "", "nobody is told when a reply fails");
    assert_eq!(reply.to, ["carl@example.org"]);
    for (name, value) in [
        ("From", "\"Alice Archer\" <alice@example.test>"),
        ("To", "<carl@example.org>"),
        ("Subject", "Automatic reply: Lunch?"),
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("In-Reply-To", "<1@example.org>"),
        ("References", "<first@example.org> <1@example.org>"),
    ] {
        assert_eq!(
            reply.header(name).as_deref(),
            Some(value),
            "{name}: {reply:#?}"
        );
    }
    assert!(
        reply.message.contains("I am away at the moment"),
        "{reply:#?}"
    );

    // The same sender, in other letters, gets no second one; neither after a restart.
    house.bring("Carl@Example.org", "alice@example.test", &letter(2, ""));
    house.close();
    house.open();
    house.bring("carl@example.org", "alice@example.test", &letter(3, ""));
    // Nobody is answered whom nothing was asked.
    let from_list = letter(4, "List-Id: <all.example.org>\n");
    house.bring("dora@example.org", "alice@example.test", &from_list);
    house.bring("", "alice@example.test", &letter(5, ""));
    house.bring("noreply@example.org", "alice@example.test", &letter(6, ""));
    let to_others = letter(7, "").replace("To: Alice <alice@example.test>", "To: all@example.org");
    house.bring("emil@example.org", "alice@example.test", &to_others);
    // What comes behind all of that is answered, and nothing else was.
    house.bring("fred@example.org", "alice@example.test", &letter(8, ""));
    let taken = house.taken_when(2);
    assert_eq!(taken.len(), 2, "{taken:#?}");
    assert_eq!(taken[1].to, ["fred@example.org"]);
    let listed = house.run(&["mailbox", "messages", "alice"]);
    assert_eq!(listed.matches("Lunch?").count(), 8, "{listed}");
    assert!(!listed.contains("Automatic reply"), "{listed}");
}

#[test]
fn who_is_not_away_answers_himself() {
    let mut house = House::new("[auto_reply]\nper_day_max = 1\n");
    house.open();
    house.bring("carl@example.org", "alice@example.test", &letter(1, ""));
    away(&house, true, Some("Back on Monday."));
    house.bring("dora@example.org", "alice@example.test", &letter(2, ""));
    let taken = house.taken_when(1);
    assert_eq!(taken[0].to, ["dora@example.org"]);
    assert!(taken[0].message.contains("Back on Monday."), "{taken:#?}");
    // One reply a day is all that these settings allow.
    house.bring("emil@example.org", "alice@example.test", &letter(3, ""));
    std::thread::sleep(Duration::from_millis(500));
    house.close();
    let taken = house.taken();
    assert_eq!(taken.len(), 1, "{taken:#?}");
    assert!(!house.run(&["outbox", "list"]).contains("emil@"));
}

#[test]
fn a_mail_of_the_command_line_is_answered_by_the_server() {
    let mut house = House::new("[auto_reply]\ntext = \"Away until further notice.\"\n");
    away(&house, true, None);
    let file = house.file("letter.eml");
    std::fs::write(&file, letter(1, "").replace('\n', "\r\n")).unwrap();
    house.run(&["mailbox", "deliver", "alice", file.to_str().unwrap()]);
    house.open();
    let taken = house.taken_when(1);
    assert_eq!(taken[0].to, ["carl@example.org"]);
    assert!(
        taken[0].message.contains("Away until further notice."),
        "{taken:#?}"
    );
}

#[test]
fn a_file_that_is_no_mail_is_not_delivered() {
    let house = House::new("");
    let file = house.file("letter.eml");
    for nothing in ["", "\r\n", "Dear Alice,\r\nno header.\r\n"] {
        std::fs::write(&file, nothing).unwrap();
        let refused = house.try_to_run(&["mailbox", "deliver", "alice", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && said.contains("is no mail"),
            "{said}"
        );
    }
    assert!(
        !house
            .run(&["mailbox", "messages", "alice"])
            .contains("email")
    );
}
