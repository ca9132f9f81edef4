//! What must hold for any bytes that are offered as a mail.

use ringback::mailbox::mime::{Mail, PARTS_MAX, TEXT_MAX};

/// Whether somebody can hear it, and it can neither end a line nor turn the direction of writing.
fn is_one_line(text: &str) -> bool {
    !text.chars().any(|one| {
        one.is_control() || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// Reads the bytes as a mail, everything that is in it, and holds it against the limits.
pub(crate) fn check(data: &[u8]) {
    let mail = Mail::read(data);
    let header = mail.header();
    assert!(is_one_line(&header.subject) && header.subject.chars().count() <= 1_000);
    assert!(header.references.len() <= 100);
    let people = header.from.iter().chain(&header.reply_to);
    for person in people.chain(&header.to).chain(&header.cc) {
        assert!(is_one_line(&person.address) && person.address.contains('@'));
        assert!(person.name.as_deref().is_none_or(is_one_line));
    }
    let content = mail.content();
    assert!(content.text.len() <= TEXT_MAX + 2);
    assert!(!content.text.contains(['\r', '\0', '\u{1b}', '\u{202e}']));
    assert!(content.attachments.len() <= PARTS_MAX);
    assert_eq!(content.attachments.len(), header.attachments);
    for attachment in &content.attachments {
        assert!(is_one_line(&attachment.name) && is_one_line(&attachment.media_type));
        let part = mail.part(attachment.part).unwrap();
        // Measured without decoding, so broken encodings may differ; never more than was sent.
        assert!(part.len() <= data.len() && attachment.bytes <= data.len() as u64);
        let _ = mail.sound(attachment.part);
    }
    let _ = mail.voice();
}
