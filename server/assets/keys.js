// @ts-check
/*
 * Which key does what: one table for the listener, the help and the buttons' hints, with the names and words of the terminal
 * client (docs/terminal.md), as far as browsers leave those keys to a page. It does not know what an action does.
 */

/** @import {Key} from './types.d.ts' */

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth'];

/** Rows of: name, keys | help.
 * @param {Key['where']} where @param {string} rows @returns {Key[]} */
const table = (where, rows) => rows.trim().split('\n').map((row) => {
  const [words, help] = row.split(' | ');
  const [name, ...keys] = words.trim().split(' ');
  return { name, keys, help, where };
});

export const KEYS = [
  ...table('everywhere', `
help F1 | this help
switcher Alt+K Ctrl+K | go to a room by a part of its name
important-room Alt+A | next room with a mention, a private message, a message
next-room Alt+ArrowDown | next room
previous-room Alt+ArrowUp | previous room
last-room Alt+0 | the room where you were before
${ORDINALS.map((word, place) => `room-${place + 1} Alt+${place + 1} | ${word} room`).join('\n')}
page-up PageUp | older messages
page-down PageDown | newer messages
oldest Ctrl+Home | the oldest message that is loaded
newest Ctrl+End | the newest message
first-unread Alt+J | the first message that you have not read
mark-read Alt+R | everything here is read
find Alt+/ | find in this room
toggle-rooms Alt+S | list of rooms on or off
toggle-users Alt+U | list of users on or off`),
  ...table('composer', `
send Enter | send
new-line Alt+Enter Shift+Enter Ctrl+J | new line in the message
complete Tab | complete a name, room, command or :emoji:
complete-back Shift+Tab | the completion before
up ArrowUp | line up; history; on an empty line: edit your last message
down ArrowDown | line down; history
history-back Ctrl+P | what you sent before
history-forward Ctrl+N | what you sent after
select Ctrl+ArrowUp | select a message: reply, react, edit, copy
escape Escape | let go: completion, reply, edit; then to the newest message`),
  ...table('message', `
select-up ArrowUp k Ctrl+ArrowUp | the message before
select-down ArrowDown j Ctrl+ArrowDown | the message after
select-oldest Home g | the oldest message
select-newest End G | the newest message
reply r Enter | reply
react + = | put a reaction on it, or take it back
edit e | edit (yours)
delete d Delete | delete (yours)
copy y c | copy the text
open-link o | open its link
go-to-replied p | go to the message that it answers
resend s | send again what failed
drop x | drop what is not sent yet
select-help ? | this help
deselect Escape q i | back to the input line`),
];

/** @typedef {Pick<KeyboardEvent, 'key' | 'code' | 'keyCode' | 'isComposing' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey'>} Pressed */

/** Half a word of an input method. Safari says so by the number alone.
 * @param {Pressed} event */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/** What was pressed, as it is written in the table; nothing for what types a character in its own way.
 * @param {Pressed} event */
function chord({ key, code, ctrlKey, altKey, shiftKey, metaKey }) {
  // AltGr is Ctrl and Alt at once; Alt and the number pad write a character by its number.
  if (metaKey || (altKey && (ctrlKey || code.startsWith('Numpad')))) return undefined;
  const held = `${ctrlKey ? 'Ctrl+' : ''}${altKey ? 'Alt+' : ''}`;
  if (key.length > 1 && key !== 'Dead') return `${held}${shiftKey ? 'Shift+' : ''}${key}`;
  if (!held) return key;
  // On a Mac, Alt types too: brackets on a German keyboard, which nobody may lose; else the place of the key counts.
  if (altKey && /[[\]{}|@~\\#€]/.test(key)) return undefined;
  const plain = /^[a-z0-9/]$/i.test(key) ? key : code.replace('Slash', '/').replace(/^(Key|Digit)/, '');
  return `${held}${shiftKey && /[a-z]/i.test(plain) ? 'Shift+' : ''}${plain.toUpperCase()}`;
}

/** What a key does there.
 * @param {Pressed} event @param {string} where */
export function actionOf(event, where) {
  const pressed = isComposing(event) ? undefined : chord(event);
  const isMeant = (/** @type {Key} */ key) => key.where === where || (key.where === 'everywhere' && !/dialog|door/.test(where));
  return pressed && KEYS.find((key) => isMeant(key) && key.keys.includes(pressed))?.name;
}

/** Whether a key types a character, if a field has the focus; a space scrolls, or presses what has it.
 * @param {Pressed} event */
export const types = (event) => !isComposing(event) && [...event.key].length === 1 && event.key !== ' '
  && !event.metaKey && event.ctrlKey === event.altKey;

/** The page's one listener. An action that answers false leaves the key to the browser; `where` is what has the focus: the table's
 * words, `dialog`, `door`, or anything else. What is typed while no field has the focus goes to the composer.
 * @param {Record<string, (event: KeyboardEvent) => void | boolean>} actions @param {() => string} whereOf */
export function listen(actions, whereOf) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented) return;
    const where = whereOf();
    const target = /** @type {HTMLElement} */ (event.target);
    const name = actionOf(event, where);
    // Inside a message, Enter is for the link or the button that has the focus.
    const own = event.key === 'Enter' && where === 'message' && target.closest('a, button');
    if (name && actions[name] && !own) {
      if (actions[name](event) !== false) event.preventDefault();
    } else if (!/dialog|door|message/.test(where) && types(event) && !target.closest('input, textarea, select, [contenteditable]')) {
      document.getElementById('input')?.focus();
    }
  });
}
