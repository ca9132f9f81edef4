//! Mail comes in: an LMTP server (RFC 2033), to which any mail server delivers.
//!
//! It answers for each recipient after the data, and 250 only when the mailbox has synced the mail.
//! It is meant for mail servers of the house: whoever does not call from a trusted network is sent
//! away before anything is said.

mod delivery;
mod dialogue;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ipnet::IpNet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::mailbox::{Deposit, MailFault, MailStore, MailboxId};
use crate::policy::clock::WallClock;

pub use dialogue::{Dialogue, Mail, Step};

/// How long a mail may take from DATA to its end (RFC 5321 4.5.3.2.6).
const DATA_WITHIN: Duration = Duration::from_secs(600);

/// How long a peer may take to read an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;

/// Bytes that a peer may send as one mail, and how much of everything else there may be.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a mail.
    pub mail_bytes: usize,
    /// Recipients of a mail.
    pub recipients: usize,
    /// Connections at once.
    pub connections: usize,
    /// How long a peer may be silent.
    pub silence: Duration,
}

/// Who may deliver, and what we are called.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Networks that may deliver.
    pub trusted: Vec<IpNet>,
    /// Our name, as it stands in answers and Received lines.
    pub name: String,
    /// Limits.
    pub limits: Limits,
}

/// The owner of an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Whether it takes messages.
    pub enabled: bool,
    /// Most bytes that may be stored before more is refused; 0: no limit.
    pub quota_bytes: u64,
}

/// Knows whose an address is.
#[async_trait]
pub trait Owners: Send + Sync {
    /// The owner of a mail address; nobody when it is none of ours.
    async fn owner(&self, address: &str) -> Result<Option<Owner>, MailFault>;
}

/// What the server works with.
pub struct Rooms {
    /// Whose an address is.
    pub owners: Arc<dyn Owners>,
    /// Where mail goes.
    pub deposit: Arc<dyn Deposit>,
    /// How full mailboxes are.
    pub mail: Arc<dyn MailStore>,
    /// When it is.
    pub clock: Arc<dyn WallClock>,
}

/// Listens, and serves when told.
pub struct LmtpServer {
    listeners: Vec<TcpListener>,
    house: Arc<House>,
}

struct House {
    settings: Settings,
    rooms: Rooms,
    connections: Arc<Semaphore>,
    /// Mebibytes of mail in memory.
    memory: Arc<Semaphore>,
}

impl LmtpServer {
    /// Listens on these addresses.
    ///
    /// # Errors
    /// The first address that is taken or not ours.
    pub async fn listen(
        addresses: &[SocketAddr],
        settings: Settings,
        rooms: Rooms,
    ) -> Result<LmtpServer, (SocketAddr, io::Error)> {
        let mut listeners = Vec::new();
        for address in addresses {
            let listener = TcpListener::bind(address).await;
            listeners.push(listener.map_err(|error| (*address, error))?);
        }
        // Room for four of the largest; who comes then is asked to come again.
        let memory = 4 * mebibytes(settings.limits.mail_bytes);
        Ok(LmtpServer {
            listeners,
            house: Arc::new(House {
                connections: Arc::new(Semaphore::new(settings.limits.connections)),
                memory: Arc::new(Semaphore::new(memory)),
                settings,
                rooms,
            }),
        })
    }

    /// Where it listens, with real ports.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let bound = self.listeners.iter().map(TcpListener::local_addr);
        bound.filter_map(Result::ok).collect()
    }

    /// Takes mail until told to stop; mails that have been received by then are stored.
    pub async fn serve(self, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        for listener in self.listeners {
            let (house, stop, inner) = (self.house.clone(), stop.clone(), tasks.clone());
            tasks.spawn(async move {
                loop {
                    let accepted = tokio::select! {
                        accepted = listener.accept() => accepted,
                        () = stop.cancelled() => return,
                    };
                    match accepted {
                        Ok((stream, peer)) => {
                            let (house, stop) = (house.clone(), stop.clone());
                            inner.spawn(async move { house.receive(stream, peer, stop).await });
                        }
                        Err(error) => {
                            tracing::warn!(%error, "a connection for mail could not be accepted");
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                    }
                }
            });
        }
        tasks.close();
        tasks.wait().await;
    }
}

fn mebibytes(bytes: usize) -> usize {
    bytes.div_ceil(1024 * 1024).max(1)
}

impl House {
    async fn receive(&self, mut stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
        let reason = match self.admit(peer.ip()) {
            Ok(_permit) => self.talk(&mut stream, peer, &stop).await,
            Err(refusal) => {
                tracing::warn!(%peer, "mail is not taken: {refusal}");
                let told = stream.write_all(refusal.as_bytes());
                let _ = tokio::time::timeout(ANSWER_WITHIN, told).await;
                return;
            }
        };
        if let Err(error) = reason {
            tracing::debug!(%peer, %error, "a connection for mail ended");
        }
    }

    fn admit(&self, peer: IpAddr) -> Result<tokio::sync::OwnedSemaphorePermit, &'static str> {
        let peer = peer.to_canonical();
        if !self.settings.trusted.iter().any(|net| net.contains(&peer)) {
            return Err("554 5.7.1 your address is not in lmtp.trusted\r\n");
        }
        self.connections
            .clone()
            .try_acquire_owned()
            .map_err(|_| "421 4.3.2 too many connections, try again later\r\n")
    }

    async fn talk(
        &self,
        stream: &mut TcpStream,
        peer: SocketAddr,
        stop: &CancellationToken,
    ) -> io::Result<()> {
        let limits = &self.settings.limits;
        let mut dialogue = Dialogue::new(&self.settings.name, limits, self.memory.clone());
        let mut answers = dialogue.greeting();
        let mut buffer = vec![0; READ_BYTES];
        let mut data_until = None;
        loop {
            send(stream, &mut answers).await?;
            if dialogue.is_over() {
                return stream.shutdown().await;
            }
            data_until = match (dialogue.is_receiving(), data_until) {
                (false, _) => None,
                (true, None) => Some(tokio::time::Instant::now() + DATA_WITHIN),
                (true, until) => until,
            };
            let silent_until = tokio::time::Instant::now() + limits.silence;
            let until = data_until.map_or(silent_until, |until| until.min(silent_until));
            let read = tokio::select! {
                read = tokio::time::timeout_at(until, stream.read(&mut buffer)) => read,
                () = stop.cancelled() => {
                    answers.push_str("421 4.3.2 closing down\r\n");
                    return send(stream, &mut answers).await;
                }
            };
            let Ok(read) = read else {
                answers.push_str("421 4.4.2 you are too slow\r\n");
                return send(stream, &mut answers).await;
            };
            let count = read?;
            if count == 0 {
                return Ok(());
            }
            let mut bytes = buffer[..count].iter();
            // Commands may come many at a time (RFC 2920); their answers go in one piece.
            loop {
                match dialogue.next(&mut bytes) {
                    Step::More => break,
                    Step::Answer(answer) => answers.push_str(&answer),
                    Step::Recipient(address) => {
                        let owner = self.rooms.owners.owner(&address).await;
                        answers.push_str(&dialogue.recipient(owner));
                    }
                    Step::Deliver(mail) => answers.push_str(&self.deliver(mail, peer).await),
                }
            }
        }
    }
}

async fn send(stream: &mut TcpStream, answers: &mut String) -> io::Result<()> {
    if answers.is_empty() {
        return Ok(());
    }
    let sent = stream.write_all(answers.as_bytes());
    match tokio::time::timeout(ANSWER_WITHIN, sent).await {
        Ok(sent) => sent?,
        Err(_) => return Err(io::ErrorKind::TimedOut.into()),
    }
    answers.clear();
    Ok(())
}
