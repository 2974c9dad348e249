/* The page's keys: what a key event means where, and that their words are those of the terminal client. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { KEYS, actionOf, listen, types } from '../../assets/keys.js';

/** An event: `Ctrl+Alt+key`, and the key's place where it matters. */
function press(words, code = '', more = {}) {
  const [, held, key] = words.match(/^((?:(?:Ctrl|Alt|Shift|Meta)\+)*)(.+)$/);
  const is = (modifier) => held.includes(modifier);
  return { key, code, keyCode: 0, isComposing: false, ctrlKey: is('Ctrl'), altKey: is('Alt'), shiftKey: is('Shift'), metaKey: is('Meta'), ...more };
}

test('a key means what the table says, where it says so', () => {
  for (const [words, code, where, expected] of [
    ['F1', 'F1', 'composer', 'help'],
    ['F1', 'F1', 'dialog', undefined],
    ['F1', 'F1', '', 'help'],
    ['Alt+k', 'KeyK', 'composer', 'switcher'],
    ['Ctrl+k', 'KeyK', 'composer', 'switcher'],
    ['Ctrl+K', 'KeyK', 'composer', 'switcher'],
    ['Ctrl+Shift+K', 'KeyK', 'composer', undefined],
    ['Alt+˚', 'KeyK', 'composer', 'switcher'],
    ['Alt+å', 'KeyA', 'composer', 'important-room'],
    ['Alt+Dead', 'KeyU', 'composer', 'toggle-users'],
    ['Alt+¡', 'Digit1', 'composer', 'room-1'],
    ['Alt+&', 'Digit1', 'composer', 'room-1'],
    ['Alt+[', 'Digit5', 'composer', undefined],
    ['Alt+@', 'KeyL', 'composer', undefined],
    ['Alt+a', 'KeyQ', 'composer', 'important-room'],
    ['Alt+÷', 'Slash', 'composer', 'find'],
    ['Alt+Shift+/', 'Digit7', 'composer', 'find'],
    ['Alt+0', 'Digit0', 'message', 'last-room'],
    ['Alt+9', 'Digit9', 'composer', 'room-9'],
    ['Alt+1', 'Numpad1', 'composer', undefined],
    ['Ctrl+Alt+k', 'KeyK', 'composer', undefined],
    ['Meta+k', 'KeyK', 'composer', undefined],
    ['Alt+ArrowUp', 'ArrowUp', 'composer', 'previous-room'],
    ['Alt+Shift+ArrowUp', 'ArrowUp', 'composer', undefined],
    ['F3', 'F3', 'composer', undefined],
    ['Enter', 'Enter', 'composer', 'send'],
    ['Enter', 'Enter', 'message', 'reply'],
    ['Enter', 'Enter', '', undefined],
    ['Shift+Enter', 'Enter', 'composer', 'new-line'],
    ['Alt+Enter', 'Enter', 'composer', 'new-line'],
    ['Ctrl+j', 'KeyJ', 'composer', 'new-line'],
    ['Tab', 'Tab', '', undefined],
    ['Tab', 'Tab', 'message', undefined],
    ['?', 'Slash', 'composer', undefined],
    ['Shift+?', 'Slash', 'message', 'select-help'],
    ['Shift+G', 'KeyG', 'message', 'select-newest'],
    ['g', 'KeyG', 'message', 'select-oldest'],
    ['r', 'KeyR', 'message', 'reply'],
    ['r', 'KeyR', 'composer', undefined],
    ['Ctrl+r', 'KeyR', 'message', undefined],
    ['Ctrl+c', 'KeyC', 'message', undefined],
    ['Shift++', 'Equal', 'message', 'react'],
    ['Ctrl+ArrowUp', 'ArrowUp', 'composer', 'select'],
    ['Ctrl+ArrowUp', 'ArrowUp', 'message', 'select-up'],
    ['Shift+ArrowUp', 'ArrowUp', 'composer', undefined],
    ['Escape', 'Escape', 'message', 'deselect'],
    ['Escape', 'Escape', 'dialog', undefined],
  ]) equal(actionOf(press(words, code), where), expected, `${words} ${where}`);
});

test('half a word of an input method is no key', () => {
  equal(actionOf(press('Enter', 'Enter', { isComposing: true }), 'composer'), undefined);
  equal(actionOf(press('Enter', 'Enter', { keyCode: 229 }), 'composer'), undefined);
  ok(!types(press('a', 'KeyA', { isComposing: true })));
});

test('what types is what would stand in a field', () => {
  for (const words of ['a', 'Shift+A', 'é', '/', '?', '👍', 'Ctrl+Alt+@']) ok(types(press(words)), words);
  for (const words of [' ', 'Enter', 'F1', 'Ctrl+c', 'Meta+c', 'Alt+k', 'Dead', 'ArrowUp']) ok(!types(press(words)), words);
});

test('the words are those of the terminal client', () => {
  const text = readFileSync(new URL('../../../docs/terminal.md', import.meta.url), 'utf8');
  const [, everywhere, composer, message] = text.split('<!-- keys -->')[1].split('<!-- /keys -->')[0].split(/\*\*.*\*\*/);
  const tables = { everywhere, composer, message };
  for (const { name, help, where, keys } of KEYS) {
    const row = tables[where].match(new RegExp(`^\\| \`${name}\` \\| (.*) \\| (.*) \\|$`, 'm'));
    ok(row, name);
    // Ctrl-K is a key of its own here, since deleting to the end is the browser's affair.
    equal(help, row[2].replace(' (Ctrl+K at the end of the line, too)', '').replace(' (Ctrl-K at the end of the line, too)', ''), name);
    const theirs = row[1].replace(/Alt-|Ctrl-|Shift-/g, (held) => held.replace('-', '+'))
      .replace(/(`|\+)(Up|Down)`/g, '$1Arrow$2`').replaceAll('`Esc`', '`Escape`').split(' ').map((key) => key.replaceAll('`', ''));
    const own = new Set(['Ctrl+K']);
    for (const key of keys) ok(own.has(key) || theirs.includes(key), `${name}: ${key} is none of ${theirs}`);
  }
});

test('no key means two things in one place', () => {
  for (const where of ['composer', 'message']) {
    const all = KEYS.filter((key) => [where, 'everywhere'].includes(key.where)).flatMap((key) => key.keys);
    deepEqual(all.filter((key, place) => all.indexOf(key) !== place), []);
  }
  equal(new Set(KEYS.map((key) => `${key.where} ${key.name}`)).size, KEYS.length);
});

test('what is typed nowhere goes to the composer, and a refused key to the browser', () => {
  let heard, focused = 0, where = '';
  globalThis.document = { addEventListener: (_, listener) => { heard = listener; }, getElementById: () => ({ focus: () => { focused += 1; } }) };
  const done = [];
  listen({ help: () => { done.push('help'); }, newest: () => false, reply: () => { done.push('reply'); } }, () => where);
  const hear = (words, inside = '') => {
    let prevented = false;
    const target = { closest: (what) => (inside && what.includes(inside) ? {} : null) };
    heard({ ...press(words), target, defaultPrevented: false, preventDefault: () => { prevented = true; } });
    return prevented;
  };
  ok(hear('F1') && !hear('Ctrl+End') && !hear('PageUp'));
  hear('a');
  equal(focused, 1);
  for (const elsewhere of ['dialog', 'message']) { where = elsewhere; hear('a'); }
  where = '';
  hear('a', 'input');
  hear('Tab');
  hear(' ');
  equal(focused, 1);
  where = 'message';
  ok(!hear('Enter', 'a') && hear('Enter'));
  deepEqual(done, ['help', 'reply']);
  delete globalThis.document;
});
