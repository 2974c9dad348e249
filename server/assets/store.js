// @ts-check
/*
 * The store: `reduce(state, happening) → [state, effects]`, the only way in which what the page knows changes. After every
 * happening what is due goes out, so that no path can forget it.
 * Pure: it does not know sockets, the DOM, clocks or randomness; every happening brings its `now`, every message its `cid`.
 */

/** @import {Effect, Happening, State} from './types.d.ts' */
/** @import {Turn} from './model.js' */
import { missed } from './events.js';
import { heard, linked } from './frames.js';
import { addRoom, current, hint, initial, isConnected, privateName, same, set, setRoom, shownWindow } from './model.js';
import { resend, sendWhatIsDue, settle } from './outbox.js';
import { ask, askWhatIsDue, signal } from './requests.js';
import * as rooms from './rooms.js';
import { change, said, search, searchMore } from './said.js';
import { folded } from './text.js';
import { messageIn, messages } from './window.js';

export { current, initial, isOnline } from './model.js';

/* The protocol says so. */
const TYPING_EVERY_MS = 2_000;

/** @param {State} state @param {Happening} happening @returns {[State, Effect[]]} */
export function reduce(state, happening) {
  /** @type {Turn} */
  const turn = { state, now: happening.now, effects: [] };
  HAPPENINGS[happening.type]?.(turn, happening);
  sendWhatIsDue(turn);
  askWhatIsDue(turn);
  rooms.tellWhatIsRead(turn);
  return [turn.state, turn.effects];
}

/** Whether time alone will change something. @param {State} state */
export const isWaiting = ({ outbox, asked, rooms, link }) => link.state === 'waiting' || (link.state === 'connected' && (asked.length > 0
  || outbox.some(({ state }) => state === 'queued' || state === 'sending') || rooms.some(({ typing, read, toldRead, missing }) => typing.length > 0 || read > toldRead || missing)));

/** @type {Record<Happening['type'], (turn: Turn, happening: any) => unknown>} */
const HAPPENINGS = {
  entered,
  link: (turn, { link }) => linked(turn, link),
  frame: (turn, { frame }) => heard(turn, frame),
  tick(turn) {
    const { now } = turn;
    missed(turn);
    for (const { key, typing } of turn.state.rooms) {
      if (typing.some(({ until }) => until <= now)) setRoom(turn, key, { typing: typing.filter(({ until }) => until > now) });
    }
  },
  present(turn, { present }) {
    set(turn, { present });
  },
  nick(turn, { user, session }) {
    const { previous = '', user: before } = turn.state;
    // Conversations belong to the name: out of one, before it is gone.
    const mine = turn.state.rooms.filter((room) => !room.with);
    if (current(turn.state).with) rooms.go(turn, mine[0].key);
    set(turn, { user, session, previous: same(user, previous) ? undefined : previous || before, rooms: mine, people: [], asked: [] });
    turn.effects.push({ type: 'connect' });
  },
  settled: (turn, { cid }) => settle(turn, cid),
  draft: drafted,
  say(turn, typed) {
    rooms.stopTyping(turn);
    const { key, draft } = current(turn.state);
    said(turn, typed);
    // What a button says was not in the composer.
    if (!typed.cid) setRoom(turn, key, { draft });
  },
  go: (turn, { room }) => rooms.go(turn, room),
  step: (turn, { by }) => rooms.step(turn, by),
  number(turn, { number }) {
    const room = rooms.inOrder(turn).rooms[number - 1];
    if (room) rooms.go(turn, room.key);
  },
  important: rooms.important,
  'last-room': (turn) => rooms.go(turn, turn.state.before),
  older: (turn) => rooms.older(turn),
  newer: rooms.newer,
  newest: rooms.newest,
  'first-unread': rooms.firstUnread,
  'mark-read': rooms.markRead,
  'edit-last'(turn) {
    const room = current(turn.state);
    const last = messages(room.live).findLast((line) => line.message.from === turn.state.user && !line.message.deleted);
    if (last) edit(turn, { seq: last.seq });
  },
  cancel(turn) {
    const { key, purpose, draft } = current(turn.state);
    if (purpose.kind === 'new' && !turn.state.hint) return rooms.newest(turn);
    hint(turn, '');
    setRoom(turn, key, { purpose: { kind: 'new' }, draft: purpose.kind === 'edit' ? purpose.before : draft });
  },
  hint: (turn, { text }) => hint(turn, text),
  'search-more': searchMore,
  'search-close': (turn) => set(turn, { found: undefined }),
  connect: (turn) => turn.effects.push({ type: 'connect' }),
  reply: (turn, { seq }) => setRoom(turn, turn.state.here, { purpose: { kind: 'reply', seq } }),
  edit,
  delete: (turn, { seq }) => change(turn, { type: 'delete', seq }),
  react(turn, { seq, emoji }) {
    const room = current(turn.state);
    const { reactions = {} } = messageIn(shownWindow(room), seq) ?? {};
    change(turn, { type: 'react', seq, emoji, on: !(Object.hasOwn(reactions, emoji) && reactions[emoji].includes(turn.state.user)) });
  },
  jump(turn, { seq, room }) {
    if (room) rooms.enter(turn, room, seq);
    else rooms.jump(turn, seq);
  },
  resend: (turn, { cid }) => resend(turn, cid),
  drop: (turn, { cid }) => settle(turn, cid),
  converse: (turn, { user }) => user && rooms.converse(turn, user),
  join: (turn, { room }) => rooms.enter(turn, room),
  leave: (turn, { room }) => rooms.leave(turn, room),
  search: (turn, { query, here }) => search(turn, query, here ? current(turn.state) : undefined),
  rooms: (turn) => isConnected(turn.state) && ask(turn, 'rooms', turn.state.here, { type: 'rooms' }),
  seen: rooms.seen,
};

/** Through the door. @param {Turn} turn @param {Happening & {type: 'entered'}} happening */
function entered(turn, { user, room, session, rooms: others, outbox, drafts, muted, ignored }) {
  const { state } = turn;
  if (folded(user) !== folded(state.user)) {
    turn.state = { ...initial, present: state.present, user, session, outbox, muted, ignored };
  }
  for (const name of [...others, room]) addRoom(turn, name);
  for (const { name } of turn.state.outbox) restored(turn, name);
  for (const { key } of turn.state.rooms) if (Object.hasOwn(drafts, key)) setRoom(turn, key, { draft: drafts[key] });
  set(turn, { here: folded(room) });
  turn.effects.push({ type: 'connect' });
}

/** Where something waits from before a reload. @param {Turn} turn @param {string} name */
function restored(turn, name) {
  const other = name.slice(1).split(',').find((one) => privateName(turn.state.user, one) === name);
  if (other || !name.startsWith('@')) addRoom(turn, name, other);
}

/** @param {Turn} turn @param {{seq: number}} happening */
function edit(turn, { seq }) {
  const room = current(turn.state);
  const message = messageIn(shownWindow(room), seq) ?? messageIn(room.live, seq);
  if (message?.from !== turn.state.user || message.deleted) return hint(turn, 'Only your own messages can be edited.');
  const before = room.purpose.kind === 'edit' ? room.purpose.before : room.draft;
  setRoom(turn, room.key, { purpose: { kind: 'edit', seq, before }, draft: message.text });
}

/** @param {Turn} turn @param {{text: string}} happening */
function drafted(turn, { text }) {
  const { key, name, membership, purpose } = current(turn.state);
  setRoom(turn, key, { draft: text });
  set(turn, { typed: turn.state.typed + 1 });
  if (!text.trim() || text.startsWith('/') || purpose.kind === 'edit') return rooms.stopTyping(turn);
  const busy = turn.state.outbox.some((one) => one.room === key && one.state !== 'failed' && one.state !== 'old');
  if (busy || !isConnected(turn.state) || membership !== 'joined' || turn.now < turn.state.typingAt + TYPING_EVERY_MS) return;
  signal(turn, { type: 'typing', room: name, active: true });
  set(turn, { typingAt: turn.now, typingIn: key });
}
