// @ts-check
/*
 * Text that people wrote, made safe to show as the terminal client does it (`chat_protocol::display`), names as the server
 * compares them, web addresses told apart from words. It does not know the DOM; what it returns is for eyes and never sent.
 */

const MARKS = 4;
const JOINER = '\u200D';
const EMOJI_STYLE = '\uFE0F';
/* What takes no room of its own or only pretends to be a letter. */
const INVISIBLE = /[\p{Cf}\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u2800\u3164\uFE00-\uFE0F\uFFA0\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}]/u;
/* Controls, private use, half surrogate pairs, what is no character. */
const UNSAFE = /(?!\n)\p{C}/u;
const MARK = /\p{M}/u;
const EMOJI = /\p{Emoji}/u;
const PICTURE = /(?!\p{ASCII})\p{Emoji}/u;

/** Half a surrogate pair has no UTF-8, and the server would refuse the whole frame for it.
 * @param {string} text */
export const wellFormed = (text) => text.replace(/\p{Cs}/gu, '\uFFFD');

/** Text of several lines.
 * @param {string} text */
export function shown(text) {
  if (/^[\n -~]*$/.test(text)) return text;
  const letters = [...text.replace(/\r\n?|[\u2028\u2029\x85]/g, '\n').replace(/\t/g, ' ')];
  let safe = '', before = '', styled = '', marks = 0;
  letters.forEach((letter, place) => {
    const invisible = INVISIBLE.test(letter);
    // What is left out does not end a stack: the next mark would land on the same letter.
    if (!invisible) marks = MARK.test(letter) ? marks + 1 : 0;
    // A joiner and a style belong into an emoji; anywhere else they only hide.
    const stays = letter === JOINER ? PICTURE.test(styled) && PICTURE.test(letters[place + 1] ?? '')
      : letter === EMOJI_STYLE ? EMOJI.test(before)
        : !invisible && marks <= MARKS;
    if (!stays) return;
    before = letter !== JOINER && UNSAFE.test(letter) ? '\uFFFD' : letter;
    if (letter !== EMOJI_STYLE) styled = before;
    safe += before;
  });
  return safe;
}

/** @param {string} text */
export const line = (text) => shown(text).replaceAll('\n', ' ');

/** At most so many characters, on one line.
 * @param {string} text @param {number} longest */
export function clip(text, longest) {
  const letters = [...text];
  return line(letters.slice(0, longest).join('')) + (letters.length > longest ? '…' : '');
}

/** As the server compares names, but for a few letters that a browser has no table for (the tests list them).
 * @param {string} name */
export const folded = (name) => (/^[ -~]*$/.test(name) ? name.toLowerCase() : name.normalize('NFC')
  // The dotless i is a letter of its own, and only looks like a small I to upper case.
  .replace(/[^ı]+/g, (part) => part.toLowerCase().toUpperCase().toLowerCase())
  .replaceAll('ς', 'σ').normalize('NFC'));

/** Whether a text names somebody, as a whole word.
 * @param {string} user @param {string} text */
export const mentions = (user, text) => user !== '' && new RegExp(
  `(?<!${LETTER})${folded(user).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?!${LETTER})`, 'u').test(folded(text));
const LETTER = String.raw`[\p{Alphabetic}\p{N}_]`;

const COLOURS = 12n;
/** One of twelve colours, always the same for a name (FNV-1a, as in the terminal).
 * @param {string} name */
export function hue(name) {
  let sum = 0xCBF29CE484222325n;
  for (const byte of new TextEncoder().encode(folded(name))) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001B3n);
  return Number((sum ^ (sum >> 32n)) % COLOURS);
}

/** A text, made safe, as plain runs and links. Where an address leads, with its host as it is looked up, is its `href`.
 * @param {string} text @returns {{text: string, href?: string}[]} */
export function linked(text) {
  const safe = shown(text);
  const parts = [];
  let from = 0;
  for (const { 0: found, index } of safe.matchAll(/(?<![\p{Alphabetic}\p{N}])https?:\/\/(?=[\p{Alphabetic}\p{N}[])[^\s<>"`«»]+/gu)) {
    const address = withoutStops(found);
    const href = webAddress(address);
    if (!href) continue;
    parts.push({ text: safe.slice(from, index) }, { text: address, href });
    from = index + address.length;
  }
  return [...parts, { text: safe.slice(from) }].filter((part) => part.text);
}

/** A stop or a bracket behind an address belongs to the sentence; but `…/Rust_(language)` holds both of its brackets.
 * @param {string} address */
function withoutStops(address) {
  /** @param {string} bracket */
  const count = (bracket) => address.split(bracket).length;
  /** @type {Record<string, number>} */
  const odd = { ')': count(')') - count('('), ']': count(']') - count('['), '}': count('}') - count('{') };
  let end = address.length;
  while (end > 0 && (odd[address[end - 1]]-- > 0 || ".,;:!?'*_~…、。".includes(address[end - 1]))) end -= 1;
  return address.slice(0, end);
}

/** @param {string} address */
function webAddress(address) {
  try {
    const url = new URL(address);
    // `https://bank.example@evil.example` leads to the second host while showing the first.
    return /^https?:$/.test(url.protocol) && !url.username && !url.password ? url.href : undefined;
  } catch {
    return undefined;
  }
}
