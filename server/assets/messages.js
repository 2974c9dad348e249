// @ts-check
/*
 * The list of messages: rows into the document, and the reader's place in it. The place is one row and how far below the top it
 * stands; after each painting and each change of size it stands there again, or the pane is at its end, where it follows.
 * What can be done with one message is here, too. It does not know frames, nor how a room came by its lines.
 */

/** @import {Dispatch, Message, Room, Row, State} from './types.d.ts' */
import { askReaction, confirm } from './dialogs.js';
import { byId, element, iconButton, isDrawn, on, patch } from './dom.js';
import { rowElement } from './message.js';
import { rowsOf } from './rows.js';
import { clip } from './text.js';

const NEAR_END_PX = 30;
const LOOK_EVERY_MS = 200;
const ASK_AGAIN_MS = 2_000;

const pane = byId('scroll');
const list = byId('messages');

/** @type {Dispatch} */
let dispatch = () => {};
/** @type {Room | undefined} */
let room;
let user = '';
let present = false;
/** @type {RegExp} */
let me;
/** @type {import('./dom.js').Patched} */
let drawn = new Map();

/** @typedef {{key: string, below: number}} Place */
/** @type {Place | undefined} */
let place;
/** Where one was in the rooms that are not shown, and what was marked there. @type {Map<string, {place?: Place, marker?: number}>} */
const places = new Map();
/** The reader is not at the end, whatever the store thinks until the next look. */
let away = false;
/** Where this module scrolled to: only other movements are the reader's. */
let put = -1;
let sawNew = true;
/** @type {number | undefined} */
let marker;
/** To be shown as soon as it is drawn. */
let wanted = 0;
let looking = 0;
let told = '';
let asked = '';
let askedAt = 0;

/** @param {Dispatch} to */
export function startMessages(to) {
  dispatch = to;
  on(pane, 'scroll', () => {
    if (pane.scrollTop !== put) keepPlace();
    lookSoon();
  }, { passive: true });
  // Rows that come near get their real height, fonts come late, windows and composers change their size.
  const sizes = new ResizeObserver(() => {
    toPlace();
    lookSoon();
  });
  sizes.observe(pane);
  sizes.observe(list);
  on(document, 'visibilitychange', lookSoon);
  on(list, 'pointerover', ({ target, pointerType }) => { if (pointerType === 'mouse') offer(target); });
  on(list, 'focusin', ({ target }) => offer(target));
  on(list, 'pointerleave', () => { if (!list.contains(document.activeElement)) bring(); });
  on(list, 'click', clicked);
  on(byId('newest'), 'click', () => {
    // The button is about to go.
    pane.focus({ preventScroll: true });
    dispatch({ type: 'newest' });
  });
  on(byId('unread'), 'click', () => {
    sawNew = true;
    dispatch({ type: 'first-unread' });
  });
}

/** @param {State} state */
export function paintMessages(state) {
  const before = room;
  room = state.rooms.find(({ key }) => key === state.here);
  present = state.present;
  if (user !== state.user) {
    user = state.user;
    me = new RegExp(String.raw`((?<![\p{L}\p{N}_])@?${user.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}(?![\p{L}\p{N}_]))`, 'giu');
  }
  const opened = room?.key !== before?.key;
  if (opened) {
    if (before) places.set(before.key, { place: follows(before) ? undefined : place, marker });
    away = false;
  }
  const rows = room ? rowsOf(room, state) : [];
  const items = rows.map(itemOf);
  if (!opened) keepAnchor(items);
  drawn = patch(list, items);
  if (opened || marker !== room?.marker) sawNew = false;
  marker = room?.marker;
  if (opened) openPlace();
  toPlace();
  if (wanted && drawn.has(`${wanted}.0`)) showMessage(wanted);
  paintNewest();
  lookSoon();
}

function paintNewest() {
  const newest = byId('newest');
  newest.hidden = !room || follows() || (!room.past && isAtEnd());
  if (!newest.hidden) newest.lastElementChild.textContent = room?.news ? `${room.news} new` : 'To the newest';
}

// The place

/** @param {number} top */
function scrollTo(top) {
  // Setting it stops a movement that is under way.
  if (Math.abs(pane.scrollTop - top) >= 1) pane.scrollTop = top;
  put = pane.scrollTop;
}

/** @param {HTMLElement} row @param {number} below */
function putRow(row, below) {
  place = { key: row.dataset.key ?? '', below };
  scrollTo(row.offsetTop - below);
}

const isAtEnd = () => !room?.past?.newer && pane.scrollHeight - pane.scrollTop - pane.clientHeight < NEAR_END_PX;
const follows = (of = room) => Boolean(of?.following && !of.past && !away);

/** The first row that reaches below `y`: rows are in order, so that a few of them are measured.
 * @param {number} y @returns {any} */
function rowAt(y) {
  const rows = list.children;
  let [low, high] = [0, rows.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { offsetTop, offsetHeight } = rows[middle];
    if (offsetTop + offsetHeight > y) high = middle;
    else low = middle + 1;
  }
  return rows[low];
}

function keepPlace() {
  const row = rowAt(pane.scrollTop);
  place = row && { key: row.dataset.key ?? '', below: row.offsetTop - pane.scrollTop };
  away = !isAtEnd();
}

/** What one's place hangs on may fall away, or lose its head to what comes before it: then it hangs on the next row that stays as it is.
 * @param {import('./dom.js').Item[]} items */
function keepAnchor(items) {
  const next = new Map(items.map((item) => [item.key, item]));
  const stays = (/** @type {string} */ key) => isDrawn(drawn.get(key), next.get(key));
  let row = place && drawn.get(place.key)?.element;
  while (row && !stays(row.dataset.key)) row = row.nextElementSibling;
  if (row && row.dataset.key !== place?.key) place = { key: row.dataset.key, below: row.offsetTop - pane.scrollTop };
}

function toPlace() {
  const row = place && drawn.get(place.key)?.element;
  if (follows()) scrollTo(pane.scrollHeight - pane.clientHeight);
  else if (row && place) putRow(row, place.below);
}

/** What is new, else where one was, else the end. */
function openPlace() {
  const was = places.get(room?.key ?? '');
  const fresh = drawn.get('new')?.element;
  place = was?.place;
  if (fresh && !(was && was.marker === marker)) {
    away = true;
    putRow(fresh, pane.clientHeight / 3);
  } else if (!place) {
    scrollTo(pane.scrollHeight);
  }
}

function lookSoon() {
  looking ||= window.setTimeout(look, LOOK_EVERY_MS);
}

/** What does the reader see, and what is missing? */
function look() {
  looking = 0;
  if (!room || document.hidden || !pane.clientHeight) return;
  const bottom = pane.scrollTop + pane.clientHeight;
  const end = isAtEnd();
  if (end) away = false;
  let row = rowAt(bottom);
  if (row && row.offsetTop + row.offsetHeight > bottom + 1) row = row.previousElementSibling;
  while (row && !row.matches('.message')) row = row.previousElementSibling;
  const seq = Number(row?.dataset.seq ?? 0);
  // Whether somebody looks, and what the store thinks, are part of it: either may change without a movement.
  const seen = [room.key, seq, end, present, room.following].join();
  if (seen !== told) {
    told = seen;
    dispatch({ type: 'seen', room: room.key, seq, end });
  }
  const fresh = drawn.get('new')?.element;
  if (fresh && fresh.offsetTop >= pane.scrollTop) sawNew = true;
  byId('unread').hidden = sawNew || !(fresh || (room.unreadMore && room.live.more));
  paintNewest();
  askAround(bottom);
}

/** @param {number} bottom */
function askAround(bottom) {
  if (!room || room.asking) return;
  const { lines, more, newer } = room.past ?? room.live;
  /** @type {'older' | 'newer' | undefined} */
  let type;
  if (newer && pane.scrollHeight - bottom < pane.clientHeight) type = 'newer';
  if (more && pane.scrollTop < pane.clientHeight) type = 'older';
  const question = `${room.key} ${type} ${lines[0]?.seq} ${lines.length}`;
  if (!type || (question === asked && Date.now() - askedAt < ASK_AGAIN_MS)) return;
  asked = question;
  askedAt = Date.now();
  dispatch({ type });
}

export function toEnd() {
  away = false;
  place = undefined;
  unpoint();
  scrollTo(pane.scrollHeight);
}

const unpoint = () => list.querySelector('.pointed')?.classList.remove('pointed');

/** @param {1 | -1} by */
export const page = (by) => pane.scrollBy(0, by * pane.clientHeight * 0.9);

/** Scrolls there and points at it; waits until it is drawn. @param {number} seq */
export function showMessage(seq) {
  const row = drawn.get(`${seq}.0`)?.element;
  wanted = row ? 0 : seq;
  if (!row) return;
  away = true;
  putRow(row, Math.max(0, pane.clientHeight - row.offsetHeight) / 2);
  unpoint();
  row.classList.add('pointed');
}

// Selecting: the focus is the selection

/** @returns {any} */
const selected = () => document.activeElement?.closest('#messages > li');

/** False: there is none in that direction. `seen`: what is pointed at, or the last that is wholly in view.
 * @param {'up' | 'down' | 'first' | 'last' | 'seen'} where */
export function selectMessage(where) {
  /** @type {HTMLElement[]} */
  const rows = [...list.querySelectorAll('[data-seq], [data-cid]')];
  const now = selected();
  const at = now ? rows.indexOf(now) : rows.length;
  const [top, bottom] = [pane.scrollTop, pane.scrollTop + pane.clientHeight];
  const seen = rows.filter(({ offsetTop, offsetHeight }) => offsetTop >= top && offsetTop + offsetHeight <= bottom);
  const row = {
    up: rows[at - 1], down: rows[at + 1], first: rows[0], last: rows.at(-1),
    seen: seen.find((one) => one.matches('.pointed')) ?? seen.at(-1) ?? rows.at(-1),
  }[where];
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: 'nearest' });
  return Boolean(row);
}

// What can be done with a message

/** @type {Record<string, (message: Message, row: any) => void>} */
const ACTIONS = {
  react: async ({ seq }) => {
    const of = room?.key;
    const emoji = await askReaction();
    // The same number is another message elsewhere.
    if (emoji && room?.key === of) dispatch({ type: 'react', seq, emoji });
  },
  reply: ({ seq, deleted }) => { if (!deleted) write({ type: 'reply', seq }); },
  edit: ({ seq, from, deleted }) => { if (from === user && !deleted) write({ type: 'edit', seq }); },
  delete: async ({ seq, from, text, deleted }) => {
    const of = room?.key;
    if (from === user && !deleted && await confirm(`Delete «${clip(text, 120)}»?`, 'Delete') && room?.key === of) dispatch({ type: 'delete', seq });
  },
  copy({ text }) {
    copy(text);
    dispatch({ type: 'hint', text: 'Copied.' });
  },
  'open-link': (_, row) => row.querySelector('.text a')?.click(),
  'go-to-replied': ({ reply_to: seq }) => { if (seq !== undefined) dispatch({ type: 'jump', seq }); },
};

/** Does what a key of docs/terminal.md is named after, to the selected message. @param {string} name */
export function act(name) {
  const row = selected();
  if (row) actOn(row, name);
}

/** @param {HTMLElement} row @param {string} name */
async function actOn(row, name) {
  const { cid = '', key = '' } = row.dataset;
  if (cid) {
    if (name === 'resend' || (name === 'drop' && await confirm('Drop what is not sent?', 'Drop'))) dispatch({ type: name, cid });
    return;
  }
  /** @type {any} */
  const line = drawn.get(key)?.inputs[0];
  if (line?.kind === 'message') ACTIONS[name]?.(line.message, row);
}

/** @param {{type: 'reply' | 'edit', seq: number}} what */
function write(what) {
  dispatch(what);
  byId('input').focus();
}

/** @param {string} text */
function copy(text) {
  if (navigator.clipboard) return void navigator.clipboard.writeText(text);
  // Without TLS there is only the old way, by a field that is selected.
  const field = element('textarea', 'hush');
  /** @type {any} */
  const focus = document.activeElement;
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
  focus?.focus({ preventScroll: true });
}

/** One for all rows: it goes to the one that is pointed at. */
const tools = element('div', 'tools',
  ...['react', 'reply', 'edit', 'delete', 'copy'].map((name) => iconButton(name[0].toUpperCase() + name.slice(1), name, { act: name })));
tools.role = 'group';
tools.ariaLabel = 'Message actions';

/** @param {Element} target */
function offer(target) {
  const row = target.closest('.message:not(.deleted)');
  // A keyboard on its buttons is not to be interrupted by a mouse that lies on another row.
  if (!row || tools.parentElement === row || tools.querySelector(':focus-visible')) return;
  bring(row);
}

/** @param {Element} [row] Nowhere without one. */
function bring(row) {
  tools.parentElement?.classList.remove('at');
  row?.classList.add('at');
  if (row) row.append(tools);
  else tools.remove();
}

/** @param {{target: any}} event */
function clicked({ target }) {
  const row = target.closest('#messages > li');
  const { act: name, emoji, all } = target.closest('button')?.dataset ?? {};
  if (!row) return;
  offer(row);
  if (name) actOn(row, name);
  if (emoji) dispatch({ type: 'react', seq: Number(row.dataset.seq), emoji });
  if (all) {
    row.classList.remove('long');
    target.remove();
  }
}

// Rows

/** @param {Row} row @returns {import('./dom.js').Item} */
function itemOf(row) {
  const { key, kind } = row;
  /** @type {unknown[]} */
  let inputs = [key];
  if (kind === 'line') inputs = [row.line, row.head, row.replied, row.mine];
  // At midnight today becomes yesterday.
  if (kind === 'day') inputs = [new Date().toDateString()];
  if (kind === 'pending') inputs = [row.pending, row.head];
  return {
    key,
    inputs,
    make() {
      const made = rowElement(row, user, me);
      made.dataset.key = key;
      return made;
    },
  };
}
