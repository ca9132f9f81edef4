//! Sound on its way to the disk. One thread writes all tapes; the media threads only put sound
//! into its queue, and never wait.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::OutboxFault;
use crate::line::{SAMPLE_RATE, TapeWriter};
use crate::store::StoreFault;

/// Sound is handed on in pieces of this many samples (400 ms): what a killed process loses, besides what the
/// recorder holds back.
const PIECE: usize = SAMPLE_RATE as usize * 2 / 5;

/// How much sound of one tape may wait for a stalled disk (20 s, 320 kB) before more is dropped.
const QUEUED_MAX: usize = 20 * SAMPLE_RATE as usize;

/// So long pieces are gathered after those at hand are written: when many record, to be woken for each costs
/// more than to write it.
const BREATH: Duration = Duration::from_millis(2);

/// What is known of a tape outside the writing thread.
#[derive(Default)]
pub(super) struct TapeState {
    queued: AtomicUsize,
    gaps: AtomicBool,
    discarded: AtomicBool,
    unopened: OnceLock<OutboxFault>,
    ended: Mutex<Option<u64>>,
    end: Condvar,
}

impl TapeState {
    /// Samples in the file once the tape has ended and all of it is written; `None` if that takes
    /// longer than `patience`. Blocks.
    pub(super) fn wait_until_written(&self, patience: Duration) -> Option<u64> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let (ended, _) = self
            .end
            .wait_timeout_while(ended, patience, |ended| ended.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        *ended
    }

    /// Whether sound was lost because the disk stalled or refused.
    pub(super) fn has_gaps(&self) -> bool {
        self.gaps.load(Ordering::Relaxed)
    }

    /// Remembers that sound was lost.
    pub(super) fn note_gap(&self) {
        self.gaps.store(true, Ordering::Relaxed);
    }

    /// Nobody wants the recording any more.
    pub(super) fn discard(&self) {
        self.discarded.store(true, Ordering::SeqCst);
    }

    /// Whether nobody wants it.
    pub(super) fn is_discarded(&self) -> bool {
        self.discarded.load(Ordering::SeqCst)
    }

    /// Why its file could not be opened, if that is known.
    pub(super) fn unopened(&self) -> Option<&OutboxFault> {
        self.unopened.get()
    }

    fn end(&self, samples: u64) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(samples);
        self.end.notify_all();
    }
}

enum Work {
    /// A tape whose file holds so many samples.
    Begin(u64, u64, Arc<TapeState>),
    /// The file is there; without one it will never be.
    File(u64, Option<File>),
    Sound(u64, Vec<i16>),
    End(u64),
}

/// The file of a tape, promised: a disk that stands still opens it late, and what is recorded
/// meanwhile waits in memory. Dropped, it will never be there.
pub(super) struct Promise {
    number: u64,
    queue: Sender<Work>,
    state: Arc<TapeState>,
    kept: bool,
}

impl Promise {
    /// What is known of the tape.
    pub(super) fn state(&self) -> &Arc<TapeState> {
        &self.state
    }

    /// Here is the file.
    pub(super) fn keep(mut self, file: File) {
        self.kept = true;
        let _ = self.queue.send(Work::File(self.number, Some(file)));
    }

    /// The file could not be opened.
    pub(super) fn refuse(self, fault: OutboxFault) {
        let _ = self.state.unopened.set(fault);
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if !self.kept {
            let _ = self.queue.send(Work::File(self.number, None));
        }
    }
}

/// The thread that writes all tapes. It ends when outbox and tapes are gone.
pub(super) struct TapeThread {
    queue: Sender<Work>,
    next: std::sync::atomic::AtomicU64,
}

impl TapeThread {
    pub(super) fn start() -> Result<TapeThread, OutboxFault> {
        let (queue, work) = channel();
        std::thread::Builder::new()
            .name("tapes".into())
            .spawn(move || write_tapes(&work))
            .map_err(|error| StoreFault::Database(format!("no thread for tapes: {error}")))?;
        Ok(TapeThread {
            queue,
            next: std::sync::atomic::AtomicU64::new(0),
        })
    }

    /// A writer that appends to the promised file, which holds `written` samples.
    pub(super) fn writer(&self, written: u64) -> (Box<dyn TapeWriter>, Promise) {
        let state = Arc::new(TapeState::default());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let begun = Work::Begin(number, written, state.clone());
        if self.queue.send(begun).is_err() {
            state.end(written);
        }
        let promise = Promise {
            number,
            queue: self.queue.clone(),
            state: state.clone(),
            kept: false,
        };
        let writer = QueueWriter {
            number,
            piece: Vec::with_capacity(PIECE),
            queue: self.queue.clone(),
            state,
        };
        (Box::new(writer), promise)
    }
}

struct QueueWriter {
    number: u64,
    piece: Vec<i16>,
    queue: Sender<Work>,
    state: Arc<TapeState>,
}

impl TapeWriter for QueueWriter {
    fn write(&mut self, samples: &[i16]) {
        self.piece.extend_from_slice(samples);
        if self.piece.len() >= PIECE {
            self.hand_on();
        }
    }
}

impl QueueWriter {
    fn hand_on(&mut self) {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let queued = self.state.queued.load(Ordering::Relaxed);
        if queued > 0 && queued + piece.len() > QUEUED_MAX {
            self.state.note_gap();
            return;
        }
        self.state.queued.fetch_add(piece.len(), Ordering::Relaxed);
        if self.queue.send(Work::Sound(self.number, piece)).is_err() {
            self.state.note_gap();
        }
    }
}

impl Drop for QueueWriter {
    fn drop(&mut self) {
        if !self.piece.is_empty() {
            self.hand_on();
        }
        let _ = self.queue.send(Work::End(self.number));
    }
}

struct OpenTape {
    file: TapeFile,
    written: u64,
    /// No more sound comes.
    ended: bool,
    state: Arc<TapeState>,
}

enum TapeFile {
    /// Promised; what has come so far.
    Awaited(Vec<i16>),
    Open(File),
    /// It will never be there.
    Refused,
}

impl OpenTape {
    fn open(&mut self, file: Option<File>, bytes: &mut Vec<u8>) {
        let opened = file.map_or(TapeFile::Refused, TapeFile::Open);
        if let TapeFile::Awaited(so_far) = std::mem::replace(&mut self.file, opened)
            && !so_far.is_empty()
        {
            self.take(so_far, bytes);
        }
    }

    fn take(&mut self, samples: Vec<i16>, bytes: &mut Vec<u8>) {
        let written = match &mut self.file {
            // It counts as queued until it is written, so that no more gathers than may.
            TapeFile::Awaited(so_far) => return so_far.extend(samples),
            TapeFile::Open(file) => {
                // Of a known length, so that the compiler can do many at a time.
                bytes.resize(samples.len() * 2, 0);
                for (to, sample) in bytes.as_chunks_mut().0.iter_mut().zip(&samples) {
                    *to = sample.to_le_bytes();
                }
                file.write_all(bytes)
            }
            TapeFile::Refused => Err(std::io::Error::other("its file could not be opened")),
        };
        match written {
            Ok(()) => self.written += samples.len() as u64,
            Err(error) => {
                if !self.state.gaps.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "recorded sound is lost");
                }
            }
        }
        self.state
            .queued
            .fetch_sub(samples.len(), Ordering::Relaxed);
    }

    /// Whether everything has been done that can be.
    fn is_over(&self) -> bool {
        self.ended && !matches!(self.file, TapeFile::Awaited(_))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the thread is ours alone: nobody waits on it"
)]
fn write_tapes(work: &Receiver<Work>) {
    let mut tapes: HashMap<u64, OpenTape> = HashMap::new();
    let mut bytes = Vec::new();
    let next = || {
        work.try_recv().or_else(|_| {
            std::thread::sleep(BREATH);
            work.recv()
        })
    };
    while let Ok(work) = next() {
        let number = match work {
            Work::Begin(number, written, state) => {
                let tape = OpenTape {
                    file: TapeFile::Awaited(Vec::new()),
                    written,
                    ended: false,
                    state,
                };
                tapes.insert(number, tape);
                continue;
            }
            Work::Sound(number, samples) => {
                if let Some(tape) = tapes.get_mut(&number) {
                    tape.take(samples, &mut bytes);
                }
                continue;
            }
            Work::File(number, file) => {
                if let Some(tape) = tapes.get_mut(&number) {
                    tape.open(file, &mut bytes);
                }
                number
            }
            Work::End(number) => {
                if let Some(tape) = tapes.get_mut(&number) {
                    tape.ended = true;
                }
                number
            }
        };
        if tapes.get(&number).is_some_and(OpenTape::is_over)
            && let Some(tape) = tapes.remove(&number)
        {
            if tape.state.has_gaps() {
                tracing::error!("a recording has gaps: the disk was too slow or full");
            }
            tape.state.end(tape.written);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Instant;

    use super::*;

    /// A pipe that nobody reads is a disk that has stopped.
    #[test]
    fn a_stalled_disk_never_keeps_the_media_waiting() {
        let (mut reader, pipe) = std::io::pipe().unwrap();
        let thread = TapeThread::start().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(pipe));
        let (mut writer, promise) = thread.writer(0);
        let state = promise.state().clone();
        promise.keep(file);
        let frame = [7; 160];
        let mut longest = Duration::ZERO;
        for _ in 0..60 * 50 {
            #[expect(
                clippy::disallowed_methods,
                reason = "the time that passes is the test"
            )]
            let started = Instant::now();
            writer.write(&frame);
            longest = longest.max(started.elapsed());
        }
        drop(writer);
        assert!(longest < Duration::from_secs(1), "{longest:?}");
        assert!(state.has_gaps());
        assert_eq!(state.wait_until_written(Duration::from_millis(50)), None);
        // The disk comes back: what was queued is written, at least several seconds of it.
        let drained = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            bytes.len() as u64 / 2
        });
        let written = state.wait_until_written(Duration::from_secs(10)).unwrap();
        assert!((20 * 8_000..60 * 8_000).contains(&written), "{written}");
        assert_eq!(drained.join().unwrap(), written);
    }

    #[test]
    fn what_is_recorded_before_the_file_is_there_waits_for_it() {
        let thread = TapeThread::start().unwrap();
        let (mut writer, promise) = thread.writer(0);
        let state = promise.state().clone();
        let sound: Vec<i16> = (0..4_000).collect();
        writer.write(&sound);
        drop(writer);
        assert_eq!(state.wait_until_written(Duration::from_millis(50)), None);
        let mut file = tempfile::tempfile().unwrap();
        promise.keep(file.try_clone().unwrap());
        let written = state.wait_until_written(Duration::from_secs(10));
        assert_eq!(written, Some(4_000));
        assert!(!state.has_gaps());
        let mut bytes = Vec::new();
        std::io::Seek::rewind(&mut file).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        let expected: Vec<u8> = sound.iter().flat_map(|at| at.to_le_bytes()).collect();
        assert_eq!(bytes, expected);
    }

    #[test]
    fn no_more_waits_for_a_file_than_for_a_disk_and_one_that_never_comes_ends_the_tape() {
        for refused in [true, false] {
            let thread = TapeThread::start().unwrap();
            let (mut writer, promise) = thread.writer(0);
            let state = promise.state().clone();
            for _ in 0..30 * 50 {
                writer.write(&[7; 160]);
            }
            drop(writer);
            assert_eq!(state.queued.load(Ordering::Relaxed), QUEUED_MAX);
            match refused {
                true => promise.refuse(OutboxFault::NoRoom),
                false => drop(promise),
            }
            let written = state.wait_until_written(Duration::from_secs(10));
            assert_eq!(written, Some(0));
            assert!(state.has_gaps());
            assert_eq!(state.queued.load(Ordering::Relaxed), 0);
            assert_eq!(state.unopened().is_some(), refused);
        }
    }
}
