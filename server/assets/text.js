// @ts-check
/*
 * Text that people wrote, made safe to show: what is invisible or turns the reading direction goes, web addresses
 * are told apart from words. Every place that shows such text passes through here.
 * It does not know the DOM, nor what a message is; what it returns is never sent back.
 */

/* A joiner or a selector is kept only where it builds one emoji; anywhere else it can hide a difference. */
const PICTURE = String.raw`\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|[\uFE0E\uFE0F])?`;
const EMOJI_OR_INVISIBLE = new RegExp(
  String.raw`(${PICTURE}(?:\u200D${PICTURE})*|[0-9#*]\uFE0F\u20E3)|[\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB]`, 'gu');
const CONTROL = /[\0-\x08\x0B-\x1F\x7F-\x9F]/g;

/** Half a surrogate pair has no UTF-8, and the server would refuse the whole frame for it.
 * @param {string} text */
export const wellFormed = (text) => text.replace(/\p{Cs}/gu, '\uFFFD');

/** @param {string} text */
export const shown = (text) => wellFormed(text)
  .replace(/\r\n?|[\u2028\u2029]/g, '\n')
  .replace(CONTROL, '\uFFFD')
  .replace(EMOJI_OR_INVISIBLE, (_, emoji) => emoji ?? '');

/** An approximation of the server's case folding, good enough to find things again by name.
 * @param {string} name */
export const folded = (name) => name.normalize('NFC').toLowerCase();

/** Splits shown text into plain runs and links.
 * @param {string} text @returns {{text: string, href?: string}[]} */
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(/\bhttps?:\/\/(?:[^\s<>"()]|\([^\s<>"()]*\))+/giu)) {
    // The full stop after an address belongs to the sentence.
    const address = found.replace(/[.,;:!?'»”’\]}]+$/u, '');
    const href = webAddress(address);
    if (!href) continue;
    parts.push({ text: text.slice(from, index) }, { text: address, href });
    from = index + address.length;
  }
  return [...parts, { text: text.slice(from) }].filter((part) => part.text);
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
