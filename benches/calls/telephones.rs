//! Thousands of telephones in one thread: each signals, sends a packet in 20 ms, and notes when the
//! kernel had each packet that came.

use std::f64::consts::TAU;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::batch::Batch;
use super::gaps::Times;
use super::signalling::{Dialog, Ends, Heard, Script, invite, ok, read, within};

const SLOTS: usize = 8;
const SLOT: Duration = Duration::from_micros(2_500);
/// Sockets that carry the sound of all telephones.
const MEDIA_SOCKETS: usize = 64;
const SILENCE: u8 = 0xFF;
const FRAME: usize = 160;
/// An INVITE or BYE without any answer is sent again after so long, so often (RFC 3261: T1).
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_MOST: u32 = 6;
/// How long a key is pressed, in packets.
const KEY_PACKETS: u16 = 5;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Inviting,
    Talking,
    HangingUp,
    Over,
}

struct Call {
    script: Script,
    dialog: Dialog,
    state: State,
    socket: usize,
    media: Option<SocketAddrV4>,
    /// When the INVITE or the BYE was sent, how often, and whether anything answered it.
    asked_at: u64,
    asked: u32,
    heard: bool,
    acked_at: u64,
    last_packet: u64,
    last_sequence: u16,
    sequence: u16,
    ticks: u32,
    next_key: usize,
    /// How many packets of the key were sent.
    key_packets: u16,
    /// When its first packet went.
    key_at: u64,
    last_sound: u64,
}

/// What telephones found.
pub(super) struct Findings {
    pub(super) answered: u64,
    /// Refused with 503 and Retry-After.
    pub(super) turned_away: u64,
    pub(super) failed: u64,
    pub(super) ended_by_server: u64,
    pub(super) packets: u64,
    pub(super) lost: u64,
    /// Between two packets of a call.
    pub(super) gaps: Times,
    /// INVITE to 200.
    pub(super) answers: Times,
    /// ACK to the first packet.
    pub(super) first_packets: Times,
    /// First packet of a key to the last of a prompt.
    pub(super) silences: Times,
    /// By how much these telephones themselves were late.
    pub(super) own_lateness: Times,
}

impl Findings {
    fn new() -> Findings {
        Findings {
            answered: 0,
            turned_away: 0,
            failed: 0,
            ended_by_server: 0,
            packets: 0,
            lost: 0,
            gaps: Times::new(),
            answers: Times::new(),
            first_packets: Times::new(),
            silences: Times::new(),
            own_lateness: Times::new(),
        }
    }
}

/// All telephones.
pub(super) struct Telephones {
    sip: Batch,
    media: Vec<Batch>,
    server: SocketAddrV4,
    run: u32,
    calls: Vec<Call>,
    /// Which call the server's port belongs to; of which there is one more here.
    by_port: Vec<u32>,
    voice: Vec<[u8; FRAME]>,
    slot: usize,
    due: Instant,
    pub(super) found: Findings,
}

pub(super) fn wall() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}

impl Telephones {
    pub(super) fn new() -> Telephones {
        // A voice whose pitch glides, with a breath now and then: a steady sound, or silence, would
        // end recordings.
        let voice = (0..500_usize)
            .map(|frame| {
                std::array::from_fn(|index| {
                    let time = (frame * FRAME + index) as f64 / 8_000.0;
                    let turn = TAU * (140.0 * time + 4.0 * (time * 5.0).sin());
                    let sum: f64 = (1..12)
                        .map(|n| (turn * f64::from(n)).sin() / f64::from(n))
                        .sum();
                    let level = if frame % 50 < 40 { 4_000.0 } else { 60.0 };
                    ringback::sound::g711::G711::Pcmu.encode((sum * level) as i16)
                })
            })
            .collect();
        Telephones {
            sip: Batch::open(),
            media: (0..MEDIA_SOCKETS).map(|_| Batch::open()).collect(),
            server: SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9),
            run: 0,
            calls: Vec::new(),
            by_port: vec![0; 1 << 16],
            voice,
            slot: 0,
            due: Instant::now(),
            found: Findings::new(),
        }
    }

    /// Forgets all calls; from now on this server is called.
    pub(super) fn begin(&mut self, server: SocketAddrV4) {
        self.server = server;
        self.run += 1;
        self.calls.clear();
        self.by_port.fill(0);
        self.look_anew();
    }

    /// What is found from now on.
    pub(super) fn look_anew(&mut self) -> Findings {
        std::mem::replace(&mut self.found, Findings::new())
    }

    pub(super) fn media_ports(&self) -> Vec<u16> {
        self.media.iter().map(Batch::port).collect()
    }

    /// Takes these as calls that are answered already: a floor's, which talks to our sockets in turn.
    pub(super) fn join(&mut self, ports: &[u16]) {
        for &port in ports {
            let number = self.add(Script::default());
            let call = &mut self.calls[number];
            call.state = State::Talking;
            call.media = Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
            call.acked_at = wall();
            self.by_port[usize::from(port)] = number as u32 + 1;
        }
    }

    fn add(&mut self, script: Script) -> usize {
        let number = self.calls.len();
        self.calls.push(Call {
            script,
            dialog: Dialog {
                number,
                run: self.run,
                to_tag: String::new(),
            },
            state: State::Inviting,
            socket: number % MEDIA_SOCKETS,
            media: None,
            asked_at: 0,
            asked: 0,
            heard: false,
            acked_at: 0,
            last_packet: 0,
            last_sequence: 0,
            sequence: 0,
            ticks: 0,
            next_key: 0,
            key_packets: 0,
            key_at: 0,
            last_sound: 0,
        });
        number
    }

    fn ends(&self, number: usize) -> Ends {
        Ends {
            ours: SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.sip.port()),
            server: self.server,
            media: self.media[self.calls[number].socket].port(),
        }
    }

    fn call(&mut self, script: Script) {
        let number = self.add(script);
        self.ask(number);
    }

    /// Sends the INVITE or the BYE.
    fn ask(&mut self, number: usize) {
        let ends = self.ends(number);
        let call = &mut self.calls[number];
        let message = match call.state {
            State::Inviting => invite(&call.script, &call.dialog, ends),
            _ => within("BYE", &call.script, &call.dialog, ends),
        };
        call.asked += 1;
        if call.asked == 1 {
            call.asked_at = wall();
        }
        self.sip.put(self.server, message.as_bytes());
    }

    fn hang_up(&mut self, number: usize) {
        let call = &mut self.calls[number];
        if call.state == State::Talking {
            call.state = State::HangingUp;
            call.asked = 0;
            call.heard = false;
            self.ask(number);
        }
    }

    pub(super) fn hang_up_all(&mut self, per_second: f64) {
        let mut owed = 0.0;
        for number in 0..self.calls.len() {
            self.hang_up(number);
            owed += 1.0;
            if owed >= per_second * SLOT.as_secs_f64() {
                owed = 0.0;
                self.slot();
            }
        }
        self.settle(Duration::from_secs(10));
    }

    /// Calls so often a second until so many have called.
    pub(super) fn ramp(&mut self, calls: usize, per_second: f64, script: impl Fn(usize) -> Script) {
        let mut owed = 1.0;
        let mut called = 0;
        while called < calls {
            while owed >= 1.0 && called < calls {
                self.call(script(called));
                called += 1;
                owed -= 1.0;
            }
            self.slot();
            owed += per_second * SLOT.as_secs_f64();
        }
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.slot();
        }
    }

    /// Goes on until all calls are over, or for so long; how many are not.
    pub(super) fn settle(&mut self, longest: Duration) -> usize {
        let end = Instant::now() + longest;
        loop {
            let open = self.calls.iter().filter(|call| call.state != State::Over);
            let open = open.count();
            if open == 0 || Instant::now() >= end {
                return open;
            }
            for _ in 0..40 {
                self.slot();
            }
        }
    }

    /// Waits until so many calls were answered and none has ended; false when some never were.
    pub(super) fn until_talking(&mut self, calls: usize) -> bool {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let talking = |call: &&Call| call.state == State::Talking;
            let talking = self.calls.iter().filter(talking).count();
            if talking == calls {
                return true;
            }
            if Instant::now() >= end {
                println!("{talking} of {calls} calls were taken");
                return false;
            }
            self.run_for(Duration::from_millis(100));
        }
    }

    /// One slot: takes what came, sends what is due, sleeps.
    fn slot(&mut self) {
        self.take_signalling();
        self.take_sound();
        let now = Instant::now();
        let late = now.saturating_duration_since(self.due);
        self.found.own_lateness.add(late.as_nanos() as u64);
        if late > Duration::from_millis(200) {
            self.due = now;
        }
        let clock = wall();
        for number in (self.slot..self.calls.len()).step_by(SLOTS) {
            self.tick(number, clock);
        }
        for batch in &mut self.media {
            batch.send();
        }
        self.sip.send();
        self.slot = (self.slot + 1) % SLOTS;
        self.due += SLOT;
        let pause = self.due.saturating_duration_since(Instant::now());
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }

    fn tick(&mut self, number: usize, clock: u64) {
        let call = &mut self.calls[number];
        match call.state {
            State::Over => {}
            State::Inviting | State::HangingUp => {
                let waited = clock.saturating_sub(call.asked_at);
                if !call.heard && waited > AGAIN.as_nanos() as u64 * u64::from(call.asked) {
                    if call.asked == AGAIN_MOST {
                        call.state = State::Over;
                        self.found.failed += 1;
                    } else {
                        self.ask(number);
                    }
                }
            }
            State::Talking => {
                self.speak(number, clock);
                let call = &self.calls[number];
                let talked = u64::from(call.ticks) * 20;
                if call.script.hangs_up_at.is_some_and(|at| talked >= at) {
                    self.hang_up(number);
                }
            }
        }
    }

    /// Sends the 20 ms that are due: a key, voice or silence.
    fn speak(&mut self, number: usize, clock: u64) {
        let call = &mut self.calls[number];
        let Some(to) = call.media else { return };
        call.ticks += 1;
        let talked = u64::from(call.ticks) * 20;
        let socket = &mut self.media[call.socket];
        let mut packet = [SILENCE; 12 + FRAME];
        packet[..2].copy_from_slice(&[0x80, call.script.codec.payload_type()]);
        packet[8..12].copy_from_slice(&(call.dialog.number as u32 + 1).to_be_bytes());
        let due = call.script.keys.get(call.next_key);
        if let Some(&(at, key)) = due.filter(|(at, _)| talked >= *at) {
            if call.key_packets == 0 {
                call.key_at = clock;
            }
            call.key_packets += 1;
            let over = call.key_packets == KEY_PACKETS;
            let began = (at / 20) as u32 * FRAME as u32;
            packet[1] = 101 | if call.key_packets == 1 { 0x80 } else { 0 };
            packet[4..8].copy_from_slice(&began.to_be_bytes());
            let event = "0123456789*#".find(key).unwrap() as u8;
            let length = (call.key_packets * FRAME as u16).to_be_bytes();
            let end = if over { 0x80 } else { 0 };
            packet[12..16].copy_from_slice(&[event, end | 10, length[0], length[1]]);
            for _ in 0..if over { 3 } else { 1 } {
                call.sequence = call.sequence.wrapping_add(1);
                packet[2..4].copy_from_slice(&call.sequence.to_be_bytes());
                socket.put(to, &packet[..16]);
            }
            if over {
                call.key_packets = 0;
                call.next_key += 1;
            }
            return;
        }
        if call.script.speaks_from.is_some_and(|from| talked >= from) {
            let frame = (call.ticks as usize + number * 7) % self.voice.len();
            packet[12..].copy_from_slice(&self.voice[frame]);
        }
        call.sequence = call.sequence.wrapping_add(1);
        packet[2..4].copy_from_slice(&call.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(call.ticks * FRAME as u32).to_be_bytes());
        socket.put(to, &packet);
    }

    fn take_sound(&mut self) {
        let Telephones {
            media,
            calls,
            by_port,
            found,
            ..
        } = self;
        for socket in media {
            socket.take_all(|from, at, packet| {
                let number = by_port[usize::from(from)];
                if number == 0 || packet.len() < 12 {
                    return;
                }
                let call = &mut calls[number as usize - 1];
                if call.state != State::Talking {
                    return;
                }
                let sequence = u16::from_be_bytes([packet[2], packet[3]]);
                found.packets += 1;
                if call.last_packet == 0 {
                    found.first_packets.add(at.saturating_sub(call.acked_at));
                } else {
                    found.gaps.add(at.saturating_sub(call.last_packet));
                    let step = sequence.wrapping_sub(call.last_sequence);
                    found.lost += u64::from(step.saturating_sub(1));
                }
                call.last_packet = at;
                call.last_sequence = sequence;
                if call.key_at > 0 {
                    if packet[12..].iter().any(|&byte| byte != SILENCE) {
                        call.last_sound = at;
                    } else {
                        // The prompt is over; what came of it after the key is the delay.
                        found
                            .silences
                            .add(call.last_sound.saturating_sub(call.key_at));
                        call.key_at = 0;
                        call.last_sound = 0;
                    }
                }
            });
        }
    }

    fn take_signalling(&mut self) {
        let mut messages = Vec::new();
        self.sip.take_all(|_, at, bytes| {
            messages.push((at, String::from_utf8_lossy(bytes).into_owned()));
        });
        for (at, message) in messages {
            if let Some(heard) = read(&message) {
                self.take_message(at, &heard, &message);
            }
        }
    }

    fn take_message(&mut self, at: u64, heard: &Heard<'_>, message: &str) {
        if heard.run != self.run || heard.number >= self.calls.len() {
            if heard.status.is_none() {
                self.sip.put(self.server, ok(message).as_bytes());
            }
            return;
        }
        let number = heard.number;
        let ends = self.ends(number);
        let call = &mut self.calls[number];
        match (heard.status, heard.method) {
            (None, "BYE") => {
                self.sip.put(self.server, ok(message).as_bytes());
                if call.state != State::Over {
                    call.state = State::Over;
                    self.found.ended_by_server += 1;
                }
            }
            (Some(100..=199), _) => call.heard = true,
            (Some(200), "INVITE") => {
                call.dialog.to_tag = heard.to_tag.to_owned();
                let ack = within("ACK", &call.script, &call.dialog, ends);
                self.sip.put(self.server, ack.as_bytes());
                if call.state == State::Inviting {
                    self.sip.send();
                    call.state = State::Talking;
                    call.acked_at = wall();
                    self.found.answered += 1;
                    self.found.answers.add(at.saturating_sub(call.asked_at));
                    if let Some(port) = heard.media {
                        call.media = Some(SocketAddrV4::new(*self.server.ip(), port));
                        self.by_port[usize::from(port)] = number as u32 + 1;
                    }
                }
            }
            (Some(status), "INVITE") => {
                call.dialog.to_tag = heard.to_tag.to_owned();
                let ack = within("REFUSED", &call.script, &call.dialog, ends);
                self.sip.put(self.server, ack.as_bytes());
                if call.state == State::Inviting {
                    call.state = State::Over;
                    if status == 503 && heard.retry_after {
                        self.found.turned_away += 1;
                    } else {
                        self.found.failed += 1;
                    }
                }
            }
            (Some(_), "BYE") if call.state == State::HangingUp => call.state = State::Over,
            _ => {}
        }
    }
}
