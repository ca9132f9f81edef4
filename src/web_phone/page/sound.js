// The sound of a call: what comes is played, the microphone is sent; RTP packets of 20 ms, µ-law.

const RATE = 8000;
const HEADER = 12;
const DECODED = Float32Array.from({ length: 256 }, (_, byte) => decode(byte) / 32768);

function decode(byte) {
  const value = ~byte & 0xff;
  const magnitude = (((value & 0x0f) << 3) + 0x84 << ((value & 0x70) >> 4)) - 0x84;
  return value & 0x80 ? -magnitude : magnitude;
}

function encode(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.round(Math.abs(sample) * 32767), 32635) + 0x84;
  const exponent = Math.max(0, 24 - Math.clz32(magnitude));
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

/** Why there is no microphone, in words; nothing when a page like this one may ask for it. */
export function noMicrophone() {
  if (navigator.mediaDevices?.getUserMedia) return null;
  return 'Browsers give it only to pages that come from this computer or over HTTPS.';
}

/** What a browser's refusal of the microphone means. */
export function microphoneFault(error) {
  switch (error.name) {
    case 'NotAllowedError': case 'SecurityError':
      return 'Permission was refused. Allow the microphone for this page in the browser, then switch it on.';
    case 'NotFoundError': case 'OverconstrainedError':
      return 'There is none. Plug one in, then switch it on.';
    case 'NotReadableError': case 'AbortError':
      return 'It is busy: another program has it.';
    default:
      return `The browser says: ${error.message}`;
  }
}

export class Sound {
  #context;
  #player;
  #heard;
  #spoken;
  #capture = null;
  #stream = null;
  #packet = { sequence: random(0x10000), timestamp: random(0x100000000), source: random(0x100000000) };
  /** The play-out buffer's figures. */
  quality = null;

  /** Begins to play; has to be called when somebody pressed something. */
  static async open() {
    const sound = new Sound();
    await sound.#open();
    return sound;
  }

  async #open() {
    this.#context = new AudioContext({ latencyHint: 'interactive' });
    this.#heard = analyser(this.#context);
    this.#spoken = analyser(this.#context);
    if (this.#context.audioWorklet) {
      await this.#context.audioWorklet.addModule('/page/worklets.js');
      const node = new AudioWorkletNode(this.#context, 'play-out', { numberOfInputs: 0, outputChannelCount: [1] });
      node.port.onmessage = ({ data }) => { this.quality = data; };
      this.#player = { node, push: (samples) => node.port.postMessage(samples, [samples.buffer]) };
    } else {
      this.#player = await this.#oldPlayer();
    }
    this.#player.node.connect(this.#heard);
    this.#heard.connect(this.#context.destination);
    // Not waited for: a browser without a loudspeaker may never begin, and keys work all the same.
    this.#context.resume();
  }

  /** Whether the browser plays at all. */
  get plays() {
    return this.#context.state === 'running';
  }

  /** Pages that are neither of this machine nor over HTTPS have no worklets. */
  async #oldPlayer() {
    const { PlayOut } = await import('/page/play-out.js');
    const buffer = new PlayOut(this.#context.sampleRate);
    const node = this.#context.createScriptProcessor(1024, 0, 1);
    node.onaudioprocess = (event) => {
      buffer.pull(event.outputBuffer.getChannelData(0));
      this.quality = buffer.figures();
    };
    return { node, push: (samples) => buffer.push(samples) };
  }

  /** Plays a packet. */
  play(packet) {
    const bytes = new Uint8Array(packet);
    if (bytes.length <= HEADER) return;
    const samples = new Float32Array(bytes.length - HEADER);
    for (let index = 0; index < samples.length; index++) samples[index] = DECODED[bytes[index + HEADER]];
    this.#player.push(samples);
  }

  /** Switches the microphone on; `send` takes its packets. */
  async listen(send) {
    if (this.#stream) return;
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
    if (this.#context.state === 'closed') {
      stream.getTracks().forEach((track) => track.stop());
      return;
    }
    this.#stream = stream;
    this.#capture = new AudioWorkletNode(this.#context, 'capture', { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
    this.#capture.port.onmessage = ({ data }) => send(this.#wrap(data));
    const source = this.#context.createMediaStreamSource(stream);
    source.connect(this.#spoken);
    source.connect(this.#capture);
  }

  get listens() {
    return this.#stream !== null;
  }

  /** Switches the microphone off. */
  deafen() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    if (this.#capture) {
      this.#capture.port.onmessage = null;
      this.#capture.disconnect();
      this.#capture = null;
    }
  }

  #wrap(samples) {
    const packet = new Uint8Array(HEADER + samples.length);
    const header = new DataView(packet.buffer);
    packet[0] = 0x80;
    header.setUint16(2, this.#packet.sequence);
    header.setUint32(4, this.#packet.timestamp);
    header.setUint32(8, this.#packet.source);
    this.#packet.sequence = (this.#packet.sequence + 1) & 0xffff;
    this.#packet.timestamp = (this.#packet.timestamp + samples.length) >>> 0;
    for (let index = 0; index < samples.length; index++) packet[HEADER + index] = encode(samples[index]);
    return packet;
  }

  /** How loud it is: what is heard, and what the microphone takes; 0 to 100. */
  levels() {
    return [level(this.#heard), this.#stream ? level(this.#spoken) : 0];
  }

  /** Ends it all, once what waits was heard. */
  close() {
    this.deafen();
    const context = this.#context;
    setTimeout(() => { if (context.state !== 'closed') context.close(); }, 400);
  }
}

function random(below) {
  return Math.floor(Math.random() * below);
}

function analyser(context) {
  const node = context.createAnalyser();
  node.fftSize = 2048;
  return node;
}

function level(node) {
  const samples = new Float32Array(node.fftSize);
  node.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  // From -60 dB, silence, to full scale.
  return power > 1e-6 ? Math.min(100, Math.round((10 * Math.log10(power) + 60) / 0.6)) : 0;
}

export { RATE };
