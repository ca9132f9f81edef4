//! Along the line: what a conversation says in words goes on as sound, and what a caller says is
//! heard where an engine can. Everything else passes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::recognizer::{Heard, Recognizer, SoundSource};
use super::room::{Job, SpeechRoom};
use super::{Priority, SpeechFault};
use crate::line::{FarEnd, Grammar, LINE_QUEUE, LineCommand, LineEvent, PlayId, Segment, Skip};

/// A question is listened to no longer than this; the conversation's patience is shorter.
const LISTEN_LONGEST: Duration = Duration::from_secs(60);

type Listening = Pin<Box<dyn Future<Output = Result<Heard, SpeechFault>> + Send>>;

/// One line's relay.
struct Relay {
    room: SpeechRoom,
    /// Sentences that nobody else may hear; what is still unspoken goes with the call.
    private: JoinSet<()>,
    /// What is spoken now, and may be continued.
    playing: Option<PlayId>,
    ears: Option<Ears>,
    listening: Option<Listening>,
}

struct Ears {
    recognizer: Arc<dyn Recognizer>,
    events: mpsc::WeakSender<LineEvent>,
    /// Shared with the question that listens now; free again when that is dropped.
    sound: Arc<Mutex<SoundSource>>,
}

/// The far end for the sound, and the task that carries commands to it. The task ends when either
/// end of the line is dropped.
pub(super) fn along(
    room: SpeechRoom,
    far: FarEnd,
    hearing: Option<(Arc<dyn Recognizer>, SoundSource)>,
) -> (FarEnd, impl Future<Output = ()> + Send + 'static) {
    let (onward, commands) = mpsc::channel(LINE_QUEUE);
    let relay = Relay {
        room,
        private: JoinSet::new(),
        playing: None,
        ears: hearing.map(|(recognizer, sound)| Ears {
            recognizer,
            events: far.events.downgrade(),
            sound: Arc::new(Mutex::new(sound)),
        }),
        listening: None,
    };
    let task = relay.run(far.commands, onward);
    let far = FarEnd {
        commands,
        events: far.events,
    };
    (far, task)
}

impl Relay {
    async fn run(
        mut self,
        mut commands: mpsc::Receiver<LineCommand>,
        onward: mpsc::Sender<LineCommand>,
    ) {
        loop {
            tokio::select! {
                biased;
                () = onward.closed() => break,
                command = commands.recv() => {
                    let Some(command) = command else { break };
                    let Some(command) = self.translate(command) else { continue };
                    if onward.send(command).await.is_err() {
                        break;
                    }
                }
                heard = heard(&mut self.listening) => self.on_heard(heard),
            }
        }
    }

    /// The command as the sound understands it; `None` when it ends here.
    fn translate(&mut self, command: LineCommand) -> Option<LineCommand> {
        match command {
            LineCommand::Play(id, segments) => {
                self.private.abort_all();
                self.playing = Some(id);
                let segments = self.speak(segments, Priority::First);
                Some(LineCommand::Play(id, segments))
            }
            LineCommand::Continue(id, _) if self.playing != Some(id) => None,
            LineCommand::Continue(id, segments) => {
                let segments = self.speak(segments, Priority::Following);
                Some(LineCommand::Continue(id, segments))
            }
            LineCommand::StopPlaying | LineCommand::Skip(Skip::ToEnd) => {
                self.private.abort_all();
                self.playing = None;
                Some(command)
            }
            LineCommand::Listen(grammar) if self.ears.is_some() => {
                self.listen(grammar);
                None
            }
            LineCommand::StopListening if self.ears.is_some() => {
                self.listening = None;
                None
            }
            other => Some(other),
        }
    }

    /// Sound, or the promise of it, in the place of words. What comes first is urgent.
    fn speak(&mut self, segments: Vec<Segment>, mut priority: Priority) -> Vec<Segment> {
        // Finished jobs would be kept for nobody to ask after.
        while self.private.try_join_next().is_some() {}
        let spoken = segments.into_iter().map(|segment| match segment {
            Segment::Words(utterance) => {
                let (slot, job) = self.room.begin(&utterance, priority);
                self.start(job);
                priority = Priority::Following;
                Segment::Sound(slot)
            }
            other => other,
        });
        spoken.collect()
    }

    fn start(&mut self, job: Option<Job>) {
        match job {
            Some(Job::Private(work)) => {
                self.private.spawn(work);
            }
            Some(Job::Shared(work)) => self.room.spawn(work),
            None => {}
        }
    }

    fn listen(&mut self, grammar: Arc<Grammar>) {
        self.listening = None;
        let Some(ears) = &self.ears else {
            return;
        };
        let (recognizer, sound) = (ears.recognizer.clone(), ears.sound.clone());
        self.listening = Some(Box::pin(async move {
            let mut sound = sound.lock().await;
            recognizer
                .listen(&grammar, &mut sound, LISTEN_LONGEST)
                .await
        }));
    }

    fn on_heard(&mut self, heard: Result<Heard, SpeechFault>) {
        self.listening = None;
        let hypothesis = match heard {
            Ok(heard) => heard.hypothesis(),
            Err(fault) => {
                tracing::warn!(%fault, "the recogniser failed");
                None
            }
        };
        let events = self.ears.as_ref().and_then(|ears| ears.events.upgrade());
        if let (Some(hypothesis), Some(events)) = (hypothesis, events) {
            // Waiting for room here while the conversation waits to command would stop both.
            let _ = events.try_send(LineEvent::Heard(hypothesis));
        }
    }
}

/// What is heard, if anybody listens; else never.
async fn heard(listening: &mut Option<Listening>) -> Result<Heard, SpeechFault> {
    match listening {
        Some(listening) => listening.await,
        None => std::future::pending().await,
    }
}
