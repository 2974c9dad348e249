/*
 * From a room's lines to rows: what begins a group, where days and «new» stand, who is left out, what waits at the end.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf, rowsOf } from '../../assets/rows.js';

const ZONE = 'Europe/Berlin';
const said = (seq, from, at, extra = {}) => ({ kind: 'message', seq, n: 0, at: `2026-11-${at}Z`, mention: false, message: { seq, from, text: `${seq}`, at, ...extra } });
const waits = (cid, at, extra = {}) => ({ cid, room: 'general', name: 'general', text: cid, at: Date.parse(`2026-11-${at}Z`), state: 'queued', ...extra });
const state = (change = {}) => ({ user: 'alice', ignored: [], blocked: [], outbox: [], ...change });
const room = (lines, change = {}) => ({ key: 'general', live: { lines, more: false, newer: false }, ...change });

/** A row in a few letters: `day`, `new`, the seq or cid, in brackets if it goes on in its sender's group. */
const word = ({ kind, line, pending, head }) => (kind === 'day' || kind === 'new' ? kind
  : head ? `${pending?.cid ?? line.seq}` : `(${pending?.cid ?? line.seq})`);
const check = (expected, ofRoom, ofState = state()) => assert.equal(rowsOf(ofRoom, ofState, ZONE).map(word).join(' '), expected);

test('one sender is named once in five minutes', () => {
  check('day 1 (2) 3 4', room([said(1, 'bob', '20T09:00'), said(2, 'bob', '20T09:05'), said(3, 'bob', '20T09:10:01'), said(4, 'alice', '20T09:10:02')]));
});

test('an action and an answer have heads of their own, and an action leads no group', () => {
  check('day 1 2 (3) 4 5', room([said(1, 'bob', '20T09:00'), said(2, 'bob', '20T09:00', { reply_to: 1 }), said(3, 'bob', '20T09:00'),
    said(4, 'bob', '20T09:00', { action: true }), said(5, 'bob', '20T09:00')]));
});

test('whatever else stands between ends a group', () => {
  check('day 1 1 2', room([said(1, 'bob', '20T09:00'), { kind: 'notice', seq: 1, n: 1, at: '2026-11-20T09:00Z', text: '' }, said(2, 'bob', '20T09:00')]));
});

test('a day begins at midnight of the zone, and ends a group', () => {
  check('day 1 day 2 (3)', room([said(1, 'bob', '20T22:59'), said(2, 'bob', '20T23:00'), said(3, 'bob', '20T23:01')]));
});

test('a time that is none makes no day', () => {
  check('1 2', room([{ ...said(1, 'bob', 'x') }, { ...said(2, 'carl', 'x') }]));
});

test('«new» stands behind the marker, before a message with a head', () => {
  const lines = [said(1, 'bob', '20T09:00'), { kind: 'people', seq: 1, n: 1, at: '2026-11-20T09:00Z', came: ['x'], went: [], passed: [] }, said(2, 'bob', '20T09:00'), said(3, 'bob', '20T09:00')];
  check('day 1 1 new 2 (3)', room(lines, { marker: 1 }));
  check('day 1 1 2 new 3', room(lines, { marker: 2 }));
  check('day 1 1 2 (3)', room(lines, { marker: 3 }));
  check('day 1 1 2 (3)', room(lines));
});

test('«new» waits for the first unread one to be loaded', () => {
  const lines = [said(7, 'bob', '20T09:00'), said(8, 'bob', '20T09:00')];
  check('day 7 (8)', room([], { live: { lines, more: true, newer: false }, marker: 3 }));
  check('day new 7 (8)', room([], { live: { lines, more: false, newer: false }, marker: 3 }));
  check('day 7 new 8', room([], { live: { lines, more: true, newer: false }, marker: 7 }));
});

test('who is ignored is left out, also where he is answered', () => {
  const lines = [said(1, 'Bob', '20T09:00'), said(2, 'carl', '20T09:00'), said(3, 'Bob', '20T09:00'), said(4, 'carl', '20T09:00', { reply_to: 1 })];
  check('day 2 4', room(lines), state({ ignored: ['bob'] }));
  assert.equal(rowsOf(room(lines), state({ ignored: ['bob'] }), ZONE).at(-1).replied, undefined);
  assert.equal(rowsOf(room(lines), state(), ZONE).at(-1).replied.from, 'Bob');
});

test('what waits stands at the end, in this room, grouped with what was said', () => {
  const lines = [said(1, 'alice', '20T09:00')];
  const outbox = [waits('a', '20T09:01'), waits('b', '20T09:02', { room: 'ops' }), waits('c', '20T09:20'), waits('d', '20T09:20', { action: true }), waits('e', '20T09:20')];
  check('day 1 (a) c d e', room(lines), state({ outbox }));
  check('day 1', room([], { past: { lines, more: true, newer: true } }), state({ outbox }));
});

test('the past is shown instead of what is live, and looks up answers in both', () => {
  const lines = [said(9, 'bob', '20T09:00')];
  const past = { lines: [said(1, 'bob', '19T09:00'), said(2, 'carl', '19T09:00', { reply_to: 9 })], more: false, newer: true };
  check('day 1 2', room(lines, { past }));
  assert.equal(rowsOf(room(lines, { past }), state(), ZONE).at(-1).replied, lines[0].message);
  assert.equal(messageOf(room(lines, { past }), 1), past.lines[0].message);
  assert.equal(messageOf(room(lines), 1), undefined);
});

test('keys are unique and stay, when older ones come above', () => {
  const lines = Array.from({ length: 600 }, (_, i) => said(i + 1, ['bob', 'carl'][i % 2], `${10 + Math.floor(i / 100)}T09:00`));
  const [all, later] = [lines, lines.slice(300)].map((some) => rowsOf(room(some), state(), ZONE).map(({ key }) => key));
  assert.equal(new Set(all).size, all.length);
  const [allSaid, laterSaid] = [all, later].map((keys) => keys.filter((key) => !key.startsWith('day')));
  assert.deepEqual(laterSaid, allSaid.slice(-300));
});

test('mine are those of the name that I have', () => {
  assert.deepEqual(rowsOf(room([said(1, 'alice', '20T09:00'), said(2, 'bob', '20T09:00')]), state(), ZONE).slice(1).map(({ mine }) => mine), [true, false]);
});
