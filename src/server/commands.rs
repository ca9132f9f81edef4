//! What the subcommands of the command line do, besides serving.

mod check;
mod imports;
mod mailboxes;
mod messages;
mod outbox;
mod sheets;
mod voice_mails;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ipnet::IpNet;
use jiff::tz::TimeZone;

use super::demo_data::clock_of;
use super::wiring::{Server, Setup};
use crate::config::Config;
use crate::organisation::apply;
use crate::policy::clock::WallClock;
use crate::policy::pin::PinCost;
use crate::store::{DATABASE_FILE, Store};

pub use check::check;
pub use imports::{import, import_people};
pub use mailboxes::{Mailing, disable, enable, list, set_language, set_pin, show, unlock};
pub use messages::{Delivery, deliver, export, messages};
pub use outbox::{outbox_list, outbox_retry};
pub use sheets::{Form, key_card, recording_script, write_words};

/// The settings and data that a subcommand works with.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The settings' file.
    pub config_file: Option<PathBuf>,
    /// The data folder; wins over the settings.
    pub data: Option<PathBuf>,
}

impl Place {
    /// Reads the settings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn config(&self) -> anyhow::Result<Config> {
        let mut config = match &self.config_file {
            Some(file) => Config::read(file)?,
            None => Config::default(),
        };
        if let Some(data) = &self.data {
            config.storage.data = Some(data.clone());
        }
        Ok(config)
    }

    /// Opens the store that is there. Looking at a store never makes one.
    fn store(&self) -> anyhow::Result<(Store, Arc<dyn WallClock>)> {
        let data = self.config()?.data();
        if !data.join(DATABASE_FILE).exists() {
            bail!(
                "{}: there is no store; name the data folder with --data, or make one with \
                 ringback org apply",
                data.display()
            );
        }
        let store = Store::open(&data)?;
        Ok((store, clock_of(&data)))
    }
}

/// `serve`.
///
/// # Errors
/// What keeps the server from starting.
pub async fn serve(place: &Place, config: Config) -> anyhow::Result<()> {
    let server = Server::start(Setup {
        config,
        config_file: place.config_file.clone(),
        clock: Arc::new(super::clock::SystemClock),
        demo: false,
        speech: None,
    })
    .await?;
    for listener in server.sip_listeners() {
        tracing::info!("SIP is served on {listener}");
    }
    let dial_plans = server.house.organisation.snapshot().dial_plans().count();
    if dial_plans == 0 {
        tracing::warn!(
            "the organisation is empty, so every call is refused: write one with ringback org \
             apply (ringback org export of a demo is an example)"
        );
    }
    super::lifecycle::run(server, || tracing::info!("ready")).await?;
    Ok(())
}

/// `org export`.
///
/// # Errors
/// When the store cannot be read or the file not written.
pub fn org_export(place: &Place, to: Option<&Path>) -> anyhow::Result<()> {
    let (store, _) = place.store()?;
    match to {
        Some(file) => apply::export(&store, file)?,
        None => print(&apply::export_text(&store)?)?,
    }
    Ok(())
}

/// `org apply`.
///
/// # Errors
/// Everything that is wrong with the file; then nothing was changed.
pub fn org_apply(place: &Place, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let data = place.config()?.data();
    if !file.exists() {
        bail!(
            "{}: there is no such file, so nothing was changed; give one as ringback org export \
             writes it",
            file.display()
        );
    }
    // Looking at what would be made must not make it.
    let scratch = (dry_run && !data.join(DATABASE_FILE).exists())
        .then(|| std::env::temp_dir().join(format!("ringback-dry-run-{}", ulid::Ulid::generate())));
    let now = clock_of(&data).now();
    let report = Store::open(scratch.as_ref().unwrap_or(&data))
        .map_err(Into::into)
        .and_then(|store| apply::apply(&store, file, dry_run, PinCost::default(), now));
    if let Some(scratch) = scratch {
        let _ = std::fs::remove_dir_all(scratch);
    }
    let report = report.with_context(|| format!("{}: nothing was changed", file.display()))?;
    print(&report.to_string())?;
    if dry_run {
        print("(only looked: nothing was changed)\n")?;
    }
    Ok(())
}

/// `backup`.
///
/// # Errors
/// When the copy cannot be made.
pub fn backup(place: &Place, target: &Path) -> anyhow::Result<()> {
    let (store, _) = place.store()?;
    store.backup(target)?;
    print(&format!(
        "copied {} to {}\n",
        store.folder().display(),
        target.display()
    ))
}

/// `version`.
///
/// # Errors
/// When standard output is closed.
pub fn version() -> anyhow::Result<()> {
    print(&format!("ringback {}\n", env!("CARGO_PKG_VERSION")))
}

/// Reads a network: `192.168.1.0/24`, or a single address.
///
/// # Errors
/// What to write instead.
pub fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "write a network such as 192.168.1.0/24, or an address".to_owned())
}

/// Reads an address with its port.
///
/// # Errors
/// What to write instead.
pub fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an address and a port, such as 127.0.0.1:5060 or [::1]:5060".to_owned())
}

/// Reads the time at which a demo's clock starts.
///
/// # Errors
/// What to write instead.
pub fn clock(text: &str) -> Result<jiff::civil::DateTime, String> {
    text.parse()
        .map_err(|_| "write a date and time such as 2026-11-23T08:30:00".to_owned())
}

/// Reads the name of a time zone.
///
/// # Errors
/// What to write instead.
pub fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "write an IANA name such as Europe/Berlin or UTC".to_owned())
}

/// To standard output. A reader that has enough (`| head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
