//! `ringback console`: one call from the terminal, without SIP, RTP or a listener.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tokio::signal::unix::{SignalKind, signal};

use super::clock::ShiftedClock;
use super::data_folder::{self, Held};
use super::demo_data::{self, DemoNote, Made};
use super::demo_introduction::people;
use super::house::patience;
use super::translate::{Entered, entered, refusal_word, why_word};
use super::wiring::{
    StartFault, furnish, open_language, open_organisation, open_speech, open_store,
};
use crate::admin::{Metrics, TranscriptFile};
use crate::caller::{Caller, Language};
use crate::config::{Config, users_data_folder};
use crate::console::{Keyboard, Over, Screen, Tempo, TextPhone, Typist, is_terminal};
use crate::conversation::{self, Arrival, Desk, Outcome, ReasonForCall};
use crate::line::{FarEnd, Locale, Number, line};
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::organisation::{Organisation, OrganisationSnapshot};
use crate::policy::clock::WallClock;
use crate::policy::routing::{Diversion, Offered, Refusal, Route};
use crate::speech::SpeechRoom;
use crate::transcript::{Event, Transcript, Witness};

/// How long somebody who reads may think before options are repeated, at least.
const READERS_PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
/// How long the rooms may take to close.
const CLOSED_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);

/// How the console calls.
pub struct ConsoleOptions {
    /// Settings of the process; the options below win.
    pub config: Config,
    /// The data folder; none: that of the settings, else of the demo.
    pub data: Option<PathBuf>,
    /// Make the demo anew.
    pub fresh: bool,
    /// Where the wall clock of conversations starts.
    pub clock: Option<DateTime>,
    /// The time zone; none: that of the settings.
    pub zone: Option<TimeZone>,
    /// The transcript, in a file besides the terminal.
    pub transcript: Option<PathBuf>,
    /// The number that is dialled; none: the first access number.
    pub dial: Option<String>,
    /// The number that calls; none: withheld.
    pub from: Option<String>,
    /// The number that diverted the call, and why.
    pub diverted_from: Option<(String, ReasonForCall)>,
    /// How the call sounds.
    pub sound: Sounding,
    /// Who speaks.
    pub voice: Speaking,
    /// Everything is said in no time.
    pub hurry: bool,
}

/// How the call sounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sounding {
    /// Not at all: words are printed.
    Text,
    /// By microphone and loudspeaker.
    SoundCard,
}

/// Who speaks what is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speaking {
    /// The voices of the server.
    Server,
    /// The voice of this desktop.
    Desktop,
}

/// Calls, and returns when the call is over.
///
/// # Errors
/// What keeps the call from being made, or what was typed and cannot be done.
pub async fn call(options: ConsoleOptions) -> Result<(), StartFault> {
    let card = open_card(options.sound)?;
    let voice = open_voice(options.voice).await?;
    let rooms = Rooms::open(&options).await?;
    let screen = Arc::new(Screen::new(std::io::stdout()));
    let (arrival, dial_plan_failures) = rooms.arrival(&options)?;
    if is_terminal() {
        screen.note(&rooms.introduction);
    }
    let (keyboard, typist) = Keyboard::read(screen.clone())
        .map_err(|error| StartFault(format!("the keyboard cannot be read: {error}")))?;
    let transcript = rooms.transcript(&options, &screen, &arrival.call_id)?;
    transcript.note(super::call::arrived(&arrival));
    let (line, far) = line();
    let mut patience = patience(&rooms.config.conversation, dial_plan_failures);
    if options.is_only_read() && is_terminal() {
        patience.menu = patience.menu.max(READERS_PATIENCE);
    }
    let mut caller = Caller::new(
        line,
        rooms.language.clone(),
        Locale::new(&arrival.dial_plan.default_language),
        transcript.clone(),
        patience,
    );
    let longest = u64::from(arrival.dial_plan.max_call_duration) * 60;
    let warning = u64::from(arrival.dial_plan.call_end_warning);
    caller.set_longest_call(
        std::time::Duration::from_secs(longest),
        std::time::Duration::from_secs(warning),
    );
    let talk = async {
        let outcome = Box::pin(conversation::reception(&mut caller, &rooms.desk, arrival)).await;
        caller.hang_up().await;
        drop(caller);
        outcome
    };
    let hang_up = typist.hang_up();
    let phone = Box::pin(telephone(
        &options,
        &rooms,
        far,
        typist,
        screen,
        (card, voice),
    ));
    let call = async { tokio::join!(talk, phone) };
    let (outcome, over) = until_over(call, &rooms.desk, &hang_up).await?;
    drop(keyboard);
    transcript.note(Event::Ended {
        why: why_word(over.cause, &outcome),
    });
    // What was recorded is in its mailbox when the terminal is free again.
    rooms.desk.outbox.deliver_due().await;
    if let Some(speech) = &rooms.speech {
        let _ = tokio::time::timeout(CLOSED_WITHIN, speech.close()).await;
    }
    match (over.problem, outcome.fault) {
        (Some(problem), _) => Err(StartFault(problem)),
        (None, Some(fault)) => Err(StartFault(format!("the call failed: {fault}"))),
        (None, None) => Ok(()),
    }
}

/// Lets the call go on until it is over. Ctrl-C hangs up.
async fn until_over(
    call: impl Future<Output = (Outcome, Over)>,
    desk: &Desk,
    hang_up: &tokio::sync::Notify,
) -> Result<(Outcome, Over), StartFault> {
    let failed = |error: std::io::Error| StartFault(format!("signals cannot be received: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut call = std::pin::pin!(call);
    let mut deliveries = std::pin::pin!(desk.outbox.run());
    loop {
        tokio::select! {
            over = &mut call => return Ok(over),
            () = &mut deliveries => {}
            _ = interrupt.recv() => hang_up.notify_one(),
            _ = terminate.recv() => hang_up.notify_one(),
        }
    }
}

impl ConsoleOptions {
    /// Nothing is heard of the words.
    fn is_only_read(&self) -> bool {
        self.sound == Sounding::Text && self.voice == Speaking::Server
    }

    /// The server's voices speak what is said.
    fn needs_voices(&self) -> bool {
        self.sound == Sounding::SoundCard && self.voice == Speaking::Server
    }
}

/// Holds the far end of the line until the call is over.
async fn telephone(
    options: &ConsoleOptions,
    rooms: &Rooms,
    far: FarEnd,
    typist: Typist,
    screen: Arc<Screen>,
    (card, voice): (Option<Card>, Option<Voice>),
) -> Over {
    #[cfg(feature = "console")]
    let far = match (voice, &rooms.speech) {
        (Some(voice), _) => voice.along(far, screen.clone()),
        (None, Some(speech)) if card.is_some() => speech.along(far),
        (None, _) => far,
    };
    #[cfg(feature = "console")]
    if let Some(card) = card {
        return crate::console::SoundPhone::new(far, typist, screen, card)
            .run()
            .await;
    }
    #[cfg(not(feature = "console"))]
    let _ = (card, voice, &rooms.speech);
    let tempo = if options.hurry {
        Tempo::Hurried
    } else {
        Tempo::Real
    };
    TextPhone::new(far, typist, screen, tempo)
        .knowing(rooms.known.clone())
        .run()
        .await
}

#[cfg(feature = "console")]
type Card = crate::console::SoundCard;
/// There is none in this build.
#[cfg(not(feature = "console"))]
type Card = std::convert::Infallible;

#[cfg(feature = "console")]
type Voice = crate::console::DesktopVoice;
/// There is none in this build.
#[cfg(not(feature = "console"))]
type Voice = std::convert::Infallible;

/// The sound card, if the call is to be heard.
fn open_card(sound: Sounding) -> Result<Option<Card>, StartFault> {
    match sound {
        Sounding::Text => Ok(None),
        #[cfg(feature = "console")]
        Sounding::SoundCard => Card::open().map(Some).map_err(StartFault),
        #[cfg(not(feature = "console"))]
        Sounding::SoundCard => Err(StartFault(
            "this ringback was built without sound: read and type with --text, or build it with \
             --features console"
                .to_owned(),
        )),
    }
}

/// The desktop's voice, if it is to speak.
#[cfg(feature = "console")]
async fn open_voice(voice: Speaking) -> Result<Option<Voice>, StartFault> {
    match voice {
        Speaking::Server => Ok(None),
        Speaking::Desktop => Voice::open().await.map(Some).map_err(StartFault),
    }
}

/// The desktop's voice, if it is to speak.
#[cfg(not(feature = "console"))]
async fn open_voice(voice: Speaking) -> Result<Option<Voice>, StartFault> {
    match voice {
        Speaking::Server => Ok(None),
        Speaking::Desktop => Err(StartFault(
            "this ringback was built without the desktop's voice: leave --voice desktop out, or build \
             it with --features console"
                .to_owned(),
        )),
    }
}

/// What a call needs of the house.
struct Rooms {
    config: Config,
    clock: Arc<dyn WallClock>,
    language: Arc<Language>,
    organisation: Arc<Organisation>,
    desk: Desk,
    speech: Option<SpeechRoom>,
    introduction: String,
    /// Recordings, and their words.
    known: Vec<(Vec<i16>, &'static str)>,
    _data: Held,
}

impl Rooms {
    async fn open(options: &ConsoleOptions) -> Result<Rooms, StartFault> {
        let mut config = options.config.clone();
        let data = options.data.clone().or(config.storage.data);
        let data = data.unwrap_or_else(|| users_data_folder("ringback-demo"));
        config.storage.data = Some(data.clone());
        if let Some(zone) = options.zone.as_ref().and_then(TimeZone::iana_name) {
            zone.clone_into(&mut config.conversation.time_zone);
        }
        let held = data_folder::hold(&data).map_err(StartFault)?;
        if options.fresh {
            demo_data::empty(&data).await?;
        }
        let (clock, note) = clock_and_note(options, &config, &data)?;
        let speech = match open_speech(&config, &data).await {
            Ok(speech) => Some(speech),
            Err(fault) if options.needs_voices() => {
                return Err(StartFault(format!(
                    "{fault}; or let the desktop speak with --voice desktop, or call by text with --text"
                )));
            }
            Err(_) => None,
        };
        let introduction = if demo_data::is_anybody_elses(&data).await? {
            String::new()
        } else {
            let trust = &note.trust;
            let made = demo_data::make(&data, trust, clock.now(), speech.as_ref()).await?;
            note.write(&data)?;
            introduction(&made, &clock, speech.is_none()).await?
        };
        let store = open_store(&data).await?;
        let organisation = open_organisation(&store).await?;
        let metrics = Arc::new(Metrics::default());
        let known = demo_data::words_of_messages(&store);
        let mailbox = Arc::new(EmbeddedMailbox::new(store.clone()));
        let rooms = (store, mailbox);
        let shared = (&clock, &metrics);
        let desk = furnish(
            &config,
            rooms,
            organisation.clone(),
            shared,
            speech.as_ref(),
        )
        .await?;
        Ok(Rooms {
            language: open_language(&config)?,
            config,
            clock,
            organisation,
            desk,
            speech,
            introduction,
            known,
            _data: held,
        })
    }

    fn transcript(
        &self,
        options: &ConsoleOptions,
        screen: &Arc<Screen>,
        call_id: &str,
    ) -> Result<Transcript, StartFault> {
        let mut witnesses: Vec<Arc<dyn Witness>> = vec![screen.clone()];
        let path = options.transcript.as_ref();
        if let Some(path) = path.or(self.config.log.transcript.as_ref()) {
            let file = TranscriptFile::open(path, self.clock.clone())
                .map_err(|error| StartFault(format!("{}: {error}", path.display())))?;
            witnesses.push(Arc::new(file));
        }
        Ok(Transcript::new(call_id, witnesses.into()))
    }

    /// The call as conversations are told of it, and how many wrong inputs its dial plan allows.
    fn arrival(&self, options: &ConsoleOptions) -> Result<(Arrival, u8), StartFault> {
        let snapshot = self.organisation.snapshot();
        let called = match &options.dial {
            Some(number) => number.clone(),
            None => first_access_number(&snapshot)?,
        };
        let calling = options.from.as_ref().map(|from| {
            Number::parse(from)
                .ok_or_else(|| StartFault(format!("--from `{from}` is no telephone number")))
        });
        let told = options.diverted_from.as_ref();
        let told = told.map(|(party, reason)| Diversion {
            party: party.clone(),
            reason: *reason,
        });
        let offered = Offered {
            called: vec![called.clone()],
            diversions: told.iter().cloned().collect(),
        };
        let Entered {
            entry,
            dial_plan,
            reason,
            diverted_from,
        } = entered(route(&snapshot, &offered, &called)?, told)
            .ok_or_else(|| StartFault(format!("--dial {called}: nobody answers there")))?;
        let failures = dial_plan.input_failures_before_disconnect;
        let arrival = Arrival {
            entry,
            dial_plan,
            calling: calling.transpose()?,
            // Who sits at the data says who calls.
            calling_is_asserted: true,
            calling_name: None,
            called,
            diverted_from,
            reason,
            call_id: format!("console-{}", ulid::Ulid::generate()),
        };
        Ok((arrival, failures))
    }
}

/// The clock of this call, and what the data folder is to remember of its demo.
fn clock_and_note(
    options: &ConsoleOptions,
    config: &Config,
    data: &Path,
) -> Result<(Arc<dyn WallClock>, DemoNote), StartFault> {
    let before = DemoNote::read(data);
    let Some(start) = options.clock else {
        let clock = demo_data::clock_of(data);
        let note = before.unwrap_or_else(|| DemoNote::new(None, Vec::new()));
        return Ok((clock, note));
    };
    let start = start
        .to_zoned(config.time_zone())
        .map_err(|error| StartFault(format!("--clock: {error}")))?
        .timestamp();
    let trust = before.map(|note| note.trust).unwrap_or_default();
    let note = DemoNote::new(Some(start), trust);
    demo_data::check_note(data, &note)?;
    Ok((Arc::new(ShiftedClock::starting_at(start)), note))
}

async fn introduction(
    made: &Made,
    clock: &Arc<dyn WallClock>,
    mute: bool,
) -> Result<String, StartFault> {
    let mut text = people(made, clock.now()).await?;
    if mute && !made.pins.is_empty() {
        text.push_str("No voice is installed: a tone stands for the words of 2001's messages.\n\n");
    }
    text.push_str("Keys go to the telephone as you press them; ? shows what may be pressed.\n\n");
    Ok(text)
}

fn first_access_number(snapshot: &OrganisationSnapshot) -> Result<String, StartFault> {
    let numbers = snapshot
        .dial_plans()
        .filter_map(|plan| plan.access_telephone_numbers.first());
    numbers.min().cloned().ok_or_else(|| {
        StartFault("no dial plan has an access number; say with --dial what to call".to_owned())
    })
}

/// Where a call goes. The console stands behind whichever gateway takes it.
fn route(
    snapshot: &OrganisationSnapshot,
    offered: &Offered,
    called: &str,
) -> Result<Route, StartFault> {
    let mut refused = Refusal::UnknownSource;
    for gateway in snapshot.gateways() {
        match snapshot.route(gateway.address.addr(), offered) {
            Route::Refuse(refusal) => refused = refusal,
            taken => return Ok(taken),
        }
    }
    Err(StartFault(format!(
        "--dial {called}: no gateway's calls reach anything there ({}); dial an access number or \
         an extension of the organisation",
        refusal_word(refused)
    )))
}
