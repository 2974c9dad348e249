// @ts-check
/*
 * What is said, from the composer until the server has it. One message is on its way at a time, or one that had to be repeated
 * would arrive after later ones; each keeps its `cid`, so that repeating it is harmless.
 * It does not know where it is kept over a reload, nor how it looks.
 */

/** @import {Frame, Pending, State} from './types.d.ts' */
/** @import {Turn} from './model.js' */
import { fault, find, isConnected, lineOf, set, setLive, setRoom } from './model.js';
import { put } from './window.js';

const ACK_WITHIN_MS = 20_000;
const PATIENCE_MS = 60_000;
/* Who wrote so long ago is asked whether it should still be said. */
const OLD_MS = 3_600_000;

/** @param {Turn} turn @param {string} key @param {string} cid @param {string} text @param {Partial<Pending>} [more] */
export function say(turn, key, cid, text, more) {
  const room = find(turn.state, key);
  if (!room || !text.trim()) return;
  set(turn, { outbox: [...turn.state.outbox, { cid, room: key, name: room.name, text, at: turn.now, state: 'queued', ...more }] });
  // Who speaks has read, and wants to see it.
  setRoom(turn, key, { past: undefined, following: true, news: 0, marker: room.unread ? room.marker : undefined });
  if (key === turn.state.here) turn.effects.push({ type: 'follow' });
}

/** @param {Turn} turn @param {string | undefined} cid @param {Partial<Pending>} change */
const setPending = (turn, cid, change) =>
  set(turn, { outbox: turn.state.outbox.map((one) => (one.cid === cid ? { ...one, ...change } : one)) });

/** The server has it, or its author does not want it any more. @param {Turn} turn @param {string | undefined} cid */
export function settle(turn, cid) {
  const pending = turn.state.outbox.find((one) => one.cid === cid);
  if (pending) set(turn, { outbox: turn.state.outbox.filter((one) => one !== pending) });
  return pending;
}

/** @param {Turn} turn @param {Frame} ack */
export function acked(turn, { room: name, seq, at, cid }) {
  const pending = settle(turn, cid);
  const room = find(turn.state, name);
  // What lies behind the position was seen already; it may even be edited or deleted since.
  if (!pending || !room || seq <= room.position) return;
  const { text, reply_to, action } = pending;
  const line = lineOf(turn.state, { seq, from: turn.state.user, text, at, cid, reply_to, action });
  setLive(turn, room.key, (lines) => put(lines, line));
}

/** The server does not want one, or not now. @param {Turn} turn @param {Frame} error @param {boolean} passing */
export function refused(turn, { ref, text, retry_ms = 2_000 }, passing) {
  if (passing) return setPending(turn, ref, { state: 'queued', notBefore: turn.now + Math.min(Math.max(retry_ms, 250), PATIENCE_MS) });
  setPending(turn, ref, { state: 'failed', why: text });
  turn.effects.push({ type: 'announce', text: `Not sent: ${text}` });
}

/** Sends again what was refused or is old; without a cid all of it. @param {Turn} turn @param {string} [cid] */
export function resend(turn, cid) {
  for (const one of stuck(turn.state)) if (!cid || one.cid === cid) setPending(turn, one.cid, { state: 'queued', why: undefined, at: turn.now });
}

/** @param {Turn} turn */
export function dropStuck(turn) {
  for (const { cid } of stuck(turn.state)) settle(turn, cid);
}

/** @param {State} state */
const stuck = (state) => state.outbox.filter(({ state }) => state === 'failed' || state === 'old');

/** Nothing that was on its way will be answered any more. @param {Turn} turn */
export const lost = (turn) => set(turn, {
  outbox: turn.state.outbox.map((one) => (one.state === 'sending' ? { ...one, state: 'queued', notBefore: undefined } : one)),
});

/** Before anything is sent over a new connection. @param {Turn} turn */
export function setOldAside(turn) {
  const isOld = (/** @type {Pending} */ { state, at }) => state === 'queued' && turn.now - at > OLD_MS;
  const old = turn.state.outbox.filter(isOld).length;
  set(turn, { outbox: turn.state.outbox.map((one) => (isOld(one) ? { ...one, state: 'old' } : one)) });
  if (old) fault(turn, `${old} not sent, and older than an hour: /resend sends them, /drop drops them.`);
}

/** @param {Turn} turn */
export function sendWhatIsDue(turn) {
  const { outbox } = turn.state;
  if (!isConnected(turn.state) || !outbox.length) return;
  for (const one of outbox) {
    if (one.state === 'sending' && turn.now > (one.sentAt ?? 0) + ACK_WITHIN_MS) setPending(turn, one.cid, { state: 'queued' });
  }
  const waiting = turn.state.outbox.filter(({ state }) => state === 'queued' || state === 'sending');
  // Who was too fast is quiet everywhere.
  if (waiting.some(({ state, notBefore = 0 }) => state === 'sending' || notBefore > turn.now)) return;
  // A message that waits for its room holds back the later ones of that room alone.
  const due = waiting.find((one) => find(turn.state, one.room)?.membership === 'joined');
  if (!due) return;
  const { cid, name: room, text, reply_to, action } = due;
  setPending(turn, cid, { state: 'sending', sentAt: turn.now });
  turn.effects.push({ type: 'send', frame: { type: 'send', room, text, cid, reply_to, action, ref: cid } });
}
