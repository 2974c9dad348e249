// @ts-check
/*
 * All that the page knows of its one room, and `reduce(state, event) -> state`, the only way in which that changes:
 * the lines, the position in the room's log, who is here, and what was typed but is not acknowledged.
 * It does not know sockets, the DOM, clocks or randomness: every event brings its `now`, every message its `cid`.
 */

/** @typedef {import('./connection.js').Frame} Frame */
/** @typedef {import('./connection.js').Status} Status */
/** @typedef {{seq: number, from: string, text: string, at: string, cid?: string, reply_to?: number, action?: boolean,
 *   edited_at?: string, deleted?: boolean, reactions?: Record<string, string[]>}} Message */
/** @typedef {{kind: 'message', key: string, message: Message}
 *   | {kind: 'private', key: string, message: Message, to: string}
 *   | {kind: 'signal' | 'notice' | 'error', key: string, parts: (string | {name: string})[]}} Line */
/** What was typed. `sentAt`: on its way, unanswered. `tried`: may have arrived. `raw`: the server is to parse it.
 * @typedef {{cid: string, text: string, raw: boolean, sentAt?: number, notBefore?: number, tried?: boolean, failed?: string}} Draft */

/**
 * @typedef {object} State
 * @property {string} room
 * @property {string} user
 * @property {Status | {state: 'idle'}} status
 * @property {boolean} present Joined over the connection that is open now.
 * @property {string} [welcomed] The epoch of the last welcome; counts only once a snapshot of it has come.
 * @property {string} [epoch]
 * @property {number} [position] The last `seq` up to which nothing is missing.
 * @property {number} read
 * @property {number} textBytes
 * @property {string} topic
 * @property {Line[]} lines
 * @property {boolean} more Older messages exist than the first line.
 * @property {boolean} askedEarlier
 * @property {string[]} users
 * @property {number} online
 * @property {{name: string, until: number}[]} typing
 * @property {Draft[]} outbox
 * @property {number} nextKey
 */

/** @typedef {{now: number} & (
 *     {type: 'entered', room: string, user: string}
 *   | {type: 'left_page'} | {type: 'tick'} | {type: 'trim'} | {type: 'asked_earlier'}
 *   | {type: 'status', status: Status}
 *   | {type: 'frame', frame: Frame}
 *   | {type: 'typed', cid: string, text: string}
 *   | {type: 'sent' | 'taken_back', cid: string}
 *   | {type: 'read', seq: number}
 *   | {type: 'told', text: string}
 * )} Event */

/* Others stop announcing their typing when their connection is cut; six seconds is what the protocol asks of us. */
const TYPING_LASTS_MS = 6_000;
/* Sending again under the same cid is harmless, so an answer that got lost need not be waited for for ever. */
const ANSWER_WITHIN_MS = 15_000;
const TRY_AGAIN_MS = 2_000;
/* Rows kept while the reader is at the end; older ones are a button away. */
export const ROWS_KEPT = 1_000;
export const EARLIER = 'earlier';

/** @returns {State} */
export const initial = () => ({
  room: '', user: '', status: { state: 'idle' }, present: false, read: 0, textBytes: Infinity, topic: '', lines: [],
  more: false, askedEarlier: false, users: [], online: 0, typing: [], outbox: [], nextKey: 1,
});

/** @param {State} state @param {Event} event @returns {State} */
export function reduce(state, event) {
  const { now } = event;
  switch (event.type) {
    case 'entered': return entered(state, event);
    case 'left_page': return { ...state, status: { state: 'idle' }, present: false };
    case 'status': return statusChanged(state, event.status);
    case 'frame': {
      const { frame } = event;
      return Object.hasOwn(FRAMES, frame.type) ? FRAMES[frame.type](state, frame, now) : state;
    }
    case 'typed': {
      const draft = { cid: event.cid, text: event.text, raw: event.text.startsWith('/') };
      return { ...state, outbox: [...state.outbox, draft] };
    }
    case 'sent': {
      // A raw line has no key, so nothing would tell a repetition from a second line: it is sent once and let go.
      const outbox = state.outbox
        .filter((draft) => draft.cid !== event.cid || !draft.raw)
        .map((draft) => (draft.cid === event.cid ? { ...draft, sentAt: now, tried: true } : draft));
      return { ...state, outbox };
    }
    case 'taken_back': return without(state, event.cid);
    case 'read': return { ...state, read: Math.max(state.read, event.seq) };
    case 'told': return add(state, 'notice', [event.text]);
    case 'asked_earlier': return { ...state, askedEarlier: true };
    case 'tick': return {
      ...state,
      typing: state.typing.filter(({ until }) => until > now),
      outbox: state.outbox.map((draft) =>
        draft.sentAt !== undefined && now - draft.sentAt > ANSWER_WITHIN_MS ? { ...draft, sentAt: undefined } : draft),
    };
    case 'trim': return state.lines.length <= ROWS_KEPT ? state
      : { ...state, lines: state.lines.slice(-ROWS_KEPT), more: true };
    default: return state;
  }
}

/** The draft whose turn it is. One at a time, or a message that had to be repeated would arrive after later ones.
 * @param {State} state @param {number} now */
export function nextDraft(state, now) {
  if (!state.present) return undefined;
  const first = state.outbox.find((draft) => !draft.failed);
  return first && first.sentAt === undefined && (first.notBefore ?? 0) <= now ? first : undefined;
}

/** @param {State} state */
export const firstSeq = (state) => state.lines.find((line) => line.kind === 'message')?.message.seq;

/** @param {State} state */
export const unread = (state) => state.lines.filter((line) =>
  line.kind === 'message' && line.message.seq > state.read && line.message.from !== state.user).length;

/** @param {State} state @param {{room: string, user: string}} to @returns {State} */
function entered(state, { room, user }) {
  if (room === state.room && user === state.user) return state;
  // Under another name a cid is another message: what may have arrived already must not be said a second time.
  const outbox = room === state.room ? state.outbox.filter((draft) => !draft.tried) : [];
  return { ...initial(), room, user, outbox, nextKey: state.nextKey };
}

/** @param {State} state @param {Status} status @returns {State} */
function statusChanged(state, status) {
  if (status.state === 'connected') return { ...state, status };
  // Nothing that was on its way will be answered any more.
  const outbox = state.outbox.map((draft) => ({ ...draft, sentAt: undefined, notBefore: undefined }));
  return { ...state, status, present: false, askedEarlier: false, typing: [], outbox };
}

/** One handler for each type that the server may say; a type that is not here is ignored, as the protocol wants.
 * @type {Record<string, (state: State, frame: Frame, now: number) => State>} */
const FRAMES = {
  welcome: (state, frame) => ({
    ...state, user: frame.user ?? state.user, welcomed: frame.epoch, textBytes: frame.limits?.text_bytes ?? Infinity,
  }),
  joined,
  events: (state, frame) => (here(state, frame) ? logged(state, frame.events) : state),
  message: (state, frame) => {
    if (here(state, frame)) return logged(state, [frame]);
    return String(frame.room).startsWith('@') ? privateMessage(state, frame) : state;
  },
  edited: (state, frame) => (here(state, frame) ? logged(state, [frame]) : state),
  deleted: (state, frame) => (here(state, frame) ? logged(state, [frame]) : state),
  reacted: (state, frame) => (here(state, frame) ? logged(state, [frame]) : state),
  // A pushed topic is an event of the log and has its seq; anything else under that name is not ours to show.
  topic: (state, frame) => (here(state, frame) && frame.seq ? logged(state, [frame]) : state),
  ack: acknowledged,
  presence,
  typing: (state, frame, now) => {
    if (!here(state, frame) || frame.user === state.user) return state;
    const others = state.typing.filter(({ name }) => name !== frame.user);
    return { ...state, typing: frame.active ? [...others, { name: frame.user, until: now + TYPING_LASTS_MS }] : others };
  },
  read: (state, frame) => (here(state, frame) ? { ...state, read: Math.max(state.read, frame.seq) } : state),
  history: (state, frame) => {
    const asked = frame.ref === EARLIER ? { ...state, askedEarlier: false } : state;
    if (!here(state, frame)) return asked;
    /** @type {Message[]} */
    const messages = frame.messages ?? [];
    const first = firstSeq(state) ?? Infinity;
    // An answer to a typed command may lie anywhere; only what joins on to the first line can be shown without a hole.
    if (frame.ref !== EARLIER && !(messages.length && messages[messages.length - 1].seq >= first)) return asked;
    const reachesBack = frame.ref === EARLIER || messages[0].seq < first;
    return { ...asked, lines: merged(state.lines, messages), more: reachesBack ? Boolean(frame.more) : state.more };
  },
  users: (state, frame) => {
    const users = names(frame.users);
    const told = add(state, 'signal', ['Here now: ', ...listed(users)]);
    return here(state, frame) ? { ...told, users, online: users.length } : told;
  },
  rooms: (state, frame) => add(state, 'notice', [['Rooms:', ...(frame.rooms ?? []).map(
    (/** @type {Frame} */ room) => `#${room.name} – ${room.users} here${room.topic ? ` – ${room.topic}` : ''}`)].join('\n')]),
  found: (state, frame) => add(state, 'notice', [[frame.messages?.length ? 'Found:' : 'Nothing found.', ...(frame.messages ?? []).map(
    (/** @type {Frame} */ m) => `${m.room ? `${m.room} · ` : ''}${m.from}: ${m.text}`)].join('\n')]),
  notice: (state, frame) => add(state, 'notice', [frame.text]),
  error: refused,
};

/** A frame without a room speaks of the connection's first room, and the page has no other.
 * @param {State} state @param {Frame} frame */
const here = (state, frame) => frame.room === undefined || frame.room === state.room;

/** @param {State} state @param {Frame} frame @returns {State} */
function joined(state, frame) {
  // The first room of a connection is ours under whatever spelling the server gives it; any later one is not.
  if (state.present && frame.room !== state.room) return state;
  /** @type {State} */
  let next = {
    ...state,
    room: frame.room,
    present: true,
    epoch: state.welcomed,
    users: names(frame.users),
    online: frame.users?.length ?? 0,
    read: Math.max(frame.read ?? 0, frame.recovered ? state.read : 0),
  };
  if (frame.recovered) {
    next = logged(next, frame.events);
  } else {
    const resumed = state.position !== undefined;
    next = { ...next, lines: [], more: Boolean(frame.more), position: frame.seq };
    if (resumed) next = add(next, 'notice', ['What happened meanwhile could not be filled in; these are the latest messages.']);
    next = { ...next, lines: merged(next.lines, frame.messages ?? []) };
    for (const { from, cid } of frame.messages ?? []) next = arrived(next, from, cid);
  }
  return { ...next, topic: frame.topic ?? '' };
}

/** Applies events of the room's log, oldest first.
 * @param {State} state @param {Frame[]} [events] @returns {State} */
function logged(state, events = []) {
  for (const event of events) {
    const { seq, from, at } = event;
    // An acknowledgement never moves the position: it may come before others' messages with a smaller seq.
    state = { ...state, position: Math.max(state.position ?? 0, seq) };
    switch (event.type) {
      case 'message':
        state = arrived({ ...state, lines: merged(state.lines, [/** @type {any} */ (event)]) }, from, event.cid);
        state = { ...state, typing: state.typing.filter(({ name }) => name !== from) };
        break;
      case 'edited':
        state = change(state, event.target, (m) => ({ ...m, text: event.text, edited_at: at }));
        break;
      case 'deleted':
        state = change(state, event.target, (m) => ({ ...m, text: '', deleted: true }));
        break;
      case 'reacted':
        state = change(state, event.target, (m) => {
          const others = (m.reactions?.[event.emoji] ?? []).filter((name) => name !== from);
          return { ...m, reactions: { ...m.reactions, [event.emoji]: event.on ? [...others, from] : others } };
        });
        break;
      case 'topic':
        state = add({ ...state, topic: event.text }, 'signal', [{ name: from }, event.text ? ` set the topic: ${event.text}` : ' cleared the topic']);
        break;
    }
  }
  return state;
}

/** @param {State} state @param {Frame} frame @returns {State} */
function acknowledged(state, frame) {
  const draft = state.outbox.find(({ cid }) => cid === frame.cid);
  if (!draft) return state;
  const next = without(state, draft.cid);
  // What lies behind the position is among the lines, or older than them; it may even be edited or deleted since.
  if (!here(state, frame) || frame.seq <= (state.position ?? 0)) return next;
  const message = { seq: frame.seq, from: state.user, text: draft.text, at: frame.at, cid: draft.cid };
  return { ...next, lines: merged(next.lines, [message]) };
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {State} */
function refused(state, frame, now) {
  const draft = frame.ref === undefined ? undefined : state.outbox.find(({ cid }) => cid === frame.ref);
  if (!draft) {
    const next = frame.ref === EARLIER ? { ...state, askedEarlier: false } : state;
    return add(next, 'error', [frame.text || frame.code]);
  }
  const again = frame.code === 'rate_limited' || frame.code === 'unavailable';
  const change = again ? { sentAt: undefined, notBefore: now + (frame.retry_ms ?? TRY_AGAIN_MS) } : { failed: frame.text || frame.code };
  return { ...state, outbox: state.outbox.map((other) => (other === draft ? { ...draft, ...change } : other)) };
}

/** @param {State} state @param {Frame} frame @returns {State} */
function presence(state, frame) {
  if (!here(state, frame)) return state;
  /** @type {string[]} */
  const left = frame.left ?? [];
  const came = names(frame.joined).filter((name) => !state.users.includes(name));
  const users = [...state.users.filter((name) => !left.includes(name)), ...came];
  let next = { ...state, users, online: frame.online ?? users.length, typing: state.typing.filter(({ name }) => !left.includes(name)) };
  const others = came.filter((name) => name !== state.user);
  if (others.length) next = add(next, 'signal', [...listed(others), ' joined']);
  if (left.length) next = add(next, 'signal', [...listed(left), ' left']);
  return next;
}

/** A private message is shown where it arrives; its log, with a position of its own, is not kept here.
 * @param {State} state @param {Frame} frame @returns {State} */
function privateMessage(state, frame) {
  const me = state.user.toLowerCase();
  const [one, two] = String(frame.room).slice(1).split(',');
  const to = frame.from === state.user ? (one === me ? two : one) ?? one : state.user;
  const key = `${frame.room} ${frame.seq}`;
  if (state.lines.some((line) => line.key === key)) return state;
  return { ...state, lines: [...state.lines, { kind: 'private', key, message: /** @type {any} */ (frame), to }] };
}

/** Puts messages among the lines by `seq`; one that is there already is replaced, never repeated.
 * @param {Line[]} lines @param {Message[]} messages @returns {Line[]} */
function merged(lines, messages) {
  const result = [...lines];
  let at = 0;
  for (const message of messages) {
    /** @type {Line} */
    const line = { kind: 'message', key: `seq ${message.seq}`, message };
    // From the end, for that is where nearly every message belongs.
    at = result.length;
    while (at > 0 && !before(result[at - 1], message.seq)) at -= 1;
    const there = result.findIndex((other, i) => i >= at && other.key === line.key);
    if (there >= 0) result[there] = line;
    else if (result.slice(at).some((other) => other.kind === 'message')) result.splice(at, 0, line);
    else result.push(line);
  }
  return result;
}

/** @param {Line} line @param {number} seq */
const before = (line, seq) => line.kind === 'message' && line.message.seq < seq;

/** @param {State} state @param {number} seq @param {(message: Message) => Message} by @returns {State} */
function change(state, seq, by) {
  const key = `seq ${seq}`;
  return { ...state, lines: state.lines.map((line) => (line.kind === 'message' && line.key === key ? { ...line, message: by(line.message) } : line)) };
}

/** Somebody else may repeat a cid that they saw; only our own message settles our own draft.
 * @param {State} state @param {string} from @param {string} [cid] */
const arrived = (state, from, cid) => (cid !== undefined && from === state.user ? without(state, cid) : state);

/** @param {State} state @param {string} cid @returns {State} */
const without = (state, cid) => (state.outbox.some((draft) => draft.cid === cid)
  ? { ...state, outbox: state.outbox.filter((draft) => draft.cid !== cid) } : state);

/** @param {State} state @param {'signal' | 'notice' | 'error'} kind @param {(string | {name: string})[]} parts @returns {State} */
const add = (state, kind, parts) => ({
  ...state, nextKey: state.nextKey + 1, lines: [...state.lines, { kind, key: `line ${state.nextKey}`, parts }],
});

/** @param {{name: string}[]} [users] */
const names = (users = []) => users.map(({ name }) => name);

/** @param {string[]} all @returns {(string | {name: string})[]} */
function listed(all) {
  const most = all.slice(0, 8).flatMap((name, i) => (i ? [', ', { name }] : [{ name }]));
  return all.length > 8 ? [...most, ` and ${all.length - 8} more`] : most;
}
