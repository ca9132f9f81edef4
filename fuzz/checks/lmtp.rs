//! What must hold for any bytes that a peer says on an LMTP connection.

use std::sync::Arc;
use std::time::Duration;

use ringback::lmtp::{Dialogue, Limits, Owner, Step};
use ringback::mailbox::MailboxId;
use tokio::sync::Semaphore;

/// Says the bytes in pieces of `size`; gives all answers and mails.
fn talk(data: &[u8], size: usize) -> (String, Vec<Vec<u8>>) {
    let limits = Limits {
        mail_bytes: 2_000,
        recipients: 3,
        connections: 1,
        silence: Duration::from_secs(1),
    };
    let memory = Arc::new(Semaphore::new(4));
    let mut dialogue = Dialogue::new("um", &limits, memory.clone());
    let (mut said, mut mails) = (String::new(), Vec::new());
    for piece in data.chunks(size) {
        let mut bytes = piece.iter();
        loop {
            match dialogue.next(&mut bytes) {
                Step::More => break,
                Step::Answer(answer) => said.push_str(&answer),
                Step::Recipient(address) => {
                    let owner = address.starts_with('a').then(|| Owner {
                        mailbox: MailboxId("alice".into()),
                        enabled: true,
                        quota_bytes: 0,
                    });
                    said.push_str(&dialogue.recipient(Ok(owner)));
                }
                Step::Deliver(mail) => {
                    assert!(!mail.owners.is_empty() && mail.owners.len() <= 3);
                    assert!(mail.data.len() <= 2_000);
                    assert!(!mail.sender.contains(['\r', '\n']));
                    said.push_str(&"250 stored\r\n".repeat(mail.owners.len()));
                    mails.push(mail.data);
                }
            }
        }
    }
    drop(dialogue);
    // Nothing that was held for a mail is held for ever.
    assert_eq!(memory.available_permits(), 4);
    (said, mails)
}

/// Every answer is a line of ours, and it makes no difference how the bytes are cut.
pub(crate) fn check(data: &[u8]) {
    let (said, mails) = talk(data, data.len().max(1));
    for line in said.split_terminator("\r\n") {
        assert!(line.is_ascii() && !line.contains(['\r', '\n']), "{line}");
        let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
        assert!(
            code.is_some_and(|code| (200..600).contains(&code)),
            "{line}"
        );
    }
    assert_eq!(talk(data, 7).1, mails);
}
