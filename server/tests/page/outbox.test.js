// What is said arrives once, in order, whatever becomes of the connection.

import assert from 'node:assert/strict';
import test from 'node:test';
import { AT, message, Story } from './story.js';

const ack = (seq, cid) => ({ type: 'ack', room: 'general', seq, at: AT, cid, ref: cid });
const texts = (frames) => frames.map(({ text }) => text);
const states = (story) => story.state.outbox.map(({ text, state }) => `${text} ${state}`);

test('one message is on its way at a time, and its ack sends the next', () => {
  const alice = Story.inside().says('one').says('two');
  assert.deepEqual(texts(alice.takesSent('send')), ['one']);
  alice.hears(ack(1, 'c1'));
  assert.deepEqual(texts(alice.takesSent('send')), ['two']);
  assert.deepEqual(alice.lines(), ['alice: one']);
  alice.hears(message(1, 'alice', 'one', { cid: 'c1' }), message(2, 'alice', 'two', { cid: 'c2' }));
  assert.deepEqual(alice.lines(), ['alice: one', 'alice: two']);
  assert.deepEqual(states(alice), []);
});

test('what is typed without a connection goes out in order when the room is caught up with, with the same cid', () => {
  const alice = Story.inside([message(1, 'bob', 'hi')]).says('lost on the way');
  const [first] = alice.takesSent('send');
  alice.loses().says('typed meanwhile');
  assert.deepEqual(states(alice), ['lost on the way queued', 'typed meanwhile queued']);
  alice.welcomed();
  assert.deepEqual(alice.takesSent('send'), []);
  alice.joined({ recovered: true, messages: undefined, events: [], seq: 1 });
  assert.deepEqual(alice.takesSent('send').map(({ cid }) => cid), [first.cid]);
  alice.hears({ ...ack(2, 'c1'), duplicate: true });
  assert.deepEqual(texts(alice.takesSent('send')), ['typed meanwhile']);
});

test('a message that had arrived after all is not sent again', () => {
  const alice = Story.inside().says('did it arrive?').forgets().loses().welcomed();
  alice.joined({ recovered: true, messages: undefined, events: [message(1, 'alice', 'did it arrive?', { cid: 'c1' })], seq: 1 });
  assert.deepEqual(alice.takesSent('send'), []);
  assert.deepEqual(alice.lines(), ['alice: did it arrive?']);
});

test('somebody else who repeats our cid settles nothing', () => {
  const alice = Story.inside().says('mine').hears(message(1, 'mallory', 'mine', { cid: 'c1' }));
  assert.deepEqual(states(alice), ['mine sending']);
});

test('too fast waits for as long as the server says, and nothing overtakes it', () => {
  const alice = Story.inside().says('one').says('two').forgets();
  alice.hears({ type: 'error', code: 'rate_limited', text: 'Too fast', retry_ms: 800, ref: 'c1' }).later(500);
  assert.deepEqual(alice.takesSent('send'), []);
  alice.later(400);
  assert.deepEqual(texts(alice.takesSent('send')), ['one']);
});

test('what is refused waits for its author, and others go on', () => {
  const alice = Story.inside().says('bad').says('good');
  alice.hears({ type: 'error', code: 'muted', text: 'You are muted', ref: 'c1' });
  assert.deepEqual(states(alice), ['bad failed', 'good sending']);
  assert.equal(alice.state.outbox[0].why, 'You are muted');
  alice.hears(ack(1, 'c2')).forgets().happens('resend', { cid: 'c1' });
  assert.deepEqual(texts(alice.takesSent('send')), ['bad']);
  alice.hears({ type: 'error', code: 'muted', text: 'You are muted', ref: 'c1' }).happens('drop', { cid: 'c1' });
  assert.deepEqual(states(alice), []);
});

test('who wrote more than an hour ago is asked', () => {
  const alice = Story.inside().loses().says('old news').later(3_700_000).says('fresh').forgets().welcomed().joined({ recovered: true, events: [] });
  assert.deepEqual(states(alice), ['old news old', 'fresh sending']);
  alice.says('/resend');
  assert.deepEqual(states(alice), ['old news queued', 'fresh sending']);
  assert.ok(alice.lines().some((line) => line.includes('older than an hour')));
});

test('an ack that never comes is asked for again with the same cid', () => {
  const alice = Story.inside().says('hello?').forgets().later(21_000);
  assert.deepEqual(alice.takesSent('send').map(({ cid }) => cid), ['c1']);
});

test('an ack before others\' messages with a smaller seq moves no position', () => {
  const alice = Story.inside().says('mine').hears(ack(2, 'c1'));
  assert.equal(alice.room().position, 0);
  alice.hears(message(1, 'bob', 'first'), message(2, 'alice', 'mine', { cid: 'c1' }));
  assert.deepEqual(alice.lines(), ['bob: first', 'alice: mine']);
  assert.equal(alice.room().position, 2);
});

test('an ack for what was sent before a reload, and was edited since, does not bring back the old words', () => {
  const kept = { cid: 'c9', room: 'general', name: 'general', text: 'old words', at: 999_000, state: 'queued' };
  const alice = new Story().enters('alice', 'general', { outbox: [kept] }).welcomed();
  alice.joined({ seq: 5, messages: [message(3, 'alice', 'new words', { edited_at: AT })] });
  assert.deepEqual(texts(alice.takesSent('send')), ['old words']);
  alice.hears({ ...ack(3, 'c9'), duplicate: true });
  assert.deepEqual(alice.lines(), ['alice: new words']);
});

test('what another tab had confirmed is not sent here', () => {
  const alice = Story.inside().loses().says('from two tabs').happens('settled', { cid: 'c1' }).forgets().welcomed().joined({ recovered: true, events: [] });
  assert.deepEqual(alice.takesSent('send'), []);
});

test('an edit waits for no connection, and keeps its words', () => {
  const alice = Story.inside([message(1, 'alice', 'helo')]).happens('edit-last');
  assert.equal(alice.room().draft, 'helo');
  alice.loses().says('hello').forgets();
  assert.equal(alice.room().purpose.kind, 'edit');
  alice.welcomed().joined({ recovered: true, events: [] }).says('hello');
  assert.deepEqual(alice.takesSent('edit').map(({ seq, text, room }) => [seq, text, room]), [[1, 'hello', 'general']]);
  assert.equal(alice.room().purpose.kind, 'new');
});

test('a change that was not confirmed is asked again, unless what was missed shows that it was heard', () => {
  for (const [events, again] of [[[], 1], [[{ type: 'edited', room: 'general', seq: 2, target: 1, from: 'alice', text: 'hello', at: AT }], 0]]) {
    const alice = Story.inside([message(1, 'alice', 'helo')]).happens('edit', { seq: 1 }).says('hello').forgets().loses().welcomed();
    assert.deepEqual(alice.takesSent('edit'), [], 'not before the room is caught up with');
    alice.joined({ recovered: true, events, seq: 1 });
    assert.equal(alice.takesSent('edit').length, again);
  }
});

test('another log has other messages under the same numbers: an unconfirmed change is dropped, and said to be', () => {
  const alice = Story.inside([message(1, 'alice', 'helo')]).happens('edit', { seq: 1 }).says('hello').forgets().loses().welcomed({ epoch: 'e2' });
  alice.joined({ seq: 1, messages: [message(1, 'carol', 'another log')] });
  assert.deepEqual(alice.takesSent('edit'), []);
  assert.ok(alice.lines().some((line) => line.startsWith('! The server could not fill in')));
  assert.ok(alice.lines().some((line) => line.startsWith('! The server has another log')));
});
