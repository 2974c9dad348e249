// @ts-check
/*
 * Elements, and how words come into them: always as text nodes, always by way of text.js, never parsed as markup. And the
 * patching of a list by keys, so that what stands there already is not made again.
 * It does not know what is shown, nor why.
 */

import { hue, linked, shown } from './text.js';

/** Its kind is known where it is asked for; what the markup holds is there.
 * @typedef {{querySelector(selector: string): any, querySelectorAll(selector: string): any, lastElementChild: any, children: any} & HTMLInputElement} Known */
/** @param {string} id */
export const byId = (id) => /** @type {Known} */ (/** @type {unknown} */ (document.getElementById(id)));

/** @param {EventTarget} it @param {string} type @param {(event: any) => void} listener @param {AddEventListenerOptions} [options] */
export const on = (it, type, listener, options) => it.addEventListener(type, listener, options);

/** @param {string} tag @param {string} className @param {...(Node | string)} children */
export function element(tag, className, ...children) {
  /** @type {any} */
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** @param {string} label @param {string} icon @param {Record<string, string>} [data] */
export function iconButton(label, icon, data = {}) {
  const made = button('icon', iconOf(icon));
  made.title = made.ariaLabel = label;
  Object.assign(made.dataset, data);
  return made;
}

/** @param {string} className @param {...(Node | string)} children */
export function button(className, ...children) {
  const made = element('button', className, ...children);
  made.type = 'button';
  return made;
}

/** @param {string} name */
function iconOf(name) {
  const [picture, use] = ['svg', 'use'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  use.setAttribute('href', `#i-${name}`);
  picture.append(use);
  return picture;
}

/** @param {string} name @param {string} [className] */
export function bdi(name, className = '') {
  const made = element('bdi', className, shown(name));
  // The same name has the same colour for everybody.
  if (className) made.style.setProperty('--hue', `${hue(name) * 30}`);
  return made;
}

/** A picture for somebody, without one. @param {string} name */
export function avatar(name) {
  const made = element('span', 'avatar', [...shown(name)][0]?.toUpperCase() ?? '');
  made.ariaHidden = 'true';
  made.style.setProperty('--hue', `${hue(name) * 30}`);
  return made;
}

/** @param {string[]} names @returns {(Node | string)[]} */
export const namesOf = (names) => names.flatMap((name, i) => [i ? ', ' : '', bdi(name)]);

/** @param {Intl.DateTimeFormatOptions} options */
const format = (options) => new Intl.DateTimeFormat(undefined, options);
const FULL = format({ dateStyle: 'full', timeStyle: 'medium' });
export const CLOCK = format({ timeStyle: 'short' });
export const DAY = format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const SHORT = format({ dateStyle: 'medium', timeStyle: 'short' });

/** @param {string | number} at @param {Intl.DateTimeFormat} [as] */
export function timeOf(at, as = SHORT) {
  const date = new Date(at);
  const made = element('time', '');
  if (Number.isNaN(date.getTime())) return made;
  made.textContent = as.format(date);
  made.dateTime = date.toISOString();
  made.title = FULL.format(date);
  return made;
}

/** Text with its links, code, and the reader's own name. @param {string} text @param {RegExp} [me] @returns {(Node | string)[]} */
export function rich(text, me) {
  // Text, a block of code, code in a line, and again.
  return shown(text).split(/```(?:[\w+-]*\n)?([^]+?)\n?```\n?|`([^`\n]+)`/u).flatMap((part, i) => {
    if (!part) return [];
    if (i % 3) return [element('code', i % 3 === 1 ? 'block' : '', part)];
    return linked(part).flatMap(({ text: words, href }) => {
      if (!href) return me ? marked(words, me) : [words];
      const link = element('a', '', words);
      // A host in look-alike letters shows itself in the encoded form.
      link.title = link.href = href;
      link.rel = 'noopener noreferrer nofollow';
      link.target = '_blank';
      return [link];
    });
  });
}

/** @param {string} words @param {RegExp} me */
const marked = (words, me) => words.split(me).map((part, i) => (i % 2 ? element('mark', '', part) : part));

/** What is drawn for a key, and from what: equal inputs, the same element.
 * @typedef {{key: string, inputs: unknown[], make: () => HTMLElement}} Item */
/** @typedef {Map<string, {inputs: unknown[], element: any}>} Patched */

/** What stands in the lists. @type {WeakMap<HTMLElement, Patched>} */
const patched = new WeakMap();

/** Whether it stands there as it would be made. @param {{inputs: unknown[]} | undefined} was @param {Item | undefined} item */
export const isDrawn = (was, item) => Boolean(was && item?.inputs.every((input, i) => input === was.inputs[i]));

/** @param {HTMLElement} list @param {Item[]} items */
export function patch(list, items) {
  /** @type {Patched} */
  const old = patched.get(list) ?? new Map();
  /** @type {Patched} */
  const next = new Map();
  /** @type {any} */
  let focus;
  for (const item of items) {
    const { key, inputs, make } = item;
    const was = old.get(key);
    if (was && isDrawn(was, item)) {
      next.set(key, was);
      continue;
    }
    const made = make();
    next.set(key, { inputs, element: made });
    // Whoever was on it stays on it.
    if (was?.element.contains(document.activeElement)) {
      const at = [...was.element.querySelectorAll('a, button')].findIndex((part) => part === document.activeElement);
      focus = made.querySelectorAll('a, button')[at] ?? made;
    }
  }
  for (const [key, { element: row }] of old) if (next.get(key)?.element !== row) row.remove();
  /** @type {any} */
  let at = list.firstChild;
  for (const { element: row } of next.values()) {
    if (row === at) at = at.nextSibling;
    else list.insertBefore(row, at);
  }
  focus?.focus({ preventScroll: true });
  patched.set(list, next);
  return next;
}
