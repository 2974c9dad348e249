// @ts-check
/*
 * What may stand for the word before the caret: commands and what they take, names (the last speaker first, as they are given),
 * rooms, emoji by GitHub's names for them. It does not know the field, nor when its offers are shown.
 */

/** @import {Offer} from './types.d.ts' */
import { COMMANDS, LOCAL, find } from './commands.js';
import { folded } from './text.js';

/** Names and pictures; the first twelve are the usual reactions.
 * @type {[name: string, emoji: string][]} */
export const EMOJI = (`+1 👍 heart ❤️ joy 😂 tada 🎉 open_mouth 😮 cry 😢 pray 🙏 eyes 👀 white_check_mark ✅ x ❌ rocket 🚀 -1 👎
thumbsup 👍 thumbsdown 👎 smile 😄 smiley 😃 grin 😁 laughing 😆 sweat_smile 😅 rofl 🤣 slightly_smiling_face 🙂 upside_down_face 🙃 wink 😉 blush 😊
heart_eyes 😍 kissing_heart 😘 yum 😋 stuck_out_tongue 😛 sunglasses 😎 thinking 🤔 neutral_face 😐 unamused 😒 roll_eyes 🙄 grimacing 😬 sleeping 😴
confused 😕 worried 😟 flushed 😳 disappointed 😞 sob 😭 scream 😱 angry 😠 exploding_head 🤯 partying_face 🥳 facepalm 🤦 shrug 🤷 skull 💀 robot 🤖
wave 👋 ok_hand 👌 v ✌️ crossed_fingers 🤞 clap 👏 raised_hands 🙌 handshake 🤝 muscle 💪 broken_heart 💔 sparkles ✨ star ⭐ fire 🔥 100 💯 boom 💥
zap ⚡ bulb 💡 warning ⚠️ bug 🐛 coffee ☕ tea 🍵 cake 🍰 pizza 🍕 beer 🍺 sunny ☀️ question ❓`
  .match(/\S+ \S+/g) ?? []).map((pair) => /** @type {[string, string]} */ (pair.split(' ')));

/** @typedef {Offer['candidates'][0]} Candidate */
/** @typedef {{users: string[], rooms: string[], me: string}} Known */

const MOST = 40;
/* Words before the caret that may be the beginning of one name. */
const WORDS = 4;

/** @param {string} text @param {number} caret @param {Known} known @returns {Offer | undefined} */
export function offer(text, caret, known) {
  const head = text.slice(0, caret);
  const others = { ...known, users: known.users.filter((user) => user !== known.me) };
  const found = ofCommand(head, others) ?? ofWord(head, others);
  if (!found?.candidates.length) return undefined;
  // Where the sentence goes on already, no space comes between.
  const inside = /[\s,.;:!?)]/.test(text[caret] ?? '');
  const candidates = found.candidates.slice(0, MOST).map((each) => (inside ? { ...each, text: each.text.trimEnd() } : each));
  return { from: found.from, to: caret, candidates };
}

/** @param {string} text @param {string} [label] @param {string} [about] @returns {Candidate} */
const candidate = (text, label = text.trim(), about = '') => ({ text, label, about });

/** @param {string} head @param {Known} known */
function ofCommand(head, { users, rooms }) {
  const [, name, blank] = /^\/(?!\/)(\S*)(\s*)[^\n]*$/.exec(head) ?? [];
  if (name === undefined) return undefined;
  if (!blank) return { from: 0, candidates: commands(name, '/') };
  const slot = argument(find(name)?.usage ?? '', head, name.length + 1);
  if (!slot) return undefined;
  const { what, from, last } = slot;
  const begin = folded(head.slice(from).replace(/^["#@/:]+/, ''));
  const end = last ? '' : ' ';
  /** @param {string[]} names @param {boolean} quote */
  const named = (names, quote) => names.filter((each) => folded(each).startsWith(begin))
    .map((each) => candidate(quote && each.includes(' ') ? `"${each}"${end}` : each + end, each));
  /** @type {Record<string, () => Candidate[]>} */
  const offers = {
    user: () => named(users, true),
    room: () => named(rooms, !last),
    emoji: () => emoji(begin, end),
    command: () => commands(begin, ''),
  };
  return what in offers ? { from, candidates: offers[what]() } : undefined;
}

/** Which argument is being typed, as the command's usage has them.
 * @param {string} usage @param {string} head @param {number} from */
function argument(usage, head, from) {
  const slots = usage.match(/\w+(?=[>\]])/g) ?? [];
  for (const [place, what] of slots.entries()) {
    from = head.length - head.slice(from).trimStart().length;
    const last = place === slots.length - 1;
    const whole = /^(?:"[^"]*"|[^"\s]\S*(?=\s))/.exec(head.slice(from));
    if (last || !whole) return { what, from, last };
    from += whole[0].length;
  }
  return undefined;
}

/** Commands that begin so, the very one first; another name of one only if its first does not.
 * @param {string} begin @param {string} slash */
function commands(begin, slash) {
  const meant = find(begin);
  return [...COMMANDS, ...LOCAL].flatMap((command) => {
    const name = [command.name, ...command.aliases].find((each) => each.startsWith(begin.toLowerCase()) && (find(each) === command));
    return name === undefined ? [] : [{ name, command }];
  }).sort((one, other) => Number(other.command === meant) - Number(one.command === meant))
    .map(({ name, command: { usage, help } }) => candidate(`${slash}${name}${slash && usage ? ' ' : ''}`, slash + name, `${usage}  ${help}`.trim()));
}

/** @param {string} head @param {Known} known */
function ofWord(head, { users, rooms }) {
  // What opens a bracket or a quotation stands before the word.
  const line = head.lastIndexOf('\n') + 1;
  const starts = [...head.slice(line).matchAll(/(?:^|\s)[([{"'*_«“¿¡]*/g)].slice(-WORDS).map((found) => line + found.index + found[0].length);
  const from = starts.at(-1) ?? 0;
  const word = head.slice(from + 1);
  if (head[from] === ':') {
    const whole = EMOJI.find(([name]) => word === `${name}:`);
    return { from, candidates: whole ? [candidate(`${whole[1]} `, whole[1], `:${word}`)] : word.length > 1 ? emoji(word, ' ') : [] };
  }
  if (head[from] === '#') {
    return { from, candidates: rooms.filter((room) => folded(room).startsWith(folded(word))).map((room) => candidate(`#${room} `)) };
  }
  // A name may hold spaces: the last few words together, then fewer of them.
  for (const start of starts) {
    const [, at, begin] = /** @type {RegExpExecArray} */ (/^(@?)(.*)$/s.exec(head.slice(start)));
    if (!at && !begin) continue;
    const end = start && head[start - 1] !== '\n' ? ' ' : ': ';
    const candidates = users.filter((user) => folded(user).startsWith(folded(begin))).map((user) => candidate(at + user + end, user));
    if (candidates.length) return { from: start, candidates };
  }
  return undefined;
}

/** Emoji of that name, those whose names begin so, those whose names hold it.
 * @param {string} word @param {string} end */
function emoji(word, end) {
  const typed = word.toLowerCase();
  const fits = (/** @type {string} */ name) => (name === typed ? 3 : name.startsWith(typed) ? 2 : Number(name.includes(typed)));
  return EMOJI.filter(([name]) => fits(name)).sort(([one], [other]) => fits(other) - fits(one))
    .filter(([, picture], place, all) => all.findIndex((other) => other[1] === picture) === place)
    .map(([name, picture]) => candidate(picture + end, picture, `:${name}:`));
}
