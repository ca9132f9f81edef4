// The live view: which calls there are, and what is said in one of them. It only looks.
import { append, clock, place, reason } from '/page/words.js';

const SVG = 'http://www.w3.org/2000/svg';
const LOOK_EVERY_MS = 1000;
const FOLLOW_EVERY_MS = 500;
const GAP_MS = 1000;
/** Of one call at most so many seconds are drawn to scale; longer ones are drawn smaller. */
const PIXELS_PER_SECOND = 14;
const WIDEST = 6000;

const element = (id) => document.getElementById(id);
let followed = null;

async function get(address) {
  let answer;
  try {
    answer = await fetch(address);
  } catch {
    return notice('The server cannot be reached. This page tries again by itself.');
  }
  if (answer.status === 401) return notice('You are signed out. Open this page again to sign in.');
  if (!answer.ok) return answer.status === 404 ? undefined : notice(`The server answers ${answer.status}.`);
  element('connection').hidden = true;
  return answer.json();
}

function notice(text) {
  const shown = element('connection');
  if (shown.hidden || shown.textContent !== text) shown.textContent = text;
  shown.hidden = false;
  return undefined;
}

async function look() {
  const calls = await get('/api/calls');
  if (calls) {
    fill('running', calls.running, (call) => [
      call.calling ?? 'withheld', to(call), call.mailbox ?? '', place(call.menu), clock(call.lasted_ms), ...sound(call)]);
    fill('finished', calls.finished, (call) => [
      new Date(call.began).toLocaleTimeString(), call.calling ?? 'withheld', to(call), call.mailbox ?? '',
      clock(call.lasted_ms), ...sound(call), reason(call.ended)]);
  }
  setTimeout(look, LOOK_EVERY_MS);
}

function to(call) {
  return call.diverted_from ? `${call.called}, diverted from ${call.diverted_from}` : call.called;
}

function sound({ sound: { codec, jitter_ms, received, lost } }) {
  const expected = received + lost;
  return [codec, `${jitter_ms.toFixed(1)} ms`, expected ? `${(100 * lost / expected).toFixed(1)} %` : '–'];
}

function fill(id, calls, cells) {
  const table = element(id);
  const rows = new Map([...table.tBodies[0].rows].map((row) => [row.dataset.number, row]));
  const wanted = calls.map((call) => {
    const row = rows.get(String(call.number)) ?? fresh(call);
    const texts = cells(call);
    while (row.cells.length <= texts.length) row.insertCell();
    texts.forEach((text, index) => { if (row.cells[index + 1].textContent !== text) row.cells[index + 1].textContent = text; });
    return row;
  });
  if (wanted.length !== rows.size || wanted.some((row, index) => table.tBodies[0].rows[index] !== row)) {
    table.tBodies[0].replaceChildren(...wanted);
  }
  table.hidden = calls.length === 0;
  element(`none-${id}`).hidden = calls.length > 0;
}

function fresh(call) {
  const row = document.createElement('tr');
  row.dataset.number = call.number;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = `Follow ${call.number + 1}`;
  button.onclick = () => follow(call.number);
  row.insertCell().append(button);
  return row;
}

function follow(number) {
  followed = { number, next: 0, events: [] };
  element('transcript').replaceChildren();
  element('followed-heading').focus();
  more(followed);
}

async function more(mine) {
  if (followed !== mine) return;
  const news = await get(`/api/calls/${mine.number}?after=${mine.next}`);
  if (followed !== mine) return;
  if (news) {
    mine.next = news.next;
    for (const { at_ms: at, event } of news.events) {
      gap(mine, at, event);
      append(element('transcript'), at, event);
      mine.events.push({ at, event });
    }
    const { summary } = news;
    const where = summary.ended ? `over: ${reason(summary.ended)}` : place(summary.menu);
    element('followed').textContent = `Call ${summary.number + 1}, ${summary.calling ?? 'number withheld'} to ${to(summary)}, ${clock(summary.lasted_ms)}, ${where}.`;
    draw(mine.events, summary.lasted_ms);
    if (summary.ended) return;
  }
  setTimeout(more, FOLLOW_EVERY_MS, mine);
}

/** Writes down that nobody said or did anything for a while. */
function gap(mine, at, event) {
  if (event.event === 'asks') return;
  const last = mine.events.findLast((past) => past.event.event !== 'asks');
  if (last?.event.event !== 'falls-silent' || at - last.at < GAP_MS || event.event === 'records') return;
  const paragraph = document.createElement('p');
  paragraph.className = 'aside';
  const time = document.createElement('time');
  time.textContent = clock(last.at);
  const words = document.createElement('span');
  words.textContent = `${((at - last.at) / 1000).toFixed(1)} s of silence`;
  paragraph.append(time, words);
  element('transcript').append(paragraph);
}

/** What sounded when: bars with a kind, a beginning and an end. */
export function bars(events, until) {
  const found = [];
  let open = null;
  let silentSince = null;
  const close = (at) => { if (open) { open.until = at; found.push(open); open = null; } };
  for (const { at, event } of events) {
    const endsSilence = !['asks', 'falls-silent'].includes(event.event);
    if (endsSilence && silentSince !== null) {
      if (at - silentSince >= GAP_MS && event.event !== 'records') found.push({ kind: 'gap', from: silentSince, until: at });
      silentSince = null;
    }
    if (event.event === 'says' || event.event === 'plays') {
      close(at);
      open = { kind: event.event === 'says' ? 'prompt' : 'played', from: at, text: event.text ?? event.what };
    } else if (event.event === 'falls-silent') {
      close(at);
      silentSince = at;
    } else if (event.event === 'records') {
      found.push({ kind: 'recorded', from: Math.max(0, at - event.seconds * 1000), until: at });
    } else if (event.event === 'key') {
      found.push({ kind: 'key', from: at, until: at, text: event.key === 'secret' ? '•' : event.key });
    }
  }
  close(until);
  return found;
}

const LANES = { prompt: 8, played: 8, gap: 8, recorded: 42, key: 70 };

function draw(events, lasted) {
  const chart = element('timeline');
  const scale = Math.min(PIXELS_PER_SECOND / 1000, WIDEST / Math.max(lasted, 1));
  const width = Math.max(600, lasted * scale + 40);
  const drawn = bars(events, lasted).map(({ kind, from, until, text }) => {
    const group = document.createElementNS(SVG, 'g');
    const shape = document.createElementNS(SVG, 'rect');
    shape.setAttribute('class', kind);
    shape.setAttribute('x', (from * scale).toFixed(1));
    shape.setAttribute('y', LANES[kind]);
    shape.setAttribute('width', Math.max(2, (until - from) * scale - 1).toFixed(1));
    shape.setAttribute('height', kind === 'gap' ? 6 : 24);
    const title = document.createElementNS(SVG, 'title');
    title.textContent = `${clock(from)} ${kind} ${text ?? ''}`;
    group.append(shape, title);
    if (kind === 'key') group.append(label(from * scale + 4, 88, text));
    return group;
  });
  for (let second = 0; second * 1000 <= lasted; second += 10) drawn.push(label(second * 1000 * scale, 112, clock(second * 1000).slice(0, -2)));
  chart.setAttribute('width', width);
  chart.setAttribute('viewBox', `0 0 ${width} 120`);
  chart.setAttribute('aria-label', `Timeline of ${clock(lasted)}: ${events.filter(({ event }) => event.event === 'says').length} prompts; the transcript below says the same in words`);
  chart.replaceChildren(...drawn);
  chart.removeAttribute('hidden');
  element('timeline-key').hidden = false;
}

function label(x, y, words) {
  const text = document.createElementNS(SVG, 'text');
  text.setAttribute('x', x.toFixed(1));
  text.setAttribute('y', y);
  text.textContent = words;
  return text;
}

fetch('/api/numbers').then((answer) => answer.json()).then(({ demo }) => { element('sign-out').hidden = demo; }).catch(() => {});
look();
