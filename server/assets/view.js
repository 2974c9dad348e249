// @ts-check
/*
 * Paints a state of the store into the document, touching only the rows that changed, and keeps the reader's place.
 * What people wrote goes in as text nodes, by way of text.js; nothing is ever parsed as markup.
 * It does not know sockets, nor how a state came about, nor what a person does with the page.
 */

/** @import {Line, Message, State} from './store.js' */
import { firstSeq, initial } from './store.js';
import { linked, shown } from './text.js';

const NEAR_END_PX = 40;
const TODAY = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const OTHER_DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' });

/** @param {string} id */
export const byId = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
const scroll = byId('scroll');
const list = byId('messages');

/** By line or draft: what stands there already is not made again.
 * @type {Map<object, HTMLElement>} */
let rows = new Map();
let painted = initial;

const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
export const toEnd = () => scroll.scrollTo(0, scroll.scrollHeight);
/** New messages are spoken from a place of their own: a live list would read out the whole history on loading it.
 * @param {string} text */
export const speak = (text) => { byId('announce').textContent = shown(text); };

/** @param {State} state */
export function paint(state) {
  const { user, users, topic, typing, status } = state;
  const room = status.state === 'idle' ? '' : state.room;
  const follow = state.room !== painted.room || isAtEnd();
  const grewAbove = firstSeq(state) !== firstSeq(painted);
  const fromEnd = scroll.scrollHeight - scroll.scrollTop;

  paintRows(state);
  if (users !== painted.users) {
    const sorted = [...users].sort((a, b) => a.localeCompare(b));
    byId('users').replaceChildren(...sorted.map((name) => element('li', name === user ? 'you' : '', bdi(name))));
    byId('online').textContent = String(users.length);
  }
  byId('earlier').hidden = !state.more || !firstSeq(state);
  byId('earlier').disabled = !state.present;
  byId('typing').replaceChildren(...typing.flatMap(({ name }, i) => [i ? ', ' : '', bdi(name)]),
    typing.length > 1 ? ' are typing…' : typing.length ? ' is typing…' : '');
  byId('title').replaceChildren(...(room ? ['#', bdi(room)] : ['Chat']));
  if (topic !== painted.topic) byId('topic').replaceChildren(...withLinks(topic));
  document.title = room ? `#${shown(room)} – Chat` : 'Chat';
  paintStatus(status);

  if (follow) toEnd();
  // What the reader looks at stays where it is when earlier messages come in above it.
  else if (grewAbove) scroll.scrollTop = scroll.scrollHeight - fromEnd;
  painted = state;
}

/** @param {State} state */
function paintRows({ lines, outbox, user }) {
  /** @type {typeof rows} */
  const next = new Map();
  for (const line of lines) next.set(line, rows.get(line) ?? rowOf(line));
  for (const draft of outbox) next.set(draft, rows.get(draft) ?? speech('message pending', { seq: 0, from: user, text: draft.text, at: '' }));
  for (const [key, row] of rows) if (!next.has(key)) row.remove();
  let at = list.firstChild;
  for (const row of next.values()) {
    if (row === at) at = at.nextSibling;
    else list.insertBefore(row, at);
  }
  rows = next;
}

/** @param {State['status']} status */
function paintStatus({ state, retryAt = 0, reason = '' }) {
  const badge = byId('status');
  const text = {
    idle: '',
    connecting: 'connecting…',
    connected: 'connected',
    reconnecting: `reconnecting in ${Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))} s`,
    refused: `refused: ${shown(reason)}`,
  }[state];
  // The countdown is for the eye: spoken once a second, it would drown everything else.
  if (badge.dataset.state !== state) speak(text);
  badge.dataset.state = state;
  badge.textContent = text;
}

/** @param {Line} line */
const rowOf = ({ kind, message, parts = [] }) => (message ? speech(kind, message) : element('li', kind, ...parts.flatMap(
  (part) => (typeof part === 'string' ? withLinks(part) : [bdi(part.name)]))));

/** @param {string} kind @param {Message} message */
function speech(kind, { seq, from, text, at, room, action, edited_at, deleted }) {
  const sender = bdi(from);
  sender.className = 'sender';
  // The same name has the same colour for everybody.
  sender.dataset.hue = String([...from].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 5);
  const said = element('span', 'text', ...withLinks(deleted ? '(deleted)' : text));
  said.dir = 'auto';
  const mark = kind === 'private' ? `private ${shown(room ?? '')}` : edited_at && !deleted ? '(edited)' : '';
  const row = element('li', `${kind}${action ? ' action' : ''}${deleted ? ' deleted' : ''}`,
    timeOf(at), ' ', element('div', '', sender, ' ', said, ' ', element('span', 'mark', mark)));
  if (seq) row.dataset.seq = String(seq);
  return row;
}

/** @param {string} text @returns {(Node | string)[]} */
function withLinks(text) {
  return linked(shown(text)).map(({ text: label, href }) => {
    if (!href) return label;
    const link = /** @type {HTMLAnchorElement} */ (element('a', '', label));
    // A host in look-alike letters shows itself in the encoded form.
    link.title = link.href = href;
    link.rel = 'noopener noreferrer nofollow';
    link.target = '_blank';
    return link;
  });
}

/** @param {string} at */
function timeOf(at) {
  const date = new Date(at);
  const format = date.toDateString() === new Date().toDateString() ? TODAY : OTHER_DAY;
  const time = element('time', '', Number.isNaN(date.getTime()) ? '' : format.format(date));
  time.setAttribute('datetime', at);
  return time;
}

/** @param {string} name */
const bdi = (name) => element('bdi', '', shown(name));

/** @param {string} tag @param {string} className @param {...(Node | string)} children */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}
