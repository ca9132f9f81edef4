use std::time::Duration;

use super::*;
use crate::mailbox::MailboxId;

fn limits() -> Limits {
    Limits {
        mail_bytes: 1_000,
        recipients: 2,
        connections: 1,
        silence: Duration::from_secs(60),
    }
}

/// What is answered to this text, with what would be stored in brackets. alice is known, dora is
/// disabled, and the directory does not know about x.
fn talk_in(limits: &Limits, pieces: &[&[u8]]) -> (String, Dialogue) {
    let mut dialogue = Dialogue::new("um", limits, Arc::new(Semaphore::new(1)));
    let mut said = String::new();
    for piece in pieces {
        let mut bytes = piece.iter();
        loop {
            match dialogue.next(&mut bytes) {
                Step::More => break,
                Step::Answer(answer) => said.push_str(&answer),
                Step::Recipient(address) => {
                    let known = |enabled| Owner {
                        mailbox: MailboxId("alice".into()),
                        enabled,
                        quota_bytes: 0,
                    };
                    let owner = match address.as_str() {
                        "alice@example.test" => Ok(Some(known(true))),
                        "dora@example.test" => Ok(Some(known(false))),
                        "x@example.test" => Err(MailFault::Unavailable(String::new())),
                        _ => Ok(None),
                    };
                    said.push_str(&dialogue.recipient(owner));
                }
                Step::Deliver(mail) => said.push_str(&format!(
                    "[{} from {} for {}: {}]\n",
                    mail.peer_name,
                    mail.sender,
                    mail.owners.len(),
                    mail.data.escape_ascii()
                )),
            }
        }
    }
    (said.replace("\r\n", "\n"), dialogue)
}

fn talk(text: &str) -> String {
    let text = text.replace('\n', "\r\n");
    talk_in(&limits(), &[text.as_bytes()]).0
}

fn codes(text: &str) -> Vec<String> {
    let said = talk(text);
    let lines = said.lines().filter(|line| line.as_bytes()[3] == b' ');
    lines.map(|line| line[..3].to_owned()).collect()
}

const ENVELOPE: &str = "LHLO mx\nMAIL FROM:<b@example.org>\nRCPT TO:<alice@example.test>\n";

#[test]
fn a_mail_is_taken_with_its_dots() {
    let said = talk(&format!(
        "{ENVELOPE}DATA\nSubject: x\n\n..dot\nend\n.\nQUIT\n"
    ));
    assert_eq!(
        said,
        "250-um\n250-PIPELINING\n250-8BITMIME\n250-SMTPUTF8\n250-ENHANCEDSTATUSCODES\n250 SIZE 1000\n\
         250 2.1.0 sender taken\n250 2.1.5 recipient taken\n354 go on, and end with a dot\n\
         [mx from b@example.org for 1: Subject: x\\r\\n\\r\\n.dot\\r\\nend\\r\\n]\n\
         221 2.0.0 goodbye\n"
    );
}

#[test]
fn it_makes_no_difference_how_the_bytes_are_cut() {
    let text = format!("{ENVELOPE}DATA\nSubject: x\n\n..dot\nend\n.\nNOOP\nQUIT\n");
    let text = text.replace('\n', "\r\n");
    let whole = talk_in(&limits(), &[text.as_bytes()]).0;
    let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(talk_in(&limits(), &single).0, whole);
    for cut in 1..text.len() {
        let (one, other) = text.as_bytes().split_at(cut);
        assert_eq!(talk_in(&limits(), &[one, other]).0, whole, "{cut}");
    }
}

#[test]
fn only_the_true_end_ends_a_mail() {
    for hidden in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"] {
        let text = format!(
            "{}DATA\r\na{hidden}MAIL FROM:<c@example.org>\r\n.\r\n",
            ENVELOPE.replace('\n', "\r\n")
        );
        let said = talk_in(&limits(), &[text.as_bytes()]).0;
        assert_eq!(
            said.matches("sender taken").count(),
            1,
            "{hidden:?}: {said}"
        );
        assert_eq!(said.matches("for 1:").count(), 1, "{hidden:?}: {said}");
    }
    let empty = talk(&format!("{ENVELOPE}DATA\n.\nNOOP\n"));
    assert!(empty.ends_with("for 1: ]\n250 2.0.0 yes\n"), "{empty}");
}

#[test]
fn commands_come_in_their_order() {
    assert_eq!(codes("MAIL FROM:<>\n"), ["503"]);
    assert_eq!(codes("EHLO mx\n"), ["500"]);
    assert_eq!(
        codes("LHLO mx\nRCPT TO:<alice@example.test>\n"),
        ["250", "503"]
    );
    assert_eq!(
        codes("LHLO mx\nMAIL FROM:<>\nMAIL FROM:<>\n"),
        ["250", "250", "503"]
    );
    assert_eq!(
        codes("LHLO mx\nMAIL FROM:<>\nDATA\n"),
        ["250", "250", "503"]
    );
    assert_eq!(
        codes(&format!("{ENVELOPE}RSET\nDATA\n")),
        ["250", "250", "250", "250", "503"]
    );
    assert_eq!(
        codes("VRFY alice\nHELP\nSTARTTLS\nNOPE\n"),
        ["252", "502", "502", "500"]
    );
}

#[test]
fn recipients_are_answered_one_by_one() {
    let text = "LHLO mx\nMAIL FROM:<>\nRCPT TO:<nobody@example.test>\nRCPT TO:<dora@example.test>\n\
        RCPT TO:<x@example.test>\nRCPT TO:<alice@example.test>\nRCPT TO:<alice@example.test>\n\
        RCPT TO:<alice@example.test>\n";
    assert_eq!(
        codes(text),
        ["250", "250", "550", "550", "451", "250", "250", "452"]
    );
}

#[test]
fn what_is_too_large_is_refused_for_each_recipient() {
    assert_eq!(codes("LHLO mx\nMAIL FROM:<> SIZE=1001\n"), ["250", "552"]);
    let line = "x".repeat(70) + "\n";
    let text = format!(
        "{ENVELOPE}RCPT TO:<alice@example.test>\nDATA\n{}.\nNOOP\n",
        line.repeat(20)
    );
    assert_eq!(
        codes(&text),
        ["250", "250", "250", "250", "354", "552", "552", "250"]
    );
    // Only one mebibyte of memory for all connections.
    let many = Limits {
        mail_bytes: 10_000_000,
        ..limits()
    };
    let text = format!("{ENVELOPE}DATA\n{}.\n", line.repeat(20_000)).replace('\n', "\r\n");
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(10_000).collect();
    let said = talk_in(&many, &pieces).0;
    assert!(
        said.ends_with("452 4.3.1 too much mail at once, try again later\n"),
        "{said}"
    );
}

#[test]
fn hostile_talk_is_ended() {
    let (said, dialogue) = talk_in(&limits(), &["NOPE\r\n".repeat(50).as_bytes()]);
    assert!(
        dialogue.is_over() && said.ends_with("421 4.7.0 too many commands\n"),
        "{said}"
    );
    let long = vec![b'x'; 100_000];
    let pieces: Vec<&[u8]> = long.chunks(10_000).collect();
    let (said, dialogue) = talk_in(&limits(), &pieces);
    assert!(dialogue.is_over() && said.starts_with("500 "), "{said}");
    let (said, dialogue) = talk_in(&limits(), &[b"BDAT 5 LAST\r\nQUIT\r\n"]);
    assert!(dialogue.is_over() && said.starts_with("502 "), "{said}");
    let odd = talk("LHLO mx\nMAIL FROM:<a\u{0}b@c>\nMAIL FROM:<<>>\nRCPT\nMAIL FROM:<a@b> X=1\n");
    assert!(!odd.contains("taken"), "{odd}");
}
