/* The parts of the composer that need no document. What a browser does with keys is tested in one. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';

import { known, past, paste } from '../../assets/composer.js';

test('a paste of several lines is asked about, and its last line end goes', () => {
  for (const [pasted, text, several] of [
    ['one', 'one', false],
    ['one\n', 'one', false],
    ['one\r\n', 'one', false],
    ['one\r\ntwo\r\n', 'one\ntwo', true],
    ['one\n\n', 'one\n', true],
    ['/quit\n', '/quit', false],
    ['a\u2028b', 'a\nb', true],
    ['a\uD800', 'a\uFFFD', false],
    ['', '', false],
  ]) {
    const read = paste(pasted);
    deepEqual([read.text, read.several], [text, several], JSON.stringify(pasted));
  }
  equal(paste('ä👍').bytes, 6);
});

test('what was sent comes back, and behind it what was being typed', () => {
  const sent = past();
  equal(sent.step(-1, 'half'), undefined);
  for (const text of ['one', 'two', 'two', 'three']) sent.add(text);
  ok(!sent.isBrowsing());
  equal(sent.step(-1, 'half'), 'three');
  equal(sent.step(-1, 'three'), 'two');
  equal(sent.step(-1, 'two'), 'one');
  equal(sent.step(-1, 'one'), undefined);
  ok(sent.isBrowsing());
  equal(sent.step(1, 'one'), 'two');
  equal(sent.step(1, 'two'), 'three');
  equal(sent.step(1, 'three'), 'half');
  equal(sent.step(1, 'half'), undefined);
});

test('a hundred texts are remembered', () => {
  const sent = past();
  for (let number = 0; number < 150; number += 1) sent.add(String(number));
  let oldest, text = '';
  while ((text = sent.step(-1, '')) !== undefined) oldest = text;
  equal(oldest, '50');
});

test('the last speakers are offered first, each name once', () => {
  const said = (from) => ({ kind: 'message', message: { from } });
  const room = { name: 'general', users: ['alice', 'bob', 'Carol', 'dave'], live: { lines: [said('Carol'), said('BOB'), { kind: 'notice' }, said('carol')] } };
  const talk = { name: '@alice,erin', with: 'erin', users: [], live: { lines: [] } };
  const state = { user: 'alice', rooms: [room, talk], people: ['frank'], listed: [{ name: 'ops' }, { name: 'General' }] };
  deepEqual(known(state, room), { users: ['carol', 'BOB', 'alice', 'dave', 'erin', 'frank'], rooms: ['general', 'ops'], me: 'alice' });
  equal(known(state).users[0], 'alice');
});
