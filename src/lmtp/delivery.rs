//! A received mail goes to its recipients, and each of them gets an answer (RFC 2033 4.2).

use std::net::SocketAddr;
use std::sync::Arc;

use super::{House, Mail, Owner};
use crate::mailbox::{MailFault, MessageId};

impl House {
    /// The answers for all recipients, in their order.
    pub(super) async fn deliver(&self, mail: Mail, peer: SocketAddr) -> String {
        let received = self.rooms.clock.now();
        let whole = self.with_trace(&mail, peer, received);
        let mut answers = String::new();
        let mut done: Vec<(&Owner, Result<MessageId, MailFault>)> = Vec::new();
        for owner in &mail.owners {
            // Two addresses of one mailbox are one mailbox.
            let before = done
                .iter()
                .find(|(known, _)| known.mailbox == owner.mailbox);
            let stored = match before {
                Some((_, stored)) => stored.clone(),
                None => self.deposit(owner, &whole, received).await,
            };
            answers.push_str(match &stored {
                Ok(id) => {
                    tracing::info!(%peer, mailbox = %owner.mailbox.0, id = %id.0, "a mail was stored");
                    "250 2.0.0 stored\r\n"
                }
                Err(fault) => {
                    tracing::warn!(%peer, mailbox = %owner.mailbox.0, %fault, "a mail was not stored");
                    answer_to(fault)
                }
            });
            done.push((owner, stored));
        }
        answers
    }

    async fn deposit(
        &self,
        owner: &Owner,
        mail: &Arc<[u8]>,
        received: jiff::Timestamp,
    ) -> Result<MessageId, MailFault> {
        // Who is over the limit gets nothing more; who would go over it gets this one.
        if owner.quota_bytes > 0 {
            let usage = self.rooms.mail.usage(&owner.mailbox).await?;
            if usage.bytes >= owner.quota_bytes {
                return Err(MailFault::QuotaFull);
            }
        }
        self.rooms
            .deposit
            .deposit_mail(&owner.mailbox, mail.clone(), received)
            .await
    }

    /// The mail with the lines that final delivery adds (RFC 5321 4.4).
    fn with_trace(&self, mail: &Mail, peer: SocketAddr, received: jiff::Timestamp) -> Arc<[u8]> {
        let trace = format!(
            "Return-Path: <{}>\r\nReceived: from {} ([{}])\r\n\tby {} with LMTP; {}\r\n",
            mail.sender,
            mail.peer_name,
            peer.ip().to_canonical(),
            self.settings.name,
            received.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        );
        let mut whole = Vec::with_capacity(trace.len() + mail.data.len());
        whole.extend_from_slice(trace.as_bytes());
        whole.extend_from_slice(&mail.data);
        whole.into()
    }
}

/// What a fault of a mailbox is for the peer: to come again, or for good.
fn answer_to(fault: &MailFault) -> &'static str {
    match fault {
        MailFault::QuotaFull => "552 5.2.2 the mailbox is full\r\n",
        MailFault::NotFound | MailFault::Refused(_) => "550 5.1.1 there is no such mailbox\r\n",
        MailFault::Unavailable(_) | MailFault::Denied(_) | MailFault::Conflict => {
            "451 4.3.0 it cannot be stored now, try again later\r\n"
        }
    }
}
