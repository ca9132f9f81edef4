//! One call, from INVITE to call record: where SIP, sound, words and conversation meet.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::WeakSender;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::call_record::{Notes, finished, refused};
use super::calls::{Ending, Ticket};
use super::house::House;
use super::offer::Offer;
use super::signalling::{Signal, Signalling};
use super::translate::{arrival_of, leg_plan, refusal_word, why_word};
use super::web_call::figures;
use crate::admin::call_log::OfferResult;
use crate::caller::Caller;
use crate::conversation::{self, Arrival, Outcome};
use crate::line::{
    FarEnd, HangUpCause, LineCommand, LineEvent, Locale, PlayId, PromptName, Segment, line,
};
use crate::media::LegHandle;
use crate::policy::routing::Route;
use crate::sip::{AnswerFault, Decline, IncomingCall, Release};
use crate::transcript::{Event, Transcript, Witness};

/// Said to callers whose call a shutdown ends.
const SHUTDOWN_GOODBYE: PromptName = PromptName("shutdown-goodbye");
/// The name of a playing that is none of the conversation's.
const LAST_WORDS: PlayId = PlayId(u64::MAX);
/// How long the last words of a shutdown may take.
const LAST_WORDS_LONGEST: Duration = Duration::from_secs(15);
/// How long a conversation may go on working after its call ended: a deposit, a mailbox change.
const AFTERMATH_LONGEST: Duration = Duration::from_secs(60);
/// A conversation that is over has closed its line; media follows within this time.
const FAREWELL_LONGEST: Duration = Duration::from_secs(35);

/// Why a call was not answered, apart from what routing says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turned {
    Draining,
    CallLimit,
    /// Sound is late already.
    Overload,
    NoPort,
}

impl Turned {
    pub(super) fn label(self) -> &'static str {
        match self {
            Turned::Draining => "draining",
            Turned::CallLimit => "call-limit",
            Turned::Overload => "overload",
            Turned::NoPort => "no-rtp-port",
        }
    }

    fn retry_after(self) -> Duration {
        Duration::from_secs(match self {
            Turned::Draining => 30,
            Turned::CallLimit | Turned::Overload | Turned::NoPort => 5,
        })
    }
}

/// Serves one call from its INVITE to its record.
pub(super) async fn serve(house: Arc<House>, incoming: IncomingCall) {
    let offer = Offer::of_sip(&incoming);
    let notes = Notes::new(&house, &offer);
    let snapshot = house.organisation.snapshot();
    let source = offer.source;
    let route = snapshot.route(source, &offer.offered);
    if let Route::Refuse(refusal) = route {
        let mut decline = Decline::with_status(refusal.status());
        if refusal.status() == 503 {
            decline = decline.retry_after(Duration::from_secs(60));
        }
        refused(&house, notes, refusal.status(), refusal_word(refusal));
        return incoming.decline(decline).await;
    }
    let gateway = snapshot.gateway(source);
    let behind_nat = gateway.is_some_and(|gateway| gateway.behind_nat);
    let asserts = gateway.is_some_and(|gateway| gateway.asserts_calling_number);
    let Some((arrival, record)) = arrival_of(&offer, route, asserts, notes) else {
        return incoming.decline(Decline::with_status(404)).await;
    };
    if !house.health.is_ready() {
        return turn_away(&house, record, incoming, Turned::Draining).await;
    }
    let plan = match incoming.media_plan() {
        Ok(plan) => plan,
        Err(fault) => {
            refused(&house, record, fault.status(), &fault.to_string());
            return incoming.decline(Decline::from(fault)).await;
        }
    };
    let mut ticket = match house.admit(source) {
        Ok(ticket) => ticket,
        Err(why) => return turn_away(&house, record, incoming, why).await,
    };
    let port = match house.media.open(incoming.local_ip) {
        Ok(port) => port,
        Err(fault) => {
            tracing::error!(call = %incoming.call_id, "{fault}");
            return turn_away(&house, record, incoming, Turned::NoPort).await;
        }
    };
    let rtp = port.local();
    let mut rtcp = rtp;
    rtcp.set_port(rtp.port().saturating_add(1));
    if !ring(&house, &incoming, &mut ticket).await {
        return turn_away(&house, record, incoming, Turned::Draining).await;
    }
    let leg = match incoming.answer(rtp, rtcp).await {
        Ok(leg) => leg,
        Err(fault) => {
            let status = match fault {
                AnswerFault::Cancelled => 487,
                AnswerFault::NotAcceptable(fault) => fault.status(),
                AnswerFault::Closing => 503,
            };
            return refused(&house, record, status, &fault.to_string());
        }
    };
    let plan = plan.map(|plan| leg_plan(&plan, behind_nat));
    let signalling = Signalling::Sip { leg, behind_nat };
    let witnesses = house.witnesses.clone();
    let answered = Answered::new(&house, signalling, arrival, ticket, witnesses, |far| {
        port.start(plan, far)
    });
    answered.serve(record).await;
}

/// Rings for as long as is wished, or until the caller gives up; not at all where the answer comes at
/// once. False: the call is to end before it is answered.
async fn ring(house: &House, incoming: &IncomingCall, ticket: &mut Ticket) -> bool {
    let answer_after = Duration::from_millis(house.config().sip.answer_after_ms);
    if answer_after.is_zero() {
        return true;
    }
    incoming.ring().await;
    tokio::select! {
        () = tokio::time::sleep(answer_after) => true,
        () = incoming.cancelled() => true,
        _ = ticket.ending.changed() => false,
    }
}

async fn turn_away(house: &House, notes: Notes, incoming: IncomingCall, why: Turned) {
    let decline = Decline::with_status(503).retry_after(why.retry_after());
    refused(house, notes, 503, why.label());
    incoming.decline(decline).await;
}

/// What a conversation task gives back: nothing when it panicked.
type Talking = JoinHandle<Outcome>;

/// An answered call.
pub(super) struct Answered {
    call_id: String,
    signalling: Signalling,
    sound: LegHandle,
    talking: Talking,
    transcript: Transcript,
    ticket: Ticket,
    /// To the sound and to the conversation, for as long as those listen.
    commands: WeakSender<LineCommand>,
    events: WeakSender<LineEvent>,
    release_within: Duration,
    house: Arc<House>,
}

/// What a call was ended by, and what that leaves to do.
enum End {
    /// The signalling ended it, and its answer to the BYE may be held back.
    Signalled(HangUpCause, Option<Release>),
    /// The sound ended it: the far end is owed a BYE.
    Ours(HangUpCause),
}

impl Answered {
    /// Begins the conversation; `start` begins the sound at the far end of its line.
    pub(super) fn new(
        house: &Arc<House>,
        signalling: Signalling,
        arrival: Arrival,
        ticket: Ticket,
        witnesses: Arc<[Arc<dyn Witness>]>,
        start: impl FnOnce(FarEnd) -> LegHandle,
    ) -> Answered {
        let call_id = arrival.call_id.clone();
        let transcript = Transcript::new(&call_id, witnesses);
        transcript.note(arrived(&arrival));
        let (line, far) = line();
        let (commands, events) = (line.commands.downgrade(), far.events.downgrade());
        let far: FarEnd = house.speech.along(far);
        let sound = start(far);
        if let Some(live) = &house.live {
            let watch = sound.watch();
            live.listen_to(&call_id, Box::new(move || figures(&watch)));
        }
        let mut caller = Caller::new(
            line,
            house.language.clone(),
            Locale::new(&arrival.dial_plan.default_language),
            transcript.clone(),
            house.patience(arrival.dial_plan.input_failures_before_disconnect),
        );
        let longest = u64::from(arrival.dial_plan.max_call_duration) * 60;
        let warning = u64::from(arrival.dial_plan.call_end_warning);
        caller.set_longest_call(Duration::from_secs(longest), Duration::from_secs(warning));
        let talking = spawn_conversation(
            house.clone(),
            caller,
            arrival,
            ticket.ending.clone(),
            commands.clone(),
        );
        Answered {
            call_id,
            signalling,
            sound,
            talking,
            transcript,
            ticket,
            commands,
            events,
            release_within: Duration::from_millis(house.config().limits.hang_up_wait_ms),
            house: house.clone(),
        }
    }

    /// Serves the call to its end, and writes its record; tells why it ended.
    pub(super) async fn serve(mut self, record: Notes) -> String {
        let (why, outcome) = self.supervise().await;
        let statistics = self.sound.statistics();
        let word = why_word(why, &outcome);
        self.transcript.note(Event::Ended { why: word.clone() });
        finished(&self.house, record, why, &outcome, &statistics);
        word
    }

    /// Carries news between signalling, sound and conversation until the call is over.
    async fn supervise(&mut self) -> (HangUpCause, Outcome) {
        let mut outcome = None;
        let end = self.until_end(&mut outcome).await;
        let why = match end {
            End::Signalled(cause, release) => {
                self.sound.hang_up(cause);
                // What was recorded is safe when the conversation is over; only then, or when the
                // peer has waited long enough, is its BYE answered.
                if outcome.is_none() {
                    outcome = timeout(self.release_within, &mut self.talking).await.ok();
                }
                drop(release);
                cause
            }
            End::Ours(cause) => {
                self.signalling.hang_up().await;
                match (*self.ticket.ending.borrow(), cause) {
                    // It was we who had the conversation hang up.
                    (Ending::Told, HangUpCause::Ringback) => HangUpCause::Shutdown,
                    (_, cause) => cause,
                }
            }
        };
        if outcome.is_none() {
            outcome = timeout(AFTERMATH_LONGEST, &mut self.talking).await.ok();
        }
        let outcome = match outcome {
            Some(Ok(outcome)) => outcome,
            Some(Err(error)) => self.fault(if error.is_panic() {
                "panic"
            } else {
                "cancelled"
            }),
            None => {
                self.talking.abort();
                self.fault("stuck")
            }
        };
        (why, outcome)
    }

    async fn until_end(
        &mut self,
        outcome: &mut Option<Result<Outcome, tokio::task::JoinError>>,
    ) -> End {
        let mut ending = self.ticket.ending.clone();
        let mut line_closes_by = None;
        loop {
            let line_closed = async {
                match line_closes_by {
                    Some(instant) => tokio::time::sleep_until(instant).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                signal = self.signalling.next() => match signal {
                    Signal::Plan(plan) => self.sound.change(plan),
                    Signal::Key(key) => self.sound.press(key),
                    Signal::HungUp(cause, release) => return End::Signalled(cause, release),
                    Signal::Gone => return End::Ours(HangUpCause::Fault),
                },
                cause = self.sound.ended() => return End::Ours(cause),
                talked = &mut self.talking, if outcome.is_none() => {
                    if talked.is_err() {
                        self.sound.hang_up(HangUpCause::Fault);
                    }
                    *outcome = Some(talked);
                    line_closes_by = Some(tokio::time::Instant::now() + FAREWELL_LONGEST);
                }
                () = line_closed => {
                    self.sound.hang_up(HangUpCause::Fault);
                    line_closes_by = None;
                }
                Ok(()) = ending.changed() => {
                    let how = *ending.borrow_and_update();
                    match how {
                        Ending::No => {}
                        Ending::Told => self.end_conversation().await,
                        Ending::GatewayDisabled => self.sound.hang_up(HangUpCause::GatewayDisabled),
                        Ending::Now => self.sound.hang_up(HangUpCause::Shutdown),
                    }
                }
            }
        }
    }

    /// Lets the conversation believe that the caller has hung up, so that it brings its work to an
    /// end, while the caller is still there to be told why.
    async fn end_conversation(&self) {
        if let Some(commands) = self.commands.upgrade() {
            // Recordings end, and are kept, as by any hang-up.
            let _ = commands.try_send(LineCommand::StopRecording);
            let _ = commands.try_send(LineCommand::StopPlaying);
        }
        // The recording's end has to arrive before the hang-up does.
        tokio::time::sleep(Duration::from_millis(200)).await;
        if let Some(events) = self.events.upgrade() {
            let _ = events.try_send(LineEvent::HungUp(HangUpCause::Shutdown));
        }
    }

    fn fault(&self, kind: &'static str) -> Outcome {
        self.house
            .metrics
            .count_kind("call_faults_total", "kind", kind);
        tracing::error!(call = %self.call_id, kind, "the conversation failed");
        Outcome {
            fault: Some(kind.to_owned()),
            ..Outcome::default()
        }
    }
}

/// A task of its own, so that a panic ends this conversation and nothing else.
#[expect(
    clippy::disallowed_methods,
    reason = "the call's supervisor owns the task and waits for it"
)]
fn spawn_conversation(
    house: Arc<House>,
    mut caller: Caller,
    arrival: Arrival,
    ending: watch::Receiver<Ending>,
    commands: WeakSender<LineCommand>,
) -> Talking {
    tokio::spawn(async move {
        fault_hook(&arrival);
        let outcome = Box::pin(conversation::reception(&mut caller, &house.desk, arrival)).await;
        if *ending.borrow() == Ending::Told
            && let Some(commands) = commands.upgrade()
        {
            say_that_the_service_goes_down(&house, &caller, &commands).await;
        }
        caller.hang_up().await;
        outcome
    })
}

/// The conversation takes the caller for gone, so this is said past it.
async fn say_that_the_service_goes_down(
    house: &House,
    caller: &Caller,
    commands: &tokio::sync::mpsc::Sender<LineCommand>,
) {
    let Ok(words) = house
        .language
        .prompts
        .say(caller.locale(), SHUTDOWN_GOODBYE, &[])
    else {
        return;
    };
    caller.transcript().note(Event::Says {
        prompt: SHUTDOWN_GOODBYE.0.to_owned(),
        text: crate::language::prompts::text_of(&words),
    });
    let segments = words.into_iter().map(Segment::Words).collect();
    let said = async {
        commands
            .send(LineCommand::Play(LAST_WORDS, segments))
            .await?;
        commands.send(LineCommand::HangUp).await
    };
    if said.await.is_ok() {
        // The line closes when the leg has played it and hung up.
        let _ = timeout(LAST_WORDS_LONGEST, commands.closed()).await;
    }
}

/// A call's arrival, as its transcript begins.
pub(super) fn arrived(arrival: &Arrival) -> Event {
    let entry_point = match &arrival.entry {
        conversation::EntryPoint::SubscriberAccess => "subscriber-access",
        conversation::EntryPoint::CallAnswering(_) => "call-answering",
    };
    Event::Arrived {
        entry_point: entry_point.to_owned(),
        called: arrival.called.clone(),
        calling: arrival.calling.as_ref().map(ToString::to_string),
        diverted_from: arrival.diverted_from.clone(),
        reason: arrival.reason.to_string(),
    }
}

/// Tests of the whole server let a call fail by its calling number. Not in release builds.
fn fault_hook(arrival: &Arrival) {
    #[cfg(debug_assertions)]
    if let Ok(number) = std::env::var("RINGBACK_TEST_PANIC_FOR")
        && arrival
            .calling
            .as_ref()
            .is_some_and(|calling| calling.as_str() == number)
    {
        panic!("a test asked for it");
    }
    let _ = arrival;
}

/// How a call that was not answered counts.
pub(super) fn offer_result(status: u16) -> OfferResult {
    match status {
        403 | 404 | 503 => OfferResult::Rejected,
        _ => OfferResult::Failed,
    }
}
