//! The web phone: a telephone in a browser, the live view of all calls, and the demo's messages.
//!
//! A page talks to us over one WebSocket: what is wished and what happens travels as text
//! ([`message`]), the sound as RTP packets, one in each binary message. So the far end of a web
//! phone's line is the same leg as that of any call, and conversations cannot tell them apart.

mod guard;
pub mod live;
pub mod message;
mod messages;
mod pages;
mod socket;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::mailbox::MailStore;

pub use guard::{Access, Token, TokenFault};
pub use live::{Live, SoundFigures};
pub use message::{Dialled, Diverted, Told, Wish};

/// A number that can be dialled.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Listed {
    /// The number.
    pub number: String,
    /// Whose or what it is.
    pub name: String,
    /// The mailbox behind it, when it is a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
}

/// What the pages ask of the house.
pub trait Exchange: Send + Sync {
    /// Begins a call; it goes on by itself until it is over.
    fn begin(&self, call: WebCall);
    /// What can be dialled, as far as it is to be shown.
    fn numbers(&self) -> Vec<Listed>;
}

/// A call that a page makes.
pub struct WebCall {
    /// From where the page came.
    pub source: IpAddr,
    /// What was dialled.
    pub dialled: Dialled,
    /// What the page wishes; when it is gone, the caller has hung up.
    pub wishes: mpsc::Receiver<Wish>,
    /// What the page is told.
    pub news: mpsc::Sender<News>,
}

/// Takes the RTP packets of a call.
pub type PacketTaker = Box<dyn Fn(&[u8]) + Send + Sync>;

/// What a call tells its page.
pub enum News {
    /// It was answered, and this is its sound.
    Answered {
        /// Its identity in logs and records.
        call: String,
        /// Takes the packets of the page.
        take: PacketTaker,
        /// Gives those for the page.
        packets: mpsc::Receiver<Bytes>,
    },
    /// Something else.
    Told(Told),
}

/// What the pages are made of.
pub struct Rooms {
    /// Takes calls.
    pub exchange: Arc<dyn Exchange>,
    /// All calls, as they are followed.
    pub live: Arc<Live>,
    /// The mailboxes whose messages are shown: a demo's, never others.
    pub messages: Option<Arc<dyn MailStore>>,
    /// Who is let in.
    pub access: Access,
    /// Names under which this machine is reached, besides `localhost` and addresses.
    pub host_names: Vec<String>,
    /// Ends the phones when the service ends.
    pub stop: CancellationToken,
}

/// All pages.
pub fn router(rooms: Rooms) -> Router {
    pages::router(Arc::new(rooms))
}
