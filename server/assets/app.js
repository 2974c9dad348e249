// @ts-check
/*
 * Where the parts meet: what happens goes through the store, what the store asks for is done, and what has changed is painted and
 * kept. The only file with the clock, and the only one that knows both the connection and the screen.
 * It does not know the store's rules, nor what stands at the door.
 */

/** @import {Dispatch, Effect, Happening} from './types.d.ts' */
import * as browser from './browser.js';
import { composer } from './composer.js';
import { connect, PULSE } from './connection.js';
import { askPaste, openHelp, openSearch, openSwitcher, paintTask } from './dialogs.js';
import { byId } from './dom.js';
import { invited, showDoor, tokenOf, watchDoor } from './door.js';
import { listen } from './keys.js';
import { act, page, selectMessage, showMessage, toEnd } from './messages.js';
import { current, initial, isWaiting, reduce } from './store.js';
import { startExport } from './tasks.js';
import { folded, shown } from './text.js';
import { paint, start, toggle } from './view.js';

const PAINT_MS = 16;
const SPOKEN_TOGETHER_MS = 700;

const [door, room] = ['door', 'room'].map(byId);

let state = initial;
/** @type {ReturnType<typeof connect> | undefined} */
let connection;
/** The proof that the connection was begun with. */
let proof = '';
/** Why the last one was refused. @type {number | undefined} */
let refused;
let kept = true;
let ticking = 0;
let painting = 0;
/** @type {(() => void)[]} What waits for the next painting. */
let afterPaint = [];

/** @type {Dispatch} */
function dispatch(happening) {
  const before = state;
  const [after, effects] = reduce(state, /** @type {Happening} */ ({ ...happening, now: Date.now() }));
  state = after;
  if (state !== before) keep(before);
  for (const effect of effects) perform(effect);
  // Not an animation frame: those stop in a hidden tab, whose title goes on counting.
  painting ||= window.setTimeout(paintNow, PAINT_MS);
  if (isWaiting(state)) ticking ||= window.setTimeout(tick, state.asked.length || state.outbox.length ? 250 : 1_000);
}

function tick() {
  ticking = 0;
  dispatch({ type: 'tick' });
}

function paintNow() {
  painting = 0;
  browser.mark(state, door.hidden ? current(state) : undefined);
  if (document.hidden) return;
  paint(state);
  typed.sync(state);
  for (const act of afterPaint.splice(0)) act();
}

/** What outlives this page. @param {typeof state} before */
function keep(before) {
  const { user, session, outbox, rooms, here, muted, ignored } = state;
  if (!user) return;
  const renamed = folded(user) !== folded(before.user);
  if (!renamed) {
    if (outbox !== before.outbox) kept = browser.keepOutbox(user, outbox, before.outbox) && kept;
  } else if (outbox === before.outbox) {
    // Another name takes along what is here; who comes in by the door finds their own.
    browser.keepOutbox(before.user, [], outbox);
    browser.keepOutbox(user, outbox, []);
  }
  if (session && session !== before.session) {
    browser.remember(`session:${folded(user)}`, session);
    browser.remember('name', user);
  }
  if (muted !== before.muted) browser.remember('muted', muted);
  if (ignored !== before.ignored) browser.remember('ignored', ignored);
  const moved = renamed || rooms.length !== before.rooms.length || rooms.some(({ key }, i) => key !== before.rooms[i].key);
  // Only then: another tab may be in other rooms.
  if (moved) browser.remember(`rooms:${folded(user)}`, rooms.filter((one) => !one.with).map((one) => one.name));
  if (moved || rooms.some(({ draft }, i) => draft !== before.rooms[i].draft)) {
    // What is being edited has the words of a message: the draft is what stood there before.
    const drafts = rooms.map(({ key, draft, purpose }) => [key, purpose.kind === 'edit' ? purpose.before : draft]).filter(([, draft]) => draft);
    browser.rememberHere(`drafts:${folded(user)}`, Object.fromEntries(drafts));
  }
  // A room that was left is no place to go back to.
  if (here !== before.here && door.hidden) browser.showInAddress(current(state), rooms.some(({ key }) => key === before.here));
}

/** @param {Effect} effect */
function perform(effect) {
  switch (effect.type) {
    case 'connect': return begin();
    case 'close': return connection?.close();
    case 'send': return connection?.send(effect.frame);
    case 'announce': return speak(effect.text);
    case 'call': return browser.call(effect.room, shown(effect.title), shown(effect.text), () => dispatch({ type: 'go', room: effect.room }));
    case 'hush': return browser.hush(effect.room);
    case 'show': return void afterPaint.push(() => showMessage(effect.seq));
    case 'follow': return void afterPaint.push(toEnd);
    case 'open': return void afterPaint.push(() => ({ help: openHelp, switcher: openSwitcher, search: openSearch })[effect.overlay](dispatch));
    case 'export': return exportRoom(effect.room, effect.format);
    case 'nick': return dispatch({ type: 'nick', user: effect.user, session: browser.recall(`session:${folded(effect.user)}`, '') });
    case 'bell': return void ring();
    case 'door': return toDoor(effect.reason, effect.askToken);
  }
}

// The connection

function begin() {
  connection?.close();
  connection = connect({
    // Asked anew at each attempt: the position has moved, and a welcome, or another tab's, has brought a proof.
    place() {
      const first = state.rooms.find((one) => !one.with) ?? current(state);
      proof = browser.recall(`session:${folded(state.user)}`, state.session);
      const url = new URL(`ws/chat/${encodeURIComponent(first.name)}/${encodeURIComponent(state.user)}`, document.baseURI);
      url.protocol = url.protocol.replace('http', 'ws');
      url.hash = '';
      if (first.epoch) {
        url.searchParams.set('after', String(first.position));
        url.searchParams.set('epoch', first.epoch);
      }
      return { url: url.href, session: proof };
    },
    hello: () => ({ type: 'hello', client: 'page/0.1.0', token: tokenOf(state.user) || undefined }),
    onFrame(frame) {
      if (frame.ref !== PULSE) dispatch({ type: 'frame', frame });
    },
    onLink(link) {
      // Another tab was quicker, and the name is ours by its proof.
      const ours = link.code === 4009 && browser.recall(`session:${folded(state.user)}`, '') !== proof;
      refused = link.code;
      if (ours) begin();
      else dispatch({ type: 'link', link });
    },
  });
}

addEventListener('online', () => connection?.wake());
addEventListener('pageshow', () => connection?.wake());
for (const moment of ['focus', 'blur', 'visibilitychange']) {
  (moment === 'visibilitychange' ? document : window).addEventListener(moment, () => {
    const present = !document.hidden && document.hasFocus();
    if (present) connection?.wake();
    dispatch({ type: 'present', present });
  });
}
browser.watchOutbox((cid) => dispatch({ type: 'settled', cid }));
// What storage does not take lives in this page alone.
addEventListener('beforeunload', (event) => !kept && state.outbox.length && event.preventDefault());

// The door

/** @param {string} toRoom @param {string} user */
function enter(toRoom, user) {
  const rooms = browser.recall(`rooms:${folded(user)}`, /** @type {string[]} */ ([]));
  const private_ = toRoom.startsWith('@');
  const first = private_ ? rooms[0] ?? 'general' : toRoom;
  browser.remember('name', user);
  dispatch({
    type: 'entered', user, room: first, rooms,
    session: browser.recall(`session:${folded(user)}`, ''),
    outbox: browser.keptOutbox(user),
    drafts: browser.recallHere(`drafts:${folded(user)}`, {}),
    muted: browser.recall('muted', []), ignored: browser.recall('ignored', []),
  });
  if (private_) dispatch({ type: 'converse', user: toRoom.slice(1) });
  byId('entrance').hidden = door.hidden = true;
  byId('app').hidden = false;
  browser.showInAddress(current(state));
  paintNow();
  byId('input').focus();
}

/** @param {string} reason @param {boolean} [askToken] */
function toDoor(reason, askToken = false) {
  connection?.close();
  if (reason === '') dispatch({ type: 'link', link: { state: 'idle' } });
  const user = state.user || browser.recall('name', '');
  const to = (state.user && current(state)?.name) || browser.inAddress() || browser.recall(`rooms:${folded(user)}`, ['general'])[0] || 'general';
  // Of two reasons for which a name is taken, the server says in words which it is.
  showDoor({ name: user, room: to, reason, askToken, owned: refused === 4009 && reason.includes('account') });
}

watchDoor(enter);

/** By the link of an invitation one comes to the door, whoever one is. */
function byInvitation() {
  const code = browser.takeInvitation();
  if (!code) return false;
  toDoor('');
  void invited(code);
  return true;
}

addEventListener('hashchange', () => {
  if (byInvitation()) return;
  const wanted = browser.inAddress();
  if (!door.hidden) room.value = wanted;
  else if (wanted.startsWith('@')) dispatch({ type: 'converse', user: wanted.slice(1) });
  else if (wanted) dispatch({ type: 'join', room: wanted });
});

// What is spoken to those who do not look

/** @type {string[]} */
const toSay = [];

/** Some words together: each alone would cut off the one before. @param {string} text */
function speak(text) {
  if (!toSay.push(text) || toSay.length > 1) return;
  setTimeout(() => {
    const said = toSay.splice(0);
    byId('announce').textContent = shown(said.length > 4 ? `${said.length} new messages` : said.join('\n'));
  }, SPOKEN_TOGETHER_MS);
}

async function ring() {
  const words = await browser.ring();
  byId('bell').ariaPressed = String(browser.canCall());
  dispatch({ type: 'hint', text: words });
}

/** @param {string} key @param {string} format */
function exportRoom(key, format) {
  const { name: of, with: other } = state.rooms.find((one) => one.key === key) ?? current(state);
  const session = other ? state.session : '';
  const token = tokenOf(state.user);
  const cancel = () => work.cancel();
  const file = session || token ? () => work.file() : undefined;
  const work = startExport({ room: of, format, session, token, onTask: (task) => paintTask(task, { cancel, file }) });
}

// Keys and buttons

const typed = composer({ state: () => state, dispatch, ask: askPaste });

/** @param {() => unknown} act */
const toComposer = (act) => () => {
  act();
  byId('input').focus();
};

/** What the composer does itself has no entry. @type {Record<string, (event: KeyboardEvent) => void | boolean>} */
const ACTIONS = {
  help: () => openHelp(),
  'select-help': () => openHelp(),
  switcher: () => openSwitcher(dispatch),
  'important-room': () => dispatch({ type: 'important' }),
  'next-room': () => dispatch({ type: 'step', by: 1 }),
  'previous-room': () => dispatch({ type: 'step', by: -1 }),
  'last-room': () => dispatch({ type: 'last-room' }),
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => [`room-${number}`, () => dispatch({ type: 'number', number })])),
  'page-up': () => page(-1),
  'page-down': () => page(1),
  oldest: () => byId('scroll').scrollTo(0, 0),
  newest: () => dispatch({ type: 'newest' }),
  'first-unread': () => dispatch({ type: 'first-unread' }),
  'mark-read': () => dispatch({ type: 'mark-read' }),
  find: () => openSearch(dispatch),
  'toggle-rooms': () => toggle('rooms'),
  'toggle-users': () => toggle('people'),
  select: () => selectMessage('seen'),
  'select-up': () => void selectMessage('up'),
  'select-down': () => { if (!selectMessage('down')) byId('input').focus(); },
  'select-oldest': () => void selectMessage('first'),
  'select-newest': () => void selectMessage('last'),
  deselect: toComposer(() => {}),
};
for (const one of ['reply', 'react', 'edit', 'delete', 'copy', 'open-link', 'go-to-replied', 'resend', 'drop']) ACTIONS[one] = () => act(one);

listen(ACTIONS, () => {
  const at = document.activeElement;
  if (!door.hidden) return 'door';
  if (document.querySelector('dialog[open]')) return 'dialog';
  return at?.id === 'input' ? 'composer' : at?.closest('#messages > li') ? 'message' : 'page';
});

byId('bell').addEventListener('click', ring);
byId('bell').ariaPressed = String(browser.canCall());

start(dispatch);
const remembered = browser.recall('name', '');
if (byInvitation()) { /* It is shown. */ }
else if (remembered && browser.inAddress()) enter(browser.inAddress(), remembered);
else toDoor('');
