//! SMTP submission (RFC 6409): hands finished mails to the relay that the configuration names.
//!
//! The outbox submits one mail at a time, so that one connection is enough: it is kept for the next
//! mail. A relay that fails again and again is left alone for a while, and one that refuses our
//! password for longer, so that the account is not locked.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::time::Instant;

use super::writing::clean;
use super::{MailFault, Submission, Submitted};

/// After so many failures in a row the relay is left alone ...
const FAILURES_MAX: u32 = 5;
/// ... for so long, and then tried once.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(15);
/// After so many refused passwords in a row ...
const REFUSED_PASSWORDS_MAX: u32 = 3;
/// ... it is left alone for so long: an account that is locked helps nobody.
const PAUSED_FOR: Duration = Duration::from_secs(3_600);
/// Characters that are kept of what the relay says.
const REPLY_LONGEST: usize = 400;

/// How the way to the relay is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protection {
    /// TLS from the beginning (RFC 8314).
    Tls,
    /// STARTTLS, without which nothing is sent (RFC 3207).
    StartTls,
    /// None: for a relay on this machine.
    None,
}

/// The relay.
#[derive(Clone)]
pub struct Relay {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub protection: Protection,
    /// User and password, if it asks for them.
    pub credentials: Option<(String, String)>,
    /// The name that we greet it with.
    pub our_name: String,
    /// How long one mail may take.
    pub timeout: Duration,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Relay({}:{})", self.host, self.port)
    }
}

/// The password in `file`, without the end of its line.
pub fn read_password(file: &std::path::Path) -> io::Result<String> {
    let text = std::fs::read_to_string(file)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Submission to a relay by SMTP.
pub struct SmtpSubmission {
    relay: Relay,
    /// A connection that the next mail can use.
    idle: tokio::sync::Mutex<Option<AsyncSmtpConnection>>,
    standing: Mutex<Standing>,
}

impl std::fmt::Debug for SmtpSubmission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpSubmission({:?})", self.relay)
    }
}

/// How we stand with the relay.
#[derive(Default)]
struct Standing {
    failures: u32,
    refused_passwords: u32,
    /// It is left alone until then, because of this.
    until: Option<(Instant, MailFault)>,
}

impl SmtpSubmission {
    /// Submission to this relay. Nothing is connected before the first mail.
    pub fn new(relay: Relay) -> SmtpSubmission {
        SmtpSubmission {
            relay,
            idle: tokio::sync::Mutex::new(None),
            standing: Mutex::default(),
        }
    }

    fn standing(&self) -> std::sync::MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_left_alone(&self) -> Option<MailFault> {
        let standing = self.standing();
        let (until, fault) = standing.until.as_ref()?;
        (Instant::now() < *until).then(|| fault.clone())
    }

    fn note_success(&self) {
        *self.standing() = Standing::default();
    }

    fn note_failure(&self, fault: &MailFault) {
        let mut standing = self.standing();
        standing.failures += 1;
        let pause = if matches!(fault, MailFault::Denied(_)) {
            standing.refused_passwords += 1;
            (standing.refused_passwords >= REFUSED_PASSWORDS_MAX).then_some(PAUSED_FOR)
        } else {
            (standing.failures >= FAILURES_MAX).then_some(LEFT_ALONE_FOR)
        };
        let Some(pause) = pause else { return };
        standing.until = Some((Instant::now() + pause, fault.clone()));
        let host = &self.relay.host;
        if matches!(fault, MailFault::Denied(_)) {
            tracing::error!(host, %fault, minutes = pause.as_secs() / 60, "the mail relay refuses our password and is left alone");
        } else {
            tracing::warn!(host, %fault, seconds = pause.as_secs(), "the mail relay fails again and again and is left alone");
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailFault> {
        let relay = &self.relay;
        let name = ClientId::Domain(relay.our_name.clone());
        let tls = || TlsParameters::new(relay.host.clone()).map_err(|error| unreachable(&error));
        let at_once = match relay.protection {
            Protection::Tls => Some(tls()?),
            Protection::StartTls | Protection::None => None,
        };
        let server = (relay.host.as_str(), relay.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(relay.timeout), &name, at_once, None)
                .await
                .map_err(|error| unreachable(&error))?;
        if relay.protection == Protection::StartTls {
            // A relay that does not offer it, or somebody who took the offer away: nothing is sent.
            connection
                .starttls(tls()?, &name)
                .await
                .map_err(|error| unreachable(&error))?;
        }
        if let Some((user, password)) = &relay.credentials {
            let credentials = Credentials::new(user.clone(), password.clone());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let answered = connection.auth(&mechanisms, &credentials).await;
            answered.map_err(|error| match code(&error) {
                Some(400..500) | None => unreachable(&error),
                Some(_) => MailFault::Denied(said(&error)),
            })?;
        }
        Ok(connection)
    }

    /// The connection of the mail before, if it still lives, else a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, MailFault> {
        if let Some(mut kept) = self.idle.lock().await.take()
            && kept.command(Noop).await.is_ok()
        {
            return Ok(kept);
        }
        self.connect().await
    }

    async fn transmit(
        &self,
        sender: Option<&str>,
        recipients: &[String],
        message: &[u8],
    ) -> Result<Vec<Submitted>, MailFault> {
        let mut connection = self.connection().await?;
        let answers = talk(&mut connection, sender, recipients, message).await?;
        if !connection.has_broken() {
            *self.idle.lock().await = Some(connection);
        }
        Ok(answers)
    }
}

#[async_trait]
impl Submission for SmtpSubmission {
    async fn submit(
        &self,
        sender: Option<&str>,
        recipients: &[String],
        message: &[u8],
    ) -> Result<Vec<Submitted>, MailFault> {
        if let Some(fault) = self.is_left_alone() {
            return Err(fault);
        }
        let transmitted = self.transmit(sender, recipients, message);
        let answer = match tokio::time::timeout(self.relay.timeout, transmitted).await {
            Ok(answer) => answer,
            Err(_) => Err(MailFault::Unavailable("no answer in time".into())),
        };
        match &answer {
            Ok(_) => self.note_success(),
            Err(fault) => self.note_failure(fault),
        }
        answer
    }
}

/// One mail transaction (RFC 5321 section 3.3), with an answer for each recipient.
async fn talk(
    connection: &mut AsyncSmtpConnection,
    sender: Option<&str>,
    recipients: &[String],
    message: &[u8],
) -> Result<Vec<Submitted>, MailFault> {
    let mut options = Vec::new();
    if !message.is_ascii()
        && connection
            .server_info()
            .supports_feature(Extension::EightBitMime)
    {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let sender = sender.and_then(|sender| sender.parse::<Address>().ok());
    if let Err(error) = connection.command(Mail::new(sender, options)).await {
        let answer = answer_of(&error)?;
        reset(connection).await?;
        return Ok(vec![answer; recipients.len()]);
    }
    let mut answers = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let answer = match recipient.parse::<Address>() {
            Err(error) => Submitted::Refused(format!("no mail address: {error}")),
            Ok(address) => match connection.command(Rcpt::new(address, Vec::new())).await {
                Ok(_) => Submitted::Accepted,
                Err(error) => answer_of(&error)?,
            },
        };
        answers.push(answer);
    }
    if !answers.contains(&Submitted::Accepted) {
        reset(connection).await?;
        return Ok(answers);
    }
    let sent = match connection.command(Data).await {
        // Lost after the last dot: unknown. It is sent again with the same Message-ID.
        Ok(_) => connection.message(message).await,
        Err(error) => Err(error),
    };
    if let Err(error) = sent {
        let all = answer_of(&error)?;
        for answer in &mut answers {
            if *answer == Submitted::Accepted {
                *answer = all.clone();
            }
        }
        reset(connection).await?;
    }
    Ok(answers)
}

async fn reset(connection: &mut AsyncSmtpConnection) -> Result<(), MailFault> {
    match connection.command(Rset).await {
        Err(error) if code(&error).is_none() => Err(unreachable(&error)),
        _ => Ok(()),
    }
}

/// What a reply means for who it was about (`mailbox-backends` section 9); a fault when it was no
/// reply at all, or one about us.
fn answer_of(error: &Error) -> Result<Submitted, MailFault> {
    let said = said(error);
    match code(error) {
        None => Err(unreachable(error)),
        Some(421) => Err(MailFault::Unavailable(said)),
        Some(530 | 534 | 535 | 538) => Err(MailFault::Denied(said)),
        Some(400..500) => Ok(Submitted::Later(said)),
        // A full mailbox may have room again; a mail that is too big stays too big.
        Some(_) if said.contains("5.2.2") => Ok(Submitted::Later(said)),
        Some(552) if !said.contains("5.3.4") => Ok(Submitted::Later(said)),
        Some(_) => Ok(Submitted::Refused(said)),
    }
}

fn code(error: &Error) -> Option<u16> {
    error.status().map(u16::from)
}

fn said(error: &Error) -> String {
    let words = std::error::Error::source(error).map(ToString::to_string);
    let words = words.unwrap_or_else(|| error.to_string());
    let said = match code(error) {
        Some(code) => format!("{code} {words}"),
        None => words,
    };
    clean(&said, REPLY_LONGEST)
}

fn unreachable(error: &Error) -> MailFault {
    MailFault::Unavailable(said(error))
}

/// No relay is configured: everything waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRelay;

#[async_trait]
impl Submission for NoRelay {
    async fn submit(
        &self,
        _sender: Option<&str>,
        _recipients: &[String],
        _message: &[u8],
    ) -> Result<Vec<Submitted>, MailFault> {
        Err(MailFault::Unavailable(
            "no mail relay is configured (submission.host)".into(),
        ))
    }

    fn is_configured(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
