/* The page's table of commands and its reading of typed lines, beside the server's (protocol/tests/golden/commands.json). */

import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { COMMANDS, LOCAL, find, help, parse } from '../../assets/commands.js';

const read = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const golden = JSON.parse(read('protocol/tests/golden/commands.json'));

test('the table is the server\'s', () => {
  deepEqual(COMMANDS, golden.commands.map(({ name, aliases, usage, help: words }) => ({ name, aliases, usage, help: words })));
  for (const { name, said } of golden.commands) equal(help(name), said);
});

/* Here `/find` looks into what is on the screen, as in the terminal client. */
const PAGES_OWN = new Map([['/find tea', { local: 'find', rest: 'tea' }]]);

for (const { line, ...meant } of golden.lines) {
  test(`is what the server makes of it: ${JSON.stringify(line)}`, () => deepEqual(parse(line), PAGES_OWN.get(line) ?? meant));
}

test('own commands are read by the page', () => {
  for (const [typed, meant] of [
    ['/go Tea Room', { local: 'go', rest: 'Tea Room' }],
    ['/GO "Tea Room" ', { local: 'go', rest: 'Tea Room' }],
    ['/go', { error: 'Like this: /go <room>' }],
    ['/quiet', { local: 'quiet', rest: '' }],
    ['/find "two words" more', { local: 'find', rest: '"two words" more' }],
    ['/export html', { local: 'export', rest: 'html' }],
    ['/keys', { local: 'keys', rest: '' }],
  ]) deepEqual(parse(typed), meant);
  ok(help().includes('/export [jsonl|text|html]  a file of this room') && help('nonsense') === help());
  equal(help('FIND'), '/find <words>  find in what is loaded of this room');
});

test('own commands have the words that the terminal client has for them', () => {
  const rows = read('docs/terminal.md').split('<!-- commands -->')[1].split('<!-- /commands -->')[0].split('\n');
  const terminal = new Map(rows.map((row) => row.match(/^\| `\/(\w+) ?([^`]*)` \| (.*) \|$/)).filter(Boolean).map(([, name, usage, words]) => [name, { usage, help: words }]));
  ok(terminal.size > 25);
  const only = [];
  for (const { name, usage, help: words } of [...LOCAL, ...COMMANDS]) {
    if (terminal.has(name)) deepEqual({ usage, help: words }, terminal.get(name), name);
    else only.push(name);
    terminal.delete(name);
  }
  deepEqual(only, ['export', 'bell'], 'what only a browser can do');
  deepEqual([...terminal.keys()], ['reload'], 'what only a terminal can do');
});

test('every name leads to one command', () => {
  const names = [...LOCAL, ...COMMANDS].flatMap(({ name, aliases }) => [name, ...aliases]);
  deepEqual(names.filter((name, place) => names.indexOf(name) !== place), ['find']);
  for (const { name, aliases } of COMMANDS) for (const other of aliases) if (other !== 'find') equal(find(other).name, name);
});
