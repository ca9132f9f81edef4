//! The SIP room's front door: listens, tells requests of running calls from new ones, and closes in good order.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::sip::{Header, Method};
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption};
use rsipstack::transaction::{Transaction, TransactionReceiver};
use rsipstack::transport::SipConnection;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::call_leg::IncomingCall;
use super::dialog::{self, DialogKey, Path, tag, value, values};
use super::gate::{Gate, GateCounts, GateLimits, Peers};
use super::leg;
use super::registry::{Found, Registry, RepeatedAnswers, needs_a_dialog};
use super::session_timer::TimerSettings;
use super::transactions::serve_invite;
use super::transport::{self, ARRIVED_AT, Listener, Opening, SipFault, StreamLimits, Transport};

/// Calls that may wait for somebody to take them from the endpoint's queue.
const CALLS_WAITING_MAX: usize = 1_024;
/// How long running calls may take to say goodbye when the room closes.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// How the SIP room is to be.
#[derive(Clone, Debug)]
pub struct SipConfig {
    /// Where to listen.
    pub listeners: Vec<Listener>,
    /// The address that peers must use for us where a NAT stands between.
    pub advertised_address: Option<IpAddr>,
    /// What we call ourselves in Server and User-Agent.
    pub server_name: String,
    /// The session timer that we ask for (RFC 4028).
    pub session_expires: Duration,
    /// The shortest session timer that we accept; RFC 4028 allows none below 90 seconds.
    pub min_session_expires: Duration,
    /// How long the answer to a BYE may be held back.
    pub release_within: Duration,
    /// When to come again, for those whom we turn away while draining.
    pub retry_after: Duration,
    /// RFC 3261's T1, the estimate of a round trip from which every timer of a transaction follows. Half a second fits
    /// all networks; there is no need to change it.
    pub t1: Duration,
    /// What a message may cost.
    pub gate_limits: GateLimits,
    /// What a connection may cost.
    pub stream_limits: StreamLimits,
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            listeners: Vec::new(),
            advertised_address: None,
            server_name: concat!("Ringback/", env!("CARGO_PKG_VERSION")).to_owned(),
            session_expires: Duration::from_secs(1_800),
            min_session_expires: Duration::from_secs(90),
            release_within: Duration::from_secs(2),
            retry_after: Duration::from_secs(30),
            t1: Duration::from_millis(500),
            gate_limits: GateLimits::default(),
            stream_limits: StreamLimits::default(),
        }
    }
}

/// What the endpoint holds now, and has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointCounts {
    /// Calls between INVITE and end.
    pub calls: usize,
    /// Tasks that serve calls and transactions.
    pub tasks: usize,
    /// Transactions under way in the stack.
    pub transactions: usize,
    /// Transactions that the stack remembers only to answer repetitions.
    pub finished_transactions: usize,
    /// INVITEs since the start.
    pub invites: u64,
    /// Requests since the start that named no call of ours.
    pub strays: u64,
}

/// What all calls share.
pub(super) struct Shared {
    pub(super) stack: EndpointInnerRef,
    pub(super) registry: Arc<Registry>,
    pub(super) tasks: TaskTracker,
    /// Calls are to end.
    pub(super) closing: CancellationToken,
    /// Everything is to end.
    pub(super) stop: CancellationToken,
    pub(super) server_name: String,
    pub(super) timer_settings: TimerSettings,
    pub(super) release_within: Duration,
    pub(super) retry_after: Duration,
    pub(super) t1: Duration,
    advertised: Option<IpAddr>,
    bound: Vec<Listener>,
    gate: Arc<Gate>,
    draining: CancellationToken,
    invites: AtomicU64,
    strays: AtomicU64,
}

impl Shared {
    pub(super) fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// The advertised address, for peers of its family.
    pub(super) fn advertised_to(&self, peer: SocketAddr) -> Option<IpAddr> {
        self.advertised
            .filter(|address| address.is_ipv6() == peer.is_ipv6())
    }

    /// The local address that routes to a peer.
    pub(super) fn local_ip_towards(&self, peer: SocketAddr) -> IpAddr {
        let bound = self.bound.iter().map(|listener| listener.address.ip());
        let mut bound = bound.filter(|ip| ip.is_ipv6() == peer.is_ipv6());
        // Where there is but one, nobody has to be asked, which would take a socket for each call.
        if let Some(first) = bound.next()
            && !first.is_unspecified()
            && bound.all(|other| other == first)
        {
            return first;
        }
        transport::local_address_towards(peer).unwrap_or_else(|_| {
            let bound = self.bound.iter().map(|listener| listener.address.ip());
            bound
                .into_iter()
                .find(|ip| ip.is_ipv6() == peer.is_ipv6() && !ip.is_unspecified())
                .unwrap_or(peer.ip())
        })
    }

    /// Our address and port for the Contact towards a peer.
    pub(super) fn authority(&self, path: &Path) -> String {
        let candidates = || {
            let of_transport = self
                .bound
                .iter()
                .filter(|listener| listener.transport == path.transport);
            of_transport
                .map(|listener| listener.address)
                .filter(|address| address.is_ipv6() == path.source.is_ipv6())
        };
        let local_ip = self.local_ip_towards(path.source);
        // The listener that the peer came to: it may be the only one that it reaches.
        let came_to = path.came_to.and_then(|came_to| {
            let everywhere = |address: &SocketAddr| {
                address.ip().is_unspecified() && address.port() == came_to.port()
            };
            candidates()
                .find(|address| *address == came_to)
                .or_else(|| candidates().find(everywhere))
                .map(|address| SocketAddr::new(came_to.ip(), address.port()))
        });
        let listener = came_to
            .or_else(|| candidates().find(|address| address.ip() == local_ip))
            .or_else(|| candidates().next());
        let port = listener.map_or(5060, |address| address.port());
        let ip = self
            .advertised_to(path.source)
            .or(listener
                .map(|address| address.ip())
                .filter(|ip| !ip.is_unspecified()))
            .unwrap_or(local_ip);
        SocketAddr::new(ip, port).to_string()
    }
}

/// A running SIP room.
pub struct Endpoint {
    shared: Arc<Shared>,
    /// The transports' tasks.
    transport_tasks: TaskTracker,
    /// The stack's own task and our dispatcher.
    house_tasks: TaskTracker,
}

impl Endpoint {
    /// Listens, and gives every new call to the receiver. Dropping the receiver declines them.
    ///
    /// # Errors
    /// A listener cannot be opened.
    pub async fn start(
        config: SipConfig,
        peers: Arc<dyn Peers>,
    ) -> Result<(Self, mpsc::Receiver<IncomingCall>), SipFault> {
        let gate = Arc::new(Gate::new(peers, config.gate_limits.clone()));
        let stop = CancellationToken::new();
        let transports = transport::open(Opening {
            listeners: &config.listeners,
            advertised: config.advertised_address,
            stream_limits: config.stream_limits.clone(),
            gate: gate.clone(),
            stop: stop.clone(),
        })
        .await?;
        let registry = Arc::new(Registry::default());
        let stack = EndpointBuilder::new()
            .with_user_agent(&config.server_name)
            .with_transport_layer(transports.layer)
            .with_cancel_token(stop.clone())
            // The ACK of a 2xx is the dialog's business: it knows the route.
            .with_option(EndpointOption {
                auto_ack_2xx: false,
                t1: config.t1,
                t2: config.t1 * 8,
                t4: config.t1 * 10,
                t1x64: config.t1 * 64,
                ..EndpointOption::default()
            })
            .with_transport_inspector(Box::new(RepeatedAnswers {
                registry: registry.clone(),
                then: transports.inspector,
            }))
            .build();
        let incoming = stack
            .incoming_transactions()
            .map_err(|fault| SipFault::Stack(fault.to_string()))?;
        let shared = Arc::new(Shared {
            stack: stack.inner.clone(),
            registry,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            stop,
            server_name: config.server_name,
            timer_settings: TimerSettings {
                session_expires: config.session_expires,
                min_session_expires: config.min_session_expires,
            },
            release_within: config.release_within,
            retry_after: config.retry_after,
            t1: config.t1,
            advertised: config.advertised_address,
            bound: transports.bound,
            gate,
            draining: CancellationToken::new(),
            invites: AtomicU64::new(0),
            strays: AtomicU64::new(0),
        });
        let (announce, calls) = mpsc::channel(CALLS_WAITING_MAX);
        let house_tasks = TaskTracker::new();
        house_tasks.spawn(async move { stack.serve().await });
        house_tasks.spawn(dispatch(shared.clone(), incoming, announce));
        Ok((
            Self {
                shared,
                transport_tasks: transports.tasks,
                house_tasks,
            },
            calls,
        ))
    }

    /// The listeners with their real addresses.
    #[must_use]
    pub fn bound(&self) -> Vec<Listener> {
        self.shared.bound.clone()
    }

    /// New calls and OPTIONS get 503 from now on; running calls go on.
    pub fn drain(&self) {
        self.shared.draining.cancel();
        let seconds = u32::try_from(self.shared.retry_after.as_secs().max(1)).unwrap_or(u32::MAX);
        self.shared.gate.drain(seconds);
    }

    /// What is held and has been seen.
    #[must_use]
    pub fn counts(&self) -> EndpointCounts {
        let stack = self.shared.stack.get_stats();
        EndpointCounts {
            calls: self.shared.registry.len(),
            tasks: self.shared.tasks.len(),
            transactions: stack.running_transactions,
            finished_transactions: stack.finished_transactions,
            invites: self.shared.invites.load(Ordering::Relaxed),
            strays: self.shared.strays.load(Ordering::Relaxed),
        }
    }

    /// What the gate let pass and refused.
    #[must_use]
    pub fn gate_counts(&self) -> GateCounts {
        self.shared.gate.counts()
    }

    /// Hangs up what still runs, and closes every socket.
    pub async fn close(self) {
        self.drain();
        self.shared.closing.cancel();
        self.shared.tasks.close();
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.shared.tasks.wait()).await;
        self.shared.stop.cancel();
        self.shared.tasks.wait().await;
        for tasks in [&self.house_tasks, &self.transport_tasks] {
            tasks.close();
            tasks.wait().await;
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("bound", &self.shared.bound)
            .finish_non_exhaustive()
    }
}

/// Gives every request its place.
async fn dispatch(
    shared: Arc<Shared>,
    mut incoming: TransactionReceiver,
    announce: mpsc::Sender<IncomingCall>,
) {
    loop {
        let transaction = tokio::select! {
            transaction = incoming.recv() => transaction,
            () = shared.stop.cancelled() => break,
        };
        let Some(transaction) = transaction else {
            break;
        };
        let Some(path) = path_of(&transaction) else {
            continue;
        };
        match value(&transaction.original.headers, "To").and_then(tag) {
            Some(local_tag) => within_dialog(&shared, transaction, &path, local_tag).await,
            None if transaction.original.method == Method::Invite => {
                shared.invites.fetch_add(1, Ordering::Relaxed);
                leg::arrive(&shared, transaction, path, &announce).await;
            }
            None => outside_of_dialogs(&shared, transaction).await,
        }
    }
}

fn path_of(transaction: &Transaction) -> Option<Path> {
    let connection = transaction.connection.clone()?;
    let source = connection.get_remote_addr()?.get_socketaddr().ok()?;
    let transport = if connection.is_reliable() {
        Transport::Tcp
    } else {
        Transport::Udp
    };
    // A stream's listener is in a header of ours; the stack's name for the stream is the peer's address.
    let came_to = match &connection {
        SipConnection::Channel(_) => values(&transaction.original.headers, ARRIVED_AT)
            .last()
            .and_then(|address| address.parse().ok()),
        SipConnection::Udp(_) => connection.get_addr().get_socketaddr().ok(),
        _ => None,
    };
    Some(Path {
        transport,
        source,
        came_to,
        connection,
    })
}

async fn within_dialog(
    shared: &Arc<Shared>,
    transaction: Transaction,
    path: &Path,
    local_tag: String,
) {
    let headers = &transaction.original.headers;
    let key = value(headers, "Call-ID")
        .zip(value(headers, "From").and_then(tag))
        .map(|(call_id, remote_tag)| DialogKey {
            call_id: call_id.to_owned(),
            local_tag,
            remote_tag,
        });
    let found = key.map_or(Found::Nothing, |key| shared.registry.find(&key, path));
    let (transaction, status, extra) = match found {
        Found::Dialog(requests) => match requests.try_send(Box::new(transaction)) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Full(transaction)) => {
                (*transaction, 500, vec![Header::RetryAfter("1".into())])
            }
            Err(mpsc::error::TrySendError::Closed(transaction)) => (*transaction, 481, Vec::new()),
        },
        Found::Elsewhere | Found::Nothing => (transaction, 481, Vec::new()),
    };
    shared.strays.fetch_add(1, Ordering::Relaxed);
    refuse(shared, transaction, status, extra).await;
}

async fn outside_of_dialogs(shared: &Arc<Shared>, transaction: Transaction) {
    shared.strays.fetch_add(1, Ordering::Relaxed);
    if needs_a_dialog(transaction.original.method) {
        refuse(shared, transaction, 481, Vec::new()).await;
    } else {
        refuse(
            shared,
            transaction,
            405,
            vec![Header::Allow(dialog::ALLOW.into())],
        )
        .await;
    }
}

async fn refuse(
    shared: &Arc<Shared>,
    mut transaction: Transaction,
    status: u16,
    extra: Vec<Header>,
) {
    let own_tag = rsipstack::transaction::random_text(16);
    let response = dialog::response(
        &transaction.original,
        status,
        &own_tag,
        &shared.server_name,
        extra,
        String::new(),
    );
    if transaction.respond(response).await.is_ok() && transaction.original.method == Method::Invite
    {
        let (nobody, _) = mpsc::unbounded_channel();
        shared
            .tasks
            .spawn(serve_invite(transaction, 0, nobody, shared.stop.clone()));
    }
}
