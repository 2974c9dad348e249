// @ts-check
/*
 * All that the page knows of its one room, and `reduce(state, event) -> state`, the only way in which that changes:
 * the lines, the position in the room's log, who is here, and what was typed but is not acknowledged.
 * It does not know sockets, the DOM, clocks or randomness: every event brings its `now`, every draft its `cid`.
 */

import { folded } from './text.js';

/** @import {Frame, Status} from './connection.js' */
/** @typedef {{seq: number, from: string, text: string, at: string, room?: string, cid?: string, action?: boolean,
 *   edited_at?: string, deleted?: boolean}} Message */
/** @typedef {string | {name: string}} Part */
/** @typedef {{kind: 'message' | 'private' | 'signal' | 'notice' | 'error', message?: Message, parts?: Part[]}} Line */
/** @typedef {{cid: string, text: string, sent?: boolean, notBefore?: number}} Draft `sent`: on its way, unanswered. */
/** @typedef {typeof initial} State */
/** @typedef {{type: 'entered', room: string, user: string} | {type: 'status', status: Status} | {type: 'frame', frame: Frame}
 *   | {type: 'typed', cid: string, text: string} | {type: 'sent', cid: string} | {type: 'tick'}} Happening */
/** @typedef {(state: State, frame: Frame, now: number) => State} Handler */

/* The word that it ended may have been lost. */
const TYPING_LASTS_MS = 6_000;
/* A page left open for weeks must not grow for ever. */
const LINES_KEPT = 2_000;
/** The `ref` of our own question for history: the answer to a typed one may not join on to the first line. */
export const EARLIER = 'earlier';

export const initial = {
  room: '',
  user: '',
  status: /** @type {Status} */ ({ state: 'idle' }),
  /** Joined over the present connection. */
  present: false,
  /** Becomes `epoch` only with a snapshot, or it would vouch for an older position. */
  welcomed: /** @type {string | undefined} */ (undefined),
  epoch: /** @type {string | undefined} */ (undefined),
  /** The last `seq` up to which nothing is missing. */
  position: /** @type {number | undefined} */ (undefined),
  read: 0,
  textBytes: Infinity,
  topic: '',
  lines: /** @type {Line[]} */ ([]),
  more: false,
  users: /** @type {string[]} */ ([]),
  typing: /** @type {{name: string, until: number}[]} */ ([]),
  outbox: /** @type {Draft[]} */ ([]),
};

/** @param {State} state @param {Happening & {now: number}} event @returns {State} */
export function reduce(state, event) {
  const { now } = event;
  switch (event.type) {
    case 'entered': {
      const { room, user } = event;
      const same = folded(room) === folded(state.room) && folded(user) === folded(state.user);
      // Otherwise drafts stay behind too: under another author the same cid is another message.
      return same ? state : { ...initial, room, user };
    }
    case 'status': return statusChanged(state, event.status);
    case 'frame': return heard(state, event.frame, now);
    case 'typed': return { ...state, outbox: [...state.outbox, { cid: event.cid, text: event.text }] };
    case 'sent': {
      const { outbox } = withDraft(state, event.cid, { sent: true });
      // A command carries no cid to make repeating it harmless: it is sent once and let go.
      return { ...state, outbox: outbox.filter(({ sent, text }) => !sent || !isCommand(text)) };
    }
    case 'tick': return { ...state, typing: state.typing.filter(({ until }) => until > now) };
  }
}

/** The draft whose turn it is. One at a time, or a message that had to be repeated would arrive after later ones.
 * @param {State} state @param {number} now */
export function nextDraft({ present, outbox: [first] }, now) {
  return present && first && !first.sent && (first.notBefore ?? 0) <= now ? first : undefined;
}

/** `//x` too, which says `/x`.
 * @param {string} text */
export const isCommand = (text) => text.startsWith('/');

/** @param {State} state */
export const firstSeq = (state) => state.lines.find(({ kind }) => kind === 'message')?.message?.seq;

/** @param {State} state @param {Status} status @returns {State} */
function statusChanged(state, status) {
  if (status.state === 'connected') return { ...state, status };
  // Nothing that was on its way will be answered any more.
  const outbox = state.outbox.map((draft) => ({ ...draft, sent: false, notBefore: 0 }));
  return { ...state, status, present: false, typing: [], outbox };
}

/** @type {Handler} */
function heard(state, frame, now) {
  const { type, room = state.room } = frame;
  const table = room === state.room ? { ...HERE, ...ANYWHERE } : ANYWHERE;
  if (Object.hasOwn(table, type)) return table[type](state, frame, now);
  // Shown where it arrives: a private room's log, which has positions of its own, is not followed here.
  if (type !== 'message' || !room.startsWith('@')) return state;
  return { ...state, lines: [...state.lines, { kind: 'private', message: /** @type {any} */ (frame) }] };
}

/** Ours whichever room it names. A type in neither table is ignored.
 * @type {Record<string, Handler>} */
const ANYWHERE = {
  welcome: (state, { user, epoch, limits }) => ({ ...state, user, welcomed: epoch, textBytes: limits?.text_bytes ?? Infinity }),
  joined,
  ack,
  error,
  notice: (state, { text }) => add(state, 'notice', text),
  users: (state, { users }) => add(state, 'notice', 'Users: ', ...listed(users)),
  rooms: (state, { rooms }) => add(state, 'notice', 'Rooms: ', ...listed(rooms)),
  found: (state, { messages }) => add(state, 'notice', `Found: ${messages.length}`, ...messages.flatMap(
    (/** @type {Message} */ { from, text }) => ['\n', { name: from }, `: ${text}`])),
};

/** @type {Record<string, Handler>} */
const HERE = {
  message: logged,
  edited: logged,
  deleted: logged,
  reacted: logged,
  topic: logged,
  events: (state, { events }) => events.reduce(logged, state),
  presence,
  history: (state, { messages, more, ref }) =>
    (ref === EARLIER ? { ...state, more, lines: merged(state.lines, messages) } : state),
  read: (state, { seq }) => ({ ...state, read: Math.max(state.read, seq) }),
  typing: (state, { user, active }, now) => {
    const others = state.typing.filter(({ name }) => name !== user);
    return { ...state, typing: active && user !== state.user ? [...others, { name: user, until: now + TYPING_LASTS_MS }] : others };
  },
};

/** @type {Handler} */
function joined(state, { room, seq, topic = '', users, read = 0, recovered, more, messages = [], events = [] }) {
  // The first room of a connection is ours under whatever spelling the server gives it; any later one is not.
  if (state.present) return state;
  let next = { ...state, room, present: true, epoch: state.welcomed, users: users.map(nameOf) };
  if (recovered) {
    next = events.reduce(logged, next);
  } else {
    next = { ...next, position: seq, read: 0, more, lines: merged([], messages) };
    if (state.position !== undefined) next = add(next, 'notice', 'The gap could not be filled; here are the latest messages.');
  }
  return { ...next, topic, read: Math.max(next.read, read) };
}

/** Applies one event of the room's log.
 * @type {(state: State, event: Frame) => State} */
function logged(state, event) {
  const { type, seq, target, from, text, at, cid } = event;
  // Only this moves the position: an acknowledgement may come before others' messages with a smaller seq.
  const next = { ...state, position: Math.max(state.position ?? 0, seq) };
  switch (type) {
    case 'message': {
      const typing = next.typing.filter(({ name }) => name !== from);
      const lines = merged(next.lines, [/** @type {any} */ (event)]);
      const more = next.more || lines.length > LINES_KEPT;
      return settled({ ...next, typing, more, lines: lines.slice(-LINES_KEPT) }, from, cid);
    }
    case 'edited': return changed(next, target, { text, edited_at: at });
    case 'deleted': return changed(next, target, { text: '', deleted: true });
    case 'topic': return add({ ...next, topic: text }, 'signal', { name: from }, ` set the topic: ${text}`);
    default: return next;
  }
}

/** @type {Handler} */
function ack(state, { room, seq, at, cid }) {
  const draft = state.outbox.find((other) => other.cid === cid);
  if (!draft) return state;
  const next = settled(state, state.user, cid);
  // What lies behind the position was seen already; it may even be edited or deleted since.
  if (room !== state.room || seq <= (state.position ?? 0)) return next;
  return { ...next, lines: merged(next.lines, [{ seq, from: state.user, text: draft.text, at, cid }]) };
}

/** @type {Handler} */
function error(state, { code, text, ref, retry_ms = 2_000 }, now) {
  const draft = state.outbox.find(({ cid }) => cid === ref);
  if (!draft) return add(state, 'error', text);
  if (code === 'rate_limited' || code === 'unavailable') return withDraft(state, ref, { sent: false, notBefore: now + retry_ms });
  return add(settled(state, state.user, ref), 'error', `Not sent (${text}): ${draft.text}`);
}

/** @type {Handler} */
function presence(state, { joined: arrivals = [], left = [] }) {
  const came = arrivals.filter((/** @type {{name: string}} */ { name }) => !state.users.includes(name));
  const users = [...state.users.filter((name) => !left.includes(name)), ...came.map(nameOf)];
  let next = { ...state, users, typing: state.typing.filter(({ name }) => !left.includes(name)) };
  if (came.length) next = add(next, 'signal', ...listed(came), ' joined');
  return left.length ? add(next, 'signal', ...listed(left.map((/** @type {string} */ name) => ({ name }))), ' left') : next;
}

/** Puts messages among the lines by `seq`; one that is there already is replaced, never repeated.
 * @param {Line[]} lines @param {Message[]} messages */
function merged(lines, messages) {
  const result = [...lines];
  for (const message of messages) {
    let place = result.length;
    let replaced = 0;
    // From the end, where nearly every message belongs.
    for (let i = result.length - 1; i >= 0; i -= 1) {
      const { kind, message: other } = result[i];
      if (kind !== 'message' || !other) continue;
      if (other.seq < message.seq) break;
      place = i;
      replaced = other.seq === message.seq ? 1 : 0;
    }
    result.splice(place, replaced, { kind: 'message', message });
  }
  return result;
}

/** @param {State} state @param {number} seq @param {Partial<Message>} by */
const changed = (state, seq, by) => ({
  ...state,
  lines: state.lines.map((line) => (line.kind === 'message' && line.message?.seq === seq ? { ...line, message: { ...line.message, ...by } } : line)),
});

/** Anybody may repeat a cid; only our own message settles our draft.
 * @param {State} state @param {string} from @param {string} [cid] */
const settled = (state, from, cid) => (from === state.user ? { ...state, outbox: state.outbox.filter((draft) => draft.cid !== cid) } : state);

/** @param {State} state @param {string} cid @param {Partial<Draft>} by */
const withDraft = (state, cid, by) => ({ ...state, outbox: state.outbox.map((draft) => (draft.cid === cid ? { ...draft, ...by } : draft)) });

/** @param {State} state @param {'signal' | 'notice' | 'error'} kind @param {...Part} parts */
const add = (state, kind, ...parts) => ({ ...state, lines: [...state.lines, { kind, parts }] });

/** @param {{name: string}} it */
const nameOf = ({ name }) => name;

/** @param {{name: string}[]} all @returns {Part[]} */
const listed = (all) => all.flatMap((one, i) => [i ? ', ' : '', one]);
