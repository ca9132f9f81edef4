//! Voice messages as mail programs and other servers see them.

use mail_parser::{MessageParser, MimeHeaders};

use crate::house::House;

/// A WAV file of so many seconds.
fn recording(house: &House, name: &str, seconds: u32) -> String {
    let file = house.file(name);
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&file, format).unwrap();
    for number in 0..seconds * 8_000 {
        writer.write_sample((number % 900) as i16).unwrap();
    }
    writer.finalize().unwrap();
    file.to_str().unwrap().to_owned()
}

/// Delivers a recording, and writes the message as mail.
fn exported(house: &House, file: &str, options: &[&str]) -> String {
    let deliver = ["mailbox", "deliver", "alice", file];
    let said = house.run(&[&deliver[..], options].concat());
    let id = said.trim().rsplit(' ').next().unwrap().to_owned();
    house.run(&["mailbox", "export", "alice", &id])
}

fn header(mail: &str, name: &str) -> Option<String> {
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let start = format!("{name}: ");
    let found = unfolded.lines().find_map(|line| line.strip_prefix(&start));
    found.map(str::to_owned)
}

#[test]
fn a_callers_message_has_class_headers_attachment_and_all_that_is_known() {
    let house = House::new("[conversation]\ntime_zone = \"Europe/Berlin\"\n");
    let file = recording(&house, "long.wav", 65);
    let caller = [
        "--from",
        "+15551234567",
        "--name",
        "Carla Caller",
        "--important",
        "--private",
    ];
    let mail = exported(&house, &file, &caller);
    let attached = "Carla Caller (1 minute 5 seconds) Voice Mail.wav";
    for (name, value) in [
        (
            "From",
            "\"Carla Caller (+15551234567)\" <voicemail@um.example.test>",
        ),
        ("To", "\"Alice Archer\" <alice@example.test>"),
        (
            "Subject",
            "Voice Mail from Carla Caller (1 minute 5 seconds)",
        ),
        ("Content-Class", "voice-ca"),
        ("Message-Context", "voice-message"),
        ("X-CallingTelephoneNumber", "+15551234567"),
        ("X-VoiceMessageSenderName", "Carla Caller"),
        ("X-VoiceMessageDuration", "65"),
        ("X-AttachmentOrder", attached),
        ("X-Ringback-Called", "1042"),
        ("Importance", "high"),
        ("Sensitivity", "private"),
        ("Auto-Submitted", "auto-generated"),
    ] {
        assert_eq!(header(&mail, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(
        header(&mail, "Reply-To"),
        None,
        "nobody knows where she reads mail"
    );
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    let first = text.lines().next().unwrap();
    let told =
        "You have a voice message from Carla Caller at +15551234567, 1 minute 5 seconds, left on ";
    assert!(
        first.starts_with(told) && first.ends_with(" (Europe/Berlin)."),
        "{first}"
    );
    assert!(text.contains("\nName: Carla Caller\n"), "{text}");
    let end = "\n\nExample Ltd keeps messages for a year.";
    assert!(text.trim_end().ends_with(end), "{text}");
    let html = parsed.body_html(0).unwrap().replace("\r\n", "\n");
    assert!(html.contains("<br>\nCalled from: +15551234567"), "{html}");
    let sounds: Vec<_> = parsed.attachments().collect();
    assert_eq!(sounds.len(), 1);
    assert_eq!(sounds[0].attachment_name(), Some(attached));
    assert!(sounds[0].contents().starts_with(b"RIFF"));
    // What was written is read back as what it was.
    let again = house.file("again.eml");
    std::fs::write(&again, &mail).unwrap();
    house.run(&["mailbox", "deliver", "alice", again.to_str().unwrap()]);
    let listed = house.run(&["mailbox", "messages", "alice"]);
    let voices = listed.lines().filter(|line| line.contains(" voice "));
    assert_eq!(voices.count(), 2, "{listed}");
}

#[test]
fn who_is_known_by_the_number_is_told_with_all_of_it() {
    let house = House::new("");
    let cards = house.file("cards.vcf");
    let card = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:ann\r\nFN:Ann Ivory\r\nN:Ivory;Ann;;;\r\n\
                ORG:Acme\r\nTITLE:Engineer\r\nTEL;TYPE=cell:+15550109016\r\n\
                EMAIL:ann@example.org\r\nEND:VCARD\r\n";
    std::fs::write(&cards, card).unwrap();
    house.run(&["mailbox", "import", "alice", cards.to_str().unwrap()]);
    let file = recording(&house, "short.wav", 3);
    let mail = exported(&house, &file, &["--from", "+15550109016"]);
    for (name, value) in [
        (
            "From",
            "\"Ann Ivory (+15550109016)\" <voicemail@um.example.test>",
        ),
        ("Reply-To", "\"Ann Ivory\" <ann@example.org>"),
        ("Subject", "Voice Mail from Ann Ivory (3 seconds)"),
    ] {
        assert_eq!(header(&mail, name).as_deref(), Some(value), "{name}");
    }
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let text = parsed.body_text(0).unwrap();
    for line in [
        "Title: Engineer",
        "Company: Acme",
        "E-mail: ann@example.org",
    ] {
        assert!(
            text.lines().any(|told| told == line),
            "{line:?} is missing in {text}"
        );
    }
}

#[test]
fn a_withheld_number_is_nobody() {
    let house = House::new("");
    let file = recording(&house, "one.wav", 1);
    let mail = exported(&house, &file, &[]);
    for (name, value) in [
        ("Subject", "Voice Mail from an unknown caller (1 second)"),
        ("From", "\"Unknown caller\" <voicemail@um.example.test>"),
        (
            "X-AttachmentOrder",
            "an unknown caller (1 second) Voice Mail.wav",
        ),
    ] {
        assert_eq!(header(&mail, name).as_deref(), Some(value), "{name}");
    }
    for name in [
        "X-CallingTelephoneNumber",
        "X-VoiceMessageSenderName",
        "X-CallID",
    ] {
        assert_eq!(header(&mail, name), None, "{name}");
    }
}
