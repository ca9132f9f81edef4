//! Mail from other servers: who listens for it, and whose an address is (out of the directory, and by
//! the domains of the settings).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::house::host_name;
use super::wiring::StartFault;
use crate::config::Config;
use crate::conversation::Desk;
use crate::directory::Directory;
use crate::lmtp::{Limits, LmtpServer, Owner, Owners, Rooms, Settings};
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::{Deposit, MailFault, MailboxId, ReplyLimits};
use crate::outbox::{AutoReplies, ReplyPost, WhoseAddress};
use crate::policy::mailbox::{Subscriber, Subscribers};

/// Listens for mail, where the settings want it.
pub(super) async fn listen(
    config: &Config,
    desk: &Desk,
    deposit: Arc<dyn Deposit>,
) -> Result<Option<LmtpServer>, StartFault> {
    let lmtp = &config.lmtp;
    if lmtp.listen.is_empty() {
        return Ok(None);
    }
    let settings = Settings {
        trusted: lmtp.trusted.clone(),
        name: host_name(),
        limits: Limits {
            mail_bytes: lmtp.mail_max_mib * 1024 * 1024,
            recipients: lmtp.recipients_max,
            connections: lmtp.connections_max,
            silence: Duration::from_secs(lmtp.silence_s),
        },
    };
    let rooms = Rooms {
        owners: Arc::new(MailOwners::of(
            config,
            desk.subscribers.clone(),
            desk.directory.clone(),
        )),
        deposit,
        mail: desk.mail.clone(),
        clock: desk.clock.clone(),
    };
    let listening = LmtpServer::listen(&lmtp.listen, settings, rooms).await;
    listening.map(Some).map_err(|(address, error)| {
        StartFault(format!(
            "lmtp.listen (--lmtp): cannot listen on {address}: {error}; \
             stop what has the port, or choose another"
        ))
    })
}

/// The addresses of the organisation.
pub(super) struct MailOwners {
    pub(super) subscribers: Arc<dyn Subscribers>,
    pub(super) directory: Arc<dyn Directory>,
    /// Domains in which the user name is the left half of an address.
    pub(super) domains: Vec<String>,
}

#[async_trait]
impl WhoseAddress for MailOwners {
    async fn whose(&self, address: &str) -> Result<Option<MailboxId>, MailFault> {
        Ok(self.owner(address).await?.map(|owner| owner.mailbox))
    }
}

/// What answers mail for who is away, as the settings say.
pub(super) fn auto_replies(
    config: &Config,
    mailbox: Arc<EmbeddedMailbox>,
    owners: MailOwners,
    post: ReplyPost,
) -> AutoReplies {
    let settings = &config.auto_reply;
    AutoReplies {
        settings: mailbox.clone(),
        replied: mailbox,
        addresses: Arc::new(owners),
        post,
        limits: ReplyLimits {
            again_after_days: settings.again_after_days,
            per_day_max: settings.per_day_max,
        },
        text: settings.text.as_str().into(),
    }
}

#[async_trait]
impl Owners for MailOwners {
    async fn owner(&self, address: &str) -> Result<Option<Owner>, MailFault> {
        let person = self
            .directory
            .by_address(address)
            .await
            .map_err(|fault| MailFault::Unavailable(fault.to_string()))?;
        let subscriber = match person {
            Some(person) => self.subscribers.by_user(&person.user),
            None => self.by_domain(address),
        };
        Ok(subscriber.map(|subscriber| Owner {
            mailbox: MailboxId(subscriber.user().into()),
            enabled: subscriber.mailbox.enabled,
            quota_bytes: subscriber.mailbox.quota_bytes,
        }))
    }
}

impl MailOwners {
    /// The addresses of this organisation, in the domains of the settings.
    pub(super) fn of(
        config: &Config,
        subscribers: Arc<dyn Subscribers>,
        directory: Arc<dyn Directory>,
    ) -> MailOwners {
        MailOwners {
            subscribers,
            directory,
            domains: config.lmtp.domains.clone(),
        }
    }

    fn by_domain(&self, address: &str) -> Option<Subscriber> {
        let (local, domain) = address.rsplit_once('@')?;
        let ours = |known: &String| known.eq_ignore_ascii_case(domain);
        if !self.domains.iter().any(ours) {
            return None;
        }
        let local = local.to_ascii_lowercase();
        let user = self.subscribers.by_user(&local);
        // RFC 5233: what follows the plus is the owner's business.
        user.or_else(|| self.subscribers.by_user(local.split_once('+')?.0))
    }
}
