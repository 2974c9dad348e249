/* Hostile text, names, links: the page's answers beside those of the terminal client (protocol/tests/golden/display.json). */

import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { clip, folded, hue, line, linked, mentions, shown, wellFormed } from '../../assets/text.js';

const golden = JSON.parse(readFileSync(new URL('../../../protocol/tests/golden/display.json', import.meta.url), 'utf8'));

/* A browser has case mappings, but no table of full case folding. Both sides are one for us all the same: only the form in which
   they are compared is another, so that a name in these letters is found by what it was called, not by the server's key. */
const FOLDED_OTHERWISE = new Set([
  'cherokee', // folding goes to capital letters there
]);

test('the golden file holds the whole corpus', () => {
  const corpus = readFileSync(new URL('../../../protocol/tests/golden/hostile.txt', import.meta.url), 'utf8');
  const names = corpus.split('\n').filter((row) => row && !row.startsWith('#')).map((row) => row.split(': ')[0]);
  deepEqual(golden.map((row) => row.name).filter(Boolean), names);
});

for (const { name, raw, shown: safe, clipped, folded: compared } of golden) {
  test(`the page shows what the terminal shows: ${name || JSON.stringify(raw)}`, () => {
    equal(shown(raw), safe);
    equal(shown(safe), safe, 'what is safe stays as it is');
    equal(line(raw), safe.replaceAll('\n', ' '));
    equal(clip(raw, 5), clipped);
    if (!FOLDED_OTHERWISE.has(name)) equal(folded(raw), compared);
  });
}

test('nothing that could hurt comes out, whatever the letter', () => {
  for (let code = 0; code <= 0x10FFFF; code += 1) {
    const letter = String.fromCodePoint(code);
    const safe = shown(`a${letter}b`);
    ok(!/[^\P{C}\n]|[\u2028\u2029\u2800\u3164\uFFA0\u115F\u1160]/u.test(safe), `U+${code.toString(16)}: ${JSON.stringify(safe)}`);
  }
});

test('half a surrogate pair is replaced', () => {
  equal(wellFormed('a\uD83Db👍'), 'a\uFFFDb👍');
  equal(shown('a\uDC00b'), 'a\uFFFDb');
});

test('names are the same in whatever case', () => {
  for (const [one, other] of [['Straße', 'STRASSE'], ['ΟΔΟΣ', 'οδος'], ['ΟΔΟΣ', 'οδοσ'], ['İ', 'i\u0307'], ['Ꭰ', 'ꭰ'], ['é', 'e\u0301'], ['ẞ', 'ss'], ['\u212Aelvin', 'kelvin']]) {
    equal(folded(one), folded(other), one);
  }
  ok(folded('ı') !== folded('I'));
});

test('whole words in any case name somebody', () => {
  for (const [text, expected] of [
    ['alice: hi', true], ['hi ALICE!', true], ['@alice', true], ["alice's cake", true], ['malice', false], ['alicette', false],
    ['alice_2', false], ['2alice', false], ['', false], ['malice and alice', true],
  ]) equal(mentions('Alice', text), expected, text);
  ok(mentions('Straße', 'STRASSE, hi'));
  ok(mentions('a.b+c', 'hi A.B+C') && !mentions('a.b', 'axb'), 'a name is no pattern');
  ok(mentions('Ann Lee', 'ann lee?') && mentions('#7', 'hi #7') && !mentions('', 'anything'));
});

test('a name has one colour, the terminal\'s', () => {
  // The reference values of FNV-1a.
  for (const [name, sum] of [['', 0xCBF29CE484222325n], ['a', 0xAF63DC4C8601EC8Cn], ['foobar', 0x85944171F73967E8n]]) {
    equal(hue(name), Number((sum ^ (sum >> 32n)) % 12n), name);
  }
  equal(hue('Alice'), hue('ALICE'));
  deepEqual(new Set(Array.from({ length: 300 }, (_, place) => hue(`user${place}`))).size, 12);
});

const links = (text) => linked(text).filter((part) => part.href).map((part) => part.text);

test('links end where the sentence goes on', () => {
  for (const [text, expected] of [
    ['see https://e.org.', ['https://e.org']],
    ['(https://e.org/a_(b)) and http://x.y/?q=1&b=[2]!', ['https://e.org/a_(b)', 'http://x.y/?q=1&b=[2]']],
    ['<https://e.org/a>, "http://b"', ['https://e.org/a', 'http://b']],
    ['https://日本.jp/ä… ok', ['https://日本.jp/ä']],
    ['http://[::1]:80/x', ['http://[::1]:80/x']],
    ['https://a.b\nhttps://c.d', ['https://a.b', 'https://c.d']],
    ['**https://a.b/c_d**', ['https://a.b/c_d']],
  ]) deepEqual(links(text), expected, text);
});

test('other things are no links', () => {
  for (const text of ['http:// https:// xhttp://a.b javascript:alert(1) ftp://a.b file:///etc', 'http://) https://... httphttp://a', 'HTTP://a.b', 'data:text/html,x',
    'https://bank.example@evil.example/', 'https://user:pw@evil.example', 'https://[not', '']) deepEqual(links(text), [], text);
});

test('nothing of a text is lost by its links, and none leads elsewhere than to the web', () => {
  for (const { raw, shown: safe } of golden) {
    equal(linked(raw).map((part) => part.text).join(''), safe);
    for (const { href = 'https://e.org' } of linked(raw)) ok(/^https?:\/\/[^@/\\]+([/?#]|$)/.test(href), href);
  }
  deepEqual(linked('a https://b.c, d'), [{ text: 'a ' }, { text: 'https://b.c', href: 'https://b.c/' }, { text: ', d' }]);
});

test('a host in look-alike letters shows what is really looked up', () => {
  equal(linked('https://pаypal.example/x')[0].href, 'https://xn--pypal-4ve.example/x');
});

test('a text of nothing but brackets is read once', () => {
  const from = performance.now();
  deepEqual(links(`https://a.b/${')'.repeat(16000)}`), ['https://a.b/']);
  shown('z' + '\u0301'.repeat(16000));
  linked('http://a'.repeat(2000));
  ok(performance.now() - from < 1000);
});
