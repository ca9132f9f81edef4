//! One web phone: the WebSocket of a page, for as long as the page is open.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::message::{self, MESSAGE_MOST, Read, Told, Wish};
use super::pages::Pages;
use super::{News, PacketTaker, WebCall};

/// A page that takes nothing for so long is gone.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);
/// How often a page is asked whether it is there.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// A page that says nothing for so long is gone: two questions went unanswered.
const SILENT_FOR: Duration = Duration::from_secs(15);
/// News that may wait for a page; a transcript's event more is lost.
const NEWS_WAITING: usize = 256;
/// Wishes that may wait for a call.
const WISHES_WAITING: usize = 64;
/// Text messages in a second, and at once: faster than anybody presses keys.
const TEXTS: (f64, f64) = (20.0, 60.0);
/// Packets in a second, and at once: 50 are sound; more are a clock that runs fast, or a stall that
/// is over.
const PACKETS: (f64, f64) = (60.0, 120.0);
/// So many packets beyond that are no accident.
const PACKETS_TOO_MANY: u32 = 500;

/// Answers a page's wish for a WebSocket.
pub(super) async fn phone(
    State(pages): State<Arc<Pages>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .max_message_size(MESSAGE_MOST)
        .max_frame_size(MESSAGE_MOST)
        .on_upgrade(move |socket| {
            Box::pin(async move {
                let mut phone = Phone::new(pages, peer.ip(), socket);
                let end = phone.run().await;
                phone.close(end).await;
            })
        })
}

/// Why a phone ends.
enum End {
    /// The page was closed.
    Gone,
    /// It takes or says nothing any more.
    Lost,
    /// The service ends.
    Stopping,
    /// It broke the rules.
    Wrong(String),
}

/// A call that goes on.
struct Call {
    wishes: mpsc::Sender<Wish>,
    news: mpsc::Receiver<News>,
    take: Option<PacketTaker>,
    packets: Option<mpsc::Receiver<Bytes>>,
}

struct Phone {
    pages: Arc<Pages>,
    peer: IpAddr,
    socket: WebSocket,
    call: Option<Call>,
    microphone: bool,
    heard: Instant,
    texts: Allowance,
    sound: Allowance,
    too_many: u32,
}

enum Next {
    Message(Option<Result<Message, axum::Error>>),
    Packet(Option<Bytes>),
    News(Option<News>),
    Ask,
    Stop,
}

impl Phone {
    fn new(pages: Arc<Pages>, peer: IpAddr, socket: WebSocket) -> Phone {
        let now = Instant::now();
        Phone {
            pages,
            peer,
            socket,
            call: None,
            microphone: false,
            heard: now,
            texts: Allowance::new(now, TEXTS),
            sound: Allowance::new(now, PACKETS),
            too_many: 0,
        }
    }

    async fn run(&mut self) -> End {
        let mut ask = tokio::time::interval(ASK_EVERY);
        ask.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let next = self.next(&mut ask).await;
            let went = match next {
                Next::Message(Some(Ok(message))) => {
                    self.heard = Instant::now();
                    self.take_in(message).await
                }
                Next::Message(Some(Err(error))) => Err(refused_frame(&error)),
                Next::Message(None) => Err(End::Gone),
                Next::Packet(Some(packet)) => self.give(Message::Binary(packet)).await,
                Next::Packet(None) => {
                    if let Some(call) = &mut self.call {
                        call.packets = None;
                        call.take = None;
                    }
                    Ok(())
                }
                Next::News(news) => self.tell(news).await,
                Next::Ask if self.heard.elapsed() > SILENT_FOR => Err(End::Lost),
                Next::Ask => self.give(Message::Ping(Bytes::new())).await,
                Next::Stop => Err(End::Stopping),
            };
            if let Err(end) = went {
                return end;
            }
        }
    }

    async fn next(&mut self, ask: &mut tokio::time::Interval) -> Next {
        let idle = self.call.is_none();
        let (packets, news) = match &mut self.call {
            Some(call) => (call.packets.as_mut(), Some(&mut call.news)),
            None => (None, None),
        };
        tokio::select! {
            biased;
            () = self.pages.rooms.stop.cancelled(), if idle => Next::Stop,
            packet = receive(packets) => Next::Packet(packet),
            message = self.socket.recv() => Next::Message(message),
            news = receive(news) => Next::News(news),
            _ = ask.tick() => Next::Ask,
        }
    }

    async fn take_in(&mut self, message: Message) -> Result<(), End> {
        match message {
            Message::Text(text) => {
                if !self.texts.allows(Instant::now()) {
                    return Err(End::Wrong("too many messages".to_owned()));
                }
                match message::read(&text) {
                    Ok(Read::Call(dialled)) => self.dial(dialled),
                    Ok(Read::Wish(wish)) => self.wish(wish),
                    Err(problem) => Err(End::Wrong(problem)),
                }
            }
            Message::Binary(packet) => {
                if !self.sound.allows(Instant::now()) {
                    self.too_many += 1;
                    if self.too_many > PACKETS_TOO_MANY {
                        return Err(End::Wrong("too much sound".to_owned()));
                    }
                } else if let Some(take) = self.call.as_ref().and_then(|call| call.take.as_ref()) {
                    take(&packet);
                }
                Ok(())
            }
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(End::Gone),
        }
    }

    fn dial(&mut self, dialled: super::Dialled) -> Result<(), End> {
        if self.call.is_some() {
            return Err(End::Wrong("there is a call already".to_owned()));
        }
        let (wishes, wished) = mpsc::channel(WISHES_WAITING);
        let (told, news) = mpsc::channel(NEWS_WAITING);
        self.microphone = false;
        self.pages.rooms.exchange.begin(WebCall {
            source: self.peer,
            dialled,
            wishes: wished,
            news: told,
        });
        self.call = Some(Call {
            wishes,
            news,
            take: None,
            packets: None,
        });
        Ok(())
    }

    /// A wish without a call is late, and means nothing.
    fn wish(&mut self, wish: Wish) -> Result<(), End> {
        if let Some(call) = &self.call {
            let news = match wish {
                Wish::Microphone(on) => std::mem::replace(&mut self.microphone, on) != on,
                _ => true,
            };
            if news && call.wishes.try_send(wish).is_err() && !call.wishes.is_closed() {
                return Err(End::Wrong("more is wished than the call can do".to_owned()));
            }
        }
        Ok(())
    }

    async fn tell(&mut self, news: Option<News>) -> Result<(), End> {
        let told = match news {
            Some(News::Answered {
                call,
                take,
                packets,
            }) => {
                if let Some(running) = &mut self.call {
                    running.take = Some(take);
                    running.packets = Some(packets);
                }
                Told::Answered { call }
            }
            Some(News::Told(told)) => told,
            // It is over without a word.
            None => Told::Ended {
                why: "fault".to_owned(),
            },
        };
        if matches!(told, Told::Ended { .. } | Told::Refused { .. }) {
            self.call = None;
        }
        self.say(&told).await
    }

    async fn say(&mut self, told: &Told) -> Result<(), End> {
        match serde_json::to_string(told) {
            Ok(text) => self.give(Message::Text(text.into())).await,
            Err(error) => Err(End::Wrong(error.to_string())),
        }
    }

    async fn give(&mut self, message: Message) -> Result<(), End> {
        match timeout(TAKEN_WITHIN, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Lost),
        }
    }

    /// Ends the call as the end of the page asks, and says goodbye to the page.
    async fn close(mut self, end: End) {
        if let Some(call) = self.call.take() {
            let wish = match end {
                End::Lost => Wish::Lost,
                _ => Wish::HangUp,
            };
            // When it cannot take the wish, the end of the channel is one.
            let _ = call.wishes.try_send(wish);
        }
        let (code, reason) = match end {
            End::Gone => return,
            End::Lost => (close_code::AWAY, "nothing was taken".to_owned()),
            End::Stopping => (close_code::RESTART, "the service ends".to_owned()),
            End::Wrong(problem) => {
                tracing::info!(peer = %self.peer, problem, "a web phone was put out");
                let told = Told::Wrong {
                    problem: problem.clone(),
                };
                let _: Result<(), End> = self.say(&told).await;
                (close_code::POLICY, shortened(problem))
            }
        };
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        let _: Result<(), End> = self.give(Message::Close(Some(frame))).await;
    }
}

/// A close frame has room for 123 bytes.
fn shortened(mut text: String) -> String {
    let mut length = text.len().min(120);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    text.truncate(length);
    text
}

/// What the WebSocket itself would not read: a frame that is too long or makes no sense, or a
/// connection that broke.
fn refused_frame(error: &axum::Error) -> End {
    let text = error.to_string();
    if text.contains("reset") || text.contains("closed") || text.contains("pipe") {
        End::Gone
    } else {
        End::Wrong(text)
    }
}

async fn receive<T>(from: Option<&mut mpsc::Receiver<T>>) -> Option<T> {
    match from {
        Some(receiver) => receiver.recv().await,
        None => std::future::pending().await,
    }
}

/// So many things in a second, and so many at once.
struct Allowance {
    per_second: f64,
    at_once: f64,
    left: f64,
    since: Instant,
}

impl Allowance {
    fn new(now: Instant, (per_second, at_once): (f64, f64)) -> Allowance {
        Allowance {
            per_second,
            at_once,
            left: at_once,
            since: now,
        }
    }

    fn allows(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.since = now;
        self.left = (self.left + passed * self.per_second).min(self.at_once);
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_grows_with_time_and_not_beyond_its_bound() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start, (10.0, 3.0));
        let allowed = |allowance: &mut Allowance, at_ms| {
            allowance.allows(start + Duration::from_millis(at_ms))
        };
        for _ in 0..3 {
            assert!(allowed(&mut allowance, 0));
        }
        assert!(!allowed(&mut allowance, 0));
        assert!(!allowed(&mut allowance, 99));
        assert!(allowed(&mut allowance, 110));
        for _ in 0..3 {
            assert!(allowed(&mut allowance, 60_000));
        }
        assert!(!allowed(&mut allowance, 60_000));
    }

    #[test]
    fn reasons_are_cut_between_characters() {
        assert_eq!(shortened("short".to_owned()), "short");
        assert!(shortened("é".repeat(100)).len() <= 120);
    }
}
