//! Connections that the stack opened itself, to reach a peer whose Contact or route asks for TCP.
//!
//! Their bytes come through the stack's own reader, so the gate judges what it made of them.

use std::sync::Arc;

use rsipstack::sip::SipMessage;
use rsipstack::transaction::endpoint::TransportEventInspector;
use rsipstack::transport::{SipConnection, TransportEvent};

use super::Transport;
use crate::sip::gate::{Gate, Reason, Verdict};

pub(super) struct DialledConnections {
    pub(super) gate: Arc<Gate>,
}

#[async_trait::async_trait]
impl TransportEventInspector for DialledConnections {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let TransportEvent::Incoming(message, connection @ SipConnection::Tcp(_), from) = event
        else {
            return Some(event);
        };
        let source = from.get_socketaddr().ok()?;
        let now = tokio::time::Instant::now().into_std();
        match self
            .gate
            .judge(now, source, Transport::Tcp, &message.to_bytes())
        {
            // As the stack read it: what it answers does not come back through us to be restored.
            Verdict::Pass { .. } => Some(TransportEvent::Incoming(message, connection, from)),
            Verdict::Answer {
                response, reason, ..
            } => {
                match SipMessage::try_from(&response[..]) {
                    Ok(response) => {
                        let _ = connection.send(response, None).await;
                    }
                    Err(_) => self.gate.note(now, source.ip(), Reason::Malformed),
                }
                tracing::debug!(%source, reason = reason.label(), "answered on a connection of ours");
                None
            }
            Verdict::Drop { .. } => None,
        }
    }
}
