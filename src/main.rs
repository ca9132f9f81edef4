//! The command line. What a subcommand does stands in `server`; here are its options, and how an
//! error reaches the terminal.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ringback::config::{Config, PortRange};
use ringback::conversation::ReasonForCall;
use ringback::organisation::people_file::PeopleImport;
use ringback::server::commands::{self, Form};
use ringback::server::console_call::{self, ConsoleOptions, Sounding, Speaking};
use ringback::server::demo_server::{self, DemoOptions};

/// Less memory a call, and a busy hour's is given back when it is over.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A telephone user interface to a person's mailbox.
#[derive(Parser)]
#[command(name = "ringback", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: Place,
}

/// Which settings and which data.
#[derive(Args, Clone)]
struct Place {
    /// Process settings (TOML); every default holds without it
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the database, messages and prompts; wins over storage.data
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Answer the telephone
    Serve {
        /// Write everything said and pressed to this file (JSON lines; never PIN digits)
        #[arg(long, value_name = "FILE")]
        transcript: Option<PathBuf>,
    },
    /// Serve a fixed demo organisation: dial 7000
    Demo(Demo),
    /// Call from this terminal: by text, or by microphone and loudspeaker
    Console(Console),
    /// Check configuration, prompts, keys, phrases and voices, without serving
    Check,
    /// Look at and change mailboxes
    #[command(subcommand)]
    Mailbox(Mailbox),
    /// Look at what waits to be delivered, and try it now
    #[command(subcommand)]
    Outbox(Outbox),
    /// Read and write the organisation as TOML
    #[command(subcommand)]
    Org(Org),
    /// Print the key card: every menu with its keys
    KeyCard(KeyCard),
    /// Print every prompt without variables, for a studio
    RecordingScript(Sheet),
    /// Write the built-in words, to change or translate them
    Words {
        /// A folder that does not exist yet
        folder: PathBuf,
    },
    /// Copy the data consistently while the server runs
    Backup {
        /// A folder that does not exist yet
        folder: PathBuf,
    },
    /// Print the version
    Version,
}

#[derive(Args)]
struct Demo {
    /// Make the demo anew
    #[arg(long)]
    fresh: bool,
    /// Address of SIP, UDP and TCP; default: sip.listen of --config, else 127.0.0.1:5060
    #[arg(long, value_name = "ADDRESS", value_parser = commands::address)]
    sip: Option<SocketAddr>,
    /// Address of /healthz and /metrics; default: http.listen of --config, else 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS", value_parser = commands::address)]
    http: Option<SocketAddr>,
    /// Address that takes mail (LMTP); default: lmtp.listen of --config, else a free port of 127.0.0.1
    #[arg(long, value_name = "ADDRESS", value_parser = commands::address)]
    lmtp: Option<SocketAddr>,
    /// UDP ports of sound; default: media.ports of --config, else 20000-29999
    #[arg(long, value_name = "FIRST-LAST")]
    rtp: Option<PortRange>,
    /// A network whose calls are taken, besides this machine; needed when --sip is not loopback
    #[arg(long, value_name = "CIDR", value_parser = commands::network)]
    trust: Vec<ipnet::IpNet>,
    /// Start the wall clock of conversations here, in --zone: 2026-11-23T08:30:00
    #[arg(long, value_name = "TIME", value_parser = commands::clock)]
    clock: Option<jiff::civil::DateTime>,
    /// Time zone
    #[arg(long, value_name = "ZONE", value_parser = commands::zone, default_value = "UTC")]
    zone: jiff::tz::TimeZone,
    /// Address that peers are told to send to, when a NAT stands between
    #[arg(long, value_name = "IP")]
    advertise: Option<IpAddr>,
    /// Write everything said and pressed to this file (JSON lines; never PIN digits)
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
}

#[derive(Args)]
struct Console {
    /// Print what is said; nothing is heard, and recordings are typed: works without sound devices
    #[arg(long)]
    text: bool,
    /// Say and play everything in no time, for scripts; needs --text
    #[arg(long, requires = "text")]
    hurry: bool,
    /// Who speaks: the server's voices, or the voice of this desktop (speech-dispatcher)
    #[arg(long, value_enum, default_value_t = Voice::Server)]
    voice: Voice,
    /// The number to dial; default: the access number (7000 in the demo)
    #[arg(long, value_name = "NUMBER")]
    dial: Option<String>,
    /// The number that calls; default: withheld
    #[arg(long, value_name = "NUMBER")]
    from: Option<String>,
    /// The number that did not take the call
    #[arg(long, value_name = "NUMBER")]
    diverted_from: Option<String>,
    /// Why that number did not take it
    #[arg(long, value_enum, default_value_t = Diverted::NoAnswer, requires = "diverted_from")]
    because: Diverted,
    /// Make the demo anew
    #[arg(long)]
    fresh: bool,
    /// Start the wall clock of conversations here, in --zone: 2026-11-23T08:30:00
    #[arg(long, value_name = "TIME", value_parser = commands::clock)]
    clock: Option<jiff::civil::DateTime>,
    /// Time zone; default: conversation.time_zone of --config, else UTC
    #[arg(long, value_name = "ZONE", value_parser = commands::zone)]
    zone: Option<jiff::tz::TimeZone>,
    /// Write everything said and pressed to this file too (JSON lines; never PIN digits)
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Voice {
    Server,
    Desktop,
}

#[derive(Clone, Copy, ValueEnum)]
enum Diverted {
    NoAnswer,
    Busy,
    Always,
}

impl From<Diverted> for ReasonForCall {
    fn from(diverted: Diverted) -> ReasonForCall {
        match diverted {
            Diverted::NoAnswer => ReasonForCall::DivertNoAnswer,
            Diverted::Busy => ReasonForCall::DivertBusy,
            Diverted::Always => ReasonForCall::DivertForward,
        }
    }
}

#[derive(Subcommand)]
enum Mailbox {
    /// Give a person of the directory a mailbox, or enable a disabled one
    Enable {
        /// User name
        user: String,
        /// Extension, when there is no mailbox yet; default: the directory's
        #[arg(long)]
        extension: Option<String>,
        /// Mailbox policy; default: the only one there is
        #[arg(long)]
        policy: Option<String>,
        #[command(flatten)]
        mailing: Mailing,
    },
    /// Disable a mailbox for voice mail; its messages stay
    Disable {
        /// User name or extension
        user: String,
    },
    /// List all mailboxes
    List,
    /// Show one mailbox
    Show {
        /// User name or extension
        user: String,
    },
    /// Set a PIN, which has to be changed at the next call; a random one is printed
    SetPin {
        /// User name or extension
        user: String,
        /// This PIN instead of a random one
        #[arg(long)]
        pin: Option<String>,
        /// Do not demand a change at the next call
        #[arg(long)]
        keep: bool,
        #[command(flatten)]
        mailing: Mailing,
    },
    /// Set the language that the owner hears after signing in
    SetLanguage {
        /// User name or extension
        user: String,
        /// A tag such as fr-FR; without one, the language of the dial plan
        language: Option<String>,
    },
    /// Unlock a mailbox after too many wrong PINs
    Unlock {
        /// User name or extension
        user: String,
    },
    /// Put a WAV file into a mailbox as a voice message, or a mail (.eml) as an e-mail
    Deliver {
        /// User name or extension
        user: String,
        /// A WAV file (linear, floating point or G.711, any usual rate), or a mail as .eml
        file: PathBuf,
        /// Calling number
        #[arg(long)]
        from: Option<String>,
        /// Caller's name
        #[arg(long)]
        name: Option<String>,
        /// Of high importance
        #[arg(long)]
        important: bool,
        /// Marked private
        #[arg(long)]
        private: bool,
    },
    /// Read a file of others into a mailbox: address cards (.vcf), appointments (.ics)
    Import {
        /// User name or extension
        user: String,
        /// The file; its ending says what it is
        file: PathBuf,
        /// Only say what would be read
        #[arg(long)]
        dry_run: bool,
    },
    /// List the voice messages and e-mails of a mailbox
    Messages {
        /// User name or extension
        user: String,
    },
    /// Write a message as mail (RFC 5322) to standard output
    Export {
        /// User name or extension
        user: String,
        /// As `mailbox messages` lists it
        id: String,
    },
}

/// Whether and where the owner is told of the PIN.
#[derive(Args)]
struct Mailing {
    /// Send no mail; else one with the PIN goes into the mailbox
    #[arg(long)]
    no_mail: bool,
    /// Send the mail to this address instead of the mailbox
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_mail")]
    notify: Option<String>,
}

impl From<Mailing> for commands::Mailing {
    fn from(mailing: Mailing) -> commands::Mailing {
        commands::Mailing {
            no_mail: mailing.no_mail,
            notify: mailing.notify,
        }
    }
}

#[derive(Subcommand)]
enum Outbox {
    /// List what waits, with what was said at the last try
    List,
    /// Try something now, or again after it was refused
    Retry {
        /// Its id, as `outbox list` shows it
        id: String,
    },
}

#[derive(Subcommand)]
enum Org {
    /// Write the organisation as TOML
    Export {
        /// To this file instead of standard output
        #[arg(value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Make the organisation what the file says
    Apply {
        /// As written by export
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Add the people of a CSV file to the directory, and change those who are there
    ImportPeople {
        /// Names of columns in the first line; `user` is the one it needs
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
        /// Give everybody in the file who has an extension and no mailbox one
        #[arg(long)]
        mailboxes: bool,
        /// Mailbox policy of these; default: the only one there is
        #[arg(long, requires = "mailboxes")]
        policy: Option<String>,
    },
}

#[derive(Args)]
struct KeyCard {
    /// The key layout; without it the one that the configuration names
    #[arg(long)]
    layout: Option<String>,
    #[command(flatten)]
    sheet: Sheet,
}

#[derive(Args)]
struct Sheet {
    /// Language
    #[arg(long, default_value = "en-US")]
    locale: String,
    /// Form of the page
    #[arg(long, value_enum, default_value_t = SheetForm::Markdown)]
    format: SheetForm,
}

#[derive(Clone, Copy, ValueEnum)]
enum SheetForm {
    Markdown,
    Html,
}

impl From<SheetForm> for Form {
    fn from(form: SheetForm) -> Form {
        match form {
            SheetForm::Markdown => Form::Markdown,
            SheetForm::Html => Form::Html,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line a problem, readable by people and by a service manager's log.
            for line in format!("{error:#}").lines() {
                eprintln!("ringback: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let place = commands::Place {
        config_file: arguments.place.config,
        data: arguments.place.data,
    };
    match arguments.command {
        Command::Serve { transcript } => {
            let mut config = place.config()?;
            if transcript.is_some() {
                config.log.transcript = transcript;
            }
            start_logging(&config)?;
            on_worker(async move { commands::serve(&place, config).await })
        }
        Command::Demo(demo) => serve_demo(&place, demo),
        Command::Console(console) => call_from_here(&place, console),
        Command::Check => runtime()?.block_on(commands::check(&place)),
        Command::Mailbox(command) => mailbox(&place, command),
        Command::Outbox(Outbox::List) => commands::outbox_list(&place),
        Command::Outbox(Outbox::Retry { id }) => commands::outbox_retry(&place, &id),
        Command::Org(Org::Export { to }) => commands::org_export(&place, to.as_deref()),
        Command::Org(Org::Apply { file, dry_run }) => commands::org_apply(&place, &file, dry_run),
        Command::Org(Org::ImportPeople {
            file,
            dry_run,
            mailboxes,
            policy,
        }) => {
            let how = PeopleImport {
                dry_run,
                with_mailboxes: mailboxes,
                policy,
            };
            commands::import_people(&place, &file, &how)
        }
        Command::KeyCard(sheet) => commands::key_card(
            &place,
            sheet.layout.as_deref(),
            &sheet.sheet.locale,
            sheet.sheet.format.into(),
        ),
        Command::RecordingScript(sheet) => {
            commands::recording_script(&place, &sheet.locale, sheet.format.into())
        }
        Command::Words { folder } => commands::write_words(&folder),
        Command::Backup { folder } => commands::backup(&place, &folder),
        Command::Version => commands::version(),
    }
}

fn serve_demo(place: &commands::Place, demo: Demo) -> anyhow::Result<()> {
    let config = place.config()?;
    start_logging(&config)?;
    let options = DemoOptions {
        config,
        config_file: place.config_file.clone(),
        data: place.data.clone(),
        fresh: demo.fresh,
        sip: demo.sip,
        http: demo.http,
        lmtp: demo.lmtp,
        rtp: demo.rtp,
        trust: demo.trust,
        clock: demo.clock,
        zone: demo.zone,
        advertise: demo.advertise,
        transcript: demo.transcript,
    };
    on_worker(demo_server::serve(options))?;
    Ok(())
}

fn call_from_here(place: &commands::Place, console: Console) -> anyhow::Result<()> {
    if console.hurry && console.voice == Voice::Desktop {
        anyhow::bail!(
            "--hurry says everything in no time, which no voice can: leave --hurry or --voice desktop out"
        );
    }
    let mut config = place.config()?;
    // The terminal shows the call; what goes wrong still appears between its lines.
    if place.config_file.is_none() {
        config.log.level = "warn".to_owned();
    }
    start_logging(&config)?;
    let options = ConsoleOptions {
        config,
        data: place.data.clone(),
        fresh: console.fresh,
        clock: console.clock,
        zone: console.zone,
        transcript: console.transcript,
        dial: console.dial,
        from: console.from,
        diverted_from: console
            .diverted_from
            .map(|party| (party, console.because.into())),
        sound: if console.text {
            Sounding::Text
        } else {
            Sounding::SoundCard
        },
        voice: match console.voice {
            Voice::Server => Speaking::Server,
            Voice::Desktop => Speaking::Desktop,
        },
        hurry: console.hurry,
    };
    let runtime = runtime()?;
    let called = runtime.block_on(console_call::call(options));
    // Somebody who still reads the keyboard must not keep the process.
    runtime.shutdown_background();
    called?;
    Ok(())
}

fn mailbox(place: &commands::Place, command: Mailbox) -> anyhow::Result<()> {
    match command {
        Mailbox::Enable {
            user,
            extension,
            policy,
            mailing,
        } => commands::enable(place, &user, extension, policy, &mailing.into()),
        Mailbox::Disable { user } => commands::disable(place, &user),
        Mailbox::List => commands::list(place),
        Mailbox::Show { user } => runtime()?.block_on(commands::show(place, &user)),
        Mailbox::SetPin {
            user,
            pin,
            keep,
            mailing,
        } => commands::set_pin(place, &user, pin, !keep, &mailing.into()),
        Mailbox::SetLanguage { user, language } => {
            runtime()?.block_on(commands::set_language(place, &user, language))
        }
        Mailbox::Unlock { user } => commands::unlock(place, &user),
        Mailbox::Deliver {
            user,
            file,
            from,
            name,
            important,
            private,
        } => runtime()?.block_on(commands::deliver(
            place,
            commands::Delivery {
                user,
                file,
                from,
                name,
                important,
                private,
            },
        )),
        Mailbox::Export { user, id } => runtime()?.block_on(commands::export(place, &user, &id)),
        Mailbox::Import {
            user,
            file,
            dry_run,
        } => commands::import(place, &user, &file, dry_run),
        Mailbox::Messages { user } => runtime()?.block_on(commands::messages(place, &user)),
    }
}

fn start_logging(config: &Config) -> anyhow::Result<()> {
    ringback::server::logging::start(&config.log)
        .map_err(|problem| anyhow::anyhow!("log.level: {problem}"))
}

/// Serves on one of the runtime's own threads: the main thread would have to be woken for each call.
fn on_worker<T: Send + 'static, E: Into<anyhow::Error> + Send + 'static>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> anyhow::Result<T> {
    let runtime = runtime()?;
    runtime.block_on(runtime.spawn(work))?.map_err(Into::into)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
