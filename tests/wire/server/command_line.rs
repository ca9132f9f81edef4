//! The first hour: what the command line says when something is wrong.

use std::path::Path;
use std::process::Command;

use super::{BINARY, Server};

/// Runs the binary; gives its exit status and what it said on standard error.
fn fails(arguments: &[&str]) -> String {
    let output = Command::new(BINARY).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

#[tokio::test]
async fn a_port_in_use_names_port_option_and_cure() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let (sip, http) = (server.sip.to_string(), server.http.to_string());
    let demo = ["demo", "--data", data, "--rtp", "33000-33199"];
    let said = fails(&[&demo[..], &["--sip", "127.0.0.1:0", "--http", &http]].concat());
    assert!(
        said.contains(&http) && said.contains("--http") && said.contains("choose another"),
        "{said}"
    );
    let said = fails(&[&demo[..], &["--sip", &sip, "--http", "127.0.0.1:0"]].concat());
    assert!(
        said.contains(&sip) && said.contains("--sip") && said.contains("choose another"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    let said = fails(&["demo", "--data", server.data().to_str().unwrap()]);
    assert!(said.contains("another ringback serves"), "{said}");
}

#[test]
fn a_demo_leaves_somebody_elses_organisation_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let organisation = folder.path().join("organisation.toml");
    let organisation = organisation.to_str().unwrap();
    std::fs::write(
        organisation,
        "[[dial_plan]]\nname = \"trial\"\nnumber_of_digits_in_extension = 4\n",
    )
    .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        let done = command.args(arguments).args(["--data", data]).output();
        let done = done.unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{said}");
    };
    run(&["org", "apply", organisation]);
    for demo in [&["demo"][..], &["demo", "--fresh"]] {
        let said = fails(&[demo, &["--data", data]].concat());
        assert!(said.contains("is not the demo's"), "{demo:?}: {said}");
        assert!(said.contains("serve --data"), "{demo:?}: {said}");
    }
    run(&["org", "export", organisation]);
    let kept = std::fs::read_to_string(organisation).unwrap();
    assert!(kept.contains("trial") && !kept.contains("demo"), "{kept}");
}

#[test]
fn what_cannot_work_is_refused_with_a_cure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ringback.toml");
    let data = folder.path().join("data");
    let (file, data) = (file.to_str().unwrap(), data.to_str().unwrap());
    let said = fails(&["demo", "--data", data, "--sip", "0.0.0.0:5060"]);
    assert!(
        said.contains("--trust") && said.lines().count() == 1,
        "{said}"
    );

    std::fs::write(file, "[limits]\ncalls_max = 3\ndrain = 5\n").unwrap();
    let said = fails(&["serve", "--config", file, "--data", data]);
    assert!(
        said.contains(":3: limits.drain: unknown key; did you mean `drain_s`?"),
        "{said}"
    );

    std::fs::write(
        file,
        "[limits]\ncalls_max = 900000\n[media]\nports = \"1024-65535\"\n",
    )
    .unwrap();
    let said = fails(&["check", "--config", file]);
    assert!(
        said.contains("limits.calls_max") && said.contains("lower"),
        "{said}"
    );

    let said = fails(&["mailbox", "list", "--data", data]);
    assert!(said.contains("--data"), "{said}");
    assert!(!folder.path().join("data").exists(), "looking made nothing");
    let organisation = folder.path().join("organisation.toml");
    std::fs::write(
        &organisation,
        "[[dial_plan]]\nname = \"trial\"\nnumber_of_digits_in_extension = 4\n",
    )
    .unwrap();
    let applied = Command::new(BINARY)
        .args(["org", "apply", "--dry-run", "--data", data])
        .arg(&organisation)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&applied.stdout);
    assert!(said.contains("only looked"), "{applied:?}");
    assert!(
        !folder.path().join("data").exists(),
        "a dry run made nothing"
    );
    let said = fails(&["org", "apply", "/nope.toml", "--data", data]);
    assert_eq!(said.matches("/nope.toml").count(), 1, "{said}");
    assert!(said.contains("org export"), "{said}");
}

#[tokio::test]
async fn mailboxes_and_the_organisation_are_administered_while_calls_are_served() {
    let server = Server::start().await;
    assert!(server.run(&["mailbox", "list"]).contains("Alice Archer"));
    assert!(
        server
            .run(&["mailbox", "show", "2004"])
            .contains("locked out")
    );
    server.run(&["mailbox", "unlock", "2004"]);
    assert!(
        !server
            .run(&["mailbox", "show", "dave"])
            .contains("locked out")
    );
    let said = server.run(&["mailbox", "set-pin", "2010"]);
    let pin = said
        .split("PIN ")
        .nth(2)
        .or(said.split("PIN ").nth(1))
        .unwrap();
    assert!(pin.chars().take(6).all(|c| c.is_ascii_digit()), "{said}");
    let wrong = server.command(&["mailbox", "show", "alise"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean alice?"));

    let wav = server.data().join("audio/demo-1.wav");
    let arguments = [
        "mailbox",
        "deliver",
        "2010",
        wav.to_str().unwrap(),
        "--from",
        "2002",
    ];
    server.run(&arguments);
    let messages = server.messages("2010");
    assert!(
        messages.len() == 1 && messages[0].contains("Bob Baker"),
        "{messages:?}"
    );

    let file = server.folder.path().join("calendar.ics");
    let event = |uid: &str, start: &str, subject: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20261101T000000Z\r\nDTSTART{start}\r\n\
             DURATION:PT30M\r\nSUMMARY:{subject}\r\nEND:VEVENT\r\n"
        )
    };
    let calendar = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{}{}{}END:VCALENDAR\r\n",
        event("good@x", ":20261201T090000Z", "Dentist"),
        event("bad@x", ":when it suits", "Nothing"),
        event("far@x", ";TZID=Far/Away:20261201T090000", "Trip"),
    );
    std::fs::write(&file, calendar).unwrap();
    let file = file.to_str().unwrap();
    let looked = server.run(&["mailbox", "import", "2010", file, "--dry-run"]);
    assert!(
        looked.contains("+ Dentist") && looked.contains("only looked"),
        "{looked}"
    );
    let said = server.run(&["mailbox", "import", "2010", file]);
    assert!(
        said.contains("+ Dentist")
            && said.contains("! bad@x is left out: ")
            && said.contains("+ Trip (its time zone is unknown")
            && !said.contains("only"),
        "{said}"
    );
    let older = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, older.replace("DTSTAMP:2026", "DTSTAMP:2025")).unwrap();
    let again = server.run(&["mailbox", "import", "2010", file]);
    assert!(again.contains("= Dentist"), "{again}");

    let text = server.run(&["org", "export"]);
    let file = server.folder.path().join("organisation.toml");
    std::fs::write(&file, &text).unwrap();
    let file = file.to_str().unwrap();
    assert!(
        server
            .run(&["org", "apply", file, "--dry-run"])
            .contains("nothing to change")
    );
    std::fs::write(
        file,
        text.replace("max_call_duration = 30", "max_call_duration = 5"),
    )
    .unwrap();
    let refused = server.command(&["org", "apply", file]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("max_call_duration") || text.find("max_call_duration").is_none(),
        "{said}"
    );

    let copy = server.folder.path().join("copy");
    server.run(&["backup", copy.to_str().unwrap()]);
    let copied = Command::new(BINARY)
        .args(["mailbox", "messages", "2010", "--data"])
        .arg(&copy)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&copied.stdout).contains("Bob Baker"));
    assert!(server.run(&["key-card"]).contains("delete"));
    assert!(
        server
            .run(&["recording-script", "--format", "html"])
            .contains("<table")
    );
    let words = server.folder.path().join("words");
    let words = words.to_str().unwrap();
    assert!(server.run(&["words", words]).contains("conversation.words"));
    for file in ["prompts/en-US/numbers.toml", "grammars/keys/asterisk.toml"] {
        let built_in = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let written = std::fs::read(Path::new(words).join(file)).unwrap();
        assert_eq!(built_in, written, "{file}");
    }
    let again = fails(&["words", words]);
    assert!(again.contains("is there already"), "{again}");
    assert!(server.run(&["version"]).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_voice_program_that_fails_is_named_by_check() {
    let folder = tempfile::tempdir().unwrap();
    // Another process writes it: what is open for writing cannot be run.
    let write = r#"printf '#!/bin/sh\nexit 3\n' > "$0/espeak-ng" && chmod 755 "$0/espeak-ng""#;
    let mut shell = Command::new("sh");
    let written = shell.args(["-c", write]).arg(folder.path()).status();
    assert!(written.unwrap().success());
    let path = std::env::var("PATH").unwrap();
    let checked = Command::new(BINARY)
        .arg("check")
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(
        said.contains("espeak-ng: exit status: 3; its voices are not used"),
        "{said}"
    );
}

#[test]
fn a_language_begun_is_told_file_by_file_and_one_that_is_missing_too() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        let done = command.args(arguments).current_dir(place).output().unwrap();
        let out = String::from_utf8_lossy(&done.stdout).into_owned();
        (out, String::from_utf8_lossy(&done.stderr).into_owned())
    };
    std::fs::write(
        place.join("organisation.toml"),
        "[[dial_plan]]\nname = \"paris\"\nnumber_of_digits_in_extension = 4\n\
         default_language = \"fr-FR\"\n",
    )
    .unwrap();
    run(&["org", "apply", "organisation.toml", "--data", "data"]);
    let (told, wrong) = run(&["check", "--data", "data"]);
    let wanted = "the dial plan paris wants fr-FR, for which there are no prompts";
    assert!(told.contains(wanted), "{told}{wrong}");

    // The sign-in is translated, to the same words; one recording is none.
    run(&["words", "words"]);
    let words = place.join("words/prompts");
    std::fs::create_dir_all(words.join("fr-FR/audio")).unwrap();
    for name in ["sign-in.ftl", "spoken.ftl", "numbers.toml", "brief.toml"] {
        std::fs::copy(
            words.join("en-US").join(name),
            words.join("fr-FR").join(name),
        )
        .unwrap();
    }
    std::fs::write(words.join("fr-FR/audio/welcome.wav"), "no sound").unwrap();
    let settings = "[conversation]\nwords = \"words\"\n";
    std::fs::write(place.join("ringback.toml"), settings).unwrap();
    let (told, wrong) = run(&["check", "--config", "ringback.toml", "--data", "data"]);
    assert!(!told.contains("paris"), "{told}");
    for line in [
        "prompts/fr-FR/email.ftl: ",
        " prompts are missing: ",
        "translate them from prompts/en-US/email.ftl",
        "prompts/fr-FR/audio/welcome.wav: it ",
    ] {
        assert!(wrong.contains(line), "{line}: {wrong}");
    }
    let (_, wrong) = run(&["serve", "--config", "ringback.toml", "--data", "data"]);
    assert!(wrong.lines().count() < 40, "{wrong}");
    assert!(wrong.contains("prompts/fr-FR/email.ftl: "), "{wrong}");
}
