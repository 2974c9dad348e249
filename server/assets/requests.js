// @ts-check
/*
 * Which answer belongs to which question. Each request waits in `state.asked` with a `ref` of its own until its turn comes, and
 * then until its answer does. Joins go out a few at a time, and after a refusal for haste one at a time; what changes something
 * and was not answered when the connection went is asked again, unless what was missed shows that it had been heard.
 * It does not know what an answer means.
 */

/** @import {Asked, Frame} from './types.d.ts' */
/** @import {Turn} from './model.js' */
import { fault, find, isConnected, next, set, unanswered } from './model.js';

/** The `ref` of what nobody waits for. */
export const SIGNAL = '-';
const JOINS = 8;
const SLOW_MS = 10_000;
const APART_MS = 200;
const ANSWER_WITHIN_MS = 30_000;
const PATIENCE_MS = 60_000;
const LASTING = ['join', 'leave', 'change'];

/** @param {Turn} turn @param {Asked['why']} why @param {string} room @param {Frame} frame @param {Partial<Asked>} [more] */
export function ask(turn, why, room, frame, more) {
  const ref = `q${next(turn)}`;
  set(turn, { asked: [...turn.state.asked, { ref, why, room, frame: { ...frame, ref }, ...more }] });
}

/** Asks for what makes sense only now. @param {Turn} turn @param {Asked['why']} why @param {string} room @param {Frame} frame @param {Partial<Asked>} [more] */
export function askNow(turn, why, room, frame, more) {
  if (isConnected(turn.state)) ask(turn, why, room, frame, more);
  else fault(turn, 'There is no connection now, and this cannot wait for one.');
  return isConnected(turn.state);
}

/** @param {Turn} turn @param {Frame} frame */
export const signal = (turn, frame) => { turn.effects.push({ type: 'send', frame: { ...frame, ref: SIGNAL } }); };

/** The question of an answer; it is answered with that. @param {Turn} turn @param {string | undefined} ref */
export function answered(turn, ref) {
  const asked = turn.state.asked.find((one) => one.ref === ref);
  if (asked) set(turn, { asked: turn.state.asked.filter((one) => one !== asked) });
  return asked;
}

/** Refused for haste: asked again later. @param {Turn} turn @param {string} ref @param {number} [retry] */
export function hold(turn, ref, retry = 0) {
  const notBefore = turn.now + Math.min(Math.max(retry, 250), PATIENCE_MS);
  const asked = turn.state.asked.map((one) => (one.ref === ref ? { ...one, sentAt: undefined, notBefore } : one));
  set(turn, { asked, slowUntil: notBefore + SLOW_MS });
}

/** The connection is gone. @param {Turn} turn */
export function lost(turn) {
  const asked = turn.state.asked.filter(({ why, typed }) => why === 'change' || why === 'leave' || (why === 'join' && typed !== undefined));
  set(turn, { asked: asked.map((one) => ({ ...one, sentAt: undefined, notBefore: undefined })), slowUntil: 0 });
}

/** Another log has other messages under the same numbers. @param {Turn} turn */
export function forgetChanges(turn) {
  const asked = turn.state.asked.filter(({ why }) => why !== 'change');
  if (asked.length === turn.state.asked.length) return;
  set(turn, { asked });
  fault(turn, 'The server has another log: a change that it had not confirmed is dropped.');
}

/** An event of our own: the question for it had been heard, whether or not that is answered. @param {Turn} turn @param {Frame} event @param {boolean} missed */
export function heardAlready(turn, event, missed) {
  const kind = { edited: 'edit', deleted: 'delete', reacted: 'react', topic: 'topic' }[event.type];
  const isIt = (/** @type {Asked} */ { why, frame, sentAt }) => why === 'change' && (missed || sentAt) && frame.type === kind && find(turn.state, frame.room)?.name === event.room
    && frame.seq === event.target && (frame.text ?? '') === (event.text ?? '') && frame.emoji === event.emoji && frame.on === event.on;
  // The same may be asked again behind it.
  answered(turn, turn.state.asked.find(isIt)?.ref);
}

/** Sends what is to be asked now. @param {Turn} turn */
export function askWhatIsDue(turn) {
  const { now } = turn;
  if (!isConnected(turn.state) || !turn.state.asked.length) return;
  forget(turn);
  const { asked, rooms, here, slowUntil } = turn.state;
  const slow = now < slowUntil;
  if (slow && now < turn.state.releasedAt + APART_MS) return;
  let joins = JOINS - asked.filter(({ why, sentAt }) => why === 'join' && sentAt).length;
  /** Changes of one room go one by one: an edit and the one after it must not change places. @param {Asked} one */
  const isReady = (one) => one.why !== 'change' || (rooms.find(({ key }) => key === one.room)?.membership === 'joined'
    && asked.find(({ why, room }) => why === 'change' && room === one.room) === one);
  const due = asked.filter((one) => !one.sentAt && (one.notBefore ?? 0) <= now && isReady(one));
  // Where the person is comes first.
  due.sort((a, b) => Number(b.room === here) - Number(a.room === here));
  const sent = new Set();
  for (const one of due) {
    if (one.why === 'join' && (joins -= 1) < 0) continue;
    sent.add(one);
    turn.effects.push({ type: 'send', frame: one.frame });
    if (slow) break;
  }
  if (sent.size) set(turn, { releasedAt: now, asked: asked.map((one) => (sent.has(one) ? { ...one, sentAt: now } : one)) });
}

/** A server that says nothing for so long has forgotten: asked again, where something hangs on it. @param {Turn} turn */
function forget(turn) {
  const late = (/** @type {Asked} */ { sentAt }) => sentAt !== undefined && turn.now > sentAt + ANSWER_WITHIN_MS;
  if (!turn.state.asked.some(late)) return;
  const kept = turn.state.asked.filter((one) => !late(one) || LASTING.includes(one.why));
  const gone = turn.state.asked.filter((one) => !kept.includes(one));
  set(turn, {
    asked: kept.map((one) => (late(one) ? { ...one, sentAt: undefined } : one)),
    rooms: turn.state.rooms.map((room) => (gone.some((one) => one.room === room.key) ? { ...room, asking: undefined } : room)),
    found: gone.some(({ why }) => why === 'search') ? unanswered(turn.state) : turn.state.found,
  });
}
