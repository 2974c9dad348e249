// @ts-check
/*
 * The field in which a message is written: keys, pastes, what was sent before, the list of what completes a word. The draft is the
 * state's: each change is dispatched, and the field follows. It does not know what becomes of a text that is said.
 *
 * A choice stands in the text at once, as in the terminal; Escape brings back what was typed. Tab leaves if there is none.
 */

/** @import {Dispatch, Offer, Room, State} from './types.d.ts' */
import { find, help } from './commands.js';
import { offer } from './complete.js';
import { byId, element } from './dom.js';
import { actionOf } from './keys.js';
import { folded, shown, wellFormed } from './text.js';

const REMEMBERED = 100;
const LONGEST_PASTE = 65_536;
/* From here on the field says how many bytes are left. */
const NEAR = 500;

/** @param {string} text */
const bytesOf = (text) => new TextEncoder().encode(text).length;

/** A paste: its last line end goes; `several` lines are asked about.
 * @param {string} pasted */
export function paste(pasted) {
  const text = wellFormed(pasted).replace(/\r\n?|[\u2028\u2029\x85]/g, '\n').replace(/\n$/, '');
  return { text, several: text.includes('\n'), bytes: bytesOf(text) };
}

/** What was sent from one room, and how far back one looks. */
export function past() {
  /** @type {string[]} */
  const sent = [];
  let at = 0;
  let draft = '';
  return {
    /** @param {string} text */
    add(text) {
      if (sent.at(-1) !== text) sent.push(text);
      if (sent.length > REMEMBERED) sent.shift();
      at = sent.length;
    },
    isBrowsing: () => at < sent.length,
    /** @param {number} by @param {string} now */
    step(by, now) {
      if (at + by < 0 || at + by > sent.length) return undefined;
      if (at === sent.length) draft = now;
      at += by;
      return sent[at] ?? draft;
    },
  };
}

/** Names, the last speakers of the room first; then who is in it, then those of the other rooms.
 * @param {State} state @param {Room} [room] */
export function known({ user, rooms, people, listed }, room) {
  const speakers = (room?.live.lines ?? []).flatMap((line) => (line.kind === 'message' ? [line.message.from] : [])).toReversed();
  const others = [...rooms.flatMap((each) => [...each.users, ...(each.with ? [each.with] : [])]), ...people];
  const once = (/** @type {string[]} */ names) => {
    const found = new Map();
    for (const name of names) if (!found.has(folded(name))) found.set(folded(name), name);
    return [...found.values()];
  };
  return {
    users: once([...speakers, ...(room?.users ?? []), ...others]),
    rooms: once([...rooms.filter((each) => !each.with).map((each) => each.name), ...listed.map((each) => each.name)]),
    me: user,
  };
}

/** @param {{state: () => State, dispatch: Dispatch, ask: (text: string) => Promise<'send' | 'edit' | 'forget'>}} parts */
export function composer({ state, dispatch, ask }) {
  const [form, limit, offers] = ['composer', 'limit', 'offers'].map(byId);
  const input = /** @type {HTMLTextAreaElement} */ (document.getElementById('input'));
  const touch = matchMedia('(pointer: coarse)');
  /** @type {Map<string, ReturnType<typeof past>>} */
  const pasts = new Map();
  /** Rooms whose draft begins with a slash that was pasted: text, no command. @type {Set<string>} */
  const literal = new Set();
  /** What is offered, and which of it stands in the text, up to `end`. @type {Offer | undefined} */
  let list;
  let chosen = -1, end = 0, typed = '';
  /** Escape was pressed at this text. @type {string | undefined} */
  let dismissed;
  let here = '', oneLine = 0, composing = false, choosing = false;
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-controls', 'offers');

  const room = () => state().rooms.find(({ key }) => key === here);
  function history() {
    const known = pasts.get(here) ?? past();
    pasts.set(here, known);
    return known;
  }

  /** @param {string} text */
  function put(text, from = input.selectionStart, to = input.selectionEnd) {
    input.focus();
    input.setSelectionRange(from, to);
    // The one way that leaves the browser's undo as it was.
    if (text && document.execCommand('insertText', false, text)) return;
    input.setRangeText(text, from, to, 'end');
    changed();
  }

  function changed() {
    const text = input.value;
    if (!text.startsWith('/')) literal.delete(here);
    if (!choosing) {
      close();
      dismissed = undefined;
      const found = lookUp();
      if (found && /[/@#:]/.test(text[found.from])) open(found);
    }
    fit();
    dispatch({ type: 'draft', text });
  }

  function fit() {
    if (!CSS.supports('field-sizing', 'content')) {
      input.style.height = 'auto';
      input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
    }
    if (!input.value) oneLine = input.scrollHeight;
    const left = state().textBytes - (input.value.length * 3 < state().textBytes - NEAR ? 0 : bytesOf(input.value));
    // While a command is typed, how it goes on.
    const command = (!literal.has(here) && /^\/([^\s/]+)\s.*$/.exec(input.value)?.[1]) || '';
    limit.textContent = left < 0 ? `${-left} bytes too long` : left < NEAR ? `${left} bytes left` : find(command) ? help(command) : '';
    limit.role = null;
    input.ariaInvalid = String(left < 0);
  }

  /** @param {string} words */
  function refuse(words) {
    limit.role = 'alert';
    limit.textContent = words;
  }

  function submit() {
    composing = false;
    const text = wellFormed(input.value);
    close();
    if (!text.trim()) return;
    const [bytes, most] = [bytesOf(text), state().textBytes];
    if (bytes > most) {
      refuse(`This is too long to send, by ${bytes - most} bytes: at most ${most} fit into a message.`);
      return;
    }
    const plain = literal.has(here);
    history().add(plain ? `/${text}` : text);
    const cid = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    dispatch({ type: 'say', text, cid, ...(plain && { plain }) });
    // At once: the next key must not find what is sent.
    sync(state());
  }

  const lookUp = () => (literal.has(here) || input.selectionStart !== input.selectionEnd ? undefined
    : offer(input.value, input.selectionStart, known(state(), room())));

  /** @param {Offer} found */
  function open(found) {
    list = found;
    [chosen, end, typed] = [-1, found.to, input.value.slice(found.from, found.to)];
    offers.replaceChildren(...found.candidates.map(({ label, about }, place) => {
      const option = element('li', '', element('bdi', '', shown(label)), ' ', element('span', 'about', about));
      option.id = `offer-${place}`;
      option.role = 'option';
      return option;
    }));
    offers.hidden = false;
  }

  function close() {
    list = undefined;
    chosen = -1;
    offers.hidden = true;
    input.removeAttribute('aria-activedescendant');
  }

  /** Puts one of them, or what was typed (-1), in the place of the word.
   * @param {number} place */
  function choose(place) {
    if (!list) return;
    const text = list.candidates[place]?.text ?? typed;
    choosing = true;
    put(text, list.from, end);
    choosing = false;
    [chosen, end] = [place, list.from + text.length];
    for (const [at, option] of [...offers.children].entries()) option.ariaSelected = String(at === place);
    offers.children[place]?.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', `offer-${place}`);
  }

  /** The next or the one before; what is offered is looked up if it is not shown. Answers whether there is any.
   * @param {number} by */
  function turn(by) {
    const found = list ?? (dismissed === input.value ? undefined : lookUp());
    if (!found) return false;
    if (!list) open(found);
    const count = found.candidates.length;
    choose(chosen < 0 ? (by > 0 ? 0 : count - 1) : (chosen + by + count) % count);
    if (count === 1) close();
    return true;
  }

  /** @param {number} by */
  function browse(by) {
    const text = history().step(by, input.value);
    if (text === undefined) return false;
    input.value = text;
    changed();
    close();
    return true;
  }

  /** Up and down are the caret's in a text of several lines, but at its very edge.
   * @param {number} by */
  function vertical(by) {
    if (list) return turn(by);
    if (by < 0 && !input.value && !history().isBrowsing()) {
      dispatch({ type: 'edit-last' });
      return true;
    }
    const edge = by < 0 ? 0 : input.value.length;
    return (input.scrollHeight <= oneLine || input.selectionStart === edge) && browse(by);
  }

  /** What a key of the field does; answers whether it did.
   * @type {Record<string, () => boolean | void>} */
  const keys = {
    send: () => (list && chosen >= 0 ? close() : touch.matches ? false : submit()),
    'new-line': () => put('\n'),
    complete: () => turn(1),
    'complete-back': () => list !== undefined && turn(-1),
    up: () => vertical(-1),
    down: () => vertical(1),
    'history-back': () => browse(-1),
    'history-forward': () => browse(1),
    escape() {
      if (!list) return dispatch({ type: 'cancel' });
      if (chosen >= 0) choose(-1);
      dismissed = input.value;
      close();
    },
  };

  input.addEventListener('keydown', (event) => {
    const name = actionOf(event, 'composer');
    if (name && keys[name] && keys[name]() !== false) event.preventDefault();
  });
  input.addEventListener('input', changed);
  input.addEventListener('compositionstart', () => { composing = true; });
  input.addEventListener('compositionend', () => { composing = false; });
  input.addEventListener('focus', fit);
  input.addEventListener('blur', close);
  // A caret that went elsewhere is at another word.
  for (const moved of ['keyup', 'click']) input.addEventListener(moved, () => { if (list && input.selectionStart !== end) close(); });

  input.addEventListener('paste', async (event) => {
    const { text, several, bytes } = paste(event.clipboardData?.getData('text/plain') ?? '');
    if (!text) return;
    event.preventDefault();
    if (bytes > LONGEST_PASTE) {
      refuse(`That paste is too long: ${bytes} bytes, and at most ${LONGEST_PASTE} are taken.`);
      return;
    }
    const [from, to, asked] = [input.selectionStart, input.selectionEnd, here];
    const answer = several ? await ask(text) : 'edit';
    if (answer === 'forget' || here !== asked) return;
    if (from === 0 && text.startsWith('/')) literal.add(here);
    put(text, from, to);
    if (answer === 'send') submit();
  });

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
    input.focus();
  });
  // The field keeps the focus, and with it the keyboard of a phone.
  offers.addEventListener('mousedown', (event) => event.preventDefault());
  offers.addEventListener('click', ({ target }) => {
    choose([...offers.children].findIndex((option) => option.contains(/** @type {Node} */ (target))));
    close();
  });

  /** Lets the field show the draft of a state. @param {State} now */
  function sync(now) {
    const moved = now.here !== here;
    here = now.here;
    const { draft = '', purpose } = room() ?? {};
    if (input.value === draft || (composing && !moved)) return;
    // Who stood at the end, or before nothing, goes on at the end.
    const caret = moved || input.selectionStart === input.value.length ? draft.length : input.selectionStart;
    input.value = draft;
    // A message that comes to be edited was said, and is no command.
    if (purpose?.kind === 'edit' && draft.startsWith('/')) literal.add(here);
    else if (!moved) literal.delete(here);
    if (document.activeElement === input || moved) input.setSelectionRange(caret, caret);
    close();
    fit();
  }

  input.enterKeyHint = touch.matches ? 'enter' : 'send';
  return { sync };
}
