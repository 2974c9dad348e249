// What a part of the page must not know: its imports, and the browser itself.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

const assets = new URL('../../assets/', import.meta.url);
const modules = readdirSync(assets).filter((name) => name.endsWith('.js'));
const code = (name) => readFileSync(new URL(name, assets), 'utf8').replace(/\/\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '');
const imports = (name) => [...code(name).matchAll(/^(?:import|export) [^;]*?'\.\/([\w.]+)';$/gm)].map(([, other]) => other);

/* The store, and what it is made of: the same happenings give the same state, here and in a browser. */
const PURE = ['store', 'model', 'window', 'frames', 'events', 'rooms', 'said', 'outbox', 'requests', 'rows', 'text', 'commands', 'orders', 'complete'].map((name) => `${name}.js`);
const BROWSER = /\b(document|window\.(?!js|lines|more|newer)|localStorage|sessionStorage|location|navigator|history\.|WebSocket|setTimeout|setInterval|Notification|crypto|fetch)\b|Date\.now|new Date\(\)|Math\.random/;
/* Ways by which text could become markup or code, or an address anything but what it says. */
const SINKS = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|createContextualFragment|DOMParser|srcdoc|setHTML|javascript:/;

test('the store knows no browser, no clock and no randomness', () => {
  for (const name of PURE) {
    assert.doesNotMatch(code(name), BROWSER, name);
    for (const other of imports(name)) assert.ok(PURE.includes(other), `${name} imports ${other}`);
  }
});

test('nothing that is drawn knows the connection or storage, and neither of these knows what is drawn', () => {
  const drawn = ['view.js', 'messages.js', 'message.js', 'dialogs.js', 'dom.js', 'composer.js', 'keys.js'];
  const edge = ['connection.js', 'browser.js', 'tasks.js'];
  for (const name of drawn) for (const other of imports(name)) assert.ok(!edge.includes(other), `${name} imports ${other}`);
  for (const name of edge) for (const other of imports(name)) assert.ok(!drawn.includes(other), `${name} imports ${other}`);
  for (const name of drawn) assert.doesNotMatch(code(name), /localStorage|sessionStorage|WebSocket/, name);
  for (const name of modules) assert.ok(!imports(name).includes('app.js'), `${name} imports app.js`);
});

test('no text can become markup', () => {
  for (const name of modules) assert.doesNotMatch(code(name), SINKS, name);
});

test('no module is beyond reach, and none imports in a circle', () => {
  const seen = new Set();
  const visit = (name, path) => {
    assert.ok(!path.includes(name), [...path, name].join(' → '));
    if (!seen.has(name)) for (const other of imports(name)) visit(other, [...path, name]);
    seen.add(name);
  };
  visit('app.js', []);
  assert.deepEqual(modules.filter((name) => !seen.has(name)), []);
});

test('no rule asks each row of the list about what is in it', () => {
  // Ten thousand messages were smooth without `:has()` there, and not with it.
  const css = readFileSync(new URL('app.css', assets), 'utf8').replace(/\/\*.*?\*\//gs, '');
  for (const [rule] of css.matchAll(/^[^{}]*:has\([^{}]*\{/gm)) assert.doesNotMatch(rule, /#messages|\.text|\bli\b/, rule);
});
