//! All rooms together, as every call task sees them.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::call::Turned;
use super::calls::{Calls, Ticket};
use crate::admin::{CallLog, Health, Metrics};
use crate::caller::Language;
use crate::config::{Config, Conversation};
use crate::conversation::{CustomPrompts, Desk};
use crate::line::Sound;
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::media::Media;
use crate::organisation::Organisation;
use crate::policy::clock::WallClock;
use crate::speech::SpeechRoom;
use crate::transcript::Witness;
use crate::turn::Patience;
use crate::web_phone::Live;
use async_trait::async_trait;

/// All rooms.
pub(super) struct House {
    /// The part of the settings that a reload may change is read from here, call by call.
    config: RwLock<Arc<Config>>,
    pub(super) organisation: Arc<Organisation>,
    pub(super) desk: Arc<Desk>,
    pub(super) mailbox: Arc<EmbeddedMailbox>,
    pub(super) language: Arc<Language>,
    pub(super) media: Media,
    pub(super) speech: SpeechRoom,
    pub(super) call_log: CallLog,
    pub(super) witnesses: Arc<[Arc<dyn Witness>]>,
    /// Calls as pages follow them; none when no pages are served.
    pub(super) live: Option<Arc<Live>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) health: Arc<Health>,
    pub(super) calls: Arc<Calls>,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) server_name: String,
}

/// What [`House::new`] is built of.
pub(super) struct Rooms {
    pub(super) config: Config,
    pub(super) organisation: Arc<Organisation>,
    pub(super) desk: Arc<Desk>,
    pub(super) mailbox: Arc<EmbeddedMailbox>,
    pub(super) language: Arc<Language>,
    pub(super) media: Media,
    pub(super) speech: SpeechRoom,
    pub(super) call_log: CallLog,
    pub(super) witnesses: Arc<[Arc<dyn Witness>]>,
    pub(super) live: Option<Arc<Live>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) health: Arc<Health>,
}

impl House {
    pub(super) fn new(rooms: Rooms) -> House {
        House {
            clock: rooms.desk.clock.clone(),
            server_name: host_name(),
            config: RwLock::new(Arc::new(rooms.config)),
            organisation: rooms.organisation,
            desk: rooms.desk,
            mailbox: rooms.mailbox,
            language: rooms.language,
            media: rooms.media,
            speech: rooms.speech,
            call_log: rooms.call_log,
            witnesses: rooms.witnesses,
            live: rooms.live,
            metrics: rooms.metrics,
            health: rooms.health,
            calls: Arc::new(Calls::default()),
        }
    }

    /// The settings as of now.
    pub(super) fn config(&self) -> Arc<Config> {
        self.config
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Lets one more call in, as far as the limits and the sound of those that go on allow.
    pub(super) fn admit(&self, source: IpAddr) -> Result<Ticket, Turned> {
        let limits = &self.config().limits;
        if limits.late_ms > 0 && self.media.lateness() > Duration::from_millis(limits.late_ms) {
            return Err(Turned::Overload);
        }
        self.calls
            .admit(limits.calls_max, source)
            .ok_or(Turned::CallLimit)
    }

    /// Puts other settings in their place, for calls from now on.
    pub(super) fn reconfigure(&self, config: Config) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// How patient we are with callers of a dial plan.
    pub(super) fn patience(&self, input_failures_max: u8) -> Patience {
        patience(&self.config().conversation, input_failures_max)
    }
}

/// How patient we are, as settings say it.
pub(super) fn patience(settings: &Conversation, input_failures_max: u8) -> Patience {
    Patience {
        menu: Duration::from_millis(settings.menu_patience_ms),
        between_keys: Duration::from_millis(settings.between_keys_ms),
        digits: Duration::from_millis(settings.between_digits_ms),
        failures_max: input_failures_max,
        ..Patience::default()
    }
}

/// This machine's name, for call records.
pub(super) fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .unwrap_or_else(|_| "ringback".to_owned())
}

/// The dial plans' own sounds, out of the organisation.
pub(super) struct RecordedPrompts(pub(super) Arc<Organisation>);

#[async_trait]
impl CustomPrompts for RecordedPrompts {
    fn sound(&self, file_name: &str) -> Option<Arc<Sound>> {
        self.0.snapshot().custom_prompt(file_name)
    }

    async fn replace(&self, file_name: &str, sound: Arc<Sound>) -> Result<(), String> {
        self.0
            .replace_custom_prompt(file_name, &sound)
            .await
            .map_err(|fault| fault.to_string())
    }
}
