// A story: happenings go in, frames and effects come out. What a test writes down reads as what people do and what the server says.

import assert from 'node:assert/strict';
import { current, initial, reduce } from '../../assets/store.js';

export const AT = '2026-11-20T09:30:00.000Z';

/** A message as the server has it. */
export const message = (seq, from, text, more) => ({ type: 'message', room: 'general', seq, from, text, at: AT, ...more });

export class Story {
  state = initial;
  now = 1_000_000;
  cids = 0;
  /** What was sent, and what else was asked for, since the last look. */
  sent = [];
  effects = [];

  happens(type, more = {}) {
    const [state, effects] = reduce(this.state, { now: this.now, type, ...more });
    // Pure: the same again gives the same.
    assert.deepEqual(reduce(this.state, { now: this.now, type, ...more })[0], state);
    this.state = state;
    for (const effect of effects) (effect.type === 'send' ? this.sent : this.effects).push(effect.type === 'send' ? effect.frame : effect);
    return this;
  }

  enters(user = 'alice', room = 'general', more = {}) {
    return this.happens('entered', { user, room, session: '', rooms: [], outbox: [], drafts: {}, muted: [], ignored: [], ...more });
  }

  hears(...frames) {
    for (const frame of frames) this.happens('frame', { frame });
    return this;
  }

  welcomed(more) {
    this.happens('link', { link: { state: 'connecting' } });
    return this.hears({ type: 'welcome', user: this.state.user, session: 's', epoch: 'e1', limits: { text_bytes: 16384 }, ping_seconds: 20, private: [], ...more });
  }

  joined(more) {
    return this.hears({ type: 'joined', room: 'general', seq: 0, topic: '', users: [{ name: 'alice' }, { name: 'bob' }], read: 0, recovered: false, more: false, messages: [], ...more });
  }

  /** Alice is in #general, where bob has said some things. */
  static inside(messages = [], more = {}) {
    return new Story().enters().welcomed().joined({ seq: messages.at(-1)?.seq ?? 0, messages, read: messages.at(-1)?.seq ?? 0, ...more }).forgets();
  }

  forgets() {
    [this.sent, this.effects] = [[], []];
    return this;
  }

  says(text, more) {
    this.cids += 1;
    return this.happens('say', { text, cid: `c${this.cids}`, ...more });
  }

  later(ms) {
    this.now += ms;
    return this.happens('tick');
  }

  loses(more) {
    return this.happens('link', { link: { state: 'waiting', retryAt: this.now + 1000, attempt: 1, reason: 'gone', ...more } });
  }

  room(key) {
    return key ? this.state.rooms.find((room) => room.key === key) : current(this.state);
  }

  /** The lines of a room in short: `alice: hi`, `! fault`, `* notice`. */
  lines(key) {
    const { past, live } = this.room(key);
    return (past ?? live).lines.map((line) => ({
      message: () => `${line.message.from}: ${line.message.deleted ? '(deleted)' : line.message.text}`,
      topic: () => `${line.from} topic: ${line.text}`,
      people: () => [...line.came.map((name) => `+${name}`), ...line.went.map((name) => `-${name}`), ...line.passed.map((name) => `±${name}`)].join(' '),
      notice: () => `* ${line.text}`,
      fault: () => `! ${line.text}`,
    })[line.kind]());
  }

  /** What was sent, without what does not matter here. */
  takesSent(...types) {
    const sent = this.sent.filter(({ type }) => !types.length || types.includes(type));
    this.sent = [];
    return sent;
  }

  takes(...types) {
    const effects = this.effects.filter(({ type }) => types.includes(type));
    this.effects = [];
    return effects;
  }
}
