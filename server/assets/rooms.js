// @ts-check
/*
 * Going from room to room, what is read there, and which part of its past is shown.
 * It does not know what the server says, nor how anything is drawn.
 */

/** @import {Asked, Frame, Message, Room} from './types.d.ts' */
/** @import {Turn} from './model.js' */
import { addRoom, current, fault, find, hint, isConnected, isNews, isOnline, lineOf, notice, privateName, recount, same, set, setRoom, shownWindow } from './model.js';
import { ask, askNow, signal } from './requests.js';
import { messageIn, messages, newestOf, oldestOf, onwards, putAll } from './window.js';

const PAGE = 50;
/* How often the server is told what is read, at most; it counts against the limit of messages. */
const TELL_EVERY_MS = 1_000;

/** @param {Turn} turn @param {string} key */
export function go(turn, key) {
  const left = current(turn.state);
  const room = find(turn.state, key);
  if (!room || room.key === left?.key) return;
  stopTyping(turn);
  // What was read needs no line any more.
  if (left && !left.unread) setRoom(turn, left.key, { marker: undefined });
  set(turn, { here: room.key, before: left?.key ?? room.key, hint: '' });
  turn.effects.push({ type: 'announce', text: room.with ? `Conversation with ${room.with}` : `Room ${room.name}` });
  if (room.membership === 'absent' && isConnected(turn.state)) join(turn, room);
  opened(turn, room.key);
}

/** The person looks at a room: what is new there is shown from its first. @param {Turn} turn @param {string} key */
function opened(turn, key) {
  const room = find(turn.state, key);
  if (!room?.unread || room.past) return;
  setRoom(turn, key, { marker: room.read, news: room.unread });
  // Some of it may have been let go of since it was counted.
  recount(turn, key);
  if (find(turn.state, key)?.unreadMore) firstUnread(turn);
}

/** @param {Turn} turn @param {Room} room @param {Partial<Asked>} [more] */
export function join(turn, room, more) {
  setRoom(turn, room.key, { membership: 'joining' });
  const resume = room.epoch ? { after: room.position, epoch: room.epoch } : {};
  ask(turn, 'join', room.key, { type: 'join', room: room.name, ...resume }, more);
}

/** Into a room, or to it. @param {Turn} turn @param {string} name @param {number} [seq] What to show then. */
export function enter(turn, name, seq) {
  const room = find(turn.state, name);
  if (room) {
    go(turn, room.key);
    if (seq) jump(turn, seq);
    return;
  }
  if (turn.state.asked.some((one) => one.why === 'join' && same(one.room, name))) return;
  askNow(turn, 'join', name, { type: 'join', room: name }, { typed: turn.state.typed, seq });
}

/** To the conversation with somebody. @param {Turn} turn @param {string} name */
export function converse(turn, name) {
  const room = addRoom(turn, privateName(turn.state.user, name), name);
  if (room.membership === 'absent' && isOnline(turn.state, name)) setRoom(turn, room.key, { users: [name] });
  go(turn, room.key);
  return room.key;
}

/** Out of a room; a private conversation is only put away. @param {Turn} turn @param {string} key */
export function leave(turn, key) {
  const room = find(turn.state, key);
  if (!room) return fault(turn, `You are not in ${key}.`);
  const unsent = turn.state.outbox.filter((one) => one.room === key).length;
  if (unsent) return fault(turn, `${unsent} not sent there yet: /resend, /drop, or wait until it is.`);
  const other = turn.state.rooms.find((one) => !one.with && one !== room);
  if (!room.with && !other) return notice(turn, 'This is your only room. /join another first, or /quit.');
  if (room.with) set(turn, { people: [room.with, ...turn.state.people.filter((one) => one !== room.with)] });
  else if (turn.state.link.state.startsWith('connect')) ask(turn, 'leave', key, { type: 'leave', room: room.name });
  gone(turn, key);
}

/** @param {Turn} turn @param {string} key */
export function gone(turn, key) {
  const rooms = turn.state.rooms.filter((room) => room.key !== key);
  // One is needed: a connection has a room in its address.
  if (rooms.every((room) => room.with) || rooms.length === turn.state.rooms.length) return;
  if (turn.state.here === key) go(turn, (rooms.find((room) => room.key === turn.state.before) ?? rooms[0]).key);
  // A late answer must not bring it back.
  set(turn, { rooms, asked: turn.state.asked.filter(({ why, room }) => room !== key || !/join|change/.test(why)) });
}

/** By so many places in the list. @param {Turn} turn @param {number} by */
export function step(turn, by) {
  const { rooms, here } = inOrder(turn);
  const room = rooms[(rooms.findIndex(({ key }) => key === here) + by + rooms.length) % rooms.length];
  if (room) go(turn, room.key);
}

/** The rooms as they are listed: public ones, then conversations. @param {Turn} turn */
export const inOrder = ({ state }) => ({ here: state.here, rooms: [...state.rooms.filter((room) => !room.with), ...state.rooms.filter((room) => room.with)] });

/** The next room that wants something: mentions before private words before other messages. @param {Turn} turn */
export function important(turn) {
  const { rooms, here } = inOrder(turn);
  const from = rooms.findIndex(({ key }) => key === here) + 1;
  const weight = (/** @type {Room} */ { mentions, unread, with: other, muted }) => (mentions ? 3 : !unread || muted ? 0 : other ? 2 : 1);
  const [best] = [...rooms.slice(from), ...rooms.slice(0, from)].filter((room) => room.key !== here && weight(room)).sort((a, b) => weight(b) - weight(a));
  if (best) go(turn, best.key);
  else hint(turn, 'Nothing new in other rooms.');
}

// Reading

/** A painting showed a room up to a message. @param {Turn} turn @param {{room: string, seq: number, end: boolean}} seen */
export function seen(turn, { room: key, seq, end }) {
  const room = find(turn.state, key);
  if (!room) return;
  const following = end && !room.past;
  if (following !== room.following || (following && room.news)) setRoom(turn, key, { following, news: following ? 0 : room.news });
  // A piece from further on says nothing of what lies between, nor does the end while the first unread ones are on their way.
  const whole = room.past ? (room.past.after ?? (room.past.lines[0]?.seq ?? 0) - 1) <= room.read : room.asking !== 'around';
  if (turn.state.present && key === turn.state.here && whole && seq > room.read) readUpTo(turn, key, seq);
}

/** @param {Turn} turn @param {string} key @param {number} seq */
export function readUpTo(turn, key, seq) {
  const room = find(turn.state, key);
  if (!room || seq <= room.read) return;
  setRoom(turn, key, { read: seq });
  if (room.unread) recount(turn, key);
  if (!find(turn.state, key)?.unread) turn.effects.push({ type: 'hush', room: key });
}

/** Everything here is read. @param {Turn} turn */
export function markRead(turn) {
  const room = current(turn.state);
  readUpTo(turn, room.key, room.position);
  setRoom(turn, room.key, { marker: undefined, unread: 0, mentions: 0, unreadMore: false, news: 0 });
}

/** @param {Turn} turn */
export function tellWhatIsRead(turn) {
  if (!isConnected(turn.state) || turn.now < turn.state.readAt + TELL_EVERY_MS) return;
  const room = turn.state.rooms.find(({ read, toldRead, membership }) => read > toldRead && membership === 'joined');
  if (!room) return;
  signal(turn, { type: 'read', room: room.name, seq: room.read });
  setRoom(turn, room.key, { toldRead: room.read });
  set(turn, { readAt: turn.now });
}

/** @param {Turn} turn */
export function stopTyping(turn) {
  const room = find(turn.state, turn.state.typingIn);
  if (room && isConnected(turn.state)) signal(turn, { type: 'typing', room: room.name, active: false });
  if (turn.state.typingIn) set(turn, { typingIn: '', typingAt: 0 });
}

// The past

/** @param {Turn} turn @param {NonNullable<Room['asking']>} asking @param {Partial<Frame>} frame @param {number} seq */
function look(turn, asking, frame, seq) {
  const room = current(turn.state);
  const around = asking === 'around';
  if (!isConnected(turn.state)) return around && hint(turn, 'That is not loaded, and there is no connection to ask.');
  if (room.asking && !around) return;
  // Who goes elsewhere does not wait for a page.
  set(turn, { asked: turn.state.asked.filter((one) => one.room !== room.key || one.why !== room.asking) });
  setRoom(turn, room.key, { asking });
  ask(turn, asking, room.key, { type: 'history', room: room.name, limit: PAGE, ...frame }, { seq });
}

/** @param {Turn} turn @param {number} [limit] */
export function older(turn, limit = PAGE) {
  const window = shownWindow(current(turn.state));
  const first = messages(window)[0]?.seq;
  if (first && window.more) look(turn, 'older', { before: first, limit }, first);
}

/** @param {Turn} turn */
export function newer(turn) {
  const { key, past, live } = current(turn.state);
  const last = past && messages(past).at(-1)?.seq;
  if (!past) return;
  // What follows may be here already.
  if (!last || (live.lines[0]?.seq ?? 0) <= last) return setRoom(turn, key, onwards(past, live));
  look(turn, 'newer', { after: last }, last);
}

/** @param {Turn} turn */
export function newest(turn) {
  setRoom(turn, turn.state.here, { past: undefined, following: true, news: 0 });
  turn.effects.push({ type: 'follow' });
}

/** @param {Turn} turn */
export function firstUnread(turn) {
  const { key, read, marker, unreadMore, live } = current(turn.state);
  const after = marker ?? read;
  const first = messages(live).find(({ seq, message }) => seq > after && isNews(turn.state, message))?.seq;
  if (unreadMore && after < (live.lines[0]?.seq ?? 0) - 1) return look(turn, 'around', { after }, after + 1);
  if (!first) return hint(turn, 'There is nothing that you have not read.');
  setRoom(turn, key, { past: undefined });
  turn.effects.push({ type: 'show', seq: first });
}

/** @param {Turn} turn @param {number} seq */
export function jump(turn, seq) {
  const { key, live, past } = current(turn.state);
  if (messageIn(past, seq)) return turn.effects.push({ type: 'show', seq });
  if (!messageIn(live, seq)) return look(turn, 'around', { before: seq + PAGE / 2 }, seq);
  setRoom(turn, key, { past: undefined, following: false });
  turn.effects.push({ type: 'show', seq });
}

/** A page of the past has come. @param {Turn} turn @param {Asked} asked @param {Message[]} found @param {boolean} more */
export function turned(turn, { why, room: key, seq = 0, frame }, found, more) {
  const room = find(turn.state, key);
  if (!room) return;
  setRoom(turn, key, { asking: undefined });
  const lines = found.map((message) => lineOf(turn.state, message));
  const window = shownWindow(room);
  if (why === 'around') {
    const shown = found.find((message) => message.seq >= seq) ?? found.at(-1);
    if (!shown) return hint(turn, 'There is no such message any more.');
    const past = { lines, more: frame.after === undefined ? more : true, newer: true, after: frame.after };
    setRoom(turn, key, { past, following: false });
    if (shown.seq !== seq && frame.before) hint(turn, `Message ${seq} is not a message: here is what stands there.`);
    turn.effects.push({ type: 'show', seq: shown.seq });
  } else if (why === 'older' && messages(window)[0]?.seq === seq) {
    const grown = oldestOf({ ...window, lines: putAll(window.lines, lines), more: lines.length > 0 && more });
    setRoom(turn, key, grown.newer ? { past: grown } : { live: grown });
    if (!grown.newer) recount(turn, key);
  } else if (why === 'newer' && room.past && messages(room.past).at(-1)?.seq === seq) {
    const past = { ...newestOf({ ...room.past, lines: putAll(room.past.lines, lines) }), newer: true };
    const joins = !more || (room.live.lines[0]?.seq ?? 0) <= (lines.at(-1)?.seq ?? 0);
    setRoom(turn, key, joins ? onwards(past, room.live) : { past });
  }
}

/** @param {Turn} turn @param {string} key @param {boolean} muted */
export function mute(turn, key, muted) {
  const others = turn.state.muted.filter((one) => one !== key);
  set(turn, { muted: muted ? [...others, key] : others });
  setRoom(turn, key, { muted });
}

/** One of our rooms by what the person calls it. @param {Turn} turn @param {string} text */
export function named(turn, text) {
  const name = text.trim();
  const plain = name.replace(/^[#@]/, '');
  return turn.state.rooms.find((room) => (room.with ? same(room.with, plain) : !name.startsWith('@') && same(room.name, plain)));
}
