//! Which dialogs there are, so that requests find theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rsipstack::sip::message::Request;
use rsipstack::sip::{Method, SipMessage, StatusCodeKind};
use rsipstack::transaction::Transaction;
use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::sync::mpsc;

use super::dialog::{DialogKey, Path, cseq, tag, value};

/// Requests of one dialog that may wait for it; it handles one at a time, and each at once.
pub(super) const REQUESTS_WAITING_MAX: usize = 32;

#[derive(Default)]
pub(super) struct Registry {
    dialogs: Mutex<HashMap<DialogKey, Entry>>,
    /// Call-ID and From tag of the INVITEs that made these dialogs, with their CSeq: the same again over another
    /// way is a merged request (RFC 3261 section 8.2.2.2).
    invites: Mutex<HashMap<(String, String), u32>>,
}

struct Entry {
    /// Boxed: the queue of each call has room for 32 of them from the beginning.
    requests: mpsc::Sender<Box<Transaction>>,
    path: Path,
    /// The ACK of our last re-INVITE, for when its 200 comes again.
    acknowledgement: Option<Acknowledgement>,
}

#[derive(Clone)]
pub(super) struct Acknowledgement {
    pub(super) cseq: u32,
    pub(super) ack: Request,
    pub(super) connection: SipConnection,
    pub(super) destination: SipAddr,
}

/// What a request within a dialog found.
pub(super) enum Found {
    Dialog(mpsc::Sender<Box<Transaction>>),
    /// A dialog, but the request came over another path.
    Elsewhere,
    Nothing,
}

impl Registry {
    /// Enters a dialog until the seat is dropped. None: this INVITE is here already.
    pub(super) fn enter(
        self: &Arc<Self>,
        key: DialogKey,
        path: Path,
        invite_cseq: u32,
    ) -> Option<(Seat, mpsc::Receiver<Box<Transaction>>)> {
        let invite = (key.call_id.clone(), key.remote_tag.clone());
        let (requests, receiver) = mpsc::channel(REQUESTS_WAITING_MAX);
        let mut invites = lock(&self.invites);
        if invites.get(&invite) == Some(&invite_cseq) {
            return None;
        }
        invites.insert(invite.clone(), invite_cseq);
        lock(&self.dialogs).insert(
            key.clone(),
            Entry {
                requests,
                path,
                acknowledgement: None,
            },
        );
        Some((
            Seat {
                registry: self.clone(),
                key,
                invite,
                invite_cseq,
            },
            receiver,
        ))
    }

    pub(super) fn find(&self, key: &DialogKey, path: &Path) -> Found {
        match lock(&self.dialogs).get(key) {
            Some(entry) if entry.path.is_shared_by(path) => Found::Dialog(entry.requests.clone()),
            Some(_) => Found::Elsewhere,
            None => Found::Nothing,
        }
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.dialogs).len()
    }

    pub(super) fn keep_acknowledgement(&self, key: &DialogKey, acknowledgement: Acknowledgement) {
        if let Some(entry) = lock(&self.dialogs).get_mut(key) {
            entry.acknowledgement = Some(acknowledgement);
        }
    }

    /// The ACK that a repeated 2xx of a re-INVITE of ours asks for once more.
    fn acknowledgement_for(&self, message: &SipMessage) -> Option<Acknowledgement> {
        let SipMessage::Response(response) = message else {
            return None;
        };
        if response.status_code.kind() != StatusCodeKind::Successful {
            return None;
        }
        if value(&response.headers, "CSeq")?
            .split_ascii_whitespace()
            .nth(1)?
            != "INVITE"
        {
            return None;
        }
        let key = DialogKey {
            call_id: value(&response.headers, "Call-ID")?.to_owned(),
            local_tag: tag(value(&response.headers, "From")?)?,
            remote_tag: tag(value(&response.headers, "To")?)?,
        };
        let dialogs = lock(&self.dialogs);
        let acknowledgement = dialogs.get(&key)?.acknowledgement.as_ref()?;
        (Some(acknowledgement.cseq) == cseq(&response.headers)).then(|| acknowledgement.clone())
    }
}

/// A dialog's place; dropped, even by a panic, the dialog is forgotten.
pub(super) struct Seat {
    registry: Arc<Registry>,
    key: DialogKey,
    invite: (String, String),
    invite_cseq: u32,
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.registry.dialogs).remove(&self.key);
        let mut invites = lock(&self.registry.invites);
        if invites.get(&self.invite) == Some(&self.invite_cseq) {
            invites.remove(&self.invite);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic interrupted is a map operation that the standard library completes or not at all.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers repeated 2xx of our re-INVITEs with their ACK; the stack forgets an INVITE with its first 2xx.
pub(super) struct RepeatedAnswers {
    pub(super) registry: Arc<Registry>,
    /// Sees what is left.
    pub(super) then: Box<dyn TransportEventInspector>,
}

#[async_trait]
impl TransportEventInspector for RepeatedAnswers {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        if let TransportEvent::Incoming(message, _, _) = &event
            && let Some(repeated) = self.registry.acknowledgement_for(message)
        {
            super::transactions::send_ack(repeated.ack, repeated.connection, repeated.destination)
                .await;
            return None;
        }
        self.then.handle(event).await
    }
}

/// The methods that a request outside of a dialog can never have, because they only exist within one.
pub(super) fn needs_a_dialog(method: Method) -> bool {
    matches!(
        method,
        Method::Bye | Method::Info | Method::Update | Method::PRack | Method::Cancel
    )
}
