//! SMTP submission (RFC 6409): hands finished mails to the relay that the configuration names.

use async_trait::async_trait;

use super::{MailFault, Submission, Submitted};

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
}
