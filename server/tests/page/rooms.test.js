// Many rooms: what is unread, what is read, which part of the past is shown.

import assert from 'node:assert/strict';
import test from 'node:test';
import { KEPT } from '../../assets/window.js';
import { AT, message, Story } from './story.js';

const many = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i, 'bob', `m${from + i}`));
const first = (story) => story.lines()[0];
const last = (story) => story.lines().at(-1);

/** Alice is in #general and #ops, and looks at #general. */
function twoRooms() {
  const alice = Story.inside().happens('join', { room: 'ops' });
  const [{ ref }] = alice.takesSent('join');
  alice.joined({ room: 'ops', ref });
  assert.equal(alice.state.here, 'ops');
  return alice.happens('last-room').forgets();
}

test('what comes into another room is counted, and those that name us', () => {
  const alice = twoRooms().happens('present', { present: false });
  alice.hears(message(1, 'bob', 'hi', { room: 'ops' }), message(2, 'bob', 'alice: look', { room: 'ops' }), message(3, 'alice', 'from my phone', { room: 'ops' }));
  assert.deepEqual([alice.room('ops').unread, alice.room('ops').mentions], [2, 1]);
  assert.deepEqual(alice.takes('call').map(({ title, text }) => [title, text]), [['bob in #ops', 'alice: look']]);
});

test('a muted room calls for what names us', () => {
  for (const [command, important] of [['/quiet ops', false], ['/unquiet ops', true]]) {
    const alice = twoRooms().says(command).happens('present', { present: false }).hears(message(1, 'bob', 'hi', { room: 'ops' }));
    assert.equal(alice.happens('important').state.here === 'ops', important, command);
    alice.happens('go', { room: 'general' }).hears(message(2, 'bob', 'alice?', { room: 'ops' }));
    assert.equal(alice.takes('call').length, 1, command);
    assert.equal(alice.happens('important').state.here, 'ops', command);
  }
});

test('the important room is the one with a mention, then a private word, then messages', () => {
  const alice = twoRooms().hears(message(1, 'bob', 'hi', { room: 'ops' }));
  assert.equal(alice.happens('important').state.here, 'ops');
  assert.equal(alice.happens('important').state.hint, 'Nothing new in other rooms.');
});

test('what is drawn is read, and the server is told once a second', () => {
  const alice = Story.inside(many(1, 3)).later(2_000).hears(message(4, 'bob', 'm4'));
  assert.deepEqual(alice.takesSent('read'), []);
  alice.happens('seen', { room: 'general', seq: 4, end: true });
  assert.deepEqual(alice.takesSent('read').map(({ seq }) => seq), [4]);
  alice.hears(message(5, 'bob', 'm5')).happens('seen', { room: 'general', seq: 5, end: true });
  assert.deepEqual(alice.takesSent('read'), []);
  assert.deepEqual(alice.later(1_100).takesSent('read').map(({ seq }) => seq), [5]);
});

test('nobody looks: what comes is unread, and the line «new» stands before it', () => {
  const alice = Story.inside(many(1, 3)).happens('present', { present: false }).hears(message(4, 'bob', 'm4'), message(5, 'bob', 'm5'));
  assert.deepEqual([alice.room().unread, alice.room().marker], [2, 3]);
  alice.happens('seen', { room: 'general', seq: 5, end: true });
  assert.equal(alice.room().unread, 2, 'drawn in a hidden tab is not read');
  alice.happens('present', { present: true }).happens('seen', { room: 'general', seq: 5, end: true });
  assert.deepEqual([alice.room().unread, alice.room().marker], [0, 3]);
  assert.equal(alice.says('answer').room().marker, undefined);
});

test('what another device has read is read here', () => {
  const alice = twoRooms().hears(message(1, 'bob', 'alice!', { room: 'ops' }), { type: 'read', room: 'ops', seq: 1 });
  assert.deepEqual([alice.room('ops').unread, alice.room('ops').mentions], [0, 0]);
  assert.equal(alice.takes('hush').length, 1);
  assert.deepEqual(alice.later(2_000).takesSent('read'), []);
});

test('a first visit has missed nothing; a later one what came since', () => {
  const alice = new Story().enters().welcomed().joined({ seq: 9, messages: many(1, 9) });
  assert.equal(alice.room().unread, 0);
  const again = new Story().enters().welcomed().joined({ seq: 9, messages: many(1, 9), read: 7 });
  assert.deepEqual([again.room().unread, again.room().marker], [2, 7]);
});

test('unread messages that are not loaded are fetched from the first of them on', () => {
  const alice = new Story().enters().welcomed().joined({ seq: 500, messages: many(451, 500), read: 100, more: true });
  const [look] = alice.takesSent('history');
  assert.deepEqual([look.after, look.room], [100, 'general']);
  alice.hears({ type: 'history', room: 'general', messages: many(101, 150), more: true, ref: look.ref });
  assert.deepEqual([first(alice), last(alice)], ['bob: m101', 'bob: m150']);
  alice.happens('seen', { room: 'general', seq: 120, end: false });
  assert.equal(alice.room().read, 120);
});

test('a jump over unread messages does not read them', () => {
  const alice = Story.inside(many(451, 500), { read: 100, more: true }).happens('newest').happens('jump', { seq: 300 });
  alice.hears({ type: 'history', room: 'general', messages: many(101, 150), more: true, ref: alice.state.asked[0]?.ref }).forgets();
  alice.happens('newest').happens('jump', { seq: 300 });
  const [look] = alice.takesSent('history');
  alice.hears({ type: 'history', room: 'general', messages: many(275, 324), more: true, ref: look.ref });
  assert.deepEqual(alice.takes('show').map(({ seq }) => seq), [300]);
  alice.happens('seen', { room: 'general', seq: 320, end: false });
  assert.equal(alice.room().read, 100);
});

test('older messages join on above, and the window stays bounded', () => {
  const alice = Story.inside(many(1951, 2000), { more: true });
  for (let from = 1901; from > 1000; from -= 50) {
    alice.happens('seen', { room: 'general', seq: 0, end: false }).happens('older').happens('older');
    const looks = alice.takesSent('history');
    assert.equal(looks.length, 1, 'asked once');
    alice.hears({ type: 'history', room: 'general', messages: many(from, from + 49), more: true, ref: looks[0].ref });
    assert.equal(first(alice), `bob: m${from}`);
  }
  assert.equal(alice.lines().length, KEPT);
  alice.hears(message(2001, 'bob', 'live'));
  assert.deepEqual([alice.room().news, last(alice)], [1, `bob: m${1001 + 49 + KEPT - 50}`]);
  // Down again: what was left out comes back without a gap, until it meets what is live.
  for (let i = 0; alice.room().past && i < 50; i += 1) {
    alice.happens('newer');
    const [look] = alice.takesSent('history');
    if (look) alice.hears({ type: 'history', room: 'general', messages: many(look.after + 1, Math.min(look.after + 50, 2000)), more: look.after + 50 < 2000, ref: look.ref });
  }
  assert.equal(last(alice), 'bob: live');
  const seqs = alice.room().live.lines.map(({ seq }) => seq);
  assert.ok(seqs.every((seq, i) => i === 0 || seq === seqs[i - 1] + 1), 'no gap');
  assert.ok(seqs.length <= KEPT);
});

test('a page without messages ends the past, whatever it says', () => {
  const alice = Story.inside(many(5, 9), { more: true }).happens('older');
  alice.hears({ type: 'history', room: 'general', messages: [], more: true, ref: alice.takesSent('history')[0].ref });
  assert.equal(alice.room().live.more, false);
});

test('ten thousand messages leave a bounded window, and who reads older ones keeps them', () => {
  const alice = Story.inside(many(1, 50));
  for (const one of many(51, 3000)) alice.state = alice.happens('frame', { frame: one }).state;
  assert.equal(alice.lines().length, KEPT);
  alice.happens('seen', { room: 'general', seq: 2900, end: false });
  const before = first(alice);
  for (const one of many(3001, 3100)) alice.hears(one);
  assert.equal(first(alice), before);
  assert.equal(alice.room().news, 100);
  assert.equal(last(alice.happens('newest')), 'bob: m3100');
});

test('edits, deletions and reactions reach a message in the past and in what is live', () => {
  const alice = Story.inside(many(1, 3)).hears(
    { type: 'edited', room: 'general', seq: 4, target: 1, from: 'bob', at: AT, text: 'better' },
    { type: 'deleted', room: 'general', seq: 5, target: 2, from: 'bob', at: AT },
    { type: 'reacted', room: 'general', seq: 6, target: 3, from: 'carol', at: AT, emoji: '👍', on: true },
    { type: 'reacted', room: 'general', seq: 7, target: 3, from: 'alice', at: AT, emoji: '👍', on: true },
    { type: 'reacted', room: 'general', seq: 8, target: 3, from: 'carol', at: AT, emoji: '👍', on: false },
    { type: 'topic', room: 'general', seq: 9, from: 'bob', at: AT, text: 'Tea' },
  );
  assert.deepEqual(alice.lines(), ['bob: better', 'bob: (deleted)', 'bob: m3', 'bob topic: Tea']);
  assert.deepEqual(alice.room().live.lines[2].message.reactions, { '👍': ['alice'] });
  assert.deepEqual([alice.room().topic, alice.room().position], ['Tea', 9]);
  alice.forgets().happens('react', { seq: 3, emoji: '👍' });
  assert.deepEqual(alice.takesSent('react').map(({ on }) => on), [false]);
});

test('after a lost connection every room goes on where it was', () => {
  const alice = twoRooms().hears(message(1, 'bob', 'hi', { room: 'ops' }), message(1, 'bob', 'ho')).loses().forgets().welcomed();
  assert.deepEqual(alice.takesSent('join').map(({ room, after, epoch }) => [room, after, epoch]), [['ops', 1, 'e1']]);
  alice.joined({ recovered: true, events: [message(2, 'bob', 'missed')], seq: 2 });
  assert.deepEqual(alice.lines(), ['bob: ho', 'bob: missed']);
});

test('a gap that could not be filled is said', () => {
  const alice = Story.inside(many(1, 3)).loses().welcomed({ epoch: 'e2' }).joined({ seq: 1, messages: [message(1, 'bob', 'anew')] });
  assert.deepEqual(alice.lines(), ['bob: anew', '! The server could not fill in what you missed: this is as its log has it now.']);
  assert.equal(alice.room().epoch, 'e2');
});

test('eight rooms are asked for at once, and after a refusal for haste one at a time', () => {
  const rooms = Array.from({ length: 20 }, (_, i) => `r${i}`);
  const alice = new Story().enters('alice', 'general', { rooms }).welcomed();
  const first = alice.takesSent('join');
  assert.equal(first.length, 8);
  alice.hears({ type: 'error', code: 'rate_limited', text: 'Too fast', retry_ms: 300, ref: first[0].ref });
  for (const { ref, room } of first.slice(1)) alice.joined({ room, ref });
  let asked = 0;
  for (let i = 0; i < 40; i += 1) {
    const due = alice.later(250).takesSent('join');
    assert.ok(due.length <= 1);
    asked += due.length;
    for (const { ref, room } of due) alice.joined({ room, ref });
  }
  // The first comes by the address.
  assert.ok(alice.state.rooms.slice(1).every(({ membership }) => membership === 'joined'));
  assert.equal(asked, 13);
});

test('a conversation that somebody begins appears, is asked for whole, and calls', () => {
  const alice = Story.inside().happens('present', { present: false }).hears({ ...message(1, 'Bob', 'psst'), room: '@alice,bob' });
  assert.equal(alice.room('@alice,bob').with, 'Bob');
  const [join] = alice.takesSent('join');
  assert.equal(join.room, '@alice,bob');
  alice.joined({ room: '@alice,bob', seq: 1, messages: [{ ...message(1, 'Bob', 'psst'), room: '@alice,bob' }], ref: join.ref });
  assert.equal(alice.room('@alice,bob').unread, 1);
  assert.equal(alice.state.here, 'general');
  assert.deepEqual(alice.lines('@alice,bob'), ['Bob: psst']);
  assert.equal(alice.takes('call').length, 1);
});

test('conversations with something new come by themselves, the others are people to talk to', () => {
  const alice = new Story().enters().welcomed({ private: [{ room: '@alice,bob', with: 'bob', seq: 17, read: 15 }, { room: '@alice,carol', with: 'carol', seq: 3, read: 3 }] });
  assert.deepEqual(alice.state.rooms.map(({ key }) => key), ['general', '@alice,bob']);
  assert.deepEqual(alice.state.people, ['carol']);
});

test('who comes and goes is one line, and who only came back as we did is none', () => {
  const alice = Story.inside().hears({ type: 'presence', room: 'general', joined: [{ name: 'carol' }, { name: 'bob' }], left: [], online: 3 });
  assert.deepEqual(alice.lines(), ['+carol']);
  alice.hears({ type: 'presence', room: 'general', joined: [], left: ['bob', 'carol'], online: 1 });
  assert.deepEqual(alice.lines(), ['-bob ±carol']);
  alice.hears({ type: 'presence', room: 'general', joined: [{ name: 'bob' }], left: [], online: 1 }).loses().welcomed();
  alice.joined({ users: [{ name: 'alice' }], recovered: true, events: [] }).hears({ type: 'presence', room: 'general', joined: [{ name: 'bob' }], left: [], online: 2 });
  assert.deepEqual(alice.lines(), ['±carol']);
  assert.deepEqual(alice.room().users, ['alice', 'bob']);
});

test('who does not come back after an outage went', () => {
  const alice = Story.inside().loses().welcomed().joined({ users: [{ name: 'alice' }], recovered: true, events: [] });
  assert.deepEqual(alice.later(20_000).lines(), []);
  assert.deepEqual(alice.later(11_000).lines(), ['-bob']);
  assert.deepEqual(alice.later(60_000).lines(), ['-bob']);
});

test('names that move in and out of a part of the list neither come nor go', () => {
  const alice = Story.inside();
  const check = (joined, left, online, users, lines) => {
    alice.hears({ type: 'presence', room: 'general', joined: joined.map((name) => ({ name })), left, online });
    const room = alice.room();
    assert.deepEqual([room.users.toSorted(), room.users.length + room.unlisted, alice.lines()], [users, online, lines]);
  };
  check([], [], 3, ['alice', 'bob'], []);
  check(['al'], ['bob'], 4, ['al', 'alice'], []);
  // It becomes whole: whom it shows only now was here before.
  check(['bob'], [], 3, ['al', 'alice', 'bob'], []);
  check([], ['al'], 2, ['alice', 'bob'], ['-al']);
  // And it no longer is: who knows how many they are that came before bob.
  check(['al'], ['bob'], 3, ['al', 'alice'], ['-al']);
});

test('who is not in a part of the list may be here all the same', () => {
  const two = { users: [{ name: 'al' }, { name: 'alice' }], recovered: true, events: [] };
  const outage = (before, after) => Story.inside([], { online: before }).loses().welcomed().joined({ ...two, online: after });
  for (const [before, after, lines] of [[2, 2, ['-bob']], [3, 2, []], [2, 3, []]]) {
    const alice = outage(before, after);
    assert.equal(alice.room().unlisted, after - 2);
    assert.deepEqual(alice.later(31_000).lines(), lines, `${before} ${after}`);
  }
  const grown = outage(2, 2).hears({ type: 'presence', room: 'general', joined: [], left: [], online: 3 });
  assert.deepEqual(grown.later(31_000).lines(), [], 'perhaps he is among those who came since');
});

test('who moves out of a part of the list is still there for a private word', () => {
  const alice = Story.inside().says('/go @bob');
  alice.joined({ room: '@alice,bob', ref: alice.takesSent('join')[0].ref });
  const presence = (room, joined, left, online) => alice.hears({ type: 'presence', room, joined: joined.map((name) => ({ name })), left, online });
  const isThere = () => alice.state.rooms.find((room) => room.with).users.includes('bob');
  presence('general', ['al'], ['bob'], 3);
  assert.equal(isThere(), true, 'pushed out');
  presence('general', ['bob'], [], 3);
  alice.says('/join crowd').joined({ room: 'crowd', users: [{ name: 'al' }, { name: 'alice' }], online: 300, ref: alice.takesSent('join')[0].ref });
  presence('general', [], ['bob'], 2);
  assert.equal(isThere(), true, 'perhaps in the crowd');
  presence('crowd', [], [], 2);
  presence('general', ['bob'], [], 3);
  presence('general', [], ['bob'], 2);
  assert.equal(isThere(), false);
});

test('typing shows, and ends with the message, the word, or time', () => {
  const typing = (user, active = true) => ({ type: 'typing', room: 'general', user, active });
  const alice = Story.inside().hears(typing('bob'), typing('carol'), typing('dave'));
  alice.hears(message(1, 'bob', 'there'), typing('carol', false));
  assert.deepEqual(alice.room().typing.map(({ name }) => name), ['dave']);
  assert.deepEqual(alice.later(7_000).room().typing, []);
});

test('our typing is told at most every two seconds, and that it ended', () => {
  const alice = Story.inside().happens('draft', { text: 'h' }).happens('draft', { text: 'he' });
  assert.deepEqual(alice.takesSent('typing').map(({ active }) => active), [true]);
  alice.happens('draft', { text: '' });
  assert.deepEqual(alice.takesSent('typing').map(({ active }) => active), [false]);
  alice.happens('draft', { text: '/topic' });
  assert.deepEqual(alice.takesSent('typing'), []);
});

test('drafts stay with their rooms', () => {
  const alice = twoRooms().happens('draft', { text: 'half a th' }).happens('go', { room: 'ops' }).happens('draft', { text: 'other' });
  assert.equal(alice.happens('last-room').room().draft, 'half a th');
  assert.equal(alice.room('ops').draft, 'other');
});

test('a late answer to /join does not take away who types on', () => {
  const alice = Story.inside().says('/join ops');
  const [{ ref }] = alice.takesSent('join');
  alice.happens('draft', { text: 'meanwhile' }).joined({ room: 'ops', ref });
  assert.equal(alice.state.here, 'general');
  assert.ok(alice.state.hint);
});

test('the room of the address comes under the spelling of the server', () => {
  const alice = new Story().enters('alice', 'GENERAL').welcomed().joined({ room: 'General' });
  assert.deepEqual([alice.room().name, alice.room().membership], ['General', 'joined']);
});

test('what the server refuses at the door is a question there', () => {
  for (const [code, askToken] of [[4009, false], [4001, true], [1008, false]]) {
    const alice = new Story().enters().happens('link', { link: { state: 'refused', code, reason: 'no' } });
    assert.deepEqual(alice.takes('door'), [{ type: 'door', reason: 'no', askToken }]);
  }
});

test('another name that is refused leaves us who we were', () => {
  const alice = Story.inside().says('/nick bob');
  assert.deepEqual(alice.takes('nick'), [{ type: 'nick', user: 'bob' }]);
  alice.happens('nick', { user: 'bob', session: '' }).happens('link', { link: { state: 'refused', code: 4009, reason: 'The name is taken' } });
  assert.deepEqual(alice.takes('nick'), [{ type: 'nick', user: 'alice' }]);
  alice.happens('nick', { user: 'alice', session: 's' });
  assert.deepEqual([alice.state.user, alice.state.previous], ['alice', undefined]);
});

test('the last room is not left, and one with something unsent neither', () => {
  const alice = Story.inside().says('/leave');
  assert.match(alice.lines()[0], /only room/);
  const other = twoRooms().says('hi').says('/leave');
  assert.match(other.lines().at(-1), /1 not sent there yet/);
  const third = twoRooms().says('/leave ops');
  assert.deepEqual(third.takesSent('leave').map(({ room }) => room), ['ops']);
  assert.deepEqual(third.state.rooms.map(({ key }) => key), ['general']);
});

test('ignored people are not counted', () => {
  const alice = twoRooms().says('/ignore bob').hears(message(1, 'bob', 'alice!', { room: 'ops' }));
  assert.deepEqual([alice.room('ops').unread, alice.takes('call').length], [0, 0]);
});

test('a frame of an unknown type, and one about a room that we are not in, change nothing', () => {
  const alice = Story.inside();
  const before = alice.state;
  alice.hears({ type: 'constructor' }, { type: 'weather' }, message(1, 'bob', 'hi', { room: 'elsewhere' }), { type: 'presence', room: 'elsewhere', joined: [], left: [] });
  assert.deepEqual(alice.state, before);
});

test('a button that says a command leaves the composer as it is', () => {
  const alice = Story.inside().happens('draft', { text: 'half a thought' }).happens('say', { text: '/quiet', cid: '' });
  assert.deepEqual([alice.room().muted, alice.room().draft], [true, 'half a thought']);
});

test('Escape lets go of the answer, then of the past', () => {
  const alice = Story.inside([message(1, 'bob', 'one')]).happens('seen', { room: 'general', seq: 1, end: false });
  alice.happens('reply', { seq: 1 }).happens('hint', { text: 'The bell rings.' }).happens('cancel');
  assert.deepEqual([alice.room().purpose.kind, alice.state.hint, alice.room().following], ['new', '', false]);
  assert.equal(alice.happens('cancel').room().following, true);
});

test('another name, taken in a conversation, leads out of it', () => {
  const alice = Story.inside().happens('converse', { user: 'bob' }).happens('nick', { user: 'eve', session: '' });
  assert.equal(alice.state.here, 'general');
});
