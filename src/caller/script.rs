//! What of a saying the line is given when. All of it at once, but for long text: of that only the
//! sentences that are heard next, the others as those begin to sound. So the first word of a text of
//! a megabyte comes as soon as that of a short one, and whoever leaves it has cost nothing more.

use std::collections::VecDeque;
use std::time::Duration;

use super::saying::PlaceRead;
use super::{Caller, Saying, Talk};
use crate::language::Reading;
use crate::language::reading::Sentences;
use crate::line::{LineCommand, PlayId, Segment};
use crate::transcript::Event;

/// So many sentences of a text are given ahead of the one that is heard: at least the first two
/// numbers, so that a voice never falls behind short ones, and never more than the last, so that a
/// text left at once has cost little.
const SENTENCES_AHEAD: usize = 2;
const CHARACTERS_AHEAD: usize = 300;
const SENTENCES_AHEAD_MAX: usize = 10;

/// Some segments, what begins with which of them, and where in a text they stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) segments: Vec<Segment>,
    pub(super) events: Vec<(usize, Event)>,
    places: Vec<(usize, PlaceRead)>,
    /// Playing that has not ended by then never will.
    pub(super) longest: Duration,
}

impl Batch {
    pub(super) fn of(segments: Vec<Segment>, event: Option<Event>, longest: Duration) -> Batch {
        Batch {
            segments,
            events: event.map(|event| (0, event)).into_iter().collect(),
            places: Vec::new(),
            longest,
        }
    }

    fn append(&mut self, next: Batch) {
        let before = self.segments.len();
        let moved = |(segment, event)| (before + segment, event);
        self.events.extend(next.events.into_iter().map(moved));
        let moved = |(segment, place)| (before + segment, place);
        self.places.extend(next.places.into_iter().map(moved));
        self.segments.extend(next.segments);
        self.longest += next.longest;
    }
}

#[derive(Debug)]
enum Step {
    AtOnce(Batch),
    /// A text, and which part of the saying it is.
    Text(usize, Box<Sentences>),
}

/// What the line has not been given yet.
#[derive(Debug, Default)]
pub(super) struct Script(VecDeque<Step>);

impl Script {
    pub(super) fn push(&mut self, batch: Batch) {
        self.0.push_back(Step::AtOnce(batch));
    }

    pub(super) fn read(&mut self, part: usize, reading: &Reading) {
        self.0
            .push_back(Step::Text(part, Box::new(reading.sentences())));
    }

    /// What the line is given next: everything up to a text, and of the text so much.
    fn next(&mut self, sentences_min: usize, characters_min: usize, most: usize) -> Batch {
        let mut batch = Batch::default();
        let (mut sentences, mut characters) = (0, 0);
        while let Some(step) = self.0.front_mut() {
            match step {
                Step::AtOnce(ready) => {
                    batch.append(std::mem::take(ready));
                    self.0.pop_front();
                }
                Step::Text(part, text) => {
                    let enough = sentences >= sentences_min && characters >= characters_min;
                    if enough || sentences >= most {
                        break;
                    }
                    let Some((place, utterance)) = text.next() else {
                        self.0.pop_front();
                        continue;
                    };
                    sentences += 1;
                    characters += utterance.text.len();
                    let longest = Duration::from_millis(300) * utterance.text.len() as u32;
                    let says = Event::Says {
                        prompt: utterance.prompt.0.to_owned(),
                        text: utterance.text.clone(),
                    };
                    let words = vec![Segment::Words(utterance)];
                    let mut sentence = Batch::of(words, Some(says), longest);
                    sentence.places.push((0, (*part, place)));
                    batch.append(sentence);
                }
            }
        }
        batch
    }

    fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

/// A text that is being read: what the line still has to be given of it, and what is heard.
#[derive(Debug)]
pub(super) struct Feeding {
    play: PlayId,
    script: Script,
    /// How many segments the line has.
    given: usize,
    /// Where the given sentences stand, and how long they are.
    places: Vec<(usize, PlaceRead)>,
    lengths: Vec<usize>,
    /// The segment that sounds.
    at: usize,
    /// It has begun, so more may be wanted.
    hungry: bool,
}

impl Feeding {
    /// The first batch of a script, and the feeding that goes on with it when it is not over.
    pub(super) fn begin(play: PlayId, mut script: Script) -> (Batch, Option<Feeding>) {
        let mut batch = script.next(1 + SENTENCES_AHEAD, CHARACTERS_AHEAD, SENTENCES_AHEAD_MAX);
        if batch.places.is_empty() && script.is_over() {
            return (batch, None);
        }
        let mut feeding = Feeding {
            play,
            script,
            given: 0,
            places: Vec::new(),
            lengths: Vec::new(),
            at: 0,
            hungry: false,
        };
        feeding.gives(&mut batch);
        (batch, Some(feeding))
    }

    /// Keeps account of what the line is given now.
    fn gives(&mut self, batch: &mut Batch) {
        for (segment, place) in &batch.places {
            self.places.push((self.given + segment, *place));
        }
        self.lengths
            .extend(batch.segments.iter().map(|segment| match segment {
                Segment::Words(utterance) => utterance.text.len(),
                _ => 0,
            }));
        self.given += batch.segments.len();
        if !self.script.is_over() {
            batch.segments.push(Segment::ToBeContinued);
        }
    }

    /// Whether the line has been given everything.
    fn is_given(&self) -> bool {
        self.script.is_over()
    }

    /// The line has come to this segment.
    pub(super) fn began(&mut self, play: PlayId, segment: usize) {
        if play == self.play {
            self.at = segment;
            self.hungry = true;
        }
    }

    /// The next batch, if the line has too little left.
    fn feed(&mut self) -> Option<Batch> {
        if !std::mem::take(&mut self.hungry) || self.script.is_over() {
            return None;
        }
        let ahead = self.lengths.get(self.at + 1..).unwrap_or_default();
        let characters: usize = ahead.iter().sum();
        let enough = ahead.len() >= SENTENCES_AHEAD && characters >= CHARACTERS_AHEAD;
        if enough || ahead.len() >= SENTENCES_AHEAD_MAX {
            return None;
        }
        let mut batch = self.script.next(
            SENTENCES_AHEAD.saturating_sub(ahead.len()),
            CHARACTERS_AHEAD.saturating_sub(characters),
            SENTENCES_AHEAD_MAX - ahead.len(),
        );
        let before = self.given;
        self.gives(&mut batch);
        for (segment, _) in &mut batch.events {
            *segment += before;
        }
        Some(batch)
    }

    /// Where the sentence stands that sounds; nothing while no text has begun.
    fn place(&self) -> Option<PlaceRead> {
        let read = self
            .places
            .partition_point(|(segment, _)| *segment <= self.at);
        let place = self.places.get(read.checked_sub(1)?)?.1;
        Some(place)
    }
}

impl Caller {
    /// Gives the line more of the text that is being read, when it is time.
    pub(super) async fn feed_line(&mut self) -> Talk {
        let Some(feeding) = &mut self.feeding else {
            return Ok(());
        };
        let play = feeding.play;
        let Some(batch) = feeding.feed() else {
            return Ok(());
        };
        self.read_to = feeding.place().or(self.read_to);
        if let Some(ends_by) = &mut self.playing_ends_by {
            *ends_by += batch.longest;
        }
        self.begun.continues(play, batch.events);
        self.command(LineCommand::Continue(play, batch.segments))
            .await
    }

    /// What plays is over or cut off: nothing more is read of it.
    pub(super) fn stop_feeding(&mut self) {
        if let Some(feeding) = self.feeding.take() {
            self.read_to = feeding.place().or(self.read_to);
        }
    }

    /// The line has come to the end of what plays.
    pub(super) fn reading_ended(&mut self) {
        if self.feeding.as_ref().is_some_and(Feeding::is_given) {
            self.stop_feeding();
            self.read_out = true;
        }
    }

    /// Something else is started: what was read before is nobody's concern.
    pub(super) fn forget_standing(&mut self, next: &Saying) {
        self.standing = None;
        self.stop_feeding();
        self.read_to = None;
        self.read_out = false;
        self.reading = next.reads().then(|| next.clone());
    }

    /// Where the text stands that is, or was, read.
    pub(super) fn place_read(&self) -> Option<PlaceRead> {
        let feeding = self.feeding.as_ref();
        feeding.and_then(Feeding::place).or(self.read_to)
    }

    /// How much of the text that was started last has been read.
    pub(super) fn share_read(&self) -> Option<f32> {
        let saying = self.reading.as_ref()?;
        if self.read_out {
            return Some(1.0);
        }
        saying.share_read(self.place_read()?)
    }

    /// What is left of what was started, from the sentence that sounds.
    pub(super) fn rest_of_reading(&self, started: &Saying) -> Option<Saying> {
        Some(started.rest_from(self.place_read()?))
    }
}
