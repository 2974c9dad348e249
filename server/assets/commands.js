// @ts-check
/*
 * What a person may type after a slash: the server's table (protocol/src/command.rs; a golden file holds the two together), and
 * the page's own commands. What follows a command is read as its usage says. It does not know what becomes of a request.
 */

/** @import {Command, Frame, Typed} from './types.d.ts' */
import { ORDERS } from './orders.js';
import { clip } from './text.js';

/** Rows of: name, other names | what follows | help.
 * @param {string} rows @returns {Command[]} */
const table = (rows) => rows.trim().split('\n').map((row) => {
  const [names, usage, help] = row.split('|').map((part) => part.trim());
  const [name, ...aliases] = names.split(' ');
  // The formats of an export are told apart by bars, too.
  return { name, aliases, usage: usage.replaceAll('/', '|'), help };
});

export const COMMANDS = table(`
me | <text> | say what you do
pm msg query | <user> <text> | say something to one user; a name with spaces in quotes
reply r | <seq> <text> | answer one message
edit | <seq> <text> | give a message of yours other words
delete del | <seq> | take a message away: yours, or as a moderator another's
react | <seq> <emoji> | put a reaction on a message
unreact | <seq> <emoji> | take a reaction back
topic | <text> | set the room's topic; "" clears it
join j | <room> | go into a room too
leave part | [room] | leave a room
users names who | [room] | who is here
rooms list | | which rooms there are
history | [count] | the last messages
search find | <words> | messages that hold every word
create | <room> [private] [read-only] | make a room of your own; a name with spaces in quotes
rules mode | [words] | how this room is; or is to be: public, private, open, read-only, topic=all, topic=moderators
slow | <seconds> | let each say something once in so many seconds; 0 ends it
invite | <user> | make an account a member of this room
rank | <user> <rank> | what an account is in this room: member, moderator, owner or none
kick | [--everywhere] <user> [reason] | put somebody out of this room, or off the server
mute | [--everywhere] [--address] <user> [time] [reason] | take somebody's voice; --address: of all guests from where they are
unmute | [--everywhere] [--address] <user> | give it back
ban | [--everywhere] [--address] <user> [time] [reason] | put somebody out and keep them out: for 10m, 2h, 7d, or for ever
unban | [--everywhere] [--address] <user> | let them in again
deeds modlog | [--everywhere] [count] | what moderators did here, and who did it
block | <user> | hear nothing more of somebody
unblock | <user> | hear them again
ping | | is the server there?
register | | how to make an account
help ? | [command] | this list, or one command
quit exit bye | | leave the chat`);

/** The page's own. */
export const LOCAL = table(`
go | <room> | go to a room; @name for a private conversation
close | | leave this room, or put this conversation away
find | <words> | find in what is loaded of this room
jump | <seq> | go to a message by its number
read | | everything here is read
quiet | [room] | count and call only for what names you
unquiet | [room] | count and call as usual
ignore | [user] | do not show what somebody says
unignore | <user> | show it again
nick | <name> | be somebody else; connects anew
resend | | send again what was refused or is old
drop | | drop what was refused or is old; the history keeps the words
export | [jsonl/text/html] | a file of this room
bell | | notifications on or off
connect | | try now, without waiting
keys | | the keys and commands`);

/** What a request calls the words of a usage, where it calls them otherwise.
 * @type {Record<string, string>} */
const FIELDS = { user: 'to', count: 'limit', words: 'query' };

/** Requests that are not simply the command's name and its words.
 * @type {Record<string, (words: any) => Frame>} */
const REQUESTS = {
  me: (words) => ({ type: 'send', ...words, action: true }),
  pm: (words) => ({ type: 'private', ...words }),
  reply: ({ seq, text }) => ({ type: 'send', text, reply_to: seq }),
  react: (words) => ({ type: 'react', ...words, on: true }),
  unreact: (words) => ({ type: 'react', ...words, on: false }),
  topic: ({ text }) => ({ type: 'topic', text: text === '""' ? '' : text }),
};

/* White space as Unicode has it: `\s` and trim() take a byte order mark for some, and the next line for none. */
const trim = (/** @type {string} */ text) => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
/* The next word; one in quotes may hold spaces. */
const WORD = /^(?:"([^"]*)"|(\P{White_Space}*))\p{White_Space}*/u;

/** Reads a line that a person typed.
 * @param {string} typed @returns {Typed} */
export function parse(typed) {
  if (!typed.startsWith('/')) return { request: { type: 'send', text: typed } };
  if (typed.startsWith('//')) return { request: { type: 'send', text: typed.slice(1) } };
  const [, name, behind] = /** @type {RegExpExecArray} */ (/^\/(\P{White_Space}*)(.*)$/su.exec(typed));
  const command = find(name);
  const rest = trim(behind);
  if (!command) {
    const word = clip(name, 32);
    return { error: `There is no command /${word}. /help lists them; //${word} says it as text.` };
  }
  if (command.name === 'quit') return { quit: true };
  if (command.name === 'register') return { register: true };
  const wrong = { error: `Like this: ${synopsis(command)}` };
  if (LOCAL.includes(command)) {
    // A name that is all there is may stand in quotes.
    const plain = rest.replace(/^"([^"]*)"$/, '$1');
    return !plain && command.usage.startsWith('<') ? wrong : { local: command.name, rest: plain };
  }
  if (Object.hasOwn(ORDERS, command.name)) {
    const request = ORDERS[command.name](rest);
    return request ? { request } : wrong;
  }
  const words = wordsOf(command.usage, rest);
  if (!words) return wrong;
  if (command.name === 'help') return { help: (words.command ?? '').replace(/^\/+/, '') };
  return { request: REQUESTS[command.name]?.(words) ?? { type: command.name, ...words } };
}

/** What a usage asks for, by the names of the fields; nothing, if it is not there or is more.
 * @param {string} usage @param {string} rest */
function wordsOf(usage, rest) {
  /** @type {Record<string, any>} */
  const words = {};
  for (const [, must, slot] of usage.matchAll(/([<[])(\w+)/g)) {
    const whole = /text|words/.test(slot) || (slot === 'room' && !rest.startsWith('"'));
    const [taken, quoted, plain] = whole ? [rest, undefined, rest] : /** @type {RegExpExecArray} */ (WORD.exec(rest));
    rest = slot === 'command' ? '' : rest.slice(taken.length);
    const word = quoted ?? plain;
    const isNumber = slot === 'seq' || slot === 'count';
    if (!word && must === '[') continue;
    if (!word || (isNumber && !(NUMBER.test(word) && Number.isSafeInteger(Number(word)) && (slot === 'count' || !word.startsWith('-'))))) return undefined;
    words[FIELDS[slot] ?? slot] = isNumber ? Number(word) : word;
  }
  return rest ? undefined : words;
}
const NUMBER = /^[+-]?\d+$/;

/** By a name or another name, in whatever case; the page's own goes first.
 * @param {string} name */
export function find(name) {
  const lower = name.toLowerCase();
  return [...LOCAL, ...COMMANDS].find((command) => command.name === lower || command.aliases.includes(lower));
}

/** How it is typed: `/pm <user> <text>`.
 * @param {Command} command */
const synopsis = ({ name, usage }) => `/${name} ${usage}`.trimEnd();

/** The help text: one command, or all of them.
 * @param {string} [name] */
export function help(name = '') {
  const command = find(name);
  if (command) {
    const also = command.aliases.length ? ` (also /${command.aliases.join(', /')})` : '';
    return `${synopsis(command)}  ${command.help}${also}`;
  }
  return ['Commands; //x says «/x» as text:', ...[...COMMANDS, ...LOCAL].map((each) => `${synopsis(each)}  ${each.help}`)].join('\n');
}
