/* The export of a room, told by a server that is a table of frames. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import test, { beforeEach, mock } from 'node:test';

import { startExport } from '../../assets/tasks.js';

let sockets = [];
globalThis.document = { baseURI: 'https://chat.example/below/#general' };
globalThis.WebSocket = class {
  static OPEN = 1;
  readyState = 1;
  sent = [];
  isClosed = false;
  constructor(url, subprotocols) { Object.assign(this, { url: String(url), subprotocols }); sockets.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.isClosed = true; }
  hear(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
};
beforeEach(() => { sockets = []; });

const update = (task_id, status, more = {}) => ({ type: 'task_update', task: 'export', task_id, room: 'general', format: 'html', status, progress: 0, message: status, ...more });
const result = { url: '/api/exports/t2', bytes: 9, messages: 1 };

function begin(more = {}) {
  const tasks = [];
  const handle = startExport({ room: 'General', format: 'html', onTask: (task) => tasks.push(task), ...more });
  sockets[0].onopen();
  return { handle, tasks, socket: sockets[0], states: () => tasks.map((task) => task.status) };
}

test('an export is followed to its end, and others are not', () => {
  const { tasks, socket, states } = begin();
  equal(socket.url, 'wss://chat.example/below/ws/tasks');
  deepEqual(socket.sent, [{ action: 'start', task: 'export', room: 'General', format: 'html' }]);
  socket.hear(update('t1', 'completed', { result: { url: '/api/exports/t1', bytes: 1, messages: 1 } }));
  socket.hear(update('t3', 'queued', { format: 'text' }));
  socket.hear(update('t4', 'queued', { room: 'ops' }));
  socket.hear(update('t5', 'queued', { task: 'verify', room: undefined, format: undefined }));
  socket.hear(update('t2', 'queued'));
  socket.hear(update('t2', 'running', { progress: 50 }));
  socket.hear(update('t6', 'running', { progress: 70 }));
  ok(!socket.isClosed);
  socket.hear(update('t2', 'completed', { progress: 100, result }));
  deepEqual(states(), ['queued', 'queued', 'running', 'completed']);
  equal(tasks.at(-1).result.url, 'https://chat.example/below/api/exports/t2');
  ok(socket.isClosed);
});

test('a private conversation is for who holds the session, which stands in no address', async () => {
  const { handle, tasks, socket } = begin({ room: '@alice,bob', session: 's1', token: 'tk' });
  equal(socket.url, 'wss://chat.example/below/ws/tasks');
  deepEqual(socket.subprotocols, ['chat', 'session.s1', 'token.tk']);
  socket.hear(update('t2', 'running', { room: '@alice,bob' }));
  socket.hear(update('t2', 'completed', { room: '@alice,bob', result }));
  equal(tasks.at(-1).result.url, 'https://chat.example/below/api/exports/t2');
  let asked;
  globalThis.fetch = async (...request) => { asked = request; return { ok: true, blob: async () => 'the file' }; };
  equal(await handle.file(), 'the file');
  deepEqual(asked, ['https://chat.example/below/api/exports/t2', { headers: { 'Authorization': 'Bearer tk', 'Chat-Session': 's1' } }]);
  globalThis.fetch = async () => ({ ok: false, json: async () => ({ error: { text: 'There is no such export' } }) });
  await rejects(handle.file(), /There is no such export/);
});

test('what is refused or fails is said in the server\'s words', () => {
  const refused = begin();
  refused.socket.hear({ type: 'error', code: 'no_such_room', text: 'There is no such room' });
  deepEqual([refused.tasks.at(-1).status, refused.tasks.at(-1).message], ['failed', 'There is no such room']);
  sockets = [];
  const failed = begin();
  failed.socket.hear(update('t2', 'running'));
  failed.socket.hear(update('t2', 'failed', { message: 'the disk is full' }));
  deepEqual(failed.tasks.at(-1).message, 'the disk is full');
  sockets = [];
  const barred = begin();
  barred.socket.onclose({ code: 4001, reason: 'Invalid token' });
  deepEqual([barred.tasks.at(-1).message, sockets.length], ['Invalid token', 1]);
});

test('a lost connection is made once more, and then it is over', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { tasks, socket } = begin();
  socket.hear(update('t2', 'running'));
  socket.onclose({ code: 1006, reason: '' });
  mock.timers.tick(1000);
  equal(sockets.length, 2);
  sockets[1].onopen();
  equal(sockets[1].sent.length, 1);
  sockets[1].hear(update('t9', 'running', { progress: 5 }));
  equal(tasks.at(-1).progress, 5);
  sockets[1].onclose({ code: 1006, reason: '' });
  deepEqual([tasks.at(-1).status, tasks.at(-1).message], ['failed', 'The connection to the server was lost.']);
  mock.timers.reset();
});

test('who began it stops it', () => {
  const { handle, tasks, socket } = begin();
  socket.hear(update('t2', 'running'));
  handle.cancel();
  handle.cancel();
  deepEqual(socket.sent[1], { action: 'cancel', task_id: 't2' });
  equal(tasks.at(-1).status, 'cancelled');
  ok(socket.isClosed && socket.sent.length === 2);
});
