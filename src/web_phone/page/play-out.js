// What stands between the network and the loudspeaker: a buffer that adapts to how evenly packets
// come, and the change of sample rate. No clock and no browser in here: samples go in and out.

export const RATE = 8000;
const MS = RATE / 1000;
/** The buffer's aim begins here, and is never less or more. */
const AIM_LEAST = 40 * MS;
const AIM_MOST = 400 * MS;
/** After an underrun the aim grows by so much. */
const GROWTH = 20 * MS;
/** After so long without one it shrinks by half as much. */
const CALM = 15 * RATE;
/** More than this beyond the aim is old news: it is dropped. */
const TOO_MUCH = 160 * MS;
/** Further than this from the aim the speed is changed by half a percent, which nobody hears. */
const TOLERANCE = 15 * MS;
const BEND = 0.005;

const PHASES = 256;

/** Changes the sample rate by a windowed sinc; keeps what it needs of the past. */
export class Resampler {
  constructor(from, to) {
    const scale = Math.max(1, from / to);
    this.half = Math.ceil(12 * scale);
    this.step = from / to;
    const cutoff = 0.92 / scale;
    this.kernel = Array.from({ length: PHASES + 1 }, (_, phase) => {
      const taps = Float32Array.from({ length: 2 * this.half }, (_, tap) => {
        const at = tap - this.half + 1 - phase / PHASES;
        const window = Math.abs(at) < this.half ? 0.5 + 0.5 * Math.cos(Math.PI * at / this.half) : 0;
        const angle = Math.PI * at * cutoff;
        return window * cutoff * (angle === 0 ? 1 : Math.sin(angle) / angle);
      });
      const sum = taps.reduce((total, tap) => total + tap, 0);
      return taps.map((tap) => tap / sum);
    });
    this.past = new Float32Array(2 * this.half);
    // The first sample has to come before the first one can go.
    this.position = 1;
  }

  /** Takes a sample of the old rate. */
  feed(sample) {
    this.past.copyWithin(0, 1);
    this.past[this.past.length - 1] = sample;
    this.position -= 1;
  }

  /** The next sample; `next` gives one of the old rate. `bend` changes the speed. */
  sample(next, bend = 1) {
    while (this.position >= 1) this.feed(next());
    const taps = this.kernel[Math.round(this.position * PHASES)];
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++) sum += taps[tap] * this.past[tap];
    this.position += this.step * bend;
    return sum;
  }
}

/** The play-out buffer. */
export class PlayOut {
  constructor(rate) {
    this.resampler = new Resampler(RATE, rate);
    this.frames = [];
    this.offset = 0;
    this.depth = 0;
    this.aim = AIM_LEAST;
    this.waiting = true;
    this.begun = false;
    this.calm = 0;
    this.underruns = 0;
    this.dropped = 0;
    this.played = 0;
    this.last = 0;
  }

  /** A frame came. */
  push(samples) {
    this.frames.push(samples);
    this.depth += samples.length;
    while (this.depth > this.aim + TOO_MUCH && this.frames.length > 1) {
      const old = this.frames.shift();
      this.depth -= old.length - this.offset;
      this.dropped += old.length - this.offset;
      this.offset = 0;
    }
  }

  /** Fills `out` with what is to be heard next. */
  pull(out) {
    if (this.waiting && this.depth >= this.aim) {
      this.waiting = false;
      this.begun = true;
    }
    const beyond = this.depth - this.aim;
    const bend = this.waiting || Math.abs(beyond) < TOLERANCE ? 1 : 1 + BEND * Math.sign(beyond);
    for (let index = 0; index < out.length; index++) out[index] = this.resampler.sample(() => this.next(), bend);
  }

  next() {
    if (this.waiting) {
      this.last *= 0.9;
      return this.last;
    }
    if (this.depth === 0) {
      this.waiting = true;
      this.underruns += 1;
      this.calm = 0;
      this.aim = Math.min(AIM_MOST, this.aim + GROWTH);
      return this.last;
    }
    const frame = this.frames[0];
    this.last = frame[this.offset++];
    this.depth -= 1;
    this.played += 1;
    if (this.offset === frame.length) {
      this.frames.shift();
      this.offset = 0;
    }
    this.calm += 1;
    if (this.calm >= CALM) {
      this.calm = 0;
      this.aim = Math.max(AIM_LEAST, this.aim - GROWTH / 2);
    }
    return this.last;
  }

  figures() {
    return {
      delayMs: Math.round(this.depth / MS), aimMs: Math.round(this.aim / MS),
      underruns: this.underruns, dropped: this.dropped, played: this.played,
    };
  }
}
