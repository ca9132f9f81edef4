// The two ends of a call's sound on the browser's sound thread.
import { PlayOut, RATE, Resampler } from './play-out.js';

class PlayOutNode extends AudioWorkletProcessor {
  constructor() {
    super();
    this.buffer = new PlayOut(sampleRate);
    this.blocks = 0;
    this.port.onmessage = ({ data }) => this.buffer.push(data);
  }

  process(_inputs, outputs) {
    this.buffer.pull(outputs[0][0]);
    // About four times a second.
    if (++this.blocks % 96 === 0) this.port.postMessage(this.buffer.figures());
    return true;
  }
}

/** 20 ms at a time, at the rate of telephones. */
class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, RATE);
    this.waiting = [];
    this.frame = new Float32Array(RATE / 50);
    this.filled = 0;
  }

  process(inputs) {
    const input = inputs[0][0];
    if (!input) return true;
    for (const sample of input) {
      this.resampler.feed(sample);
      // The new rate may be the higher one: then several samples come out of one.
      while (this.resampler.position < 1) this.put(this.resampler.sample());
    }
    return true;
  }

  put(sample) {
    this.frame[this.filled++] = sample;
    if (this.filled < this.frame.length) return;
    this.port.postMessage(this.frame.slice());
    this.filled = 0;
  }
}

registerProcessor('play-out', PlayOutNode);
registerProcessor('capture', Capture);
