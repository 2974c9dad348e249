// @ts-check
/*
 * How one entry of the list looks: a message, one that is not sent yet, who came and went, a day, a word to the person.
 * It does not know which entries there are, where they stand, nor what is done with them.
 */

/** @import {Message, Pending, Row} from './types.d.ts' */
import { avatar, bdi, button, CLOCK, DAY, element, namesOf, rich, timeOf } from './dom.js';
import { clip, shown } from './text.js';

const LONG = { lines: 30, letters: 3_000 };
/* Of those who come and go. */
const NAMED = 8;
const NEAR_DAY = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** An entry of the list, as one person sees it; `me` finds their name in a text. @param {Row} row @param {string} user @param {RegExp} me */
export function rowElement(row, user, me) {
  switch (row.kind) {
    case 'day': return element('li', 'day', element('h2', '', dayOf(row.at)));
    case 'new': return element('li', 'new', element('span', '', 'new'));
    case 'pending': return pendingRow(row.pending, row.head, user);
    case 'line': return lineRow(row, user, me);
  }
}

/** Today and yesterday are called so. @param {string} at */
function dayOf(at) {
  const made = timeOf(at, DAY);
  const [day, today] = [at, Date.now()].map((time) => new Date(time).setHours(0, 0, 0, 0));
  const ago = Math.round((today - day) / 86_400_000);
  if (ago === 0 || ago === 1) made.textContent = NEAR_DAY.format(-ago, 'day');
  return made;
}

/** @param {Row & {kind: 'line'}} row @param {string} user @param {RegExp} me */
function lineRow({ line, head, mine, replied }, user, me) {
  switch (line.kind) {
    case 'message': {
      const row = messageRow(line.message, head, user, line.mention ? me : undefined, replied);
      row.classList.toggle('mine', mine);
      row.classList.toggle('mention', line.mention);
      return row;
    }
    case 'topic': return element('li', 'topic', bdi(line.from), ...(line.text ? [' set the topic: ', ...rich(line.text)] : [' cleared the topic']));
    case 'people': return element('li', 'people', ...peopleWords(line));
    default: return element('li', line.kind, ...rich(line.text));
  }
}

/** @param {{came: string[], went: string[], passed: string[]}} line */
const peopleWords = ({ came, went, passed }) => [{ names: came, verb: 'came' }, { names: went, verb: 'went' }, { names: passed, verb: 'came and went' }]
  .filter(({ names }) => names.length)
  .flatMap(({ names, verb }, i) => [i ? ' · ' : '', ...namesOf(names.slice(0, NAMED)), names.length > NAMED ? ` and ${names.length - NAMED} more ${verb}` : ` ${verb}`]);

/** @param {Message} message @param {boolean} head @param {string} user @param {RegExp} [me] @param {Message} [replied] */
function messageRow(message, head, user, me, replied) {
  const { seq, from, at, text, deleted, edited_at, reactions = {} } = message;
  const row = said('message', message, head, deleted ? ['(deleted)'] : rich(text, me), timeOf(at, CLOCK), replied);
  row.dataset.seq = String(seq);
  row.dataset.from = from;
  row.classList.toggle('deleted', Boolean(deleted));
  if (edited_at && !deleted) {
    row.classList.add('edited');
    const mark = element('span', 'mark', '(edited)');
    mark.title = timeOf(edited_at).textContent ?? '';
    row.append(' ', mark);
  }
  if (!deleted && (text.length > LONG.letters || text.split('\n', LONG.lines + 1).length > LONG.lines)) {
    row.classList.add('long');
    const all = button('all', 'Show all');
    all.dataset.all = 'true';
    row.append(all);
  }
  const given = Object.entries(reactions).filter(([, names]) => names.length);
  if (given.length) {
    row.append(element('div', 'reactions', ...given.map(([emoji, names]) => {
      const pill = button('', shown(emoji), ' ', element('span', '', String(names.length)));
      pill.ariaPressed = String(names.includes(user));
      pill.title = names.map(shown).join(', ');
      pill.dataset.emoji = emoji;
      return pill;
    })));
  }
  return row;
}

const STATES = { queued: 'waiting for the connection', sending: 'sending', failed: 'not sent', old: 'typed at' };

/** @param {Pending} pending @param {boolean} head @param {string} user */
function pendingRow(pending, head, user) {
  const { cid, text, at, state, why } = pending;
  const row = said('pending', { ...pending, from: user }, head, rich(text), timeOf(at, CLOCK));
  row.dataset.cid = cid;
  row.dataset.state = state;
  const words = element('p', 'state', STATES[state], state === 'failed' && why ? `: ${shown(why)}` : '');
  if (state === 'old') words.append(' ', timeOf(at));
  if (state === 'failed' || state === 'old') words.append(' ', command(state === 'old' ? 'Send' : 'Retry', 'resend'));
  if (state !== 'sending') words.append(' ', command('Drop', 'drop'));
  row.append(words);
  return row;
}

/** @param {string} label @param {string} name */
function command(label, name) {
  const made = button('', label);
  made.dataset.act = name;
  return made;
}

/** @param {string} className @param {{from: string, action?: boolean, reply_to?: number}} message @param {boolean} head
 * @param {(Node | string)[]} words @param {Node} time @param {Message} [replied] */
function said(className, { from, action, reply_to }, head, words, time, replied) {
  const row = element('li', className);
  row.tabIndex = -1;
  row.classList.toggle('head', head);
  row.classList.toggle('action', Boolean(action));
  const text = element('div', 'text', ...words);
  text.dir = 'auto';
  if (reply_to !== undefined) {
    row.classList.add('answer');
    row.append(replyLine(replied));
  }
  if (action) {
    text.prepend('* ', bdi(from, 'sender'), ' ');
    row.append(time, text);
  } else if (head) {
    row.append(avatar(from), element('p', 'by', bdi(from, 'sender'), ' ', time), text);
  } else {
    row.append(element('span', 'hush', bdi(from), ': '), time, text);
  }
  return row;
}

/** @param {Message} [replied] */
function replyLine(replied) {
  const made = button('reply', ...(replied
    ? [bdi(replied.from), ' ', element('span', '', replied.deleted ? '(deleted)' : clip(replied.text, 120))]
    : ['an earlier message']));
  made.dataset.act = 'go-to-replied';
  return made;
}
