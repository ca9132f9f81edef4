// What the page does to sound, without a browser: node tests/browser/play_out.mjs
import assert from 'node:assert/strict';
import { PlayOut, RATE, Resampler } from '../../src/web_phone/page/play-out.js';

const tone = (hertz, rate) => (index) => Math.sin(2 * Math.PI * hertz * index / rate);

function downTo8000(rate, samples) {
  const resampler = new Resampler(rate, RATE);
  const out = [];
  for (const sample of samples) {
    resampler.feed(sample);
    while (resampler.position < 1) out.push(resampler.sample());
  }
  return out;
}

// A second stays a second, a tone keeps its pitch and level, and what telephones cannot carry is gone.
for (const rate of [44100, 48000, 16000]) {
  const heard = downTo8000(rate, Float32Array.from({ length: rate }, (_, index) => tone(440, rate)(index)));
  assert.ok(Math.abs(heard.length - RATE) <= 1, `${rate}: ${heard.length}`);
  const steady = heard.slice(1000);
  const rises = steady.filter((sample, index) => index > 0 && steady[index - 1] < 0 && sample >= 0).length;
  assert.ok(Math.abs(rises * RATE / steady.length - 440) < 2, `${rate}: ${rises}`);
  assert.ok(Math.abs(Math.max(...steady) - 1) < 0.02, `${rate}`);
  const high = downTo8000(rate, Float32Array.from({ length: rate }, (_, index) => tone(5500, rate)(index)));
  assert.ok(Math.max(...high.slice(1000)) < 0.02, `${rate}: ${Math.max(...high.slice(1000))}`);
}

/** Plays seconds of packets that come with these delays; gives the buffer. */
function play(seconds, delay, drift = 1) {
  const buffer = new PlayOut(48000);
  const out = new Float32Array(128);
  const due = Array.from({ length: seconds * 50 }, (_, index) => index * 20 * drift + delay(index)).sort((a, b) => a - b);
  let next = 0;
  for (let now = 0; now < seconds * 1000; now += 128 / 48) {
    while (next < due.length && due[next] <= now) {
      buffer.push(new Float32Array(160).fill(0.5));
      next += 1;
    }
    buffer.pull(out);
  }
  return buffer;
}

const even = play(60, () => 0);
assert.equal(even.underruns, 0, 'even packets have no gap');
assert.ok(even.figures().aimMs === 40);

// Bursts of 100 ms: it learns, and has no gap any more.
const bursts = (index) => (4 - index % 5) * 20;
const learnt = play(10, bursts).underruns;
assert.ok(learnt > 0 && learnt < 6, `${learnt}`);
assert.equal(play(14, bursts).underruns, learnt, 'no further gap in the next seconds');

// A server whose clock is a little fast or slow is followed without dropping anything.
for (const drift of [0.9995, 1.0005]) {
  const followed = play(120, () => 0, drift);
  assert.equal(followed.dropped, 0, `${drift}`);
  assert.ok(followed.underruns <= 1, `${drift}: ${followed.underruns}`);
}

// After a stall of a second the sound is not a second behind for ever.
const stalled = play(20, (index) => (index >= 100 && index < 150 ? (150 - index) * 20 : 0));
assert.ok(stalled.depth < stalled.aim + RATE / 8, `${stalled.depth}`);
assert.ok(stalled.dropped > 0);
console.log('what the page does to sound is right');
