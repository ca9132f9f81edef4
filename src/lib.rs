//! Ringback: a telephone user interface to a person's mailbox.
//!
//! The floor plan is `docs/ARCHITECTURE.md`; one line per room:

// Health, metrics, call records and transcripts for administrators.
pub mod admin;
// Appointments and meetings, behind a trait; one file per backend.
pub mod calendar;
// What a conversation talks to: say, start, choose, ask, record, transfer.
pub mod caller;
// The process settings: one TOML file, validated whole before anything listens.
pub mod config;
// A line made of the terminal: printed or played words, the keyboard as keypad.
pub mod console;
// What is said at each place of the menu tree.
pub mod conversation;
// Who is who: the people callers can find.
pub mod directory;
// Prompts, numbers, dates, phrases and key layouts, per locale.
pub mod language;
pub mod line;
// Mail from other servers: an LMTP listener.
pub mod lmtp;
// Messages and greetings, behind traits; one file per backend.
pub mod mailbox;
// RTP: sockets, the 20 ms tick, keys, playing and recording.
pub mod media;
// Dial plans, gateways, hunt groups, policies and mailboxes: read, check, apply, export.
pub mod organisation;
// Tapes being recorded and messages being delivered; survives a restart.
pub mod outbox;
// The rules of an organisation, as pure functions.
pub mod policy;
// Builds the rooms, admits calls, drains them on shutdown.
pub mod server;
// SIP: endpoint, gate, call legs.
pub mod sip;
// WAV files and sample rates.
pub mod sound;
// Words to sound and sound to words along a line.
pub mod speech;
// The database: connections, schema versions, migrations, backup.
pub mod store;
pub mod transcript;
// One question and its answer, as a pure state machine.
pub mod turn;
// The web phone: a browser as a telephone, the live view, the demo's messages.
pub mod web_phone;
