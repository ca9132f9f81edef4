// The web phone: dials, presses keys, plays and speaks, and shows what is said.
import { Sound, microphoneFault, noMicrophone } from '/page/sound.js';
import { append, question, reason } from '/page/words.js';
import { showMessages } from '/page/messages.js';

const KEYS = [['1', ''], ['2', 'ABC'], ['3', 'DEF'], ['4', 'GHI'], ['5', 'JKL'], ['6', 'MNO'], ['7', 'PQRS'], ['8', 'TUV'], ['9', 'WXYZ'], ['*', ''], ['0', ''], ['#', '']];
const NAMES = { '*': 'star', '#': 'pound' };
const AGAIN_AFTER_MS = [500, 1000, 2000, 4000, 8000];

const element = (id) => document.getElementById(id);
let socket = null;
let tries = 0;
let lost = false;
/** The call: its sound and when it was answered; nothing when there is none. */
let call = null;

// The connection to the server.

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new WebSocket(`${scheme}://${location.host}/phone`);
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    tries = 0;
    element('connection').hidden = true;
    if (lost) status('Connected again. Not in a call.');
    lost = false;
    element('call').disabled = call !== null;
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') told(JSON.parse(data));
    else call?.sound?.play(data);
  };
  socket.onclose = () => {
    const wait = AGAIN_AFTER_MS[Math.min(tries++, AGAIN_AFTER_MS.length - 1)];
    if (call) over('The call is over: the server is gone.');
    lost = true;
    element('call').disabled = true;
    const notice = element('connection');
    if (notice.hidden) {
      notice.textContent = 'The server cannot be reached. This page tries again by itself.';
      notice.hidden = false;
    }
    setTimeout(connect, wait);
  };
}

function ask(request) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
}

// What the server tells.

function told(message) {
  switch (message.tell) {
    case 'answered':
      if (call) call.answeredAt = performance.now();
      return;
    case 'happened': return happened(message.event);
    case 'refused': return over(`The call was not taken: ${reason(message.why)}.`);
    case 'ended':
      append(element('transcript'), since(), { event: 'ended', why: message.why });
      return over(`The call is over: ${reason(message.why)}.`);
    case 'wrong': return over(`The server put this page out: ${message.problem}.`);
  }
}

function since() {
  return call?.answeredAt ? performance.now() - call.answeredAt : 0;
}

function happened(event) {
  if (!call) return;
  call.answeredAt ??= performance.now();
  append(element('transcript'), since(), event);
  if (event.event === 'arrived') {
    status(`In a call with ${event.called}.`);
    // Who is going to leave a message will need it.
    if (event.entry_point === 'call-answering') {
      useMicrophone();
      refreshMessages(event.diverted_from ?? event.called);
    }
  } else if (event.event === 'signed-in') {
    refreshMessages(event.mailbox);
  } else if (event.event === 'asks') {
    showKeys(event);
    if (event.menu === 'after-tone') useMicrophone();
  } else if (event.event === 'records' || event.event === 'choice') {
    refreshMessages();
  }
}

function showKeys(event) {
  element('menu').textContent = question(event);
  const table = element('keys');
  const rows = event.keys.map((open) => {
    const row = document.createElement('tr');
    const keys = document.createElement('td');
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = open.keys;
    // The spelled keys are what a screen reader should say ("4 4", not "forty-four"); the name also holds
    // what stands on the button, for those who click by saying it (WCAG 2.5.3).
    const shown = open.keys.length > 1 ? `${open.keys}, ` : '';
    button.setAttribute('aria-label', `${shown}press ${spelled(open.keys)}`);
    button.onclick = () => [...open.keys].forEach(press);
    keys.append(button);
    const says = document.createElement('td');
    says.textContent = open.says;
    if (open.when === 'while-playing') says.textContent += ' (while it plays)';
    if (open.when === 'after-playing') says.textContent += ' (when it has played)';
    row.append(keys, says);
    return row;
  });
  // Whoever has one of these buttons in focus stays at its place.
  const focused = [...table.querySelectorAll('button')].indexOf(document.activeElement);
  table.tBodies[0].replaceChildren(...rows);
  table.hidden = rows.length === 0;
  if (focused >= 0) (table.querySelectorAll('button')[Math.min(focused, rows.length - 1)] ?? element('keypad')).focus();
}

function spelled(keys) {
  return [...keys].map((key) => NAMES[key] ?? key).join(' ');
}

// The call.

async function dial(event) {
  event.preventDefault();
  if (call || socket?.readyState !== WebSocket.OPEN) return;
  call = { sound: null, answeredAt: null };
  const mine = call;
  element('call').disabled = true;
  element('hang-up').disabled = false;
  element('transcript').replaceChildren();
  status('Calling …');
  element('keypad').focus();
  try {
    // A press of a button lets a page play: it has to be asked for now.
    mine.sound = await Sound.open();
  } catch (error) {
    return over(`There is no sound here: ${error.message}`);
  }
  if (call !== mine) return mine.sound.close();
  showMicrophone();
  ask({ do: 'call', to: element('to').value, from: element('from').value, diverted: element('diverted').value || null });
}

function hangUp() {
  ask({ do: 'hang-up' });
  status('Hanging up …');
}

function over(why) {
  call?.sound?.close();
  call = null;
  const hadFocus = document.activeElement === element('hang-up') || element('keypad').contains(document.activeElement);
  element('hang-up').disabled = true;
  element('call').disabled = socket?.readyState !== WebSocket.OPEN;
  element('menu').textContent = 'Nothing now: call first.';
  element('keys').hidden = true;
  showMicrophone();
  status(why);
  refreshMessages();
  if (hadFocus) element('call').focus();
}

function press(key) {
  const button = element('keypad').querySelector(`[data-key="${key}"]`);
  button?.classList.add('down');
  setTimeout(() => button?.classList.remove('down'), 150);
  if (call) ask({ do: 'key', key });
}

// The microphone, asked for only when it is needed.

async function useMicrophone() {
  const mine = call;
  if (!mine?.sound || mine.sound.listens) return;
  const impossible = noMicrophone();
  if (impossible) return explainMicrophone(impossible);
  try {
    await mine.sound.listen((packet) => {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < 20_000) socket.send(packet);
    });
    if (call !== mine) return;
    ask({ do: 'microphone', on: true });
    element('no-microphone').hidden = true;
  } catch (error) {
    explainMicrophone(microphoneFault(error));
  }
  showMicrophone();
}

function toggleMicrophone() {
  if (!call) return;
  if (!call.sound?.listens) return useMicrophone();
  call.sound.deafen();
  ask({ do: 'microphone', on: false });
  showMicrophone();
}

function showMicrophone() {
  const on = call?.sound?.listens ?? false;
  const button = element('microphone');
  button.setAttribute('aria-pressed', String(on));
  button.disabled = !call || noMicrophone() !== null;
}

function explainMicrophone(why) {
  element('no-microphone-why').textContent = why;
  element('no-microphone').hidden = false;
  if (!window.isSecureContext) {
    const port = location.port || '80';
    element('tunnel').textContent = `ssh -L ${port}:localhost:${port} ${location.hostname}`;
    element('tunnel-link').href = `http://localhost:${port}/`;
    element('tunnel-link').textContent = `http://localhost:${port}/`;
    element('tunnel').hidden = false;
    element('tunnel-help').hidden = false;
  }
}

// What is seen all the time.

function status(text) {
  element('status').textContent = text;
}

function showLevels() {
  const [heard, spoken] = call?.sound?.levels() ?? [0, 0];
  element('heard').value = heard;
  element('spoken').value = spoken;
  requestAnimationFrame(showLevels);
}

function showQuality() {
  const quality = call?.sound?.quality;
  const silent = call?.answeredAt && !call.sound.plays;
  element('quality').textContent = silent ? 'This browser plays no sound: is there a loudspeaker?' : quality
    ? `Buffer ${quality.delayMs} ms, ${quality.underruns} ${quality.underruns === 1 ? 'gap' : 'gaps'}` : '';
  element('quality').dataset.figures = JSON.stringify(quality ?? {});
}

let refreshMessages = () => {};

async function showNumbers() {
  const answer = await fetch('/api/numbers');
  if (!answer.ok) return;
  const { demo, numbers } = await answer.json();
  element('numbers').replaceChildren(...numbers.map(({ number, name }) => {
    const option = document.createElement('option');
    option.value = number;
    option.textContent = name || 'voice access';
    return option;
  }));
  if (numbers.length > 0) element('to').value = numbers[0].number;
  if (demo) refreshMessages = showMessages(numbers.filter(({ mailbox }) => mailbox), () => call !== null);
}

function buildKeypad() {
  for (const [key, letters] of KEYS) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.key = key;
    if (NAMES[key]) button.setAttribute('aria-label', NAMES[key]);
    const digit = document.createElement('span');
    digit.textContent = key;
    const small = document.createElement('small');
    small.textContent = letters;
    button.append(digit, small);
    button.onclick = () => press(key);
    element('keypad').append(button);
  }
}

document.addEventListener('keydown', (event) => {
  if (!element('keyboard').checked || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.closest('input, select, textarea, audio')) return;
  if (/^[0-9*#]$/.test(event.key)) {
    event.preventDefault();
    press(event.key);
  }
});
element('dial').addEventListener('submit', dial);
element('hang-up').addEventListener('click', hangUp);
element('microphone').addEventListener('click', toggleMicrophone);
element('announce').addEventListener('change', ({ target }) => {
  element('transcript').setAttribute('aria-live', target.checked ? 'polite' : 'off');
});
buildKeypad();
showMicrophone();
const impossible = noMicrophone();
if (impossible) explainMicrophone(impossible);
showNumbers();
connect();
showLevels();
setInterval(showQuality, 500);
