// @ts-check
/*
 * What the page knows, and the small verbs with which every part of the store changes it. A *turn* is one happening on its way
 * through the store: the state so far, the time, and what is to be done about it. States, rooms and lines are never changed in
 * place, so that the view sees by identity what is new.
 * It does not know what happens, the DOM, sockets, clocks or randomness.
 */

/** @import {Effect, Line, Message, Room, State} from './types.d.ts' */
/** @typedef {{state: State, now: number, effects: Effect[]}} Turn */
import { folded, mentions } from './text.js';
import { EMPTY, newestOf, put } from './window.js';

/** @type {State} */
export const initial = {
  user: '', session: '', link: { state: 'idle' }, textBytes: 16_384,
  rooms: [], here: '', before: '', people: [], listed: [],
  outbox: [], asked: [], count: 0, typed: 0,
  present: true, typingAt: 0, typingIn: '', readAt: 0, slowUntil: 0, releasedAt: 0,
  ignored: [], blocked: [], muted: [], hint: '',
};

/** @param {string} name @param {string} [other] @returns {Room} */
const newRoom = (name, other) => ({
  key: folded(name), name, with: other, membership: 'absent', topic: '', users: [], unlisted: 0, typing: [], live: EMPTY,
  position: 0, read: 0, toldRead: 0, unread: 0, mentions: 0, unreadMore: false, following: true, news: 0,
  muted: false, draft: '', purpose: { kind: 'new' },
});

/** @param {State} state @param {string} name */
export const find = (state, name) => state.rooms.find(({ key }) => key === folded(name));

/** The room that is shown. Behind the door there is always one.
 * @param {State} state */
export const current = (state) => find(state, state.here) ?? state.rooms[0];

/** @param {Room} room */
export const shownWindow = (room) => room.past ?? room.live;

/** As it is called on the screen. @param {Room} room */
export const title = (room) => (room.with ? `@${room.with}` : `#${room.name}`);

/** @param {string} one @param {string} other */
export const same = (one, other) => folded(one) === folded(other);

/** @param {State} state */
export const isConnected = (state) => state.link.state === 'connected';

/** The two names of a private room's key, sorted as the server sorts them. @param {string} one @param {string} other */
export const privateName = (one, other) => `@${[folded(one), folded(other)].sort((a, b) => (a < b ? -1 : 1)).join(',')}`;

/** @param {State} state @param {string} name */
export const isIgnored = (state, name) => [state.ignored, state.blocked].some((names) => names.includes(folded(name)));

/** Of a private conversation nobody tells who is there: whoever is in one of our rooms is. @param {State} state @param {string} name */
export const isOnline = (state, name) => state.rooms.some(({ users }) => users.includes(name));

/** @param {Turn} turn @param {Partial<State>} change */
export const set = (turn, change) => { turn.state = { ...turn.state, ...change }; };

/** @param {Turn} turn @param {string} key @param {Partial<Room>} change */
export function setRoom(turn, key, change) {
  set(turn, { rooms: turn.state.rooms.map((room) => (room.key === key ? { ...room, ...change } : room)) });
}

/** @param {Turn} turn @param {string} key @param {(lines: Line[]) => Line[]} change */
export function setLive(turn, key, change) {
  const room = find(turn.state, key);
  if (room) setRoom(turn, key, { live: newestOf({ ...room.live, lines: change(room.live.lines) }) });
}

/** A number that was not given out before: for refs, and for the places of lines that are not logged. @param {Turn} turn */
export function next(turn) {
  set(turn, { count: turn.state.count + 1 });
  return turn.state.count;
}

/** Adds a line that is not logged behind what is there. @param {Turn} turn @param {string} key @param {any} line */
export function addLine(turn, key, line) {
  const seq = find(turn.state, key)?.live.lines.at(-1)?.seq ?? 0;
  const n = next(turn);
  setLive(turn, key, (lines) => put(lines, { seq, n, at: new Date(turn.now).toISOString(), ...line }));
}

/** @param {Turn} turn @param {string} text @param {string} [key] */
export function notice(turn, text, key = turn.state.here) {
  tell(turn, find(turn.state, key) ? key : turn.state.here, 'notice', text);
}

/** Something went wrong: said where the person is. @param {Turn} turn @param {string} text */
export function fault(turn, text) {
  tell(turn, turn.state.here, 'fault', text);
}

/** @param {Turn} turn @param {string} key @param {Line['kind']} kind @param {string} text */
function tell(turn, key, kind, text) {
  addLine(turn, key, { kind, text });
  turn.effects.push({ type: 'announce', text });
  // Who reads further up does not see the end of the list.
  if (key === turn.state.here && !current(turn.state).following) set(turn, { hint: text });
}

/** @param {Turn} turn @param {string} hint */
export function hint(turn, hint) {
  set(turn, { hint });
  if (hint) turn.effects.push({ type: 'announce', text: hint });
}

/** Nobody will say any more what was found. @param {State} state */
export const unanswered = ({ found }) => found && { ...found, asking: false, failed: found.asking || found.failed };

/** @param {State} state @param {Message} message @returns {Line} */
export const lineOf = (state, message) =>
  ({ kind: 'message', seq: message.seq, n: 0, at: message.at, message, mention: message.from !== state.user && mentions(state.user, message.text) });

/** Adds a room unless it is there. @param {Turn} turn @param {string} name @param {string} [other] */
export function addRoom(turn, name, other) {
  if (!find(turn.state, name)) {
    const room = newRoom(name, other);
    set(turn, { rooms: [...turn.state.rooms, { ...room, muted: turn.state.muted.includes(room.key) }] });
  }
  return /** @type {Room} */ (find(turn.state, name));
}

/** What of a room is unread, as far as it is loaded. @param {Turn} turn @param {string} key */
export function recount(turn, key) {
  const room = find(turn.state, key);
  if (!room) return;
  const { lines, more } = room.live;
  const fresh = lines.filter((line) => line.kind === 'message' && line.seq > room.read && isNews(turn.state, line.message));
  const named = fresh.filter((line) => line.kind === 'message' && line.mention).length;
  setRoom(turn, key, { unread: fresh.length, mentions: named, unreadMore: more && (lines[0]?.seq ?? 0) > room.read + 1 });
}

/** @param {State} state @param {Message} message */
export const isNews = (state, { from, deleted }) => from !== state.user && !deleted && !isIgnored(state, from);
