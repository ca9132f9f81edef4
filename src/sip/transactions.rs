//! Our use of the stack's transactions: one small task each, so that nothing of theirs is ever cut off half-way.
//!
//! The stack's `receive` and `respond` are not cancel-safe. So a server INVITE lives in a task of its own,
//! which is spoken to through its queue; everybody else waits on channels, which are safe to leave.

use std::time::Duration;

use rsipstack::sip::message::Request;
use rsipstack::sip::{Headers, Method, Response, SipMessage, StatusCodeKind};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::{TransactionEvent, TransactionEventSender};
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::dialog::NextHop;

/// What happened to an INVITE of the peer, named by its CSeq.
pub(super) enum InviteEvent {
    /// The ACK of a 2xx, with the answer where we made the offer.
    Acknowledged {
        cseq: u32,
        /// Boxed: the queue of each call has room for 32 events from the beginning.
        ack: Box<AckMessage>,
    },
    Cancelled {
        cseq: u32,
    },
    /// The stack gave up waiting for the ACK.
    NotAcknowledged {
        cseq: u32,
    },
}

/// What an ACK says.
pub(super) struct AckMessage {
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

/// The far end of a server INVITE transaction's task.
pub(super) struct InviteTransaction {
    pub(super) cseq: u32,
    pub(super) request: Request,
    key: TransactionKey,
    queue: TransactionEventSender,
}

impl InviteTransaction {
    pub(super) fn new(transaction: &Transaction, cseq: u32) -> Self {
        Self {
            cseq,
            request: transaction.original.clone(),
            key: transaction.key.clone(),
            queue: transaction.tu_sender.clone(),
        }
    }

    pub(super) fn respond(&self, response: Response) {
        // Fails only when the transaction is over, and then nobody waits for a response.
        let _ = self.queue.send(TransactionEvent::Respond(response));
    }

    /// Ends the wait for an ACK that no longer matters.
    pub(super) fn end(&self) {
        let _ = self
            .queue
            .send(TransactionEvent::Terminate(self.key.clone()));
    }
}

/// Serves one INVITE of the peer until its transaction ends.
pub(super) async fn serve_invite(
    mut transaction: Transaction,
    cseq: u32,
    events: mpsc::UnboundedSender<InviteEvent>,
    stop: CancellationToken,
) {
    let mut acknowledged = false;
    loop {
        let message = tokio::select! {
            message = transaction.receive() => message,
            // Nothing is half-done that matters any more: the sockets are closing.
            () = stop.cancelled() => break,
        };
        let event = match message {
            Some(SipMessage::Request(request)) if request.method == Method::Ack => {
                acknowledged = true;
                InviteEvent::Acknowledged {
                    cseq,
                    ack: Box::new(AckMessage {
                        headers: request.headers,
                        body: request.body,
                    }),
                }
            }
            Some(SipMessage::Request(request)) if request.method == Method::Cancel => {
                InviteEvent::Cancelled { cseq }
            }
            Some(_) => continue,
            None => break,
        };
        // The leg may be gone already; the transaction still waits for its ACK.
        let _ = events.send(event);
    }
    // Ended by the leg, it is not over yet, and repetitions of the INVITE still find it among the finished ones.
    if !acknowledged && transaction.is_terminated() {
        let _ = events.send(InviteEvent::NotAcknowledged { cseq });
        let (endpoint, key) = (transaction.endpoint_inner.clone(), transaction.key.clone());
        drop(transaction);
        // The stack would keep the response for 32 seconds more, for a peer that has been silent for as long.
        endpoint.finished_transactions.remove(&key);
    }
}

/// How a request of ours ended.
pub(super) struct Reply {
    pub(super) cseq: u32,
    pub(super) method: Method,
    /// None: no answer in time. Boxed: the queue of each call has room for 32 replies from the
    /// beginning.
    pub(super) response: Option<Box<Response>>,
}

/// A request of ours on its way.
pub(super) struct Sending {
    pub(super) endpoint: EndpointInnerRef,
    pub(super) request: Request,
    pub(super) cseq: u32,
    pub(super) connection: SipConnection,
    pub(super) next_hop: NextHop,
    pub(super) within: Duration,
    /// Cancelled: nobody wants the answer any more.
    pub(super) abandoned: CancellationToken,
}

/// Sends a request of ours and waits for its final response.
pub(super) async fn send(
    sending: Sending,
    replies: mpsc::UnboundedSender<Reply>,
    stop: CancellationToken,
) {
    let (cseq, method) = (sending.cseq, sending.request.method);
    let response = tokio::select! {
        response = tokio::time::timeout(sending.within, exchange(sending)) => response.ok().flatten().map(Box::new),
        () = stop.cancelled() => None,
    };
    let _ = replies.send(Reply {
        cseq,
        method,
        response,
    });
}

async fn exchange(sending: Sending) -> Option<Response> {
    let key = TransactionKey::from_request(&sending.request, TransactionRole::Client).ok()?;
    let is_closed = sending
        .connection
        .cancel_token()
        .is_some_and(|token| token.is_cancelled());
    // Over a stream that is gone nothing arrives; the stack connects to the peer's Contact then.
    let connection = Some(sending.connection).filter(|_| !is_closed);
    let is_invite = sending.request.method == Method::Invite;
    let abandoned = sending.abandoned;
    let mut transaction =
        Transaction::new_client(key, sending.request, sending.endpoint, connection);
    transaction.destination = Some(sending.next_hop.resolve().await);
    transaction.send().await.ok()?;
    let mut was_heard = false;
    loop {
        let message = tokio::select! {
            message = transaction.receive() => message?,
            // An INVITE that they work on is repeated no longer, and its answer needs an ACK.
            () = abandoned.cancelled(), if !(is_invite && was_heard) => return None,
        };
        was_heard = true;
        if let SipMessage::Response(response) = message
            && response.status_code.kind() != StatusCodeKind::Provisional
        {
            return Some(response);
        }
    }
}

/// Sends an ACK, which has no transaction (RFC 3261 section 13.2.2.4).
pub(super) async fn send_ack(ack: Request, connection: SipConnection, destination: SipAddr) {
    if let Err(fault) = connection
        .send(SipMessage::Request(ack), Some(&destination))
        .await
    {
        tracing::debug!(%fault, "an ACK could not be sent");
    }
}
