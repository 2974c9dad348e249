/* What is offered for the word before the caret. `|` marks the caret. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';

import { EMOJI, offer } from '../../assets/complete.js';

const known = { users: ['bob', 'Ann Lee', 'alice', 'Albert', '#7'], rooms: ['general', 'Tea Room', 'ops'], me: 'alice' };

/** The texts that the completion makes of a line. */
function made(typed, others = known) {
  const caret = typed.indexOf('|');
  const text = typed.replace('|', '');
  const found = offer(text, caret, others);
  return (found?.candidates ?? []).map((each) => text.slice(0, found.from) + each.text + text.slice(found.to));
}

test('what begins so is offered', () => {
  for (const [typed, expected] of [
    ['/jo|', ['/join ']],
    ['/JO|', ['/join ']],
    ['/quie|', ['/quiet ']],
    ['/ro|', ['/rooms']],
    ['/na|', ['/names ']],
    ['/find|', ['/find ']],
    ['/nonsense|', []],
    ['//jo|', []],
    ['hi /jo|', []],
    ['/pm b|', ['/pm bob ']],
    ['/pm an|', ['/pm "Ann Lee" ']],
    ['/pm "an|', ['/pm "Ann Lee" ']],
    ['/pm @b| hi', ['/pm bob hi']],
    ['/pm bob al|', ['/pm bob Albert ']],
    ['/ignore an|', ['/ignore "Ann Lee"']],
    ['/join te|', ['/join Tea Room']],
    ['/join tea r|', ['/join Tea Room']],
    ['/join #o|', ['/join ops']],
    ['/go o|', ['/go ops']],
    ['/leave |', ['/leave general', '/leave Tea Room', '/leave ops']],
    ['/quiet g|', ['/quiet general']],
    ['/help /unr|', ['/help unreact']],
    ['/react 7 tad|', ['/react 7 🎉']],
    ['/me waves at b|', ['/me waves at bob ']],
    ['bo|', ['bob: ']],
    ['@bo|', ['@bob: ']],
    ['hi bo|', ['hi bob ']],
    ['hi @bo|', ['hi @bob ']],
    ['hi @bo|, you', ['hi @bob, you']],
    ['hi @bo| you', ['hi @bob you']],
    ['one\nbo|', ['one\nbob: ']],
    ['hi ann l|', ['hi Ann Lee ']],
    ['hi (bo|', ['hi (bob ']],
    ['a|', ['Ann Lee: ', 'Albert: ']],
    ['hi @|', ['hi @bob ', 'hi @Ann Lee ', 'hi @Albert ', 'hi @#7 ']],
    ['|', []],
    ['hi |', []],
    ['mail me@b|', []],
    ['see #te|', ['see #Tea Room ']],
    [':tad|', ['🎉 ']],
    ['so :TAD|', ['so 🎉 ']],
    [':tada:|', ['🎉 ']],
    [':t|', []],
    [':zzz|', []],
    ['at 10:30|', []],
    ['STRASS|', []],
  ]) deepEqual(made(typed), expected, typed);
  deepEqual(made('STRASS|', { ...known, users: ['Straße'] }), ['Straße: ']);
});

test('commands come with their words, the very one first', () => {
  const { candidates } = offer('/r', 2, known);
  deepEqual(candidates.map((each) => each.label), ['/reply', '/react', '/rooms', '/rules', '/rank', '/register', '/read', '/resend']);
  deepEqual(candidates[0], { text: '/reply ', label: '/reply', about: '<seq> <text>  answer one message' });
  equal(offer('/', 1, known).candidates.length, 40);
  equal(offer('/m', 2, known).candidates[0].label, '/me');
});

test('an emoji of that very name comes first, each once', () => {
  const { candidates } = offer(':heart', 6, known);
  deepEqual(candidates[0], { text: '❤️ ', label: '❤️', about: ':heart:' });
  ok(candidates.some((each) => each.label === '💔'));
  equal(offer(':thumbsup', 9, known).candidates[0].about, ':thumbsup:');
  equal(new Set(candidates.map((each) => each.label)).size, candidates.length);
});

test('the table of emoji is pairs of a name and one picture', () => {
  ok(EMOJI.length >= 70);
  const pictures = new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const [name, picture] of EMOJI) {
    ok(/^[a-z0-9_+-]+$/.test(name) && /\p{Emoji}/u.test(picture), name);
    equal([...pictures.segment(picture)].length, 1, name);
  }
  equal(new Set(EMOJI.map(([name]) => name)).size, EMOJI.length);
});

test('a long line is looked at once', () => {
  const from = performance.now();
  offer('a '.repeat(8000), 16000, known);
  offer(`/pm ${'"'.repeat(16000)}`, 16000, known);
  ok(performance.now() - from < 500);
});
