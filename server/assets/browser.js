// @ts-check
/*
 * What the page keeps and shows outside of itself: storage, the address bar, the tab's title and icon, notifications.
 * The only file that knows these; it does not know the store's rules.
 */

/** @import {Pending, Room, State} from './types.d.ts' */
import { title } from './model.js';
import { clip, folded, line } from './text.js';

// What the browser keeps, unless it forbids storage

/** What storage did not take lives in this page alone. @type {Map<string, any>} */
const untaken = new Map();

/** @param {string} key @param {unknown} value */
export function remember(key, value) {
  untaken.delete(key);
  try {
    localStorage.setItem(`chat:${key}`, JSON.stringify(value));
    return true;
  } catch {
    untaken.set(key, value);
    return false;
  }
}

/** @template T @param {string} key @param {T} otherwise @returns {T} */
export function recall(key, otherwise) {
  if (untaken.has(key)) return untaken.get(key);
  try {
    return JSON.parse(localStorage.getItem(`chat:${key}`) ?? '') ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** @param {string} key */
export function forget(key) {
  untaken.delete(key);
  try {
    localStorage.removeItem(`chat:${key}`);
  } catch { /* it was not kept either */ }
}

/* A message is kept by itself, so that two tabs never undo each other. */
const unsent = (/** @type {string} */ user) => `chat:unsent:${folded(user)}:`;

/** @param {string} user @param {Pending[]} outbox @param {Pending[]} before */
export function keepOutbox(user, outbox, before) {
  let kept = true;
  for (const one of outbox) if (!before.includes(one)) kept = remember(`unsent:${folded(user)}:${one.cid}`, one) && kept;
  for (const { cid } of before) {
    if (outbox.some((one) => one.cid === cid)) continue;
    forget(`unsent:${folded(user)}:${cid}`);
  }
  return kept;
}

/** @param {string} user @returns {Pending[]} */
export function keptOutbox(user) {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(unsent(user)));
    // One that is damaged does not take the others along.
    const kept = keys.map((key) => /** @type {Pending} */ (recall(key.slice('chat:'.length), /** @type {unknown} */ (null)))).filter((one) => one?.cid && one.name);
    return kept.map((one) => (one.state === 'sending' ? { ...one, state: /** @type {const} */ ('queued') } : one)).sort((a, b) => a.at - b.at);
  } catch {
    return [];
  }
}

/** Tells when another tab had a message confirmed. @param {(cid: string) => void} settled */
export function watchOutbox(settled) {
  addEventListener('storage', ({ key, newValue }) => {
    if (key?.startsWith('chat:unsent:') && newValue === null) settled(key.slice(key.lastIndexOf(':') + 1));
  });
}

/* Drafts and tokens are this tab's. */
/** @param {string} key @param {unknown} value */
export function rememberHere(key, value) {
  try {
    sessionStorage.setItem(`chat:${key}`, JSON.stringify(value));
  } catch { /* forgotten, then */ }
}

/** @template T @param {string} key @param {T} otherwise @returns {T} */
export function recallHere(key, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(`chat:${key}`) ?? '') ?? otherwise;
  } catch {
    return otherwise;
  }
}

// The address bar

export function inAddress() {
  try {
    // Anything else is no name, and dots alone would lead elsewhere.
    return decodeURIComponent(location.hash).match(/^#(@?[\p{L}\p{N}].*)/u)?.[1] ?? '';
  } catch {
    return '';
  }
}

/** The code of the invitation whose link led here. It leaves the address bar, the history and every bookmark at once. */
export function takeInvitation() {
  const [, code] = location.hash.match(/^#invite=([\w-]*)/) ?? [];
  if (code !== undefined) history.replaceState(null, '', location.pathname + location.search);
  return code ?? '';
}

/** @param {Room} room */
const addressOf = ({ name, with: other }) => `#${encodeURIComponent(other ? `@${other}` : name)}`;

/** @param {Room} room @param {boolean} [again] Going back leads to the room before. */
export function showInAddress(room, again) {
  if (inAddress() !== decodeURIComponent(addressOf(room).slice(1))) history[again ? 'pushState' : 'replaceState'](null, '', addressOf(room));
}

// The tab

const icon = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel=icon]'));
const calm = icon.href;
const alert = calm.replace('icon.svg', 'icon-alert.svg');
let marked = '';

/** How many wait, and whether somebody is meant. @param {State} state @param {Room} [room] */
export function mark(state, room) {
  const loud = state.rooms.reduce((sum, { mentions, unread, muted, with: other }) => sum + (other && !muted ? unread : mentions), 0);
  const any = state.rooms.reduce((sum, { unread, muted }) => sum + (muted ? 0 : unread), 0);
  const count = loud || any ? `(${loud || any}) ` : '';
  const wanted = `${count}${room ? `${line(title(room))} – Chat` : 'Chat'}`;
  if (wanted === marked) return;
  document.title = marked = wanted;
  if ((loud > 0) !== (icon.href === alert)) icon.href = loud ? alert : calm;
  if ('setAppBadge' in navigator) (loud ? navigator.setAppBadge(loud) : navigator.clearAppBadge()).catch(() => {});
}

// Notifications: only ever asked for by a click on the bell

/** @type {Map<string, Notification>} */
const calls = new Map();

export const canCall = () => 'Notification' in window && Notification.permission === 'granted' && recall('bell', false);

/** On or off; says in words what came of it. */
export async function ring() {
  if (!('Notification' in window)) return 'This browser shows notifications only over https or on this machine.';
  if (canCall()) {
    remember('bell', false);
    return 'Notifications are off.';
  }
  const permission = await Notification.requestPermission();
  remember('bell', permission === 'granted');
  return permission === 'granted' ? 'Notifications are on: for your name and private words.' : 'The browser does not allow notifications for this page.';
}

/** @param {string} room @param {string} heading @param {string} text @param {() => void} clicked */
export function call(room, heading, text, clicked) {
  if (!canCall()) return;
  try {
    const shown = new Notification(clip(heading, 80), { body: clip(text, 200), tag: room, icon: alert });
    shown.onclick = () => {
      window.focus();
      clicked();
      shown.close();
    };
    calls.set(room, shown);
  } catch { /* some phones want a service worker for it */ }
}

/** It is read. @param {string} room */
export function hush(room) {
  calls.get(room)?.close();
  calls.delete(room);
}
