// What the browser keeps, in a browser made of an object.

import assert from 'node:assert/strict';
import test from 'node:test';

const storage = () => Object.create({
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; },
  setItem(key, value) { this[key] = value; },
  removeItem(key) { delete this[key]; },
});
globalThis.localStorage = storage();
globalThis.document = { querySelector: () => ({ href: 'icon.svg' }) };
const browser = await import('../../assets/browser.js');

const pending = (cid, at) => ({ cid, room: 'general', name: 'general', text: cid, at, state: 'queued' });

test('what is not sent is kept one by one, and what is damaged takes nothing along', () => {
  const [one, two] = [pending('c1', 1), pending('c2', 2)];
  browser.keepOutbox('Alice', [two, one], []);
  localStorage['chat:unsent:alice:c3'] = '{"cid":';
  localStorage['chat:unsent:alice:c4'] = 'null';
  localStorage['chat:unsent:alice:c5'] = '{}';
  assert.deepEqual(browser.keptOutbox('ALICE'), [one, two]);
  assert.deepEqual(browser.keptOutbox('al'), []);
  browser.keepOutbox('alice', [two], [two, one]);
  assert.deepEqual(browser.keptOutbox('alice'), [two]);
});

test('what storage does not take is remembered as long as the page is open', () => {
  browser.remember('session:alice', 'old');
  const full = () => { throw new Error('full'); };
  const before = localStorage.setItem;
  Object.getPrototypeOf(localStorage).setItem = full;
  assert.equal(browser.remember('session:alice', 'new'), false);
  assert.equal(browser.recall('session:alice', ''), 'new', 'a proof that is stale would be refused for ever');
  Object.getPrototypeOf(localStorage).setItem = before;
  assert.equal(browser.remember('session:alice', 'newer'), true);
  assert.equal(browser.recall('session:alice', ''), 'newer');
});
