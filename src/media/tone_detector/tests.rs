//! The rows of the table in ITU-T Q.24, and speech that must not be taken for keys.

use std::path::PathBuf;

use super::*;
use crate::sound::g711::G711;

/// How one key sounds.
#[derive(Clone, Copy)]
struct Press {
    key: char,
    milliseconds: f64,
    /// Levels of the two tones in dBFS, as sine amplitude against full scale.
    low_db: f64,
    high_db: f64,
    /// How far off the frequencies are.
    low_off: f64,
    high_off: f64,
}

impl Press {
    fn new(key: char) -> Press {
        Press {
            key,
            milliseconds: 40.0,
            low_db: -10.0,
            high_db: -10.0,
            low_off: 0.0,
            high_off: 0.0,
        }
    }

    fn samples(self, phase: f64) -> Vec<f64> {
        let (row, column) = (0..16)
            .map(|index| (index / 4, index % 4))
            .find(|&(row, column)| KEYS[row][column] == self.key)
            .unwrap();
        let low = LOW[row] * (1.0 + self.low_off);
        let high = HIGH[column] * (1.0 + self.high_off);
        let amplitude = |db: f64| 32_768.0 * 10_f64.powf(db / 20.0);
        (0..(self.milliseconds * 8.0) as usize)
            .map(|index| {
                let time = index as f64 / 8_000.0 * std::f64::consts::TAU;
                amplitude(self.low_db) * (low * time + phase).sin()
                    + amplitude(self.high_db) * (high * time + phase * 2.0).sin()
            })
            .collect()
    }
}

/// A reproducible sequence of random numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Gaussian, with a mean of 0 and a deviation of 1.
    fn noise(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

fn keys_in(samples: &[i16]) -> String {
    let mut detector = ToneDetector::default();
    let mut keys = String::new();
    for frame in samples.chunks(160) {
        detector.listen(frame, |tone| {
            if let Some(key) = tone.key {
                keys.push(key.character());
            }
        });
    }
    keys
}

/// All keys of a telephone, each pressed 20 times at a random phase and offset, `pause_ms` apart;
/// gives the share that was heard exactly once.
fn share(pause_ms: f64, noise_rms: f64, press: impl Fn(Press) -> Press) -> f64 {
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    let mut right = 0;
    let mut wanted = 0;
    for key in "0123456789*#".chars() {
        let mut samples = Vec::new();
        for _ in 0..20 {
            let pause = pause_ms * 8.0 + random.next() * 102.0;
            samples.extend(std::iter::repeat_n(0.0, pause as usize));
            samples.extend(press(Press::new(key)).samples(random.next() * 6.3));
        }
        samples.extend([0.0; 800]);
        let heard: Vec<i16> = samples
            .iter()
            .map(|sample| {
                let noisy = sample + noise_rms * random.noise();
                G711::Pcmu.decode(G711::Pcmu.encode(noisy.clamp(-32_768.0, 32_767.0) as i16))
            })
            .collect();
        let keys = keys_in(&heard);
        wanted += 20;
        assert!(
            keys.len() <= 20,
            "{key} was heard {} times for 20",
            keys.len()
        );
        right += keys.chars().filter(|&heard| heard == key).count();
    }
    f64::from(right as u32) / f64::from(wanted)
}

#[test]
fn what_must_be_accepted() {
    let rows: [(&str, f64); 9] = [
        ("40 ms", share(40.0, 0.0, |press| press)),
        (
            "100 ms",
            share(40.0, 0.0, |press| Press {
                milliseconds: 100.0,
                ..press
            }),
        ),
        (
            "+1.5 %",
            share(40.0, 0.0, |press| Press {
                low_off: 0.015,
                high_off: 0.015,
                ..press
            }),
        ),
        (
            "-1.5 %",
            share(40.0, 0.0, |press| Press {
                low_off: -0.015,
                high_off: -0.015,
                ..press
            }),
        ),
        (
            "low louder by 8 dB",
            share(40.0, 0.0, |press| Press {
                high_db: -18.0,
                ..press
            }),
        ),
        (
            "high louder by 4 dB",
            share(40.0, 0.0, |press| Press {
                low_db: -14.0,
                ..press
            }),
        ),
        (
            "-40 dBFS",
            share(40.0, 0.0, |press| Press {
                low_db: -40.0,
                high_db: -40.0,
                ..press
            }),
        ),
        (
            "full level",
            share(40.0, 0.0, |press| Press {
                low_db: -7.0,
                high_db: -7.0,
                ..press
            }),
        ),
        // Both tones at -10 dBFS have a power of -10 dBFS together.
        (
            "15 dB of noise",
            share(40.0, 32_768.0 * 10_f64.powf(-25.0 / 20.0), |press| press),
        ),
    ];
    for (row, share) in rows {
        eprintln!("{row}: {:.1} %", share * 100.0);
    }
    for (row, share) in rows {
        assert!(share >= 0.99, "{row}: {share}");
    }
}

#[test]
fn what_must_be_refused() {
    let rows: [(&str, f64); 5] = [
        (
            "+3.5 %",
            share(40.0, 0.0, |press| Press {
                low_off: 0.035,
                high_off: 0.035,
                ..press
            }),
        ),
        (
            "-3.5 %",
            share(40.0, 0.0, |press| Press {
                low_off: -0.035,
                high_off: -0.035,
                ..press
            }),
        ),
        (
            "23 ms",
            share(60.0, 0.0, |press| Press {
                milliseconds: 22.9,
                ..press
            }),
        ),
        (
            "-55 dBm",
            share(40.0, 0.0, |press| Press {
                low_db: -52.0,
                high_db: -52.0,
                ..press
            }),
        ),
        (
            "one tone",
            share(40.0, 0.0, |press| Press {
                low_db: -60.0,
                ..press
            }),
        ),
    ];
    for (row, share) in rows {
        eprintln!("{row}: {:.1} %", share * 100.0);
        assert!(share <= 0.01, "{row}: {share}");
    }
}

#[test]
fn a_break_of_ten_milliseconds_is_no_new_key_and_a_held_key_is_one() {
    let mut random = Random(99);
    for _ in 0..50 {
        let mut samples: Vec<f64> = vec![0.0; (random.next() * 200.0) as usize];
        let long = Press {
            milliseconds: 100.0,
            ..Press::new('5')
        };
        for _ in 0..3 {
            samples.extend(long.samples(random.next() * 6.3));
            samples.extend([0.0; 80]);
        }
        samples.extend([0.0; 400]);
        let samples: Vec<i16> = samples.iter().map(|&sample| sample as i16).collect();
        assert_eq!(keys_in(&samples), "5");
    }
}

#[test]
fn repeated_and_different_keys_keep_their_order() {
    let mut samples = Vec::new();
    for key in "1111*2580#0".chars() {
        samples.extend(Press::new(key).samples(0.3));
        samples.extend([0.0; 320]);
    }
    let samples: Vec<i16> = samples.iter().map(|&sample| sample as i16).collect();
    assert_eq!(keys_in(&samples), "1111*2580#0");
}

#[test]
fn the_beginning_of_a_key_is_known() {
    let mut samples: Vec<f64> = vec![0.0; 1_000];
    samples.extend(
        Press {
            milliseconds: 60.0,
            ..Press::new('7')
        }
        .samples(0.3),
    );
    samples.extend([0.0; 800]);
    let samples: Vec<i16> = samples.iter().map(|&sample| sample as i16).collect();
    let mut detector = ToneDetector::default();
    let mut began = Vec::new();
    for (index, frame) in samples.chunks(160).enumerate() {
        detector.listen(frame, |tone| {
            began.push(index * 160 + frame.len() - tone.began_ago);
        });
    }
    assert!(!began.is_empty());
    assert!((900..1_110).contains(&began[0]), "{began:?}");
}

/// The folder of inputs collected elsewhere, when there is one.
fn testdata(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("RINGBACK_TESTDATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata"),
        PathBuf::from,
    );
    let folder = root.join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there", folder.display());
    None
}

fn sounds(folder: &PathBuf, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sounds(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "wav") {
            found.push(path);
        }
    }
}

#[test]
fn speech_is_not_taken_for_keys() {
    let Some(folder) = testdata("speech") else {
        return;
    };
    let mut files = Vec::new();
    sounds(&folder, &mut files);
    let mut seconds = 0.0;
    let mut wrong = Vec::new();
    for file in &files {
        let Ok(mut reader) = hound::WavReader::open(file) else {
            continue;
        };
        let spec = reader.spec();
        if spec.bits_per_sample != 16 || !spec.sample_rate.is_multiple_of(8_000) {
            continue;
        }
        // Every so many-th sample is enough here: aliases only make it harder.
        let step = (spec.sample_rate / 8_000) as usize * usize::from(spec.channels);
        let samples: Vec<i16> = reader
            .samples::<i16>()
            .map_while(Result::ok)
            .step_by(step)
            .collect();
        seconds += samples.len() as f64 / 8_000.0;
        let keys = keys_in(&samples);
        if !keys.is_empty() {
            wrong.push((file.display().to_string(), keys));
        }
    }
    eprintln!("{} files, {seconds:.0} s, wrong: {wrong:?}", files.len());
    assert!(wrong.is_empty(), "{wrong:?}");
}
