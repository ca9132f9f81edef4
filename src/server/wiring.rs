//! Builds all rooms out of the settings, and opens the doors last.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::cards::DirectoryCards;
use super::counting_pins::CountingPins;
use super::data_folder::{self, Held};
use super::gauges;
use super::house::{House, RecordedPrompts, Rooms};
use super::mail_owners::MailOwners;
use super::pin_mails::OutboxPinPost;
use super::{call, descriptors, mail_owners, post, web};
use crate::admin::http::HttpServer;
use crate::admin::{CallLog, Health, Metrics, TranscriptFile};
use crate::calendar::arrivals::Followed;
use crate::calendar::embedded::EmbeddedCalendar;
use crate::caller::Language;
use crate::config::{Config, PinMails, Transport};
use crate::conversation::{Desk, menus};
use crate::directory::embedded::EmbeddedDirectory;
use crate::directory::embedded_contacts::EmbeddedContacts;
use crate::language::{Assets, KeyLayout, Words, check_layout};
use crate::line::Locale;
use crate::lmtp::LmtpServer;
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::submission::NoRelay;
use crate::media::{Media, MediaConfig};
use crate::organisation::Organisation;
use crate::organisation::pins::PinKeeper;
use crate::outbox::{Answering, Outbox, PostRoom, ReplyPost};
use crate::policy::clock::WallClock;
use crate::policy::pin::PinCost;
use crate::sip::{self, Endpoint, IncomingCall, Listener, Peer, Peers, SipConfig};
use crate::sound::g711::G711;
use crate::sound::wav::ulaw_file;
use crate::speech::{SpeechConfig, SpeechRoom};
use crate::store::Store;
use crate::transcript::Witness;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a server is built of.
pub struct Setup {
    /// The settings.
    pub config: Config,
    /// The file they came from, read again by SIGHUP.
    pub config_file: Option<PathBuf>,
    /// The wall clock of conversations.
    pub clock: Arc<dyn WallClock>,
    /// Whether it is a demo: people at this machine may call from a page, and see all of it.
    pub demo: bool,
    /// The voices, when they have been looked for already.
    pub speech: Option<SpeechRoom>,
}

/// Why a server does not start: one line, with the cure.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartFault(pub String);

impl StartFault {
    /// A fault of the setting called `key`.
    fn of(key: &str, problem: impl std::fmt::Display) -> StartFault {
        StartFault(format!("{key}: {problem}"))
    }
}

/// A server that listens.
pub struct Server {
    pub(super) house: Arc<House>,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) incoming: mpsc::Receiver<IncomingCall>,
    pub(super) http: Option<HttpServer>,
    pub(super) lmtp: Option<LmtpServer>,
    pub(super) config_file: Option<PathBuf>,
    pub(super) transcript: Option<Arc<TranscriptFile>>,
    /// Call tasks and what serves all calls.
    pub(super) tasks: TaskTracker,
    /// Ends what serves all calls.
    pub(super) stop: CancellationToken,
    _data: Held,
}

impl Server {
    /// Builds everything and listens. Nothing is served before [`super::run`].
    ///
    /// # Errors
    /// The first thing that does not work, and what to do about it.
    pub async fn start(setup: Setup) -> Result<Server, StartFault> {
        let Setup {
            config,
            config_file,
            clock,
            demo,
            speech,
        } = setup;
        let connections = descriptors::raise_for(config.limits.calls_max).map_err(StartFault)?;
        let data = config.data();
        let held = data_folder::hold(&data).map_err(StartFault)?;
        let health = Arc::new(Health::default());
        let metrics = Arc::new(Metrics::default());
        let http = HttpServer::listen(config.http.listen, health.clone(), metrics.clone())
            .await
            .map_err(|error| {
                StartFault(format!(
                    "http.listen (--http): cannot listen on {}: {error}; \
                     stop what has the port, or choose another",
                    config.http.listen
                ))
            })?;
        let access = web::access(&config, demo)?;
        let (call_log, transcript) = open_files(&config, &clock)?;
        let speech = match speech {
            Some(speech) => speech,
            None => open_speech(&config, &data).await?,
        };
        let language = open_language(&config)?;
        let store = open_store(&data).await?;
        let organisation = open_organisation(&store).await?;
        let mailbox = Arc::new(EmbeddedMailbox::new(store.clone()));
        let rooms = (store, mailbox.clone());
        let shared = (&clock, &metrics);
        let desk = furnish(&config, rooms, organisation.clone(), shared, Some(&speech)).await?;
        let replies = mail_owners::auto_replies(
            &config,
            mailbox.clone(),
            MailOwners::of(&config, desk.subscribers.clone(), desk.directory.clone()),
            ReplyPost::Outbox(desk.outbox.clone()),
        );
        let followed = Followed::new(mailbox.clone(), desk.calendar.clone());
        let answering = Arc::new(Answering::new(followed, replies));
        let lmtp = mail_owners::listen(&config, &desk, answering).await?;
        let media = Media::start(media_config(&config))
            .map_err(|fault| StartFault::of("media.ports (--rtp)", fault))?;
        let peers = Arc::new(TrustedPeers(organisation.clone()));
        let (endpoint, incoming) = Endpoint::start(sip_config(&config, connections), peers)
            .await
            .map_err(|fault| {
                StartFault(format!(
                    "sip.listen (--sip): {fault}; stop what has the port, or choose another"
                ))
            })?;
        let mut witnesses: Vec<Arc<dyn Witness>> = transcript
            .iter()
            .map(|file| file.clone() as Arc<dyn Witness>)
            .collect();
        let live = access.as_ref().map(|_| Arc::new(web::live(&clock)));
        witnesses.extend(live.iter().map(|live| live.clone() as Arc<dyn Witness>));
        let house = Arc::new(House::new(Rooms {
            config,
            organisation,
            desk: Arc::new(desk),
            mailbox: mailbox.clone(),
            language,
            media,
            speech,
            call_log,
            witnesses: witnesses.into(),
            live,
            metrics: metrics.clone(),
            health: health.clone(),
        }));
        // After all that may fail: who reads why it did needs no advice about mail.
        post::tell_operator(&house.config().submission, &house.desk.outbox);
        let endpoint = Arc::new(endpoint);
        {
            let noting = Arc::downgrade(&house);
            health.ask(Arc::new(move || {
                let house = noting.upgrade()?;
                post::note(&house.config().submission, &house.desk.outbox)
            }));
        }
        {
            let (house, endpoint) = (house.clone(), Arc::downgrade(&endpoint));
            let transcript = transcript.clone();
            metrics.ask(Arc::new(move |page| {
                if let Some(endpoint) = endpoint.upgrade() {
                    gauges::tell(page, &house, &endpoint, transcript.as_ref());
                }
            }));
        }
        render_prompts(&house);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let http = match access {
            Some(access) => http.with_pages(web::pages(&house, &tasks, &stop, access)),
            None => http,
        };
        Ok(Server {
            house,
            endpoint,
            incoming,
            http: Some(http),
            lmtp,
            config_file,
            transcript,
            tasks,
            stop,
            _data: held,
        })
    }

    /// Where SIP is served, with real ports.
    pub fn sip_listeners(&self) -> Vec<Listener> {
        self.endpoint.bound()
    }

    /// Where health and metrics are.
    pub fn http_address(&self) -> Option<std::net::SocketAddr> {
        self.http.as_ref()?.address().ok()
    }

    /// Where mail is taken, with real ports.
    pub fn lmtp_addresses(&self) -> Vec<std::net::SocketAddr> {
        self.lmtp
            .as_ref()
            .map(LmtpServer::addresses)
            .unwrap_or_default()
    }

    /// Gives a call a task of its own.
    pub(super) fn serve_call(&self, incoming: IncomingCall) {
        self.tasks
            .spawn(Box::pin(call::serve(self.house.clone(), incoming)));
    }
}

fn blocking<T, E: std::fmt::Display>(
    answer: Result<Result<T, E>, tokio::task::JoinError>,
) -> Result<T, StartFault> {
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(fault)) => Err(StartFault(fault.to_string())),
        Err(error) => Err(StartFault(error.to_string())),
    }
}

/// Opens the store in the data folder.
pub(super) async fn open_store(data: &Path) -> Result<Store, StartFault> {
    let data = data.to_owned();
    blocking(tokio::task::spawn_blocking(move || Store::open(&data)).await)
}

/// Reads the organisation in the store.
pub(super) async fn open_organisation(store: &Store) -> Result<Arc<Organisation>, StartFault> {
    let store = store.clone();
    let read = tokio::task::spawn_blocking(move || Organisation::open(store)).await;
    Ok(Arc::new(blocking(read)?))
}

/// Looks for the voices and opens the prompt cache in the data folder.
pub(super) async fn open_speech(config: &Config, data: &Path) -> Result<SpeechRoom, StartFault> {
    open_speech_with(&open_assets(config)?, config, data).await
}

/// The same with studio recordings out of words that are open already.
pub(super) async fn open_speech_with(
    assets: &Assets,
    config: &Config,
    data: &Path,
) -> Result<SpeechRoom, StartFault> {
    let recordings = assets.studio_recordings().into_iter();
    let settings = SpeechConfig {
        voices: config.speech.voices.clone(),
        jobs: (config.speech.jobs > 0).then_some(config.speech.jobs),
        recordings: recordings
            .map(|recording| (recording.locale, recording.prompt, recording.wav))
            .collect(),
        ..SpeechConfig::new(data.join("prompts"))
    };
    SpeechRoom::start(settings)
        .await
        .map_err(|fault| StartFault::of("speech.voices", fault))
}

pub(super) fn open_assets(config: &Config) -> Result<Assets, StartFault> {
    match &config.conversation.words {
        None => Ok(Assets::embedded()),
        Some(folder) => {
            Assets::with_folder(folder).map_err(|fault| StartFault::of("conversation.words", fault))
        }
    }
}

/// Reads prompts, keys and phrases. A layout that would leave a caller stuck is refused, and not only
/// the one that the configuration names: subscribers may choose any.
pub(super) fn open_language(config: &Config) -> Result<Arc<Language>, StartFault> {
    let language = open_language_with(&open_assets(config)?, config)?;
    let mut faults = language.layouts.iter().map(|layout| {
        let words = Words {
            prompts: &language.prompts,
            keys: layout,
            phrases: &language.phrases,
        };
        check_layout(words, &menus::all()).faults
    });
    // What one layout lacks the others lack too, for the most part: once is enough.
    match faults.find(|faults| !faults.is_empty()) {
        None => Ok(language),
        Some(faults) => {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Err(StartFault(told.join("\n")))
        }
    }
}

/// The same out of words that are open already.
pub(super) fn open_language_with(
    assets: &Assets,
    config: &Config,
) -> Result<Arc<Language>, StartFault> {
    let layout = &config.conversation.key_layout;
    KeyLayout::load(assets, layout)
        .map_err(|fault| StartFault::of("conversation.key_layout", fault))?;
    let language = Language::load(assets, layout);
    let language = language.map_err(|fault| StartFault(fault.to_string()))?;
    Ok(Arc::new(language))
}

fn open_files(
    config: &Config,
    clock: &Arc<dyn WallClock>,
) -> Result<(CallLog, Option<Arc<TranscriptFile>>), StartFault> {
    let records = config.call_records();
    let call_log = CallLog::open(&records).map_err(|error| {
        let problem = format!(
            "{}: {error}; name a file that can be written",
            records.display()
        );
        StartFault::of("log.call_records", problem)
    })?;
    let transcript = config.log.transcript.as_ref().map(|path| {
        TranscriptFile::open(path, clock.clone())
            .map(Arc::new)
            .map_err(|error| {
                let problem = format!(
                    "{}: {error}; name a file that can be written",
                    path.display()
                );
                StartFault::of("log.transcript (--transcript)", problem)
            })
    });
    Ok((call_log, transcript.transpose()?))
}

/// The languages that texts can be read in, each once.
fn languages_of(speech: &SpeechRoom) -> Arc<[Locale]> {
    let languages: BTreeSet<&str> = speech.voices().map(|voice| &*voice.language).collect();
    languages.into_iter().map(Locale::new).collect()
}

/// The rooms of conversations; where there is no speech, no language is offered to read in.
pub(super) async fn furnish(
    config: &Config,
    (store, mailbox): (Store, Arc<EmbeddedMailbox>),
    organisation: Arc<Organisation>,
    (clock, metrics): (&Arc<dyn WallClock>, &Arc<Metrics>),
    speech: Option<&SpeechRoom>,
) -> Result<Desk, StartFault> {
    let (folder, deposit) = (store.outbox_folder(), mailbox.clone());
    let outbox =
        blocking(tokio::task::spawn_blocking(move || Outbox::open(&folder, deposit)).await)?;
    let directory = Arc::new(EmbeddedDirectory::new(store.clone()));
    let cards = Arc::new(DirectoryCards {
        subscribers: organisation.clone(),
        directory: directory.clone(),
    });
    let relay = post::relay(&config.submission)?;
    let calendar = Arc::new(EmbeddedCalendar::new(store.clone()));
    let outbox = Arc::new(outbox.with_post_room(PostRoom {
        letterbox: Arc::new(Followed::new(mailbox.clone(), calendar.clone())),
        relay: relay.unwrap_or_else(|| Arc::new(NoRelay)),
        cards: cards.clone(),
        letterhead: post::letterhead(&config.submission),
        time_zone: config.time_zone(),
        attach: wav_in_mails,
    }));
    let mut keeper = PinKeeper::new(organisation.clone(), clock.clone(), PinCost::default());
    if config.submission.pin_mails != PinMails::Nobody {
        keeper = keeper.with_post(Arc::new(OutboxPinPost {
            outbox: outbox.clone(),
            cards,
            clock: clock.clone(),
            to_address: config.submission.pin_mails == PinMails::MailboxAndAddress,
        }));
    }
    Ok(Desk {
        subscribers: organisation.clone(),
        pins: Arc::new(CountingPins {
            keeper: Arc::new(keeper),
            metrics: metrics.clone(),
        }),
        mail: mailbox.clone(),
        settings: mailbox,
        directory,
        contacts: Arc::new(EmbeddedContacts::new(store)),
        calendar,
        outbox,
        clock: clock.clone(),
        time_zone: config.time_zone(),
        custom_prompts: Arc::new(RecordedPrompts(organisation)),
        voices: speech.map_or_else(|| Arc::new([]) as Arc<[Locale]>, languages_of),
        chosen_voices: config
            .speech
            .voices
            .keys()
            .map(|tag| Locale::new(tag))
            .collect(),
    })
}

/// Sound as mail programs know it: G.711 in a WAV file (`unified-messaging` section 10).
pub(super) fn wav_in_mails(samples: &[i16]) -> Vec<u8> {
    ulaw_file(&G711::Pcmu.encode_all(samples))
}

fn media_config(config: &Config) -> MediaConfig {
    let defaults = MediaConfig::default();
    MediaConfig {
        rtp_ports: config.media.ports.first..=config.media.ports.last,
        pumps: match config.media.pumps {
            0 => defaults.pumps,
            pumps => pumps,
        },
        no_media_timeout: match config.media.no_media_s {
            0 => Duration::MAX,
            seconds => Duration::from_secs(seconds),
        },
    }
}

fn sip_config(config: &Config, connections: usize) -> SipConfig {
    let listeners = config.sip.listen.iter().flat_map(|address| {
        config.sip.transports.iter().map(|transport| Listener {
            transport: match transport {
                Transport::Udp => sip::Transport::Udp,
                Transport::Tcp => sip::Transport::Tcp,
            },
            address: *address,
        })
    });
    let mut settings = SipConfig {
        listeners: listeners.collect(),
        advertised_address: config.sip.advertised_address,
        session_expires: Duration::from_secs(config.sip.session_expires_s.into()),
        min_session_expires: Duration::from_secs(config.sip.min_session_expires_s.into()),
        release_within: Duration::from_millis(config.limits.hang_up_wait_ms),
        ..SipConfig::default()
    };
    // Connections never take the descriptors that calls need.
    let stream_limits = &mut settings.stream_limits;
    stream_limits.connections = stream_limits.connections.min(connections);
    settings
}

/// The gateways of the organisation, as the gate asks for them.
struct TrustedPeers(Arc<Organisation>);

impl Peers for TrustedPeers {
    fn peer(&self, source: std::net::IpAddr) -> Option<Peer> {
        let snapshot = self.0.snapshot();
        let gateway = snapshot.gateway(source)?;
        Some(Peer {
            name: gateway.name.clone(),
            requests_per_second: gateway.requests_per_second,
            calls_per_second: gateway.calls_per_second,
            behind_nat: gateway.behind_nat,
        })
    }
}

/// Fills the prompt cache in the background: calls are answered meanwhile.
fn render_prompts(house: &House) {
    if !house.config().speech.render_ahead {
        return;
    }
    let snapshot = house.organisation.snapshot();
    let mut locales: Vec<Locale> = snapshot
        .dial_plans()
        .map(|plan| {
            house
                .language
                .prompts
                .best(&Locale::new(&plan.default_language))
        })
        .collect();
    locales.sort();
    locales.dedup();
    let language = &house.language;
    let fixed = |locale| language.prompts.fixed(locale, &language.keys);
    house
        .speech
        .render_ahead(locales.iter().flat_map(fixed).collect());
}
