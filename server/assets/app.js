// @ts-check
/*
 * Where the parts meet: the door and the composer are read here, the store's state decides what is sent, the view
 * paints it. The only file with storage, the address bar and randomness.
 * It does not know how a frame changes the state (store.js), when to connect again (connection.js) or any markup.
 */

/** @import {Frame} from './connection.js' */
/** @import {Happening} from './store.js' */
import { address, connect } from './connection.js';
import { EARLIER, firstSeq, initial, isCommand, nextDraft, reduce } from './store.js';
import { folded, wellFormed } from './text.js';
import { byId, paint, speak, toEnd } from './view.js';

/* The protocol says so for typing; reading marks too count against the limit of messages. */
const SIGNAL_EVERY_MS = 2_000;

const [door, name, room, token, input] = ['door', 'name', 'room', 'token', 'input'].map(byId);

let state = initial;
/** @type {ReturnType<typeof connect> | undefined} */
let connection;
let ticking = 0;
let painting = 0;
let typingSentAt = 0;
let readSentAt = 0;

/** @param {Happening} happening */
function dispatch(happening) {
  state = reduce(state, { ...happening, now: Date.now() });
  // Not an animation frame: those stop in a hidden tab, and the work would pile up.
  painting ||= window.setTimeout(paintNow, 16);
  sendWhatIsDue();
}

/** Called after every change, so that no path can forget it. */
function sendWhatIsDue() {
  const now = Date.now();
  const { cid = '', text = '' } = nextDraft(state, now) ?? {};
  if (cid && connection?.send(isCommand(text) ? text : { type: 'send', text, cid, ref: cid })) return dispatch({ type: 'sent', cid });
  const { present, position: seq = 0 } = state;
  const unread = present && seq > state.read && !document.hidden;
  if (unread && now - readSentAt >= SIGNAL_EVERY_MS && connection?.send({ type: 'read', seq })) {
    readSentAt = now;
    return dispatch({ type: 'frame', frame: { type: 'read', seq } });
  }
  const busy = unread || state.typing.length > 0 || state.outbox.length > 0 || state.status.state === 'reconnecting';
  if (busy) ticking ||= window.setTimeout(tick, 1_000);
}

function tick() {
  ticking = 0;
  dispatch({ type: 'tick' });
}

function paintNow() {
  clearTimeout(painting);
  painting = 0;
  byId('chat').hidden = byId('leave').hidden = byId('topic').hidden = !door.hidden;
  paint(state);
}

// Coming and going

/** @param {string} toRoom @param {string} asUser */
function enter(toRoom, asUser) {
  connection?.close();
  remember('name', asUser);
  remember('room', toRoom);
  showInAddress(toRoom);
  door.hidden = true;
  dispatch({ type: 'entered', room: toRoom, user: asUser });
  connection = connect({
    // Asked anew at each attempt: the position has moved, and a welcome has brought a session.
    url() {
      const { room, user, position, epoch } = state;
      return address({ room, user, token: token.value, session: recall(`session:${folded(user)}`), after: position, epoch });
    },
    onFrame: heard,
    onStatus(status) {
      dispatch({ type: 'status', status });
      // These three are questions to the person at the door; any other leaves the room to be read.
      if ([1008, 4001, 4009].includes(status.code ?? 0)) showDoor(status.reason, status.code === 4001);
    },
  });
  paintNow();
}

/** @param {Frame} frame */
function heard(frame) {
  // `/join` leads there by the address bar, so that «back» leads home: one page, one room.
  if (frame.type === 'joined' && state.present) location.hash = encodeURIComponent(frame.room);
  dispatch({ type: 'frame', frame });
  if (frame.type === 'welcome' && frame.session) remember(`session:${folded(frame.user)}`, frame.session);
  if (frame.type === 'joined' && frame.room === state.room) showInAddress(state.room);
  if (frame.type === 'message' && frame.from !== state.user) speak(`${frame.from}: ${frame.text}`);
  if (frame.type === 'left' && frame.room === state.room) goOut();
}

function goOut() {
  connection?.close();
  connection = undefined;
  dispatch({ type: 'status', status: { state: 'idle' } });
  showDoor();
}

function showDoor(reason = '', askToken = false) {
  const focusIsLost = byId('chat').contains(document.activeElement);
  name.value = state.user || recall('name');
  room.value = state.room || inAddress() || recall('room') || 'general';
  if (askToken) byId('token-field').hidden = false;
  byId('door-error').textContent = reason;
  door.hidden = false;
  paintNow();
  if (focusIsLost) (askToken ? token : name).focus();
}

door.addEventListener('submit', (event) => {
  event.preventDefault();
  const [asUser, toRoom] = [name, room].map(({ value }) => wellFormed(value).normalize('NFC').trim());
  enter(toRoom, asUser);
  input.focus();
});

byId('leave').addEventListener('click', goOut);

addEventListener('hashchange', () => {
  const wanted = inAddress();
  if (connection && wanted && wanted !== state.room) enter(wanted, state.user);
  else if (!connection) room.value = wanted;
});

// Saying

byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = wellFormed(input.value);
  if (text.trim() === '') return;
  const over = new TextEncoder().encode(text).length - state.textBytes;
  if (over > 0) {
    // It stays in the field: nothing that was typed is thrown away.
    dispatch({ type: 'frame', frame: { type: 'error', text: `Too long by ${over} bytes.` } });
  } else {
    stopTyping();
    input.value = '';
    dispatch({ type: 'typed', cid: crypto.getRandomValues(new BigUint64Array(2)).join('-'), text });
  }
  paintNow();
  toEnd();
});

input.addEventListener('keydown', (event) => {
  // While an input method composes, Enter picks a character.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  input.form?.requestSubmit();
});

input.addEventListener('input', () => {
  if (input.value.trim() === '' || isCommand(input.value)) stopTyping();
  else if (state.present && Date.now() - typingSentAt >= SIGNAL_EVERY_MS && connection?.send({ type: 'typing', active: true })) {
    typingSentAt = Date.now();
  }
});

function stopTyping() {
  if (typingSentAt && state.present) connection?.send({ type: 'typing', active: false });
  typingSentAt = 0;
}

// The outbox is in memory alone.
addEventListener('beforeunload', (event) => state.outbox.length && event.preventDefault());

// Reading

byId('earlier').addEventListener('click', () => connection?.send({ type: 'history', before: firstSeq(state), ref: EARLIER }));
addEventListener('online', () => connection?.wake());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) connection?.wake();
  tick();
});

// What the browser keeps, unless it forbids storage

/** @param {string} key @param {string} value */
function remember(key, value) {
  try {
    localStorage.setItem(`chat:${key}`, value);
  } catch { /* forgotten, then */ }
}

/** @param {string} key */
function recall(key) {
  try {
    return localStorage.getItem(`chat:${key}`) ?? '';
  } catch {
    return '';
  }
}

function inAddress() {
  try {
    // The server is the judge of names; but `.` and `..` would change the path before it sees them.
    return decodeURIComponent(location.hash).match(/^#([\p{L}\p{N}].*)/u)?.[1] ?? '';
  } catch {
    return '';
  }
}

/** @param {string} opened */
function showInAddress(opened) {
  if (inAddress() !== opened) history.replaceState(null, '', `#${encodeURIComponent(opened)}`);
}

if (inAddress() && recall('name')) enter(inAddress(), recall('name'));
else showDoor();
