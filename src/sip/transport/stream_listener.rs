//! TCP: accepts, frames, judges, and hands each connection to the stack as a channel of its own.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use rsipstack::sip::{Header, SipMessage};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{ARRIVED_AT, Frame, Framer, StreamLimits, Transport, stack_address};
use crate::sip::gate::{Gate, Reason, Verdict, restore_outgoing};

const LISTEN_BACKLOG: i32 = 256;
const READ_AT_ONCE_BYTES: usize = 4_096;
/// How long a last answer may take to leave before the connection closes.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);

pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of our last run may linger; they must not keep us from starting again.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// How many connections there are, in all and by source.
#[derive(Debug, Default)]
pub(super) struct Connections {
    by_source: Mutex<HashMap<IpAddr, usize>>,
}

impl Connections {
    fn enter(self: &Arc<Self>, source: IpAddr, limits: &StreamLimits) -> Option<Seat> {
        let mut by_source = self
            .by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let in_all: usize = by_source.values().sum();
        let of_source = by_source.get(&source).copied().unwrap_or(0);
        if in_all >= limits.connections || of_source >= limits.connections_per_source {
            return None;
        }
        by_source.insert(source, of_source + 1);
        Some(Seat {
            connections: self.clone(),
            source,
        })
    }
}

/// One counted connection, until it is dropped.
struct Seat {
    connections: Arc<Connections>,
    source: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by_source = self
            .connections
            .by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_source.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                by_source.remove(&self.source);
            }
        }
    }
}

/// What all streams share.
pub(super) struct House {
    pub(super) gate: Arc<Gate>,
    pub(super) limits: StreamLimits,
    pub(super) advertised: Option<IpAddr>,
    /// Into the stack.
    pub(super) ingress: UnboundedSender<TransportEvent>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) connections: Arc<Connections>,
}

impl House {
    /// Accepts on this listener until the end.
    pub(super) fn serve(self: Arc<Self>, listener: TcpListener) {
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = self.stop.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                match accepted {
                    Ok((stream, source)) => self.clone().admit(stream, source),
                    Err(fault) => {
                        // Most often out of descriptors: give others the time to close theirs.
                        tracing::warn!(%fault, "cannot accept SIP connections");
                        sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
    }

    fn admit(self: Arc<Self>, stream: TcpStream, source: SocketAddr) {
        let now = Instant::now().into_std();
        let Some(seat) = self.connections.enter(source.ip(), &self.limits) else {
            self.gate.note(now, source.ip(), Reason::TooManyConnections);
            return;
        };
        // Requests and answers are single writes; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            let _seat = seat;
            if let Err(reason) = Conversation::serve(&self, stream, source).await {
                self.gate
                    .note(Instant::now().into_std(), source.ip(), reason);
            }
        });
    }
}

/// One connection being served.
struct Conversation<'a> {
    house: &'a House,
    source: SocketAddr,
    local: SocketAddr,
    framer: Framer,
    outbox: BytesMut,
    channel: ChannelConnection,
    address: SipAddr,
}

/// What is to become of the connection.
#[derive(PartialEq, Eq)]
enum After {
    GoOn,
    Close,
}

impl<'a> Conversation<'a> {
    /// Returns when the connection is over; the error is the limit that ended it.
    async fn serve(house: &'a House, stream: TcpStream, source: SocketAddr) -> Result<(), Reason> {
        let Ok(local) = stream.local_addr() else {
            return Ok(());
        };
        let address = stack_address(Transport::Tcp, source);
        let alive = house.stop.child_token();
        let (_unused, incoming) = unbounded_channel();
        let (outgoing, from_stack) = unbounded_channel();
        let Ok(channel) = ChannelConnection::create_connection(
            incoming,
            outgoing,
            address.clone(),
            Some(alive.clone()),
        )
        .await
        else {
            return Ok(());
        };
        let framer = Framer::new(house.gate.limits().clone());
        let mut conversation = Self {
            house,
            source,
            local,
            framer,
            outbox: BytesMut::new(),
            channel,
            address,
        };
        // Cancelled on every way out, so that dialogs no longer count on this connection.
        let _end = alive.drop_guard();
        conversation.talk(stream, from_stack).await
    }

    async fn talk(
        &mut self,
        mut stream: TcpStream,
        mut from_stack: UnboundedReceiver<TransportEvent>,
    ) -> Result<(), Reason> {
        let (mut reader, mut writer) = stream.split();
        let mut heard = Instant::now();
        let mut message_begun: Option<Instant> = None;
        loop {
            let (deadline, missed) = match message_begun {
                Some(begun) => (
                    begun + self.house.limits.message_within,
                    Reason::SlowMessage,
                ),
                None => (
                    heard + self.house.limits.idle_within,
                    Reason::IdleConnection,
                ),
            };
            self.framer.buffer().reserve(READ_AT_ONCE_BYTES);
            tokio::select! {
                () = self.house.stop.cancelled() => return Ok(()),
                () = sleep_until(deadline) => return Err(missed),
                event = from_stack.recv() => {
                    if let Some(TransportEvent::Incoming(message, _, _)) = event {
                        self.send(&message);
                    }
                }
                written = writer.write_buf(&mut self.outbox), if !self.outbox.is_empty() => {
                    if written.is_err() {
                        return Ok(());
                    }
                }
                read = reader.read_buf(self.framer.buffer()) => {
                    if !matches!(read, Ok(1..)) {
                        return Ok(());
                    }
                    heard = Instant::now();
                    let messages_before = message_begun.take();
                    match self.take_frames() {
                        (After::Close, _) => {
                            let _ = timeout(LAST_WORDS_WITHIN, writer.write_all_buf(&mut self.outbox)).await;
                            let _ = timeout(LAST_WORDS_WITHIN, writer.shutdown()).await;
                            return Ok(());
                        }
                        (After::GoOn, taken) => {
                            if self.framer.is_amid_message() {
                                // A byte a second does not prolong the time for one message.
                                message_begun = Some(messages_before.filter(|_| taken == 0).unwrap_or(heard));
                            }
                        }
                    }
                }
            }
            if self.outbox.len() > self.house.limits.backlog_bytes {
                return Err(Reason::SlowReader);
            }
        }
    }

    /// Judges every whole message that has arrived.
    fn take_frames(&mut self) -> (After, usize) {
        let mut taken = 0;
        while let Some(frame) = self.framer.next_frame() {
            taken += 1;
            let after = match frame {
                Frame::Ping => {
                    self.outbox.extend_from_slice(b"\r\n");
                    After::GoOn
                }
                Frame::Message(bytes) => self.judge(&bytes),
                Frame::Broken(bytes) => {
                    self.judge(&bytes);
                    After::Close
                }
            };
            if after == After::Close {
                return (After::Close, taken);
            }
        }
        (After::GoOn, taken)
    }

    fn judge(&mut self, bytes: &[u8]) -> After {
        let now = Instant::now().into_std();
        match self
            .house
            .gate
            .judge(now, self.source, Transport::Tcp, bytes)
        {
            Verdict::Pass { message, .. } => {
                // The gate has made sure that the stack can read it.
                if let Ok(mut message) = SipMessage::try_from(&message[..]) {
                    if let SipMessage::Request(request) = &mut message {
                        let came_to = Header::Other(ARRIVED_AT.into(), self.local.to_string());
                        request.headers.push(came_to);
                    }
                    let connection = SipConnection::Channel(self.channel.clone());
                    let event = TransportEvent::Incoming(message, connection, self.address.clone());
                    if self.house.ingress.send(event).is_err() {
                        return After::Close;
                    }
                }
                After::GoOn
            }
            Verdict::Answer {
                response, close, ..
            } => {
                self.outbox.extend_from_slice(&response);
                if close { After::Close } else { After::GoOn }
            }
            Verdict::Drop { close, .. } => {
                if close {
                    After::Close
                } else {
                    After::GoOn
                }
            }
        }
    }

    fn send(&mut self, message: &SipMessage) {
        let bytes = message.to_bytes();
        let sent_by = match message {
            SipMessage::Request(_) => {
                let ip = self
                    .house
                    .advertised
                    .filter(|ip| ip.is_ipv6() == self.local.is_ipv6());
                Some(SocketAddr::new(
                    ip.unwrap_or(self.local.ip()),
                    self.local.port(),
                ))
            }
            SipMessage::Response(_) => None,
        };
        self.outbox
            .extend_from_slice(&restore_outgoing(&bytes, Transport::Tcp, sent_by));
    }
}
