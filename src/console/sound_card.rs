//! Microphone and loudspeaker, as a line needs them: 8 kHz, mono, in frames.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{FromSample, Sample, SampleFormat, SizedSample, StreamConfig};

use crate::line::SAMPLE_RATE;
use crate::media::FRAME_SAMPLES;
use crate::sound::resample;

/// A device that is faster than time (ALSA's `null` and `file`) waits so long for sound, or for
/// somebody to take it. A true one never has to.
const PATIENCE: Duration = Duration::from_millis(20);
/// So much may wait between a device and the line: 200 ms.
const WAITING_MAX: usize = SAMPLE_RATE as usize / 5;

/// Sound on its way between a device and the line.
#[derive(Default)]
struct Pipe {
    samples: Mutex<VecDeque<i16>>,
    moved: Condvar,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, VecDeque<i16>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts sound in; what is oldest is lost when too much waits.
    fn put(&self, samples: &[i16]) {
        let mut waiting = self.lock();
        waiting.extend(samples);
        let over = waiting.len().saturating_sub(WAITING_MAX);
        waiting.drain(..over);
        self.moved.notify_all();
    }

    /// The same for a device: it waits for room, for a while.
    fn put_in_time(&self, samples: &[i16]) {
        let full = |waiting: &mut VecDeque<i16>| waiting.len() + samples.len() > WAITING_MAX;
        let waited = self.moved.wait_timeout_while(self.lock(), PATIENCE, full);
        drop(waited);
        self.put(samples);
    }

    /// Takes a frame, filled up with silence.
    fn take(&self) -> [i16; FRAME_SAMPLES] {
        let mut frame = [0; FRAME_SAMPLES];
        let mut waiting = self.lock();
        let count = waiting.len().min(FRAME_SAMPLES);
        for (sample, taken) in frame.iter_mut().zip(waiting.drain(..count)) {
            *sample = taken;
        }
        self.moved.notify_all();
        frame
    }

    /// What there is, for a device: it waits for some, for a while.
    fn take_in_time(&self) -> Vec<i16> {
        let empty = |waiting: &mut VecDeque<i16>| waiting.is_empty();
        let waited = self.moved.wait_timeout_while(self.lock(), PATIENCE, empty);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.drain(..).collect()
    }
}

/// The sound card while it is used.
pub struct SoundCard {
    microphone: Arc<Pipe>,
    loudspeaker: Arc<Pipe>,
    trouble: Arc<Mutex<Option<String>>>,
    _streams: [cpal::Stream; 2],
}

impl SoundCard {
    /// Opens the default microphone and the default loudspeaker.
    ///
    /// # Errors
    /// What is wrong with them, and what can be done.
    pub fn open() -> Result<SoundCard, String> {
        let host = cpal::default_host();
        let trouble = Arc::new(Mutex::new(None));
        let loudspeaker = Arc::new(Pipe::default());
        let device = host.default_output_device();
        let device = device.ok_or_else(|| refused("loudspeaker", "there is none"))?;
        let config = device.default_output_config();
        let config = config.map_err(|error| refused("loudspeaker", &error))?;
        let output = play(&device, &config, loudspeaker.clone(), trouble.clone())
            .map_err(|error| refused("loudspeaker", &error))?;
        let microphone = Arc::new(Pipe::default());
        let device = host.default_input_device();
        let device = device.ok_or_else(|| refused("microphone", "there is none"))?;
        let config = device.default_input_config();
        let config = config.map_err(|error| refused("microphone", &error))?;
        let input = listen(&device, &config, microphone.clone(), trouble.clone())
            .map_err(|error| refused("microphone", &error))?;
        Ok(SoundCard {
            microphone,
            loudspeaker,
            trouble,
            _streams: [output, input],
        })
    }

    /// The next 20 ms of the microphone.
    pub(super) fn hear(&self) -> [i16; FRAME_SAMPLES] {
        self.microphone.take()
    }

    /// The next 20 ms for the loudspeaker.
    pub(super) fn say(&self, frame: &[i16; FRAME_SAMPLES]) {
        self.loudspeaker.put(frame);
    }

    /// What went wrong with a device since it was opened, once.
    pub(super) fn trouble(&self) -> Option<String> {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.take()
    }
}

/// What is wrong with a device, in words that lead to the cure.
fn refused(device: &str, error: &(impl std::fmt::Display + ?Sized)) -> String {
    let cure = match std::fs::read_dir("/dev/snd") {
        Err(_) => "this machine has no sound device that ALSA knows",
        Ok(_) if !may_use(Path::new("/dev/snd")) => {
            "permission is refused: add this user to the group audio"
        }
        Ok(_) => {
            "it is missing, or another program keeps it busy: plug it in, or stop that program"
        }
    };
    format!("the {device} cannot be used: {error} ({cure}); call by text with --text")
}

/// Whether this user may open a device of ALSA at all.
fn may_use(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("control"))
        .all(|entry| {
            let opened = std::fs::File::open(entry.path());
            opened.map_or_else(
                |error| error.kind() != std::io::ErrorKind::PermissionDenied,
                |_| true,
            )
        })
}

type Trouble = Arc<Mutex<Option<String>>>;

fn note(trouble: &Trouble, device: &str, error: &cpal::StreamError) {
    // A moment without sound is heard, and needs no words.
    if !matches!(error, cpal::StreamError::BufferUnderrun) {
        let mut trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = Some(format!("the {device} has gone: {error}"));
    }
}

fn play(
    device: &cpal::Device,
    config: &cpal::SupportedStreamConfig,
    pipe: Arc<Pipe>,
    trouble: Trouble,
) -> Result<cpal::Stream, String> {
    match config.sample_format() {
        SampleFormat::I16 => play_as::<i16>(device, &config.config(), pipe, trouble),
        SampleFormat::I32 => play_as::<i32>(device, &config.config(), pipe, trouble),
        SampleFormat::F32 => play_as::<f32>(device, &config.config(), pipe, trouble),
        SampleFormat::U8 => play_as::<u8>(device, &config.config(), pipe, trouble),
        other => Err(format!("its samples are {other}, which is not supported")),
    }
}

fn play_as<T: SizedSample + FromSample<i16>>(
    device: &cpal::Device,
    config: &StreamConfig,
    pipe: Arc<Pipe>,
    trouble: Trouble,
) -> Result<cpal::Stream, String> {
    let channels = usize::from(config.channels.max(1));
    let mut rate = resample::Stream::new(SAMPLE_RATE, config.sample_rate);
    let mut ready: VecDeque<i16> = VecDeque::new();
    let fill = move |out: &mut [T], _: &cpal::OutputCallbackInfo| {
        let wanted = out.len() / channels;
        while ready.len() < wanted {
            let taken = pipe.take_in_time();
            if taken.is_empty() {
                break;
            }
            ready.extend(rate.push(&taken));
        }
        for frame in out.chunks_mut(channels) {
            let sample = ready.pop_front().unwrap_or(0);
            frame.fill(T::from_sample(sample));
        }
    };
    let failed = move |error| note(&trouble, "loudspeaker", &error);
    let stream = device.build_output_stream(config, fill, failed, None);
    let stream = stream.map_err(|error| error.to_string())?;
    stream.play().map_err(|error| error.to_string())?;
    Ok(stream)
}

fn listen(
    device: &cpal::Device,
    config: &cpal::SupportedStreamConfig,
    pipe: Arc<Pipe>,
    trouble: Trouble,
) -> Result<cpal::Stream, String> {
    match config.sample_format() {
        SampleFormat::I16 => listen_as::<i16>(device, &config.config(), pipe, trouble),
        SampleFormat::I32 => listen_as::<i32>(device, &config.config(), pipe, trouble),
        SampleFormat::F32 => listen_as::<f32>(device, &config.config(), pipe, trouble),
        SampleFormat::U8 => listen_as::<u8>(device, &config.config(), pipe, trouble),
        other => Err(format!("its samples are {other}, which is not supported")),
    }
}

fn listen_as<T: SizedSample>(
    device: &cpal::Device,
    config: &StreamConfig,
    pipe: Arc<Pipe>,
    trouble: Trouble,
) -> Result<cpal::Stream, String>
where
    i16: FromSample<T>,
{
    let channels = usize::from(config.channels.max(1));
    let mut rate = resample::Stream::new(config.sample_rate, SAMPLE_RATE);
    let take = move |heard: &[T], _: &cpal::InputCallbackInfo| {
        // All channels mixed to one.
        let mixed: Vec<i16> = heard
            .chunks(channels)
            .map(|frame| {
                let sum: i32 = frame.iter().map(|s| i32::from(i16::from_sample(*s))).sum();
                (sum / frame.len() as i32) as i16
            })
            .collect();
        for piece in rate.push(&mixed).chunks(FRAME_SAMPLES) {
            pipe.put_in_time(piece);
        }
    };
    let failed = move |error| note(&trouble, "microphone", &error);
    let stream = device.build_input_stream(config, take, failed, None);
    let stream = stream.map_err(|error| error.to_string())?;
    stream.play().map_err(|error| error.to_string())?;
    Ok(stream)
}
