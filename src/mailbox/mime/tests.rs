use super::*;
use crate::mailbox::{Importance, MailAddress};

/// A mail with plain line ends, as tests are easier to read.
fn mail(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn content(text: &str) -> Content {
    Mail::read(&mail(text)).content()
}

fn header(text: &str) -> Header {
    Mail::read(&mail(text)).header().clone()
}

const ALTERNATIVE: &str = "Content-Type: multipart/alternative; boundary=b\n\n\
    --b\nContent-Type: text/plain\n\nplain words\n\
    --b\nContent-Type: text/html\n\n<p>rich <b>words</b></p>\n--b--\n";

#[test]
fn a_header_is_decoded_and_cleaned() {
    let header = header(
        "From: =?utf-8?Q?M=C3=BCller=0D=0ABcc:_x@y?= <anna@example.test>\n\
         To: Bob <bob@example.test>, \"Carol, Smith\" <carol@example.test>\n\
         Cc: undisclosed:;\n\
         Reply-To: list@example.test\n\
         Subject: =?utf-8?B?4oCuZXZpbOKArCBwbGFu?=\n\
         Message-ID: <1@example.test>\n\
         In-Reply-To: <0@example.test>\n\
         References: <a@example.test>\n <0@example.test>\n\
         Importance: High\nSensitivity: Private\nContent-Language: de-DE, en\n\nHello\n",
    );
    let address = |name: Option<&str>, address: &str| MailAddress {
        name: name.map(str::to_owned),
        address: address.to_owned(),
    };
    let from = address(Some("Müller Bcc: x@y"), "anna@example.test");
    assert_eq!(header.from, Some(from));
    let to = [
        address(Some("Bob"), "bob@example.test"),
        address(Some("Carol, Smith"), "carol@example.test"),
    ];
    assert_eq!(header.to, to);
    assert_eq!(header.cc, []);
    assert_eq!(header.reply_to, [address(None, "list@example.test")]);
    assert_eq!(header.subject, "evil plan");
    assert_eq!(header.message_id.as_deref(), Some("1@example.test"));
    assert_eq!(header.references, ["a@example.test", "0@example.test"]);
    assert_eq!(header.importance, Importance::High);
    assert!(header.private);
    assert_eq!(header.language.as_deref(), Some("de-de"));
}

#[test]
fn the_plain_text_of_alternatives_is_read() {
    let content = content(ALTERNATIVE);
    assert_eq!(content.text, "plain words");
    assert_eq!(content.attachments, []);
    assert!(!content.cut);
}

#[test]
fn html_is_read_where_there_is_nothing_else() {
    let empty = ALTERNATIVE.replace("plain words", " ");
    assert_eq!(content(&empty).text, "rich words");
    let html = "Content-Type: text/html; charset=utf-8\n\n\
        <html><head><title>T</title><style>p { color: red }</style><script>alert(1)</script></head>\
        <body><h1>News</h1><p>Read <a href=\"https://example.test/?id=1\">this</a>.\
        <img src=\"http://evil.test/pixel.gif\" alt=\"A cat\"></p>\
        <ul><li>one</li><li>two</li></ul><table><tr><td>left</td><td>right</td></tr></table>\
        <blockquote>old words</blockquote></body></html>\n";
    let text = content(html).text;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert_eq!(
        lines,
        [
            "News",
            "Read this.A cat",
            "* one",
            "* two",
            "left",
            "right",
            "> old words"
        ]
    );
}

#[test]
fn a_text_with_a_name_behind_another_is_a_file() {
    let mail = |first: &str, second: &str| {
        let parts = format!("--x\n{first}\n\nSee below.\n--x\n{second}\n\nA long log.\n--x--\n");
        content(&format!(
            "Content-Type: multipart/mixed; boundary=x\n\n{parts}"
        ))
    };
    let named = "Content-Type: text/plain; name=server.log";
    let inline = "Content-Type: text/plain\nContent-Disposition: inline; filename=server.log";
    for second in [named, inline] {
        let content = mail("Content-Type: text/plain", second);
        assert_eq!(content.text, "See below.", "{second}");
        let names: Vec<_> = content.attachments.iter().map(|one| &*one.name).collect();
        assert_eq!(names, ["server.log"], "{second}");
    }
    // The first text is the message, whatever name it has; a second one without a name goes on with it.
    let content = mail(named, "Content-Type: text/plain");
    assert_eq!(content.text, "See below.\n\nA long log.");
    assert!(content.attachments.is_empty());
}

#[test]
fn dates_are_read_in_old_forms_too() {
    for (written, moment) in [
        ("Mon, 23 Nov 2026 10:05:00 +0100", "2026-11-23T09:05:00Z"),
        ("Wed, 11 Feb 98 11:51 CST", "1998-02-11T17:51:00Z"),
        (
            "11 Feb 1998 11:51:07 EST (somewhere)",
            "1998-02-11T16:51:07Z",
        ),
        // The day of the week is often wrong.
        ("Tue, 23 Nov 2026 10:05:00 GMT", "2026-11-23T10:05:00Z"),
    ] {
        let header = Header::read(format!("Date: {written}\n\nHello").as_bytes());
        assert_eq!(header.date, Some(moment.parse().unwrap()), "{written}");
    }
    let nobody_knows = Header::read(b"Date: some day\n\nHello");
    assert_eq!(nobody_knows.date, None);
}

#[test]
fn attachments_are_named_and_measured() {
    let content = content(
        "Content-Type: multipart/mixed; boundary=\"x y\"\n\n\
         --x y\n\nSee below.\n\
         --x y\nContent-Type: application/pdf; name=\"=?utf-8?Q?Pl=C3=A4ne.pdf?=\"\n\
         Content-Transfer-Encoding: base64\nContent-Disposition: attachment\n\nAAECAw==\n\
         --x y\nContent-Type: audio/wav\n\
         Content-Disposition: attachment; filename*=utf-8''na%C3%AFve%0Aname.wav\n\n....\n\
         --x y\nContent-Type: message/rfc822\n\nSubject: within\n\nText\n\
         --x y\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n--x y--\n",
    );
    assert_eq!(content.text, "See below.");
    let told: Vec<_> = content
        .attachments
        .iter()
        .map(|one| {
            let Attachment {
                name,
                media_type,
                bytes,
                is_sound,
                ..
            } = one;
            (name.as_str(), media_type.as_str(), *bytes, *is_sound)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("Pläne.pdf", "application/pdf", 4, false),
            ("naïve name.wav", "audio/wav", 4, true),
            ("within", "message/rfc822", 23, false),
            ("winmail.dat", "application/ms-tnef", 1, false),
        ]
    );
}

#[test]
fn a_part_is_decoded_by_its_number() {
    let bytes = mail(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText\n\
         --b\nContent-Type: application/x\nContent-Transfer-Encoding: base64\n\nAAEC\nAw==\n--b--\n",
    );
    let mail = Mail::read(&bytes);
    let part = mail.content().attachments[0].part;
    assert_eq!(mail.part(part), Some(vec![0, 1, 2, 3]));
    assert_eq!(mail.part(PartId(99)), None);
}

#[test]
fn pictures_and_signatures_are_no_attachments() {
    let related = content(
        "Content-Type: multipart/related; boundary=b\n\n\
         --b\nContent-Type: text/html\n\n<p>Look: <img src=\"cid:1\"></p>\n\
         --b\nContent-Type: image/png\nContent-ID: <1>\n\nx\n\
         --b\nContent-Type: image/png\nContent-Disposition: attachment; filename=a.png\n\nx\n--b--\n",
    );
    assert_eq!(related.text.trim(), "Look:");
    let names: Vec<_> = related.attachments.iter().map(|one| &one.name).collect();
    assert_eq!(names, ["a.png"]);
    let signed = content(
        "Content-Type: multipart/signed; boundary=b; protocol=\"application/pgp-signature\"\n\n\
         --b\n\nSigned words\n--b\nContent-Type: application/pgp-signature; name=s.asc\n\nx\n--b--\n",
    );
    assert_eq!(signed.text, "Signed words");
    assert_eq!(signed.attachments, []);
    assert_eq!(signed.guard, None);
}

#[test]
fn what_is_encrypted_or_protected_is_said_to_be() {
    let rows = [
        (
            "Content-Type: multipart/encrypted; boundary=b\n\n--b\n\
             Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n\
             Content-Type: application/octet-stream\n\nx\n--b--\n",
            Guard::Encrypted,
        ),
        (
            "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx\n",
            Guard::Encrypted,
        ),
        (
            "Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n",
            Guard::Encrypted,
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nThis is protected.\n--b\n\
             Content-Type: application/x-microsoft-rpmsg-message; name=message.rpmsg\n\nx\n--b--\n",
            Guard::Protected,
        ),
    ];
    for (text, guard) in rows {
        let content = content(text);
        assert_eq!(content.guard, Some(guard), "{text}");
        assert_eq!(content.text, "", "{text}");
    }
}

#[test]
fn what_kind_of_message_it_is() {
    let calendar = |method: &str, inside: &str| {
        format!(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\n\nCome\n--b\n\
             Content-Type: text/calendar{method}\n\n\
             BEGIN:VCALENDAR\nMETHOD:{inside}\nEND:VCALENDAR\n--b--\n"
        )
    };
    let rows = [
        (
            calendar("; method=REQUEST", "REQUEST"),
            MessageClass::MeetingRequest,
        ),
        (calendar("", "request"), MessageClass::MeetingRequest),
        (
            calendar("; method=reply", "REPLY"),
            MessageClass::MeetingResponse,
        ),
        (calendar("", "CANCEL"), MessageClass::MeetingCancellation),
        (calendar("", "PUBLISH"), MessageClass::Note),
        (
            "Content-Class: missedcall\n\nx\n".into(),
            MessageClass::MissedCall,
        ),
        (
            "X-Ringback-Kind: voice-reply\n\nx\n".into(),
            MessageClass::VoiceReply,
        ),
        (
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
             --b\n\nFailed\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--\n"
                .into(),
            MessageClass::Report,
        ),
        ("Subject: x\n\nx\n".into(), MessageClass::Note),
    ];
    for (text, class) in rows {
        assert_eq!(header(&text).class, class, "{text}");
    }
    let content = content(&calendar("; method=REQUEST", "REQUEST"));
    assert_eq!(content.text, "Come");
    assert_eq!(content.attachments, []);
    let invitation = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR";
    assert_eq!(content.invitation.as_deref(), Some(invitation));
}

#[test]
fn character_sets_and_broken_encodings_are_read_as_far_as_they_go() {
    let rows: [(&str, &[u8], &str); 9] = [
        ("charset=iso-8859-1", b"Gr\xfc\xdfe", "Grüße"),
        ("charset=utf-8", "Grüße".as_bytes(), "Grüße"),
        ("charset=us-ascii", "Grüße".as_bytes(), "Grüße"),
        ("charset=us-ascii", b"Gr\xfc\xdfe", "Grüße"),
        ("charset=nonsense", b"Gr\xfc\xdfe", "Grüße"),
        ("charset=utf-8", b"Gr\xfce", "Gr\u{fffd}e"),
        (
            "charset=windows-1251",
            b"\xcf\xf0\xe8\xe2\xe5\xf2",
            "Привет",
        ),
        (
            "charset=iso-2022-jp",
            b"\x1b$B$3$s$K$A$O\x1b(B",
            "こんにちは",
        ),
        ("x=y", b"a\x00b\x1b[2Jc\xe2\x80\xaed", "ab[2Jcd"),
    ];
    for (parameter, bytes, text) in rows {
        let mut whole = format!("Content-Type: text/plain; {parameter}\r\n\r\n").into_bytes();
        whole.extend_from_slice(bytes);
        assert_eq!(Mail::read(&whole).content().text, text, "{parameter}");
    }
    let garbage = "Content-Transfer-Encoding: base64\n\nThis is no base64 at all!\n";
    assert!(!content(garbage).text.is_empty());
    let soft = "Content-Transfer-Encoding: quoted-printable\n\nna=C3=AFve=\nly so=20\n";
    assert_eq!(content(soft).text, "naïvely so");
    let flowed =
        "Content-Type: text/plain; format=flowed\n\nOne long \nline.\n> quoted \n> too\n-- \nme\n";
    assert_eq!(
        content(flowed).text,
        "One long line.\n> quoted too\n-- \nme"
    );
}

#[test]
fn broken_structure_is_read_as_far_as_it_goes() {
    // No end, no boundary, an empty one, nothing at all, no header.
    let no_end = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nWords";
    assert_eq!(content(no_end).text, "Words");
    let none = "Content-Type: multipart/mixed\n\nWords\n";
    assert_eq!(content(none).text, "Words");
    let never = "Content-Type: multipart/mixed; boundary=b\n\nWords\n";
    assert!(content(never).attachments.len() <= 1);
    assert_eq!(content("").text, "");
    assert_eq!(content("\nWords\n").text, "Words");
}

#[test]
fn limits_end_the_reading_and_say_so() {
    let deep: String = (0..40)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"))
        .collect();
    assert!(content(&(deep + "\nWords\n")).cut);
    let many = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nWords\n".to_owned()
        + &"--b\nContent-Type: image/png\n\nx\n".repeat(10_000);
    let many = content(&many);
    assert!(many.cut);
    assert_eq!(many.text, "Words");
    assert!(many.attachments.len() < PARTS_MAX);
    let long = "Subject: x\n\n".to_owned() + &"words and words\n".repeat(100_000);
    let long = content(&long);
    assert!(long.cut);
    assert!(long.text.len() <= TEXT_MAX);
    let subject = header(&format!("Subject: {}\n\n", "x".repeat(5_000))).subject;
    assert_eq!(subject.len(), 1_000);
    let header = header(&format!("To: {}\n\n", "a@example.test, ".repeat(5_000)));
    assert_eq!(header.to.len(), 200);
}

#[test]
fn what_a_page_hides_is_not_read() {
    let rows = [
        (
            r#"<div style="display:none;max-height:0">Preview</div><p>Hello.</p>"#,
            "Hello.",
        ),
        (
            r#"<span style='DISPLAY: none !important'>Preview</span>Hello."#,
            "Hello.",
        ),
        (
            r#"<div style="max-height:0;overflow:hidden">Preview</div>Hello."#,
            "Hello.",
        ),
        // Sheets are not read, broken ones least of all.
        (
            "<style>p { display: none } </p></style><p>Hello.</p>",
            "Hello.",
        ),
        (
            "<STYLE type=\"text/css\">@media x { p { </styles> }</Style ><p>Hello.</p>",
            "Hello.",
        ),
        (r#"<p style="}{;:;display">Hello.</p>"#, "Hello."),
        (r#"<p style="white-space:pre">Hello.</p>"#, "Hello."),
        ("<p>Hello.</p><style>p {", "Hello."),
    ];
    for (page, read) in rows {
        let text = content(&format!("Content-Type: text/html\n\n{page}\n")).text;
        assert_eq!(text.trim(), read, "{page}");
    }
}

#[test]
fn what_cannot_be_decoded_is_not_read_out() {
    let rows = [
        ("=?utf-8?B?cGxhbg==?=", "plan"),
        ("=?utf-8?B?broken", ""),
        (
            "Re: =?x-unknown?B?AAEC?= of =?utf-8?Q?M=C3=A4rz?=",
            "Re: of M\u{e4}rz",
        ),
        ("=?x-unknown?B?AAEC?= =?x-unknown?B?AAEC?=", ""),
        ("Is a =? b ? c", "Is a =? b ? c"),
        ("a=?b?x?c?=", "a=?b?x?c?="),
        ("=?", "=?"),
    ];
    for (written, read) in rows {
        let subject = header(&format!("Subject: {written}\n\n")).subject;
        assert_eq!(subject, read, "{written}");
    }
    let many = format!(
        "From: {}x <bob@example.test>\n\n",
        "=?x-unknown?B?A?=".repeat(12_000)
    );
    assert_eq!(header(&many).from.unwrap().name.as_deref(), Some("x"));
    let from = header("From: =?x-unknown?B?AAEC?= <bob@example.test>\n\n").from;
    let from = from.unwrap();
    assert_eq!((from.name, &*from.address), (None, "bob@example.test"));
}

#[test]
fn a_mail_begins_with_a_header_field() {
    for (text, is) in [
        ("Subject: x\n\nText", true),
        ("", false),
        ("\n\nSubject: x", false),
        ("just words\n", false),
    ] {
        assert_eq!(Header::is_there(&mail(text)), is, "{text:?}");
    }
}

#[test]
fn letters_of_older_programs_are_read_as_they_are_meant() {
    let mail = b"From: Bj\xf6rn Gro\xdf <b@example.test>\nSubject: Gr\xc3\xbc\xc3\x9fe\n\
        Content-Type: multipart/mixed; boundary=x\n\n--x\n\n.\n--x\nContent-Type: image/png\n\
        Content-Disposition: attachment; filename=\"Ma\xdfe.png\"\n\n1\n--x--\n";
    let mail = Mail::read(mail);
    let header = mail.header();
    let from = header.from.as_ref().unwrap();
    assert_eq!(from.name.as_deref(), Some("Björn Groß"));
    assert_eq!(header.subject, "Grüße");
    assert_eq!(&*mail.content().attachments[0].name, "Maße.png");
    for (subject, read) in [
        (
            &b"=?iso-8859-1?Q?Fr\xf6sche?= und K\xfche"[..],
            "Frösche und Kühe",
        ),
        (b"Ma\xdf =?utf-8?B?w59w?=", "Maß ßp"),
    ] {
        let mail = [b"Subject: ", subject, b"\n\n."].concat();
        assert_eq!(Header::read(&mail).subject, read);
    }
}

#[test]
fn subjects_lose_what_answers_put_before_them() {
    let rows = [
        ("Plan", "plan", false),
        ("Re: Plan", "plan", true),
        ("RE: AW: Fwd[2]: [list] Re: Plan (fwd)", "plan", true),
        ("[list] Plan", "plan", false),
        ("Regarding: Plan", "regarding: plan", false),
        ("[only]", "[only]", false),
        ("Re:", "", true),
        ("", "", false),
    ];
    for (subject, base, answers) in rows {
        assert_eq!(
            base_subject(subject),
            (base.to_owned(), answers),
            "{subject}"
        );
    }
}

fn voice(headers: &str, parts: &str) -> Option<VoiceMail> {
    let whole = format!(
        "{headers}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText\n{parts}--b--\n"
    );
    Mail::read(&mail(&whole)).voice()
}

/// Two parts: three samples of µ-law and two.
const SOUNDS: &str = "--b\nContent-Type: audio/basic; name=old.au\n\
    Content-Transfer-Encoding: base64\n\n////\n\
    --b\nContent-Type: audio/basic; name=new.au\nContent-Transfer-Encoding: base64\n\ngIA=\n";

#[test]
fn a_voice_message_as_mail_is_one() {
    let headers = "From: \"Voice Mail\" <vm@example.test>\nContent-Class: voice-ca\n\
        Message-Context: voice-message\nX-CallingTelephoneNumber: +15550100\n\
        X-VoiceMessageSenderName: =?utf-8?Q?Anna_M=C3=BCller?=\n\
        X-AttachmentOrder: new.au;old.au\nX-CallID: 7@pbx\n";
    let found = voice(headers, SOUNDS).unwrap();
    assert_eq!(found.from.number.as_deref(), Some("+15550100"));
    assert_eq!(found.from.name.as_deref(), Some("Anna Müller"));
    assert_eq!(found.call_id, "7@pbx");
    assert_eq!(found.samples.len(), 5);
    assert!(
        found.samples[0] > 30_000 && found.samples[2] == 0,
        "newest first"
    );
}

/// As Exchange writes them (`unified-messaging` section 10).
#[test]
fn a_voice_message_in_mp3_is_one_too() {
    let file = include_bytes!("../../sound/mp3/tone-8000.mp3");
    let bytes: String = file.iter().map(|byte| format!("={byte:02X}=\n")).collect();
    for kind in [
        "audio/mpeg",
        "audio/mp3",
        "application/octet-stream; name=\"Caller (3 seconds).mp3\"",
    ] {
        let part = format!(
            "--b\nContent-Type: {kind}\nContent-Transfer-Encoding: quoted-printable\n\n{bytes}\n"
        );
        let found = voice("Content-Class: voice-ca\n", &part).unwrap();
        let length = found.length().as_secs_f64();
        assert!((2.9..3.2).contains(&length), "{kind}: {length} s");
    }
}

#[test]
fn what_cannot_be_heard_stays_an_email() {
    assert_eq!(voice("Content-Class: voice\n", ""), None);
    let broken = "--b\nContent-Type: audio/wav\n\nnot a WAV file\n";
    assert_eq!(voice("Content-Class: voice\n", broken), None);
    assert_eq!(voice("Subject: A song\n", SOUNDS), None);
    assert_eq!(
        voice(
            "X-Ringback-Kind: voice-reply\nMessage-Context: voice-message\n",
            SOUNDS
        ),
        None
    );
}

/// On the small stack of a blocking thread, and within seconds even without optimisation.
#[test]
fn pages_that_nest_without_end_are_read_or_left() {
    for tag in [
        "div",
        "b",
        "blockquote",
        "ul><li",
        "table><tr><td",
        "a href=x",
    ] {
        let page = format!("<{tag}>").repeat(TEXT_MAX / (tag.len() + 2)) + "words";
        let whole = format!("Content-Type: text/html\r\n\r\n{page}");
        let read = std::thread::Builder::new()
            .stack_size(2 * 1024 * 1024)
            .spawn(move || Mail::read(whole.as_bytes()).content());
        let content = read.unwrap().join().unwrap();
        assert!(content.cut && content.text.len() <= TEXT_MAX, "{tag}");
    }
    let deep = "<div>".repeat(200) + "words" + &"</div>".repeat(200) + "<p>more</p><p>and more";
    let content = content(&format!("Content-Type: text/html\n\n{deep}\n"));
    let words: Vec<&str> = content.text.split_whitespace().collect();
    assert_eq!(words, ["words", "more", "and", "more"]);
    assert!(!content.cut);
}
