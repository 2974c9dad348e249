// @ts-check
/*
 * Text that people wrote, made safe to show: what is invisible or turns the reading direction goes, web addresses
 * are told apart from words. It stands alone because every place that shows such text must pass through it.
 * It does not know the DOM, nor what a message is; nothing that it changes is ever sent back.
 */

/* A joiner, a selector or a tag is kept only where it builds one emoji; anywhere else it can hide a difference. */
const PICTURE = String.raw`\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|[\uFE0E\uFE0F])?`;
const EMOJI = String.raw`\u{1F3F4}[\u{E0020}-\u{E007E}]{1,6}\u{E007F}|${PICTURE}(?:\u200D${PICTURE})*|[0-9#*]\uFE0F\u20E3`;
const INVISIBLE = String.raw`[\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]`;
const EMOJI_OR_INVISIBLE = new RegExp(`(${EMOJI})|${INVISIBLE}`, 'gu');

const CONTROL = /[\0-\x08\x0B-\x1F\x7F-\x9F]|\p{Cs}/gu;
/* No living orthography stacks more than this on one letter; hundreds cover the neighbouring lines. */
const STACKED = /(\p{M}{5})\p{M}+/gu;

/** Half a surrogate pair cannot be put into UTF-8, and the server would refuse the whole frame for it.
 * @param {string} text */
export const wellFormed = (text) => text.replace(/\p{Cs}/gu, '\uFFFD');

/** @param {unknown} text @returns {string} */
export function shown(text) {
  return String(text ?? '')
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(CONTROL, '\uFFFD')
    .replace(EMOJI_OR_INVISIBLE, (_, emoji) => emoji ?? '')
    .replace(STACKED, '$1');
}

/** A name stands within a line and must not break it.
 * @param {unknown} name */
export const shownName = (name) => shown(name).replace(/\s+/gu, ' ').trim();

/** An approximation of the server's case folding, good enough to remember things by name.
 * @param {string} name */
export const folded = (name) => name.normalize('NFC').toLowerCase();

/**
 * Splits shown text into plain runs and links.
 * @param {string} text
 * @returns {{text: string, href?: string}[]}
 */
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"]+/giu)) {
    const address = withoutTrail(match[0]);
    const href = webAddress(address);
    if (!href) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** The full stop and the bracket after an address belong to the sentence, a bracket opened inside it does not.
 * @param {string} address */
function withoutTrail(address) {
  for (;;) {
    const last = address.at(-1) ?? '';
    const closesNothing = last === ')' && address.split(')').length > address.split('(').length;
    if (!closesNothing && !".,;:!?'»”’]}".includes(last)) return address;
    address = address.slice(0, -1);
  }
}

/** @param {string} address */
function webAddress(address) {
  try {
    const url = new URL(address);
    // `https://bank.example@evil.example` leads to the second host while showing the first.
    const misleading = url.username !== '' || url.password !== '';
    return (url.protocol === 'http:' || url.protocol === 'https:') && !misleading ? url.href : undefined;
  } catch {
    return undefined;
  }
}
