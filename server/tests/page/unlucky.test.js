// Things that come in an unlucky order: answers that are late, lost or refused, and names that are somebody's trap.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isOnline, isWaiting } from '../../assets/store.js';
import { AT, message, Story } from './story.js';

const error = (code, ref, text = 'No') => ({ type: 'error', code, text, ref });
const many = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i, 'bob', `m${from + i}`));
const keys = (story) => story.state.rooms.map(({ key }) => key);
const resumed = (more) => ({ recovered: true, messages: undefined, events: [], ...more });

function twoRooms() {
  const alice = Story.inside().happens('join', { room: 'ops' });
  const [{ ref }] = alice.takesSent('join');
  return alice.joined({ room: 'ops', ref }).happens('last-room').forgets();
}

test('names of what every object has are names like others', () => {
  const alice = new Story().enters('alice', 'constructor').welcomed().joined({ room: 'constructor' });
  assert.equal(alice.room().draft, '');
  const word = (emoji, on) => ({ type: 'reacted', room: 'constructor', seq: on ? 2 : 3, target: 1, from: 'bob', at: AT, emoji, on });
  for (const emoji of ['constructor', '__proto__']) {
    const bob = new Story().enters('alice', 'constructor').welcomed().joined({ room: 'constructor' });
    bob.hears(message(1, 'bob', 'hi', { room: 'constructor' }), word(emoji, true));
    const given = () => Object.entries(bob.room().live.lines[0].message.reactions);
    assert.deepEqual(given(), [[emoji, ['bob']]]);
    bob.forgets().happens('react', { seq: 1, emoji: 'toString' });
    assert.deepEqual(bob.takesSent('react').map(({ on }) => on), [true]);
    bob.hears(word(emoji, false));
    assert.deepEqual(given(), []);
  }
});

test('a connection that is begun anew has lost what was on its way on the one before', () => {
  const alice = twoRooms().says('lost?').says('/connect').forgets().welcomed();
  assert.deepEqual(alice.takesSent('join').map(({ room }) => room), ['ops']);
  alice.joined(resumed());
  assert.deepEqual(alice.takesSent('send').map(({ cid }) => cid), ['c1']);
});

test('a second name that is refused leads back to the name that was ours', () => {
  const alice = Story.inside().happens('nick', { user: 'bob', session: '' }).happens('nick', { user: 'carol', session: '' }).forgets();
  alice.happens('link', { link: { state: 'refused', code: 4009, reason: 'The name is taken' } });
  assert.deepEqual(alice.takes('nick', 'door'), [{ type: 'nick', user: 'alice' }]);
});

test('what was typed under one name is not said under another', () => {
  const alice = Story.inside().happens('nick', { user: 'bob', session: '' }).says('I am bob');
  alice.happens('link', { link: { state: 'refused', code: 4009, reason: 'The name is taken' } }).happens('nick', { user: 'alice', session: 's' });
  alice.forgets().welcomed().joined(resumed());
  assert.deepEqual(alice.takesSent('send'), []);
  assert.deepEqual(alice.state.outbox.map(({ state, why }) => [state, why]), [['failed', 'it was said as bob']]);
});

test('what one name asked to be changed is not asked by another', () => {
  const alice = Story.inside([message(1, 'alice', 'helo')]).says('/edit 1 hello').happens('nick', { user: 'bob', session: '' });
  alice.forgets().welcomed().joined(resumed());
  assert.deepEqual(alice.takesSent('edit'), []);
});

test('nobody is called nothing', () => {
  for (const line of ['/nick ""', '/nick .']) assert.deepEqual(Story.inside().says(line).takes('nick'), []);
});

test('the room of the address may be left before the connection is there', () => {
  const alice = twoRooms().loses().happens('link', { link: { state: 'connecting' } }).says('/leave general').forgets();
  alice.hears({ type: 'welcome', user: 'alice', session: 's', epoch: 'e1', private: [] });
  const asked = alice.sent.map(({ type, room }) => `${type} ${room}`).sort();
  assert.deepEqual(asked, ['join ops', 'leave general']);
  alice.joined(resumed());
  assert.deepEqual(keys(alice), ['ops']);
});

test('the room of the address may be left before it is joined', () => {
  const alice = new Story().enters('alice', 'general', { rooms: ['general', 'ops'] }).welcomed().happens('leave', { room: 'general' });
  alice.joined();
  assert.deepEqual(keys(alice), ['ops']);
});

test('a room is asked for once', () => {
  const alice = Story.inside().says('/join tea').says('/join TEA');
  const [{ ref }, ...more] = alice.takesSent('join');
  assert.deepEqual(more, []);
  alice.joined({ room: 'tea', ref });
  assert.deepEqual(alice.lines('tea'), []);
});

test('what was put away or left does not come back by a late answer', () => {
  const alice = Story.inside().says('/go @bob');
  const [{ ref }] = alice.takesSent('join');
  alice.says('/close').joined({ room: '@alice,bob', ref });
  assert.deepEqual(keys(alice), ['general']);
});

test('a conversation that another tab of ours begins appears, too', () => {
  const alice = Story.inside().hears({ ...message(1, 'alice', 'hi'), room: '@alice,carol' });
  assert.deepEqual([alice.room('@alice,carol')?.with, alice.takesSent('join').length], ['carol', 1]);
});

test('a conversation that is asked for as a room is one', () => {
  const alice = Story.inside().says('/join @alice,zoe');
  alice.joined({ room: '@alice,zoe', users: [{ name: 'alice' }], ref: alice.takesSent('join')[0].ref });
  assert.equal(alice.room('@alice,zoe').with, 'zoe');
});

test('what a conversation says between the pieces of what was missed comes with them', () => {
  const alice = Story.inside().says('/go @bob');
  const say = (seq) => message(seq, 'bob', `m${seq}`, { room: '@alice,bob' });
  alice.joined({ room: '@alice,bob', ref: alice.takesSent('join')[0].ref }).loses().forgets().welcomed().joined(resumed());
  alice.joined(resumed({ room: '@alice,bob', seq: 3, events: [say(1)], more: true, ref: alice.takesSent('join')[0].ref })).hears(say(3));
  assert.equal(alice.room('@alice,bob').position, 1);
  alice.hears({ type: 'events', room: '@alice,bob', events: [say(2), say(3)], more: false });
  assert.deepEqual(alice.lines('@alice,bob'), ['bob: m1', 'bob: m2', 'bob: m3']);
});

test('a change in a room that refuses us is forgotten', () => {
  const alice = twoRooms().happens('go', { room: 'ops' }).says('/topic mine').loses().welcomed();
  alice.joined(resumed()).hears(error('forbidden', alice.takesSent('join')[0].ref));
  assert.deepEqual(alice.state.asked, []);
});

test('a room that refuses us stays while something is not sent there', () => {
  const alice = twoRooms().happens('go', { room: 'ops' }).loses().says('hi').forgets().welcomed();
  alice.joined(resumed()).hears(error('forbidden', alice.takesSent('join')[0].ref));
  assert.ok(alice.room('ops'));
});

test('what is not sent from before a reload is in a room, whatever became of it', () => {
  const kept = { cid: 'c9', room: 'ops', name: 'ops', text: 'hi', at: 999_000, state: 'queued' };
  assert.deepEqual(keys(new Story().enters('alice', 'general', { outbox: [kept] })).sort(), ['general', 'ops']);
});

test('what was missed is counted, marked and shown from its first, whoever looks', () => {
  const alice = Story.inside(many(1, 3)).loses().welcomed().forgets().joined(resumed({ seq: 403, events: many(4, 403), read: 3 }));
  assert.deepEqual([alice.room().unread, alice.room().marker, alice.room().read], [400, 3, 3]);
  assert.deepEqual(alice.takes('show'), [{ type: 'show', seq: 4 }]);
});

test('what was missed in pieces is shown from its first, too', () => {
  const alice = Story.inside(many(1, 3)).loses().welcomed().forgets().joined(resumed({ seq: 6, events: many(4, 5), more: true, read: 3 }));
  assert.deepEqual(alice.takes('show'), []);
  alice.hears({ type: 'events', room: 'general', events: many(6, 6), more: false });
  assert.deepEqual(alice.takes('show'), [{ type: 'show', seq: 4 }]);
});

test('what stands there until the first unread ones come is not read', () => {
  const alice = new Story().enters().welcomed().joined({ seq: 500, messages: many(451, 500), read: 100, more: true });
  alice.happens('seen', { room: 'general', seq: 500, end: true });
  assert.equal(alice.room().read, 100);
});

test('more unread than is kept opens at the oldest of it', () => {
  const alice = twoRooms().hears(...many(1, 700).map((one) => ({ ...one, room: 'ops' }))).forgets().happens('go', { room: 'ops' });
  alice.happens('seen', { room: 'ops', seq: 700, end: true });
  assert.deepEqual(alice.takesSent('history').map(({ after }) => after), [0]);
  assert.equal(alice.room('ops').read, 0);
});

test('more missed than is kept opens at the oldest of it', () => {
  const alice = Story.inside(many(1, 3)).loses().welcomed().forgets().joined(resumed({ seq: 703, events: many(4, 703), read: 3 }));
  assert.deepEqual(alice.takesSent('history').map(({ after }) => after), [3]);
});

test('who comes in is led to the first unread message, not past it', () => {
  const alice = new Story().enters().welcomed().joined({ seq: 50, messages: many(1, 50), read: 10, more: true });
  assert.deepEqual(alice.takes('show').map(({ seq }) => seq), [11]);
  assert.equal(alice.room().marker, 10);
});

test('whoever jumps goes there, whatever is being fetched', () => {
  const alice = Story.inside(many(451, 500), { more: true }).happens('older').forgets().happens('jump', { seq: 7 });
  const [{ ref }] = alice.takesSent('history');
  assert.ok(ref);
  alice.hears({ type: 'history', room: 'general', messages: many(1, 30), more: false, ref });
  assert.deepEqual(alice.takes('show').map(({ seq }) => seq), [7]);
  alice.hears({ type: 'history', room: 'general', messages: many(401, 450), more: true, ref: 'q0' });
  assert.equal(alice.lines().length, 30);
});

test('who cannot jump is told why', () => {
  const alice = Story.inside(many(451, 500), { more: true }).loses().happens('jump', { seq: 7 });
  assert.match(alice.state.hint, /no connection/);
});

test('older messages that are refused are not asked for again and again', () => {
  const alice = Story.inside(many(451, 500), { more: true }).happens('older');
  alice.hears(error('forbidden', alice.takesSent('history')[0].ref)).happens('older');
  assert.deepEqual(alice.takesSent('history'), []);
});

test('a change that came by is not asked again, though its ack was lost', () => {
  const alice = Story.inside().says('/topic mine').hears({ type: 'topic', room: 'general', seq: 1, from: 'alice', at: AT, text: 'mine' });
  alice.loses().forgets().welcomed().joined(resumed({ seq: 2, events: [{ type: 'topic', room: 'general', seq: 2, from: 'bob', at: AT, text: 'bobs' }] }));
  assert.deepEqual(alice.takesSent('topic'), []);
});

test('a reaction that is put on, taken back and put on again in haste is on', () => {
  const alice = Story.inside([message(1, 'bob', 'hi')]).says('/react 1 x').says('/unreact 1 x').says('/react 1 x');
  alice.hears({ type: 'reacted', room: 'general', seq: 2, target: 1, from: 'alice', at: AT, emoji: 'x', on: true });
  assert.deepEqual(alice.takesSent('react').map(({ on }) => on), [true, false]);
  alice.hears({ type: 'ack', room: 'general', seq: 3, at: AT, ref: alice.state.asked[0].ref });
  assert.deepEqual(alice.takesSent('react').map(({ on }) => on), [true]);
});

test('what cannot go on by itself wakes nobody', () => {
  const refused = Story.inside([message(1, 'alice', 'x')]).says('/edit 1 y').says('hi').happens('link', { link: { state: 'refused', code: 4003, reason: 'no' } });
  assert.equal(isWaiting(refused.state), false);
  const failed = Story.inside().says('hi').hears(error('muted', 'c1'));
  assert.equal(isWaiting(failed.state), false);
  assert.equal(isWaiting(Story.inside().says('hi').state), true);
});

test('what is no message does not heap up either', () => {
  const alice = Story.inside();
  for (let i = 0; i < 700; i += 1) alice.hears({ type: 'notice', text: `${i}` });
  assert.equal(alice.lines().length, 600);
});

test('a muted conversation does not call', () => {
  const alice = Story.inside().says('/go @bob');
  alice.joined({ room: '@alice,bob', ref: alice.takesSent('join')[0].ref }).says('/quiet').happens('go', { room: 'general' }).happens('present', { present: false }).forgets();
  alice.hears(message(1, 'bob', 'psst', { room: '@alice,bob' }));
  assert.deepEqual(alice.takes('call'), []);
  assert.equal(alice.hears(message(2, 'bob', 'Alice!', { room: '@alice,bob' })).takes('call').length, 1);
});

test('a conversation that comes with something new calls with the words of the other', () => {
  const alice = Story.inside().happens('present', { present: false }).hears({ ...message(1, 'bob', 'psst'), room: '@alice,bob' });
  const mine = { ...message(2, 'alice', 'hm?'), room: '@alice,bob' };
  alice.joined({ room: '@alice,bob', seq: 2, messages: [{ ...message(1, 'bob', 'psst'), room: '@alice,bob' }, mine], ref: alice.takesSent('join')[0].ref });
  assert.deepEqual(alice.takes('call').map(({ title, text }) => [title, text]), [['bob', 'psst']]);
});

test('a mark that is refused is told again, and nothing where nothing is read', () => {
  const alice = Story.inside(many(1, 3)).happens('join', { room: 'ops' });
  alice.joined({ room: 'ops', ref: alice.takesSent('join')[0].ref }).later(2_000).forgets();
  alice.hears({ type: 'error', code: 'rate_limited', text: 'Too fast', ref: '-' });
  for (let i = 0; i < 4; i += 1) alice.later(1_100);
  assert.deepEqual(alice.takesSent('read').map(({ room, seq }) => [room, seq]), [['general', 3]]);
});

test('what the server says on the way in stays to be read', () => {
  const alice = new Story().enters('alice', 'general', { outbox: [{ cid: 'c9', room: 'general', name: 'general', text: 'hi', at: 0, state: 'queued' }] }).later(3_700_000).welcomed();
  alice.hears({ type: 'notice', text: 'Nothing is kept here.' }).joined({ seq: 1, messages: [message(1, 'bob', 'hi')] });
  assert.deepEqual(alice.lines().map((line) => line.slice(0, 10)), ['bob: hi', '! 1 not se', '* Nothing ']);
  alice.hears(message(2, 'bob', 'ho'));
  assert.equal(alice.lines().at(-1), 'bob: ho');
});

test('who is in no room any more is not there for a private word either', () => {
  const alice = Story.inside().says('/go @bob');
  alice.joined({ room: '@alice,bob', ref: alice.takesSent('join')[0].ref });
  const presence = (joined, left) => ({ type: 'presence', room: 'general', joined: joined.map((name) => ({ name })), left, online: 1 });
  alice.hears(presence([], ['bob']));
  assert.equal(isOnline(alice.state, 'bob'), false);
  assert.equal(isOnline(alice.hears(presence(['bob'], [])).state, 'bob'), true);
});

test('a conversation is with somebody', () => {
  assert.deepEqual(keys(Story.inside().happens('converse', { user: '' }).says('/go @')), ['general']);
});

test('haste in one room is haste in all', () => {
  const alice = twoRooms().says('one').happens('go', { room: 'ops' }).says('two').forgets();
  alice.hears({ type: 'error', code: 'rate_limited', text: 'Too fast', retry_ms: 800, ref: 'c1' }).later(500);
  assert.deepEqual(alice.takesSent('send'), []);
  assert.deepEqual(alice.later(400).takesSent('send').map(({ text }) => text), ['one']);
});

test('a page that holds nothing but what is ignored goes on to the next', () => {
  const alice = Story.inside(many(451, 500), { more: true }).says('/ignore bob').happens('older');
  alice.hears({ type: 'history', room: 'general', messages: many(401, 450), more: true, ref: alice.takesSent('history')[0].ref }).happens('older');
  assert.deepEqual(alice.takesSent('history').map(({ before }) => before), [401]);
});

test('what came by is not counted again', () => {
  const alice = twoRooms().hears(message(1, 'bob', 'hi', { room: 'ops' }), message(1, 'bob', 'hi', { room: 'ops' }));
  assert.equal(alice.room('ops').unread, 1);
});

test('a conversation that another log does not know begins anew', () => {
  const alice = Story.inside().says('/go @bob');
  const say = (seq) => message(seq, 'bob', `m${seq}`, { room: '@alice,bob' });
  alice.joined({ room: '@alice,bob', seq: 9, messages: [say(9)], ref: alice.takesSent('join')[0].ref }).loses().forgets().welcomed({ epoch: 'e2' });
  alice.joined().hears(error('no_such_room', alice.takesSent('join')[0].ref), say(1));
  assert.equal(alice.lines('@alice,bob')[0], 'bob: m1');
});

test('the first unread message is one that is shown', () => {
  const alice = Story.inside(many(1, 3)).says('/ignore eve').loses().welcomed().forgets();
  alice.joined(resumed({ seq: 5, events: [message(4, 'eve', 'spam'), message(5, 'bob', 'hi')], read: 3 }));
  assert.deepEqual(alice.takes('show').map(({ seq }) => seq), [5]);
});

test('who was awaited after one outage is awaited after the next', () => {
  const alone = { users: [{ name: 'alice' }] };
  const twice = () => Story.inside().loses().welcomed().joined(resumed(alone)).loses().welcomed().joined(resumed(alone));
  assert.deepEqual(twice().hears({ type: 'presence', room: 'general', joined: [{ name: 'bob' }], left: [] }).lines(), []);
  assert.deepEqual(twice().later(31_000).lines(), ['-bob']);
});

test('whoever is back in one of our rooms is there for a private word, and nobody goes from it', () => {
  const alice = Story.inside().happens('converse', { user: 'bob' });
  alice.joined({ room: '@alice,bob', ref: alice.takesSent('join')[0].ref }).loses().welcomed();
  const alone = { users: [{ name: 'alice' }] };
  alice.joined(resumed(alone)).joined(resumed({ ...alone, room: '@alice,bob', ref: alice.takesSent('join')[0].ref }));
  assert.deepEqual(alice.room().users, ['alice']);
  alice.hears({ type: 'presence', room: 'general', joined: [{ name: 'bob' }], left: [] });
  assert.deepEqual(alice.room().users, ['alice', 'bob']);
  assert.deepEqual(alice.later(31_000).lines(), []);
});

test('that another room is there, too, is spoken as well as shown', () => {
  const alice = Story.inside().says('/join ops');
  const [{ ref }] = alice.takesSent('join');
  alice.happens('draft', { text: 'meanwhile' }).joined({ room: 'ops', ref });
  assert.deepEqual(alice.takes('announce').map(({ text }) => text), [alice.state.hint]);
});

test('a room of all is kept, for the next connection to name', () => {
  const alice = Story.inside().happens('converse', { user: 'bob' }).hears({ type: 'left', room: 'general' });
  assert.deepEqual(keys(alice), ['general', '@alice,bob']);
  assert.equal(alice.happens('nick', { user: 'zoe', session: '' }).state.here, 'general');
});

test('what goes wrong is also said where one looks, further up', () => {
  const alice = Story.inside(many(1, 50)).says('/foo');
  assert.equal(alice.state.hint, '');
  alice.happens('seen', { room: 'general', seq: 10, end: false }).says('/foo');
  assert.match(alice.state.hint, /no command/);
});

test('a hint stays behind in the room that it was about', () => {
  const alice = twoRooms().says('/quiet');
  assert.match(alice.state.hint, /calls only/);
  assert.equal(alice.happens('go', { room: 'ops' }).state.hint, '');
});

test('what was not answered is not said to be nothing', () => {
  const search = () => Story.inside().happens('search', { query: 'hi' });
  const failed = (story) => [story.state.found.asking, story.state.found.failed];
  assert.deepEqual(failed(search()), [true, false]);
  assert.deepEqual(failed(search().loses()), [false, true]);
  assert.deepEqual(failed(search().later(31_000)), [false, true]);
  assert.deepEqual(failed(Story.inside().loses().happens('search', { query: 'hi' })), [false, true]);
  const alice = search();
  const [{ ref }] = alice.takesSent('search');
  assert.deepEqual(failed(alice.hears({ type: 'found', ref, query: 'hi', messages: [], more: false }).loses()), [false, false]);
});
