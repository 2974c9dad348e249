// @ts-check
/*
 * A line that a person typed: a command of everybody's, one of the page's own, or a text to say in the room that is shown, as a
 * new message, an answer, or other words for an old one.
 * It does not know how a line is read (commands.js), nor the composer.
 */

/** @import {Frame, Room} from './types.d.ts' */
/** @import {Turn} from './model.js' */
import { help, parse } from './commands.js';
import { current, fault, find, hint, isConnected, notice, recount, same, set, setRoom, title } from './model.js';
import { dropStuck, resend, say } from './outbox.js';
import { askNow } from './requests.js';
import { converse, enter, go, jump, leave, markRead, mute, named, older } from './rooms.js';
import { folded } from './text.js';
import { messageIn } from './window.js';

/** @param {Turn} turn @param {{text: string, cid: string, plain?: boolean}} typed */
export function said(turn, { text, cid, plain }) {
  if (!text.trim()) return;
  hint(turn, '');
  if (plain || !text.startsWith('/')) return words(turn, text, cid);
  const room = current(turn.state);
  if (text.trim() === '/topic') return ran(turn, () => notice(turn, room.topic ? `The topic: ${room.topic}` : 'There is no topic.'));
  const typed = parse(text);
  // What cannot be read stays in the composer, to be mended.
  if ('error' in typed) return fault(turn, typed.error);
  if ('quit' in typed) return ran(turn, () => turn.effects.push({ type: 'door', reason: '' }));
  if ('register' in typed) return ran(turn, () => notice(turn, 'An account is made at the door, never here: /quit leads there. Type no password into a chat.'));
  if ('help' in typed) return ran(turn, () => (typed.help ? notice(turn, help(typed.help)) : turn.effects.push({ type: 'open', overlay: 'help' })));
  if ('local' in typed) return ran(turn, () => LOCAL[typed.local](turn, typed.rest));
  const { type, text: toSay, action, reply_to } = typed.request;
  if (type === 'send') return words(turn, toSay, cid, action || reply_to ? { action, reply_to } : undefined);
  if (type === 'private') return ran(turn, () => say(turn, converse(turn, typed.request.to), cid, toSay));
  return ran(turn, () => request(turn, typed.request));
}

/** The line is taken: the composer is empty again. @param {Turn} turn @param {() => unknown} run */
function ran(turn, run) {
  setRoom(turn, turn.state.here, { draft: '' });
  run();
}

/** @param {Turn} turn @param {string} text @param {string} cid @param {{reply_to?: number, action?: boolean}} [as] */
function words(turn, text, cid, as) {
  const { key, purpose, past, live } = current(turn.state);
  if (purpose.kind === 'edit' && !as) {
    const old = messageIn(past, purpose.seq) ?? messageIn(live, purpose.seq);
    if (old?.text !== text && !change(turn, { type: 'edit', seq: purpose.seq, text })) return;
    return setRoom(turn, key, { draft: purpose.before, purpose: { kind: 'new' } });
  }
  setRoom(turn, key, { draft: '', purpose: { kind: 'new' } });
  say(turn, key, cid, text, { reply_to: purpose.kind === 'reply' ? purpose.seq : undefined, ...as });
}

/** Something other than a message that is to last. @param {Turn} turn @param {Frame} frame */
export function change(turn, frame) {
  const { key, name } = current(turn.state);
  return askNow(turn, 'change', key, { ...frame, room: name });
}

/** @param {Turn} turn @param {Frame} frame */
function request(turn, frame) {
  const { key, name } = current(turn.state);
  switch (frame.type) {
    case 'join': return enter(turn, frame.room.replace(/^#/, ''));
    case 'leave': return leave(turn, frame.room ? named(turn, frame.room)?.key ?? frame.room : key);
    case 'search': return look(turn, frame.query);
    // It asks for them itself.
    case 'rooms': return turn.effects.push({ type: 'open', overlay: 'switcher' });
    case 'history': return older(turn, frame.limit);
    case 'users': return askNow(turn, 'show', key, { ...frame, room: frame.room ?? name });
    case 'ping': return askNow(turn, 'show', key, frame);
    default: return change(turn, frame);
  }
}

/** @param {Turn} turn @param {string} query @param {Room} [room] */
export function search(turn, query, room) {
  set(turn, { found: { query, room: room?.key, messages: [], more: false, asking: isConnected(turn.state) && !!query.trim(), failed: !isConnected(turn.state) } });
  if (query.trim()) askNow(turn, 'search', turn.state.here, { type: 'search', query, room: room?.name });
}

/** From the composer: where the answers are shown is not open yet. @param {Turn} turn @param {string} query @param {Room} [room] */
function look(turn, query, room) {
  search(turn, query, room);
  turn.effects.push({ type: 'open', overlay: 'search' });
}

/** @param {Turn} turn */
export function searchMore(turn) {
  const { found } = turn.state;
  const room = found?.room && find(turn.state, found.room);
  const before = found?.messages.at(-1)?.seq;
  if (!found?.more || found.asking || !room || !before) return;
  if (askNow(turn, 'search', room.key, { type: 'search', query: found.query, room: room.name, before }, { seq: before })) set(turn, { found: { ...found, asking: true } });
}

/** @param {Turn} turn @param {string} user @param {boolean} ignored */
function ignore(turn, user, ignored) {
  const name = folded(user.replace(/^@/, ''));
  if (same(name, turn.state.user)) return fault(turn, 'That is you.');
  const others = turn.state.ignored.filter((one) => one !== name);
  set(turn, { ignored: ignored ? [...others, name] : others });
  for (const { key } of turn.state.rooms) recount(turn, key);
  hint(turn, ignored ? `${user} is not shown any more.` : `${user} is shown again.`);
}

/** @param {Turn} turn @param {string} room @param {boolean} muted */
function setMuted(turn, room, muted) {
  const meant = room ? named(turn, room) : current(turn.state);
  if (!meant) return fault(turn, `You are not in ${room}.`);
  mute(turn, meant.key, muted);
  hint(turn, `${title(meant)} calls ${muted ? 'only for what names you' : 'as usual'}.`);
}

/** @type {Record<string, (turn: Turn, rest: string) => unknown>} */
const LOCAL = {
  go(turn, to) {
    const room = named(turn, to);
    if (room) go(turn, room.key);
    else if (/^@./.test(to)) converse(turn, to.slice(1));
    else fault(turn, `You are not in ${to}: /join ${to} goes there, and makes it if there is none.`);
  },
  close: (turn) => leave(turn, turn.state.here),
  find: (turn, query) => look(turn, query, current(turn.state)),
  jump: (turn, seq) => (/^\d+$/.test(seq) ? jump(turn, Number(seq)) : fault(turn, 'Like this: /jump <seq>')),
  read: markRead,
  quiet: (turn, room) => setMuted(turn, room, true),
  unquiet: (turn, room) => setMuted(turn, room, false),
  ignore(turn, user) {
    if (user) ignore(turn, user, true);
    else {
      const names = [...turn.state.ignored, ...turn.state.blocked.map((one) => `${one} (blocked)`)];
      notice(turn, names.length ? `Ignored: ${names.join(', ')}` : 'Nobody is ignored.');
    }
  },
  unignore: (turn, user) => ignore(turn, user, false),
  nick(turn, name) {
    // A dot would be another address.
    if (/^\.*$/.test(name)) fault(turn, 'Like this: /nick <name>');
    else if (turn.state.outbox.length) fault(turn, `${turn.state.outbox.length} not sent yet: /resend, /drop, or wait until it is.`);
    else turn.effects.push({ type: 'nick', user: name });
  },
  resend: (turn) => resend(turn),
  drop: dropStuck,
  connect: (turn) => turn.effects.push({ type: 'connect' }),
  keys: (turn) => turn.effects.push({ type: 'open', overlay: 'help' }),
  export: (turn, format) => turn.effects.push({ type: 'export', room: turn.state.here, format: format || 'html' }),
  bell: (turn) => turn.effects.push({ type: 'bell' }),
};
