//! Which mails belong together. By References and In-Reply-To in whatever order they come; a mail
//! without them that calls itself an answer ("Re:") belongs to the latest of its subject.
//!
//! RFC 5256 joins all mails of one subject. We do not: "delete conversation" must not take every
//! invoice with it because they are all called invoice.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::mailbox::mime::{Header, base_subject};
use crate::store::StoreFault;

/// The conversation of a new mail, which is written down with everything it may be found by.
/// `id` names a new conversation.
pub(super) fn join(
    db: &Transaction<'_>,
    mailbox: &str,
    id: &str,
    header: &Header,
) -> Result<String, StoreFault> {
    let ids = header.message_id.iter().chain(&header.references);
    let mut keys: Vec<String> = ids.map(|id| format!("id:{id}")).collect();
    let (subject, answers) = base_subject(&header.subject);
    let subject_key = (!subject.is_empty()).then(|| format!("subject:{subject}"));
    let mut found: Vec<String> = Vec::new();
    for key in &keys {
        if let Some(known) = conversation_of(db, mailbox, key)?
            && !found.contains(&known)
        {
            found.push(known);
        }
    }
    if found.is_empty()
        && answers
        && header.references.is_empty()
        && let Some(key) = &subject_key
    {
        found.extend(conversation_of(db, mailbox, key)?);
    }
    let conversation = found.first().cloned().unwrap_or_else(|| id.to_owned());
    // A mail may show that two conversations were one.
    for other in found.iter().skip(1) {
        for table in ["email", "conversation_key"] {
            db.execute(
                &format!(
                    "UPDATE {table} SET conversation = ?3 WHERE mailbox = ?1 AND conversation = ?2"
                ),
                params![mailbox, other, conversation],
            )?;
        }
    }
    keys.extend(subject_key);
    let mut statement = db.prepare_cached(
        "INSERT OR REPLACE INTO conversation_key (mailbox, key, conversation) VALUES (?1, ?2, ?3)",
    )?;
    for key in &keys {
        statement.execute(params![mailbox, key, conversation])?;
    }
    Ok(conversation)
}

fn conversation_of(
    db: &Transaction<'_>,
    mailbox: &str,
    key: &str,
) -> Result<Option<String>, StoreFault> {
    Ok(db
        .prepare_cached(
            "SELECT conversation FROM conversation_key WHERE mailbox = ?1 AND key = ?2",
        )?
        .query_row([mailbox, key], |row| row.get(0))
        .optional()?)
}
