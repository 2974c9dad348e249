// @ts-check
/*
 * What the server says, frame by frame, and what becomes of the connection.
 * It does not know sockets, nor what a person does.
 */

/** @import {Asked, Frame, Line, Link, Message, Room} from './types.d.ts' */
/** @import {Turn} from './model.js' */
import { call, logged, presence } from './events.js';
import { addLine, addRoom, fault, find, hint, isIgnored, isNews, lineOf, notice, recount, set, setRoom, unanswered } from './model.js';
import { acked, lost as outboxLost, refused, setOldAside, settle } from './outbox.js';
import { answered, forgetChanges, hold, lost as requestsLost, SIGNAL } from './requests.js';
import { firstUnread, go, gone, join, jump, readUpTo, turned } from './rooms.js';
import { folded } from './text.js';
import { putAll } from './window.js';

/* The word that it ended may have been lost. */
const TYPING_LASTS_MS = 6_000;
/* How long others may take to come back from what took our connection, too. */
const RETURN_MS = 30_000;
/* These are questions to the person at the door. */
const FOR_THE_DOOR = [1008, 4001, 4009];

/** @type {Record<string, (turn: Turn, frame: Frame, asked: Asked | undefined) => unknown>} */
const FRAMES = {
  welcome,
  joined,
  left: (turn, { room }, asked) => asked || gone(turn, folded(room)),
  message: (turn, frame) => live(turn, frame),
  edited: (turn, frame) => live(turn, frame),
  deleted: (turn, frame) => live(turn, frame),
  reacted: (turn, frame) => live(turn, frame),
  topic: (turn, frame) => live(turn, frame),
  events(turn, { room, events, more }) {
    for (const event of events) logged(turn, event, true);
    if (!more) caughtUp(turn, folded(room));
  },
  presence,
  typing(turn, { room: name, user, active }) {
    const room = find(turn.state, name);
    if (!room || user === turn.state.user || isIgnored(turn.state, user)) return;
    const others = room.typing.filter((one) => one.name !== user);
    setRoom(turn, room.key, { typing: active ? [...others, { name: user, until: turn.now + TYPING_LASTS_MS }] : others });
  },
  ack: acked,
  history: (turn, { messages, more }, asked) => asked && turned(turn, asked, messages, more),
  found(turn, { messages, more }, asked) {
    const { found } = turn.state;
    if (found && asked?.frame.query === found.query) {
      set(turn, { found: { ...found, messages: asked.seq ? [...found.messages, ...messages] : messages, more: more && !!found.room, asking: false, failed: false } });
    }
  },
  rooms: (turn, { rooms }) => set(turn, { listed: rooms }),
  users: (turn, { room, users }) => notice(turn, `In ${room}: ${users.map((/** @type {{name: string}} */ { name }) => name).join(', ')}`),
  read: (turn, { room, seq }) => {
    readUpTo(turn, folded(room), seq);
    setRoom(turn, folded(room), { toldRead: seq });
  },
  blocked,
  pong: (turn, _, asked) => asked && notice(turn, 'The server is there.'),
  notice: (turn, { text, room }) => notice(turn, text, room && folded(room)),
  error,
};

/** @param {Turn} turn @param {Frame} frame */
export function heard(turn, frame) {
  // A refusal may only mean later.
  const asked = frame.type === 'error' ? undefined : answered(turn, frame.ref);
  if (Object.hasOwn(FRAMES, frame.type)) FRAMES[frame.type](turn, frame, asked);
}

/** Of whom nothing is wanted from now on. @param {Turn} turn @param {Frame} frame */
function blocked(turn, { users }) {
  const before = turn.state.blocked;
  const now = users.map(folded);
  set(turn, { blocked: now });
  for (const { key } of turn.state.rooms) recount(turn, key);
  const more = users.filter((/** @type {string} */ one) => !before.includes(folded(one)));
  const again = before.filter((one) => !now.includes(one));
  if (more.length) hint(turn, `${more.join(', ')} is not shown any more, nor heard in private. /unblock ends it.`);
  else if (again.length) hint(turn, `${again.join(', ')} is shown again.`);
}

/** What a conversation says before it is caught up with comes again with that. @param {Turn} turn @param {Frame} event */
function live(turn, event) {
  const room = find(turn.state, event.room) ?? conversation(turn, event);
  if (room?.membership === 'joined') logged(turn, event, false);
}

/** Somebody, or we elsewhere, begin a conversation: its log is asked for whole. @param {Turn} turn @param {Frame} event */
function conversation(turn, { room: name, from }) {
  const other = otherOf(turn, name, [from]);
  if (other) join(turn, addRoom(turn, name, other));
  return undefined;
}

/** By the name that is known, or else the folded one. @param {Turn} turn @param {string} name @param {string[]} people */
function otherOf({ state }, name, people) {
  if (!name.startsWith('@')) return undefined;
  const [one, two = one] = name.slice(1).split(',');
  const other = one === folded(state.user) ? two : one;
  return [...people, ...state.people].find((known) => folded(known) === other) ?? other;
}

/** @param {Turn} turn @param {Frame} frame */
function welcome(turn, { user, session = '', epoch, limits, private: conversations = [], blocked: nobody = [] }) {
  if (turn.state.epoch && turn.state.epoch !== epoch) forgetChanges(turn);
  set(turn, { user, session, epoch, blocked: nobody.map(folded), previous: undefined, textBytes: limits?.text_bytes ?? 16_384, link: { state: 'connected' } });
  for (const { room: name, with: other, seq, read } of conversations) {
    if (!find(turn.state, name) && seq <= read) {
      set(turn, { people: [...turn.state.people.filter((one) => one !== other), other] });
      continue;
    }
    const room = addRoom(turn, name, other);
    setRoom(turn, room.key, { read: Math.max(room.read, read), toldRead: read });
  }
  for (const room of turn.state.rooms) {
    if (room.key === turn.state.addressed) setRoom(turn, room.key, { membership: 'joining' });
    else if (!turn.state.asked.some(({ why, room: key }) => why === 'leave' && key === room.key)) join(turn, room);
  }
  setOldAside(turn);
}

/** @param {Turn} turn @param {Frame} frame @param {Asked | undefined} asked */
function joined(turn, frame, asked) {
  const { room: name, seq, topic = '', users = [], online = 0, read = 0, recovered, more, messages = [], events = [] } = frame;
  let room = find(turn.state, name);
  if (!room && !asked) {
    // The room of the address, under the spelling that the server gives it.
    const first = find(turn.state, turn.state.addressed ?? '');
    if (first?.membership !== 'joining') return;
    setRoom(turn, first.key, { key: folded(name), name });
    if (turn.state.here === first.key) set(turn, { here: folded(name) });
    room = find(turn.state, name);
  }
  const again = asked ? asked.frame.after !== undefined : room?.epoch !== undefined;
  const here = users.map((/** @type {{name: string}} */ one) => one.name);
  const { key, with: other, users: before, unlisted: others, read: known, missing: still } = room ?? addRoom(turn, name, otherOf(turn, name, here));
  // Nor are those forgotten who had not come back before it broke again.
  const awaited = [...before, ...(still?.names ?? [])].filter((one) => !here.includes(one));
  const unlisted = Math.max(0, online - here.length);
  // Only where both lists are whole did somebody go who is in one of them alone.
  const missing = again && !other && !others && !unlisted ? { names: awaited, until: turn.now + RETURN_MS } : undefined;
  setRoom(turn, key, { name, topic, users: here, unlisted, missing, membership: recovered && more ? 'catching' : 'joined', toldRead: read, asking: undefined });
  if (recovered) {
    readUpTo(turn, key, read);
    for (const event of events) logged(turn, event, true);
    // While there is more to come, only what has come counts.
    if (!more) {
      setRoom(turn, key, { position: Math.max(find(turn.state, key)?.position ?? 0, seq) });
      caughtUp(turn, key);
    }
  } else {
    fresh(turn, key, { messages, more, seq });
    // Who was never here before has missed nothing; what was said to us alone is another matter.
    const mark = read || name.startsWith('@') ? read : seq;
    // A mark of another log means nothing in this one.
    setRoom(turn, key, { read: Math.min(again ? mark : Math.max(known, mark), seq) });
    if (again) addLine(turn, key, { kind: 'fault', text: 'The server could not fill in what you missed: this is as its log has it now.' });
    caughtUp(turn, key);
    const begun = find(turn.state, key);
    const last = begun?.with && begun.unread && !begun.muted && messages.findLast((/** @type {Message} */ one) => isNews(turn.state, one));
    if (last) call(turn, begun, last);
  }
  if (asked?.typed !== undefined) arrived(turn, key, asked);
}

/** What is new is here: whoever is at the end goes on from its first. @param {Turn} turn @param {string} key */
function caughtUp(turn, key) {
  setRoom(turn, key, { membership: 'joined' });
  recount(turn, key);
  const room = find(turn.state, key);
  if (!room?.unread || !room.following || key !== turn.state.here) return;
  setRoom(turn, key, { marker: room.marker ?? room.read, news: room.unread });
  firstUnread(turn);
}

/** A room as the server's log has it now. @param {Turn} turn @param {string} key @param {{messages: Message[], more: boolean, seq: number}} snapshot */
function fresh(turn, key, { messages, more, seq }) {
  /** @type {Line[]} */
  const lines = messages.map((message) => lineOf(turn.state, message));
  const { purpose, draft, live } = /** @type {Room} */ (find(turn.state, key));
  // What was said to the person on the way in, behind all that.
  const words = live.lines.filter(({ kind, at }) => /notice|fault/.test(kind) && Date.parse(at) > turn.now - RETURN_MS).map((line) => ({ ...line, seq }));
  setRoom(turn, key, {
    live: { lines: putAll([], [...lines, ...words]), more, newer: false }, past: undefined, marker: undefined, following: true, news: 0,
    position: seq, epoch: turn.state.epoch,
    // The words of another log's message are no new message.
    ...(purpose.kind === 'new' ? {} : { purpose: { kind: 'new' }, draft: purpose.kind === 'edit' ? purpose.before : draft }),
  });
  for (const { from, cid } of messages) if (from === turn.state.user) settle(turn, cid);
}

/** Somebody asked to come here. @param {Turn} turn @param {string} key @param {Asked} asked */
function arrived(turn, key, { typed, seq }) {
  // Who types on does not want to be taken elsewhere.
  if (typed !== turn.state.typed) return hint(turn, `You are in ${key} now, too.`);
  go(turn, key);
  if (seq) jump(turn, seq);
}

/** @param {Turn} turn @param {Frame} frame */
function error(turn, frame) {
  const { code, text, ref, retry_ms } = frame;
  const passing = code === 'rate_limited' || code === 'unavailable';
  if (ref === SIGNAL) return passing && set(turn, { rooms: turn.state.rooms.map((room) => ({ ...room, toldRead: Math.min(room.toldRead, Math.max(room.read - 1, 0)) })) });
  if (turn.state.outbox.some(({ cid }) => cid === ref)) return refused(turn, frame, passing);
  if (passing && ref && turn.state.asked.some((one) => one.ref === ref)) return hold(turn, ref, retry_ms);
  const asked = answered(turn, ref);
  if (asked?.why === 'search') set(turn, { found: unanswered(turn.state) });
  if (asked) setRoom(turn, asked.room, { asking: undefined });
  // The page would ask for it again and again.
  if (asked?.why === 'older' || asked?.why === 'newer') noFurther(turn, asked.room);
  if (asked?.why === 'join') {
    // It may have been there before; now it is not.
    const room = find(turn.state, asked.room);
    if (room?.with) setRoom(turn, room.key, { membership: 'joined', position: 0, epoch: undefined });
    // Where something is not sent, its author still needs a place to see it.
    else if (room && turn.state.outbox.some((one) => one.room === room.key)) setRoom(turn, room.key, { membership: 'absent' });
    else if (room) gone(turn, room.key);
  }
  if (asked?.why !== 'leave') fault(turn, text);
}

/** @param {Turn} turn @param {string} key */
function noFurther(turn, key) {
  const room = find(turn.state, key);
  const end = { more: false, newer: false };
  if (room) setRoom(turn, key, room.past ? { past: { ...room.past, ...end } } : { live: { ...room.live, ...end } });
}

/** The connection begins, ends or is refused. @param {Turn} turn @param {Link} link */
export function linked(turn, link) {
  const before = turn.state.link;
  set(turn, { link });
  outboxLost(turn);
  requestsLost(turn);
  set(turn, {
    typingIn: '', typingAt: 0, addressed: turn.state.rooms.find((room) => !room.with)?.key,
    found: unanswered(turn.state),
    rooms: turn.state.rooms.map((room) => ({ ...room, membership: 'absent', typing: [], asking: undefined })),
  });
  if (link.state === 'waiting' && before.state === 'connected') turn.effects.push({ type: 'announce', text: 'Not connected' });
  if (link.state !== 'refused') return;
  const { previous, user, outbox } = turn.state;
  if (previous) {
    // It was meant to be said by somebody else.
    set(turn, { outbox: outbox.map((one) => ({ ...one, state: 'failed', why: `it was said as ${user}` })) });
    fault(turn, `${link.reason}. You are ${previous} as before.`);
    turn.effects.push({ type: 'nick', user: previous });
  } else if (FOR_THE_DOOR.includes(link.code ?? 0)) {
    turn.effects.push({ type: 'door', reason: link.reason ?? '', askToken: link.code === 4001 });
  } else {
    fault(turn, `${link.reason}. /connect tries again.`);
  }
}
