// @ts-check
/*
 * What lasts in a room: one event of its log, live or missed, applied to what is known of it.
 * It does not know how events travel, nor how a person reads them.
 */

/** @import {Frame, Line, Message, Room} from './types.d.ts' */
/** @import {Turn} from './model.js' */
import { addLine, find, isIgnored, isNews, lineOf, recount, setRoom, title } from './model.js';
import { settle } from './outbox.js';
import { heardAlready } from './requests.js';
import { line as oneLine } from './text.js';
import { changed, KEPT, newestOf, put } from './window.js';

/** @param {Turn} turn @param {Frame} event @param {boolean} missed */
export function logged(turn, event, missed) {
  const room = find(turn.state, event.room);
  if (!room || event.seq <= room.position) return;
  const { key } = room;
  // Only this moves the position: an acknowledgement may come before others' messages with a smaller seq.
  setRoom(turn, key, { position: event.seq });
  if (event.from === turn.state.user) heardAlready(turn, event, missed);
  const { target, emoji, on, from, text, at } = event;
  switch (event.type) {
    case 'message': return said(turn, key, /** @type {any} */ (event), missed);
    case 'edited': return event.deleted ? undefined : change(turn, key, target, (old) => ({ ...old, text, edited_at: at }));
    case 'deleted': return change(turn, key, target, (old) => ({ ...old, text: '', deleted: true, reactions: undefined }));
    case 'reacted': return change(turn, key, target, (old) => ({ ...old, reactions: reacted(old.reactions, emoji, from, on) }));
    case 'topic':
      setRoom(turn, key, { topic: text });
      return append(turn, key, { kind: 'topic', seq: event.seq, n: 0, at, from, text });
  }
}

/** @param {Turn} turn @param {string} key @param {Message} message @param {boolean} missed */
function said(turn, key, message, missed) {
  const { state } = turn;
  const room = /** @type {Room} */ (find(state, key));
  const { seq, from, cid, text } = message;
  const mine = from === state.user;
  // Anybody may repeat a cid; only our own message settles ours.
  if (mine) settle(turn, cid);
  if (room.typing.length) setRoom(turn, key, { typing: room.typing.filter(({ name }) => name !== from) });
  const line = lineOf(state, message);
  append(turn, key, line);
  if (seq <= room.read || !isNews(state, message)) return;
  const here = key === state.here;
  const named = line.kind === 'message' && line.mention;
  if (!room.following) setRoom(turn, key, { news: room.news + 1 });
  // What is on the screen anyway is about to be read: it is not counted for the blink of an eye. What was missed was missed.
  if (missed || !(here && state.present && room.following && !room.past)) {
    const { unread, mentions, marker, read } = room;
    setRoom(turn, key, { unread: unread + 1, mentions: mentions + Number(named), marker: unread ? marker : read });
    if (named || (room.with && !room.muted)) call(turn, room, message);
  }
  if (!missed && (here || named || room.with)) {
    turn.effects.push({ type: 'announce', text: `${from}${here ? '' : room.with ? ' to you' : ` in ${room.name}`}: ${oneLine(text)}` });
  }
}

/** Who does not look is called. @param {Turn} turn @param {Room} room @param {Message} message */
export function call(turn, room, { from, text }) {
  if (!turn.state.present) turn.effects.push({ type: 'call', room: room.key, title: room.with ? from : `${from} in ${title(room)}`, text });
}

/** @param {Turn} turn @param {string} key @param {Line} line */
function append(turn, key, line) {
  const room = /** @type {Room} */ (find(turn.state, key));
  // Its reader's lines stay when the newest push them out.
  const past = room.past ?? (room.following || room.live.lines.length < KEPT ? undefined : { ...room.live, newer: true });
  setRoom(turn, key, { past, live: newestOf({ ...room.live, lines: put(room.live.lines, line) }) });
}

/** @param {Turn} turn @param {string} key @param {number} seq @param {(old: Message) => Message} by */
function change(turn, key, seq, by) {
  const room = /** @type {Room} */ (find(turn.state, key));
  const again = (/** @type {Line & {kind: 'message'}} */ { message }) => lineOf(turn.state, by(message));
  const live = { ...room.live, lines: changed(room.live.lines, seq, again) };
  const past = room.past && { ...room.past, lines: changed(room.past.lines, seq, again) };
  setRoom(turn, key, { live, past });
  if (room.unread && seq > room.read) recount(turn, key);
}

/** @param {Record<string, string[]> | undefined} before @param {string} emoji @param {string} who @param {boolean} on */
function reacted(before, emoji, who, on) {
  const all = before ?? {};
  // Any word may be a reaction, `constructor` too.
  const names = (Object.hasOwn(all, emoji) ? all[emoji] : []).filter((name) => name !== who);
  const { [emoji]: _, ...others } = all;
  return on ? { ...all, [emoji]: [...names, who] } : names.length ? { ...all, [emoji]: names } : others;
}

/* Names in one line of who came and went. */
const FOLDED = 40;

/** Who came and went, gathered in one line. @param {Turn} turn @param {Frame} presence */
export function presence(turn, { room: name, joined = [], left = [], online = 0 }) {
  const room = find(turn.state, name);
  if (!room) return;
  // Differences may name somebody whom the snapshot has already, or who only came back as we did.
  const arrivals = joined.map((/** @type {{name: string}} */ one) => one.name).filter((/** @type {string} */ one) => !room.users.includes(one));
  const users = [...room.users.filter((one) => !left.includes(one)), ...arrivals];
  const unlisted = Math.max(0, online - users.length);
  // Names move in and out of a part of the list because others came or went before them.
  const whole = !room.unlisted && !unlisted;
  const gone = whole ? left.filter((/** @type {string} */ one) => room.users.includes(one)) : [];
  const missing = room.missing?.names ?? [];
  const news = whole ? arrivals.filter((/** @type {string} */ one) => !missing.includes(one)) : [];
  const still = whole && room.missing ? { ...room.missing, names: missing.filter((one) => !users.includes(one)) } : undefined;
  setRoom(turn, room.key, { users, unlisted, missing: still, typing: room.typing.filter((one) => !gone.includes(one.name)) });
  // Nobody tells who is there for a private word: whoever is in one of our rooms is. Who went may be in another one, unlisted.
  for (const { key, with: other = '', users: two } of turn.state.rooms) {
    if (![...arrivals, ...gone].includes(other)) continue;
    const isThere = turn.state.rooms.some((each) => !each.with && (each.users.includes(other) || (each.unlisted && two.includes(other))));
    setRoom(turn, key, { users: [...two.filter((one) => one !== other), ...(isThere ? [other] : [])] });
  }
  const shown = (/** @type {string} */ one) => one !== turn.state.user && !isIgnored(turn.state, one);
  for (const one of news.filter(shown)) fold(turn, room.key, one, true);
  for (const one of gone.filter(shown)) fold(turn, room.key, one, false);
}

/** Who did not come back in time after our connection broke went. @param {Turn} turn */
export function missed(turn) {
  for (const { key, missing } of turn.state.rooms) {
    if (!missing || turn.now < missing.until) continue;
    setRoom(turn, key, { missing: undefined });
    for (const one of missing.names) if (!isIgnored(turn.state, one)) fold(turn, key, one, false);
  }
}

/** @param {Turn} turn @param {string} key @param {string} name @param {boolean} comes */
function fold(turn, key, name, comes) {
  const last = find(turn.state, key)?.live.lines.at(-1);
  if (last?.kind !== 'people' || last.came.length + last.went.length + last.passed.length >= FOLDED) {
    return addLine(turn, key, { kind: 'people', came: comes ? [name] : [], went: comes ? [] : [name], passed: [] });
  }
  const without = (/** @type {string[]} */ names) => names.filter((one) => one !== name);
  const back = comes && last.went.includes(name);
  const passed = !comes && last.came.includes(name);
  append(turn, key, {
    ...last,
    came: comes && !back ? [...without(last.came), name] : without(last.came),
    went: comes || passed ? without(last.went) : [...without(last.went), name],
    passed: passed ? [...without(last.passed), name] : comes ? without(last.passed) : last.passed,
  });
}
