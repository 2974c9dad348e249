// @ts-check
/*
 * Lines in the order of their places, a bounded number of them: put in, replaced, cut off, and two parts of the past joined.
 * Pure; it does not know rooms, who reads, or what a line says.
 */

/** @import {Line, Message, Window} from './types.d.ts' */

/** What is kept, and drawn, of a room at once. */
export const KEPT = 600;
/** @type {Window} */
export const EMPTY = { lines: [], more: false, newer: false };

/** @param {Line} a @param {Line} b */
const apart = (a, b) => a.seq - b.seq || a.n - b.n;

/** The place at which a line stands or would stand, by halving. @param {Line[]} lines @param {Line} line */
function placeOf(lines, line) {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (apart(lines[middle], line) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts a line in its place; one that stands there already is replaced, never repeated. @param {Line[]} lines @param {Line} line */
export function put(lines, line) {
  const last = lines.at(-1);
  if (!last || apart(last, line) < 0) return [...lines, line];
  const at = placeOf(lines, line);
  return lines.toSpliced(at, apart(lines[at], line) === 0 ? 1 : 0, line);
}

/** @param {Line[]} lines @param {Line[]} more */
export const putAll = (lines, more) => more.reduce(put, lines);

/** Changes one message, if it is here. @param {Line[]} lines @param {number} seq @param {(line: Line & {kind: 'message'}) => Line} change */
export function changed(lines, seq, change) {
  const at = placeOf(lines, /** @type {Line} */ ({ seq, n: 0 }));
  const line = lines[at];
  return line?.seq === seq && line.kind === 'message' ? lines.with(at, change(line)) : lines;
}

/** @param {Window | undefined} window @param {number} seq @returns {Message | undefined} */
export function messageIn(window, seq) {
  const line = window?.lines[placeOf(window.lines, /** @type {Line} */ ({ seq, n: 0 }))];
  return line?.seq === seq && line.kind === 'message' ? line.message : undefined;
}

/** @param {Window} window */
export const messages = ({ lines }) => lines.filter((line) => line.kind === 'message');

/** Without the oldest, if there are too many. @param {Window} window @returns {Window} */
export const newestOf = (window) =>
  (window.lines.length > KEPT ? { ...window, lines: window.lines.slice(-KEPT), more: true, after: undefined } : window);

/** Without the newest, if there are too many. @param {Window} window @returns {Window} */
export const oldestOf = (window) =>
  (window.lines.length > KEPT ? { ...window, lines: window.lines.slice(0, KEPT), newer: true } : window);

/** Goes on from a part of the past with what is live, a piece at a time, so that the reader's place stays in it.
 * @param {Window} past @param {Window} live @returns {{past?: Window, live: Window}} */
export function onwards(past, live) {
  const last = past.lines.at(-1);
  const rest = last ? live.lines.filter((line) => apart(line, last) > 0) : live.lines;
  const piece = rest.slice(0, 100);
  const joined = newestOf({ lines: [...past.lines, ...piece], more: past.more, newer: true });
  return piece.length < rest.length ? { past: joined, live } : { past: undefined, live: { ...joined, newer: false } };
}
