// What happens in a call, in words: shared by the web phone and the live view.

/** Minutes, seconds and tenths. */
export function clock(milliseconds) {
  const tenths = Math.floor(milliseconds / 100);
  const minutes = Math.floor(tenths / 600);
  const seconds = Math.floor((tenths % 600) / 10);
  return `${minutes}:${String(seconds).padStart(2, '0')}.${tenths % 10}`;
}

const REASONS = {
  'caller-hung-up': 'you hung up', goodbye: 'all was said', fault: 'something failed on the server',
  'no-media': 'nothing was heard from you any more', 'call-too-long': 'it lasted as long as a call may',
  shutdown: 'the service goes down', 'session-expired': 'the other side fell silent',
  'gateway-disabled': 'its gateway was disabled',
  draining: 'the service is about to end', 'call-limit': 'too many calls at once', 'no-rtp-port': 'no room for its sound',
  'unknown-source': 'this address may not call', 'no-new-calls': 'no new calls are taken',
  'unknown-pilot': 'there is no such number', 'no-entry-point': 'there is no such number',
};

/** Why a call ended or was refused. */
export function reason(word) {
  return REASONS[word] ?? word;
}

const QUESTIONS = { digits: 'A number is asked for; # ends it.', pin: 'A PIN is asked for; # ends it.', 'after-tone': 'Speak after the tone; # ends the recording.' };

/** The menu or question that is open. */
export function question(event) {
  return event.heading || QUESTIONS[event.menu] || event.menu;
}

/** The name of a menu, short. */
export function place(menu) {
  const short = { digits: 'entering a number', pin: 'entering a PIN', 'after-tone': 'being recorded' };
  return short[menu] ?? menu.replaceAll('-', ' ');
}

/** A line of the transcript: whose it is and what it says; none for what is not worth one. */
export function line(event) {
  switch (event.event) {
    case 'arrived': {
      const to = event.diverted_from ? `${event.called}, diverted from ${event.diverted_from}` : event.called;
      return ['aside', `${event.calling ?? 'Somebody without a number'} calls ${to}.`];
    }
    case 'says': return ['ours', event.text];
    case 'plays': return ['ours', `(plays a ${event.what})`];
    case 'key': return ['theirs', event.key === 'secret' ? 'presses a secret digit •' : `presses ${event.key}`];
    case 'unused-keys': return ['theirs', `presses ${event.count} ${event.count === 1 ? 'key' : 'keys'} that mean nothing here`];
    case 'hears': return ['theirs', `says “${event.words}”`];
    case 'choice': return ['aside', `chooses ${event.choice.replaceAll('-', ' ')}`];
    case 'records': return ['theirs', `speaks for ${event.seconds.toFixed(1)} seconds`];
    case 'signed-in': return ['aside', `signed in to the mailbox of ${event.mailbox}`];
    case 'transfers': return ['aside', `is transferred to ${event.to}`];
    case 'ended': return ['aside', `The call is over: ${reason(event.why)}.`];
    default: return null;
  }
}

/** Adds a line to a transcript, and keeps its end in sight unless somebody reads further up. */
export function append(log, at, event) {
  const written = line(event);
  if (!written) return;
  const [kind, text] = written;
  const last = log.lastElementChild;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  // Digits of an entry stand on one line.
  if (event.event === 'key' && last?.dataset.keys && last.dataset.secret === String(event.key === 'secret')) {
    last.dataset.keys += event.key === 'secret' ? '•' : event.key;
    last.lastElementChild.textContent = event.key === 'secret'
      ? `presses secret digits ${last.dataset.keys}` : `presses ${last.dataset.keys}`;
  } else {
    const paragraph = document.createElement('p');
    paragraph.className = kind;
    const time = document.createElement('time');
    time.textContent = clock(at);
    const words = document.createElement('span');
    words.textContent = text;
    paragraph.append(time, words);
    if (event.event === 'key') {
      paragraph.dataset.keys = event.key === 'secret' ? '•' : event.key;
      paragraph.dataset.secret = String(event.key === 'secret');
    }
    log.append(paragraph);
  }
  if (atEnd) log.scrollTop = log.scrollHeight;
}
