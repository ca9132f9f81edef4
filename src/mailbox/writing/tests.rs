//! Whatever names go in, what was meant is read back, and nothing else.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::*;
use crate::mailbox::{MailboxId, MessageId};

fn mail(kind: MailKind) -> OutgoingMail {
    let sent = Timestamp::from_second(1_795_000_000).unwrap();
    OutgoingMail {
        id: MessageId("01JGK3V6Q2M8".into()),
        ..OutgoingMail::new(kind, Some(MailboxId("alice".into())), sent)
    }
}

fn sound(from: &str, seconds: u64) -> WrittenSound {
    WrittenSound {
        from: from.to_owned(),
        length: Duration::from_secs(seconds),
        wav: crate::store::wav::encode(&[1, 2, 3]),
    }
}

fn card(name: &str) -> Card {
    Card {
        name: name.to_owned(),
        address: Some("alice@example.test".to_owned()),
        number: Some("1042".to_owned()),
    }
}

fn address(name: &str, address: &str) -> MailAddress {
    MailAddress {
        name: Some(name.to_owned()),
        address: address.to_owned(),
    }
}

fn letterhead() -> Letterhead {
    Letterhead {
        name: "Voice mail".to_owned(),
        address: "voicemail@um.example.test".to_owned(),
    }
}

fn written(
    mail: &OutgoingMail,
    sender: &Card,
    to: &[MailAddress],
    sounds: &[WrittenSound],
) -> Vec<u8> {
    let letterhead = letterhead();
    Writing {
        mail,
        letterhead: &letterhead,
        sender: Some(sender),
        to,
        cc: &[],
        sounds,
        original: None,
        zone: &TimeZone::UTC,
    }
    .bytes()
}

/// The header lines, unfolded.
fn headers(message: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(message).into_owned();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ")
        .replace("\r\n\t", " ")
        .split("\r\n")
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_voice_message_has_the_headers_that_mail_programs_know() {
    let mut mail = mail(MailKind::Voice);
    mail.importance = Importance::High;
    mail.private = true;
    let to = [address("Bob Baker", "bob@example.test")];
    let sounds = [sound("Alice Archer", 37), sound("Carla", 65)];
    let message = written(&mail, &card("Alice Archer"), &to, &sounds);
    let headers = headers(&message);
    for line in [
        "From: \"Alice Archer\" <voicemail@um.example.test>",
        "Reply-To: \"Alice Archer\" <alice@example.test>",
        "To: \"Bob Baker\" <bob@example.test>",
        "Subject: Voice Mail from Alice Archer (37 seconds)",
        "Message-ID: <01JGK3V6Q2M8.vm@um.example.test>",
        "Content-Class: voice",
        "Message-Context: voice-message",
        "X-CallingTelephoneNumber: 1042",
        "X-VoiceMessageDuration: 37",
        "X-VoiceMessageSenderName: Alice Archer",
        "X-AttachmentOrder: Alice Archer (37 seconds) Voice Mail.wav;Carla (1 minute 5 seconds) Voice Mail.wav",
        "Importance: high",
        "X-Priority: 1",
        "Sensitivity: private",
        "X-Ringback-Message-ID: 01JGK3V6Q2M8",
        "MIME-Version: 1.0",
    ] {
        assert!(
            headers.iter().any(|header| header == line),
            "{line:?} is missing in {headers:#?}"
        );
    }
    let parsed = MessageParser::default().parse(&message).unwrap();
    let root = parsed.content_type().unwrap();
    assert_eq!(root.subtype(), Some("mixed"));
    let alternative = parsed.parts[1].content_type().unwrap();
    assert_eq!(alternative.subtype(), Some("alternative"));
    for (part, seconds) in parsed.attachments().zip(["37", "65"]) {
        let kind = part.content_type().unwrap();
        assert_eq!((&*kind.c_type, kind.subtype()), ("audio", Some("wav")));
        assert_eq!(kind.attribute("name"), part.attachment_name());
        let duration = part
            .headers
            .iter()
            .find(|header| header.name() == "Content-Duration");
        assert_eq!(duration.unwrap().value().as_text(), Some(seconds));
        assert_eq!(part.contents(), crate::store::wav::encode(&[1, 2, 3]));
    }
}

#[test]
fn a_missed_call_has_its_class_the_caller_and_no_sound() {
    let mut mail = mail(MailKind::MissedCall);
    mail.from = None;
    mail.subject = "Missed call from Carla Caller".to_owned();
    mail.text = "You missed a call.\n".to_owned();
    mail.call = Some(Box::new(CallDetails {
        name: Some("Carla Caller".to_owned()),
        number: Some("+15551234567".to_owned()),
        mail: Some("carla@example.test".to_owned()),
        called: "2001".to_owned(),
        reason: "DivertNoAnswer".to_owned(),
        call_id: "3848276298@pbx.example.test".to_owned(),
        ..CallDetails::default()
    }));
    let letterhead = letterhead();
    let message = Writing {
        mail: &mail,
        letterhead: &letterhead,
        sender: None,
        to: &[address("Alice", "alice@example.test")],
        cc: &[],
        sounds: &[],
        original: None,
        zone: &TimeZone::UTC,
    }
    .bytes();
    let headers = headers(&message);
    for line in [
        "From: \"Carla Caller (+15551234567)\" <voicemail@um.example.test>",
        "Reply-To: \"Carla Caller\" <carla@example.test>",
        "Content-Class: missedcall",
        "Message-Context: none",
        "X-CallingTelephoneNumber: +15551234567",
        "X-VoiceMessageSenderName: Carla Caller",
        "X-CallID: 3848276298@pbx.example.test",
        "X-Ringback-Called: 2001",
        "X-Ringback-Reason: DivertNoAnswer",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
    ] {
        assert!(
            headers.iter().any(|header| header == line),
            "{line:?} is missing in {headers:#?}"
        );
    }
    let parsed = MessageParser::default().parse(&message).unwrap();
    assert_eq!(parsed.attachment_count(), 0);
    let read = crate::mailbox::mime::Mail::read(&message);
    assert_eq!(
        read.header().class,
        crate::mailbox::MessageClass::MissedCall
    );
    let from = read.header().from.clone().unwrap();
    assert_eq!(from.name.as_deref(), Some("Carla Caller"));
    assert!(read.voice().is_none());
}

#[test]
fn an_answer_to_an_invitation_comes_from_who_was_invited() {
    let mut mail = mail(MailKind::Note);
    let object = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n";
    mail.calendar = Some(("REPLY".to_owned(), object.to_owned()));
    mail.in_reply_to = Some("invitation@example.test".to_owned());
    let to = [address("Bob", "bob@example.test")];
    let message = written(&mail, &card("Alice"), &to, &[]);
    let parsed = MessageParser::default().parse(&message).unwrap();
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!(from.address(), Some("alice@example.test"));
    assert_eq!(
        parsed.content_type().unwrap().subtype(),
        Some("alternative")
    );
    let calendar = parsed
        .parts
        .iter()
        .find(|part| part.is_content_type("text", "calendar"));
    let calendar = calendar.unwrap();
    let kind = calendar.content_type().unwrap();
    assert_eq!(kind.attribute("method"), Some("REPLY"));
    assert_eq!(kind.attribute("component"), Some("VEVENT"));
    assert_eq!(calendar.text_contents(), Some(object));
    assert_eq!(
        parsed.in_reply_to().as_text(),
        Some("invitation@example.test")
    );
}

#[test]
fn a_forwarded_mail_is_a_message_inside_and_a_broken_one_a_file() {
    let mail = mail(MailKind::VoiceReply);
    let long = format!("Subject: x\r\n\r\n{}\r\n", "y".repeat(1_200));
    for (original, kind) in [
        ("Subject: x\r\n\r\nwords\r\n", "rfc822"),
        (&*long, "octet-stream"),
        ("Subject: x\n\nwords\n", "octet-stream"),
    ] {
        let letterhead = letterhead();
        let message = Writing {
            mail: &mail,
            letterhead: &letterhead,
            sender: None,
            to: &[],
            cc: &[],
            sounds: &[],
            original: Some(original.as_bytes()),
            zone: &TimeZone::UTC,
        }
        .bytes();
        let parsed = MessageParser::default().parse(&message).unwrap();
        let part = parsed.attachments().next().unwrap();
        assert_eq!(part.content_type().unwrap().subtype(), Some(kind));
        assert_lines_are_short(&message);
    }
}

#[test]
fn prefixes_are_not_doubled() {
    assert_eq!(answer_subject("Lunch"), "RE: Lunch");
    assert_eq!(answer_subject("Re: Lunch"), "Re: Lunch");
    assert_eq!(answer_subject("R\u{e9}novation"), "RE: R\u{e9}novation");
    assert_eq!(forward_subject("re: x"), "FW: re: x");
    assert_eq!(forward_subject("FW:x"), "FW:x");
}

#[test]
fn what_is_answered_is_quoted() {
    assert_eq!(quote("one\n\ntwo"), "> one\n> \n> two\n");
}

#[test]
fn lengths_are_told_in_words() {
    let table = [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (125, "2 minutes 5 seconds"),
    ];
    for (seconds, words) in table {
        assert_eq!(length_in_words(Duration::from_secs(seconds)), words);
    }
}

#[test]
fn names_of_files_are_harmless_and_unique() {
    assert_eq!(file_name("../../etc/passwd"), "_.._etc_passwd");
    assert_eq!(file_name("a\r\nb\u{202E}c:d"), "a bc_d");
    assert_eq!(file_name("..."), "Unknown");
    let sounds = [sound("Bob", 3), sound("Bob", 3)];
    let message = written(&mail(MailKind::Voice), &card("Alice"), &[], &sounds);
    let parsed = MessageParser::default().parse(&message).unwrap();
    let names: Vec<_> = parsed
        .attachments()
        .map(|part| part.attachment_name())
        .collect();
    assert_eq!(names[0], Some("Bob (3 seconds) Voice Mail.wav"));
    assert_eq!(names[1], Some("Bob (3 seconds) Voice Mail (2).wav"));
}

fn assert_lines_are_short(message: &[u8]) {
    assert!(message.ends_with(b"\r\n"));
    for line in message.split(|byte| *byte == b'\n') {
        assert!(line.len() <= 999, "a line of {} bytes", line.len());
        let bare = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(!bare.contains(&b'\r') && !bare.contains(&0));
    }
}

/// Names as the wire brings them: letters of any script, controls, and what mail takes for more.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<String>(),
        2 => "[ -~]{0,40}",
        1 => Just("\r\nBcc: eve@example.org\r\n".to_owned()),
        1 => Just("\n Folded: yes".to_owned()),
        1 => Just("=?utf-8?B?QmNjOiBldmVAZXhhbXBsZS5vcmc=?=".to_owned()),
        1 => Just("\u{202E}\u{2066}gnp.exe".to_owned()),
        1 => Just("\0\"\\<>,;:@()".to_owned()),
        1 => Just("Ünïcödé 漢字 ".repeat(200)),
        1 => Just("x".repeat(10_240)),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn whatever_goes_in_what_was_meant_is_read_back(
        name in hostile(), subject in hostile(), speaker in hostile(), text in hostile(),
        other in hostile(), reference in hostile(),
    ) {
        let mut mail = mail(MailKind::Voice);
        mail.subject = subject.clone();
        mail.text = text;
        mail.references = vec![reference];
        let to = [address(&other, "bob@example.test"), address("Eve", "not\r\nan address")];
        let sounds = [sound(&speaker, 3)];
        let message = written(&mail, &card(&name), &to, &sounds);
        assert_lines_are_short(&message);
        prop_assert!(headers(&message).iter().all(|line| line.is_ascii()));
        let parsed = MessageParser::default().parse(&message).unwrap();
        let known = [
            "message-id", "date", "from", "subject", "reply-to", "to", "references", "content-class",
            "message-context", "x-callingtelephonenumber", "x-voicemessagesendername",
            "x-voicemessageduration", "x-attachmentorder", "x-ringback-message-id",
            "x-ringback-kind", "x-ringback-sender", "mime-version", "content-type",
        ];
        for header in parsed.headers() {
            let name = header.name().to_ascii_lowercase();
            prop_assert!(known.contains(&&*name), "{name}");
        }
        let from = parsed.from().unwrap();
        prop_assert_eq!(from.iter().count(), 1);
        let from = from.first().unwrap();
        prop_assert_eq!(from.address(), Some("voicemail@um.example.test"));
        prop_assert_eq!(from.name().unwrap_or_default(), clean(&name, 128));
        let receivers = parsed.to().unwrap();
        prop_assert_eq!(receivers.iter().count(), 1);
        prop_assert_eq!(receivers.first().unwrap().address(), Some("bob@example.test"));
        prop_assert_eq!(receivers.first().unwrap().name().unwrap_or_default(), clean(&other, 128));
        let meant = clean(&subject, 512);
        if !meant.is_empty() {
            prop_assert_eq!(parsed.subject(), Some(&*meant));
        }
        let attached: Vec<_> = parsed.attachments().collect();
        prop_assert_eq!(attached.len(), 1);
        let meant = format!("{} (3 seconds) Voice Mail.wav", file_name(&speaker));
        prop_assert_eq!(attached[0].attachment_name(), Some(&*meant));
    }
}
