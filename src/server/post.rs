//! The mail relay out of the settings, and what an operator is told without one.

use std::sync::Arc;
use std::time::Duration;

use super::wiring::StartFault;
use crate::config::{Submission as Settings, SubmissionTls};
use crate::mailbox::submission::{Protection, Relay, SmtpSubmission, read_password};
use crate::mailbox::{Letterhead, Submission};
use crate::outbox::Outbox;

/// The relay that the settings name, if they do.
///
/// # Errors
/// When its password cannot be read.
pub(super) fn relay(settings: &Settings) -> Result<Option<Arc<dyn Submission>>, StartFault> {
    let Some(host) = settings.host.clone() else {
        return Ok(None);
    };
    let credentials = match (&settings.user, &settings.password_file) {
        (Some(user), Some(file)) => {
            let password = read_password(file).map_err(|error| {
                StartFault(format!(
                    "submission.password_file: {}: {error}; let this user read it",
                    file.display()
                ))
            })?;
            Some((user.clone(), password))
        }
        _ => None,
    };
    Ok(Some(Arc::new(SmtpSubmission::new(Relay {
        host,
        port: settings.port,
        protection: match settings.tls {
            SubmissionTls::Required => Protection::Tls,
            SubmissionTls::Starttls => Protection::StartTls,
            SubmissionTls::None => Protection::None,
        },
        credentials,
        our_name: letterhead(settings).domain().to_owned(),
        timeout: Duration::from_secs(settings.timeout_s),
    }))))
}

/// How we appear in mails.
pub(super) fn letterhead(settings: &Settings) -> Letterhead {
    Letterhead {
        name: settings.name.clone(),
        address: settings.address.clone(),
    }
}

/// What an operator ought to know of mail that cannot leave; nothing when all is well.
pub(super) fn note(settings: &Settings, outbox: &Outbox) -> Option<String> {
    let elsewhere = outbox.waiting().elsewhere;
    match (&settings.host, elsewhere) {
        (None, 0) => None,
        (None, waiting) => Some(format!(
            "no mail relay is configured (submission.host): {waiting} mails to addresses elsewhere wait"
        )),
        (Some(_), 0) => None,
        (Some(host), waiting) => Some(format!("{waiting} mails wait for the mail relay {host}")),
    }
}

/// Tells the operator at start.
pub(super) fn tell_operator(settings: &Settings, outbox: &Outbox) {
    if settings.host.is_none() {
        tracing::info!(
            "no mail relay is configured (submission.host): mail to addresses elsewhere will wait"
        );
    }
    if let Some(note) = note(settings, outbox) {
        tracing::warn!("{note}");
    }
}
