// The demo's voice messages: seen, and heard without changing anything.

const WORDS = { new: 'new', read: 'read', deleted: 'deleted' };
const SVG = 'http://www.w3.org/2000/svg';

/** So many mailboxes are looked through for the first one that has messages. */
const LOOKED_THROUGH = 10;

/**
 * Shows the messages of these mailboxes; gives what looks anew, at another mailbox where one is
 * named by its owner or number. `busy` tells whether to look often.
 */
export function showMessages(people, busy) {
  const select = document.getElementById('mailbox');
  select.replaceChildren(...people.map(({ mailbox, number, name }) => {
    const option = document.createElement('option');
    option.value = mailbox;
    option.textContent = `${number} ${name}`;
    return option;
  }));
  document.getElementById('messages').hidden = people.length === 0;
  let shown = '';
  const items = new Map();

  async function look() {
    const mailbox = select.value;
    if (!mailbox) return;
    let messages;
    try {
      const answer = await fetch(`/api/messages/${encodeURIComponent(mailbox)}`);
      if (!answer.ok) return;
      messages = await answer.json();
    } catch {
      return; // The connection's own notice says that the server is gone.
    }
    if (mailbox !== select.value) return;
    if (shown !== mailbox) items.clear();
    shown = mailbox;
    const list = document.getElementById('message-list');
    const wanted = messages.map((message) => {
      if (!items.has(message.id)) items.set(message.id, item(mailbox, message));
      const entry = items.get(message.id);
      describe(entry, message);
      return entry;
    });
    // Moving what has not moved would take away focus and stop what plays.
    if (wanted.length !== list.children.length || wanted.some((entry, index) => list.children[index] !== entry)) {
      list.replaceChildren(...wanted);
    }
    document.getElementById('no-messages').hidden = messages.length > 0;
  }

  function lookAt(whose) {
    const person = people.find(({ mailbox, number }) => whose === mailbox || whose === number);
    if (person) select.value = person.mailbox;
    return look();
  }

  async function lookForTheFirst() {
    for (const { mailbox } of people.slice(0, LOOKED_THROUGH)) {
      const answer = await fetch(`/api/messages/${encodeURIComponent(mailbox)}`);
      if (answer.ok && (await answer.json()).length > 0) return lookAt(mailbox);
    }
    return look();
  }

  select.onchange = look;
  lookForTheFirst();
  let rounds = 0;
  setInterval(() => { if (busy() || ++rounds % 5 === 0) look(); }, 1000);
  return lookAt;
}

function item(mailbox, message) {
  const entry = document.createElement('li');
  const address = `/api/messages/${encodeURIComponent(mailbox)}/${encodeURIComponent(message.id)}`;
  const from = document.createElement('span');
  from.className = 'from';
  from.textContent = `${message.from}, ${new Date(message.received).toLocaleString()}, ${Math.round(message.seconds)} s`;
  const state = document.createElement('span');
  state.className = 'state';
  const shape = document.createElementNS(SVG, 'svg');
  shape.setAttribute('viewBox', '0 0 160 40');
  shape.setAttribute('preserveAspectRatio', 'none');
  shape.setAttribute('aria-hidden', 'true');
  const audio = document.createElement('audio');
  audio.controls = true;
  audio.preload = 'none';
  audio.src = `${address}/sound`;
  audio.setAttribute('aria-label', `Message from ${message.from}`);
  entry.append(from, state, shape, audio);
  draw(shape, `${address}/shape`);
  return entry;
}

function describe(entry, message) {
  entry.className = message.state;
  entry.dataset.state = message.state;
  const marks = [WORDS[message.state]];
  if (message.important) marks.push('important');
  if (message.private) marks.push('private');
  if (message.cut_short) marks.push('cut short');
  entry.querySelector('.state').textContent = marks.join(', ');
}

async function draw(shape, address) {
  try {
    const answer = await fetch(address);
    if (!answer.ok) return;
    const columns = await answer.json();
    const width = 160 / columns.length;
    const path = columns.map((loud, index) => {
      const height = Math.max(0.5, loud * 0.2);
      return `M${(index * width).toFixed(2)} ${(20 - height).toFixed(2)}h${(width * 0.7).toFixed(2)}v${(2 * height).toFixed(2)}h-${(width * 0.7).toFixed(2)}z`;
    });
    const drawn = document.createElementNS(SVG, 'path');
    drawn.setAttribute('d', path.join(''));
    shape.replaceChildren(drawn);
  } catch {
    // A waveform that is missing says nothing that the message does not say.
  }
}
