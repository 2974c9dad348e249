// @ts-check
/*
 * From a room's lines to the rows of the list: day headings, the line «new», groups of one sender, answers with what they
 * answer, and at the end what is not sent yet. Pure and cheap: it runs for each painting.
 * It does not know the DOM, nor what a row looks like.
 */

/** @import {Line, Message, Room, Row, State} from './types.d.ts' */
import { folded } from './text.js';

const GROUP_LASTS_MS = 5 * 60_000;

/* Both are asked for at each painting, and a line never changes. */
/** @type {WeakMap<Line, {zone?: string, day: string, time: number}>} */
const moments = new WeakMap();
/** @type {WeakMap<Line[], Map<number, Message>>} */
const indexes = new WeakMap();
/** @type {Map<string | undefined, Intl.DateTimeFormat>} */
const calendars = new Map();

/** @param {Room} room @param {State} state @param {string} [zone] of the calendar's days: the browser's, unless a test says so
 * @returns {Row[]} */
export function rowsOf(room, state, zone) {
  const { lines, more } = room.past ?? room.live;
  const ignored = new Set([...state.ignored, ...state.blocked]);
  const { marker = Infinity } = room;
  /** @type {Row[]} */
  const rows = [];
  // Where the first lines are not here, nobody can say where the unread ones begin.
  let mayMark = !more || (lines.length > 0 && lines[0].seq <= marker);
  let day = '';
  /** What the next one may follow without a head of its own. */
  let from = '';
  let until = 0;

  for (const line of lines) {
    const message = line.kind === 'message' ? line.message : undefined;
    if (message && ignored.has(folded(message.from))) continue;
    const key = `${line.seq}.${line.n}`;
    const moment = momentOf(line, zone);
    if (moment.day && moment.day !== day) {
      day = moment.day;
      from = '';
      rows.push({ key: `day ${key}`, kind: 'day', at: line.at });
    }
    if (mayMark && message && message.seq > marker) {
      mayMark = false;
      from = '';
      rows.push({ key: 'new', kind: 'new' });
    }
    const alone = !message || message.action || message.reply_to !== undefined;
    const head = alone || message.from !== from || moment.time > until;
    rows.push({ key, kind: 'line', line, head, mine: message?.from === state.user, replied: repliedOf(room, message, ignored) });
    from = message && !message.action ? message.from : '';
    until = moment.time + GROUP_LASTS_MS;
  }

  if (room.past) return rows;
  for (const pending of state.outbox) {
    if (pending.room !== room.key) continue;
    const head = Boolean(pending.action) || pending.reply_to !== undefined || from !== state.user || pending.at > until;
    rows.push({ key: `cid ${pending.cid}`, kind: 'pending', pending, head });
    from = pending.action ? '' : state.user;
    until = pending.at + GROUP_LASTS_MS;
  }
  return rows;
}

/** @param {Room} room @param {number | undefined} seq @returns {Message | undefined} */
export const messageOf = (room, seq = -1) => (room.past && indexOf(room.past.lines).get(seq)) ?? indexOf(room.live.lines).get(seq);

/** @param {Room} room @param {Message | undefined} message @param {Set<string>} ignored */
function repliedOf(room, message, ignored) {
  const replied = message?.reply_to === undefined ? undefined : messageOf(room, message.reply_to);
  return replied && !ignored.has(folded(replied.from)) ? replied : undefined;
}

/** @param {Line[]} lines */
function indexOf(lines) {
  let index = indexes.get(lines);
  if (!index) {
    index = new Map();
    for (const line of lines) if (line.kind === 'message') index.set(line.seq, line.message);
    indexes.set(lines, index);
  }
  return index;
}

/** @param {Line} line @param {string} [zone] */
function momentOf(line, zone) {
  let moment = moments.get(line);
  if (!moment || moment.zone !== zone) {
    const time = Date.parse(line.at);
    moment = { zone, time, day: Number.isNaN(time) ? '' : calendarOf(zone).format(time) };
    moments.set(line, moment);
  }
  return moment;
}

/** @param {string} [zone] */
function calendarOf(zone) {
  const calendar = calendars.get(zone) ?? new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeZone: zone });
  calendars.set(zone, calendar);
  return calendar;
}
