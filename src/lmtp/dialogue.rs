//! What is said on a connection, as a pure state machine: bytes in, answers and work out.
//!
//! smtp-proto reads commands and the dots of the data. A mail ends with CR LF . CR LF and nothing
//! else, so that no peer can hide a second mail in the first. Answers hold nothing that the peer
//! said.

use std::slice::Iter;
use std::sync::Arc;

use smtp_proto::request::receiver::{DataReceiver, RequestReceiver};
use smtp_proto::{Error, MAIL_BODY_BINARYMIME, MAIL_REQUIRETLS, Request};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Limits, Owner, mebibytes};
use crate::mailbox::MailFault;

/// Commands that may go wrong before we hang up.
const FAULTS_MAX: usize = 20;

/// Commands of a connection; a mail server makes a new one long before.
const COMMANDS_MAX: usize = 100_000;

/// A mail that was received whole.
#[derive(Debug)]
pub struct Mail {
    /// The envelope sender; empty for reports.
    pub sender: String,
    /// What the peer calls itself.
    pub peer_name: String,
    /// Its recipients, in their order.
    pub owners: Vec<Owner>,
    /// The message.
    pub data: Vec<u8>,
    _memory: Option<OwnedSemaphorePermit>,
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// More bytes are needed.
    More,
    /// To be said.
    Answer(String),
    /// Whose address is it? Go on with [`Dialogue::recipient`].
    Recipient(String),
    /// To be stored; the answers are the deliverer's.
    Deliver(Mail),
}

/// A connection, from its greeting to its end.
pub struct Dialogue {
    name: String,
    mail_bytes_max: usize,
    recipients_max: usize,
    memory: Arc<Semaphore>,
    commands: RequestReceiver,
    peer_name: Option<String>,
    sender: Option<String>,
    owners: Vec<Owner>,
    data: Option<Data>,
    faults: usize,
    spoken: usize,
    over: bool,
}

struct Data {
    receiver: DataReceiver,
    bytes: Vec<u8>,
    memory: Option<OwnedSemaphorePermit>,
    /// Why it will not be stored; it is read to its end all the same.
    refusal: Option<&'static str>,
}

impl Dialogue {
    /// Begins. `memory` counts mebibytes of all connections.
    pub fn new(name: &str, limits: &Limits, memory: Arc<Semaphore>) -> Dialogue {
        Dialogue {
            name: name.to_owned(),
            mail_bytes_max: limits.mail_bytes,
            recipients_max: limits.recipients,
            memory,
            commands: RequestReceiver::default(),
            peer_name: None,
            sender: None,
            owners: Vec::new(),
            data: None,
            faults: 0,
            spoken: 0,
            over: false,
        }
    }

    /// The first line.
    pub fn greeting(&self) -> String {
        format!("220 {} Ringback LMTP\r\n", self.name)
    }

    /// Whether the connection is to be closed.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether a mail is on its way in.
    pub fn is_receiving(&self) -> bool {
        self.data.is_some()
    }

    /// Reads on.
    pub fn next(&mut self, bytes: &mut Iter<'_, u8>) -> Step {
        if self.over || bytes.as_slice().is_empty() {
            return Step::More;
        }
        if self.data.is_some() {
            return self.receive(bytes);
        }
        let request = match self.commands.ingest(bytes) {
            Ok(request) => Ok(request.into_owned()),
            Err(Error::NeedsMoreData { .. }) => return Step::More,
            Err(error) => Err(error),
        };
        self.spoken += 1;
        let step = match request {
            Ok(request) => self.command(request),
            Err(error) => self.malformed(&error),
        };
        if self.faults >= FAULTS_MAX || self.spoken >= COMMANDS_MAX {
            return self.hang_up("421 4.7.0 too many commands\r\n");
        }
        step
    }

    /// Goes on after [`Step::Recipient`].
    pub fn recipient(&mut self, owner: Result<Option<Owner>, MailFault>) -> String {
        let answer = match owner {
            Ok(Some(owner)) if owner.enabled => {
                self.owners.push(owner);
                return "250 2.1.5 recipient taken\r\n".to_owned();
            }
            Ok(Some(_)) => "550 5.2.1 the mailbox is disabled\r\n",
            Ok(None) => "550 5.1.1 nobody here has this address\r\n",
            Err(_) => "451 4.3.0 addresses cannot be looked up now\r\n",
        };
        answer.to_owned()
    }

    fn command(&mut self, request: Request<String>) -> Step {
        match request {
            Request::Lhlo { host } => {
                self.reset();
                self.peer_name = Some(readable_host(&host));
                Step::Answer(format!(
                    "250-{}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
                     250-ENHANCEDSTATUSCODES\r\n250 SIZE {}\r\n",
                    self.name, self.mail_bytes_max
                ))
            }
            Request::Ehlo { .. } | Request::Helo { .. } => {
                self.fault("500 5.5.1 this is LMTP: say LHLO\r\n")
            }
            Request::Mail { from } => {
                if self.peer_name.is_none() {
                    self.fault("503 5.5.1 say LHLO first\r\n")
                } else if self.sender.is_some() {
                    self.fault("503 5.5.1 one mail at a time\r\n")
                } else if from.flags & (MAIL_BODY_BINARYMIME | MAIL_REQUIRETLS) != 0 {
                    self.fault("555 5.5.4 this parameter is not supported\r\n")
                } else if from.size > self.mail_bytes_max {
                    self.fault(TOO_LARGE)
                } else {
                    self.sender = Some(from.address);
                    Step::Answer("250 2.1.0 sender taken\r\n".to_owned())
                }
            }
            Request::Rcpt { to } => {
                if self.sender.is_none() {
                    self.fault("503 5.5.1 say MAIL first\r\n")
                } else if self.owners.len() >= self.recipients_max {
                    Step::Answer("452 4.5.3 too many recipients\r\n".to_owned())
                } else {
                    Step::Recipient(to.address)
                }
            }
            Request::Data => {
                if self.owners.is_empty() {
                    return self.fault("503 5.5.1 there is no recipient\r\n");
                }
                self.data = Some(Data::begin());
                Step::Answer("354 go on, and end with a dot\r\n".to_owned())
            }
            Request::Rset => {
                self.reset();
                Step::Answer("250 2.0.0 forgotten\r\n".to_owned())
            }
            Request::Noop { .. } => Step::Answer("250 2.0.0 yes\r\n".to_owned()),
            Request::Vrfy { .. } => Step::Answer("252 2.5.0 send it and see\r\n".to_owned()),
            Request::Quit => self.hang_up("221 2.0.0 goodbye\r\n"),
            // What follows would be taken for commands.
            Request::Bdat { .. } | Request::Burl { .. } => {
                self.hang_up("502 5.5.1 chunks are not taken\r\n")
            }
            _ => self.fault("502 5.5.1 this is not done here\r\n"),
        }
    }

    fn malformed(&mut self, error: &Error) -> Step {
        match error {
            Error::InvalidSenderAddress => self.fault("501 5.1.7 this is no sender address\r\n"),
            Error::InvalidRecipientAddress => self.fault("501 5.1.3 this is no address\r\n"),
            Error::UnsupportedParameter { .. } => {
                self.fault("555 5.5.4 this parameter is not supported\r\n")
            }
            Error::SyntaxError { .. } | Error::InvalidParameter { .. } => {
                self.fault("501 5.5.2 it is not written like this\r\n")
            }
            Error::ResponseTooLong => self.hang_up("500 5.5.6 the line is too long\r\n"),
            _ => self.fault("500 5.5.1 there is no such command\r\n"),
        }
    }

    fn receive(&mut self, bytes: &mut Iter<'_, u8>) -> Step {
        let Some(data) = &mut self.data else {
            return Step::More;
        };
        let ended = data.receiver.ingest(bytes, &mut data.bytes);
        data.keep_within(self.mail_bytes_max, &self.memory);
        if !ended {
            return Step::More;
        }
        let Some(data) = self.data.take() else {
            return Step::More;
        };
        let owners = std::mem::take(&mut self.owners);
        let sender = self.sender.take().unwrap_or_default();
        if let Some(refusal) = data.refusal {
            return Step::Answer(refusal.repeat(owners.len()));
        }
        Step::Deliver(Mail {
            sender,
            peer_name: self.peer_name.clone().unwrap_or_default(),
            owners,
            data: data.message(),
            _memory: data.memory,
        })
    }

    fn reset(&mut self) {
        self.sender = None;
        self.owners.clear();
    }

    fn fault(&mut self, answer: &str) -> Step {
        self.faults += 1;
        Step::Answer(answer.to_owned())
    }

    fn hang_up(&mut self, answer: &str) -> Step {
        self.over = true;
        Step::Answer(answer.to_owned())
    }
}

const TOO_LARGE: &str = "552 5.3.4 the mail is too large\r\n";
const NO_MEMORY: &str = "452 4.3.1 too much mail at once, try again later\r\n";

/// The line break that ended DATA: a dot right behind it ends the mail too.
const LINE_BREAK: &[u8] = b"\r\n";

impl Data {
    fn begin() -> Data {
        let mut data = Data {
            receiver: DataReceiver::new(),
            bytes: Vec::new(),
            memory: None,
            refusal: None,
        };
        data.receiver
            .ingest(&mut LINE_BREAK.iter(), &mut data.bytes);
        data
    }

    /// Lets go of what is too much.
    fn keep_within(&mut self, bytes_max: usize, memory: &Arc<Semaphore>) {
        let length = self.bytes.len().saturating_sub(LINE_BREAK.len());
        if length > bytes_max {
            self.refusal = Some(TOO_LARGE);
        } else if self.refusal.is_none() {
            let held = self
                .memory
                .as_ref()
                .map_or(0, OwnedSemaphorePermit::num_permits);
            let more = mebibytes(length).saturating_sub(held);
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            match memory.clone().try_acquire_many_owned(more) {
                Ok(permit) => match &mut self.memory {
                    Some(held) => held.merge(permit),
                    none => *none = Some(permit),
                },
                Err(_) => self.refusal = Some(NO_MEMORY),
            }
        }
        if self.refusal.is_some() {
            self.bytes = LINE_BREAK.to_vec();
            self.memory = None;
        }
    }

    fn message(&self) -> Vec<u8> {
        self.bytes
            .get(LINE_BREAK.len()..)
            .unwrap_or_default()
            .to_vec()
    }
}

/// What a peer calls itself, as it may stand in a header.
fn readable_host(host: &str) -> String {
    let plain = |one: &char| one.is_ascii_alphanumeric() || ".-_:[]".contains(*one);
    host.chars().filter(plain).take(255).collect()
}

#[cfg(test)]
mod tests;
