// @ts-check
/*
 * What comes over the page and goes again: help, the switcher, the search, reactions, questions, and the progress of long
 * work. A dialog is made when it opens and gone when it is closed; the browser gives the focus back.
 * It does not know what is done with an answer.
 */

/** @import {Dispatch, Found, Key, Room, State, Task} from './types.d.ts' */
import { COMMANDS, LOCAL } from './commands.js';
import { EMOJI } from './complete.js';
import { bdi, button, byId, element, iconButton, on, patch, rich, timeOf } from './dom.js';
import { KEYS } from './keys.js';
import { folded, shown } from './text.js';

/** @type {State | undefined} */
let state;
/** What the open dialog does with a new state. @type {((state: State) => void) | undefined} */
let refresh;

/** @param {State} now */
export function paintDialogs(now) {
  state = now;
  refresh?.(now);
}

/** @param {string} id @param {string} title @param {...(Node | string)} content */
function open(id, title, ...content) {
  byId(id)?.remove();
  const dialog = element('dialog', '');
  const heading = element('h2', '', title);
  const close = iconButton('Close', 'close');
  dialog.id = id;
  heading.id = `${id}-heading`;
  dialog.setAttribute('aria-labelledby', heading.id);
  on(close, 'click', () => dialog.close());
  // A click beside it lands on the dialog itself, because what is in it lies in a box of its own.
  on(dialog, 'click', ({ target }) => { if (target === dialog) dialog.close(); });
  on(dialog, 'close', () => {
    refresh = undefined;
    dialog.remove();
  });
  dialog.append(element('div', 'box', element('header', '', heading, close), ...content));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @param {string} label @param {string} [placeholder] */
function field(label, placeholder = '') {
  const made = element('input', '');
  made.ariaLabel = label;
  made.placeholder = placeholder;
  made.autocomplete = 'off';
  made.autofocus = true;
  return made;
}

// Help

export function openHelp() {
  /** @param {string} title @param {[Node, string][]} lines */
  const section = (title, lines) => element('section', '', element('h3', '', title),
    element('table', '', ...lines.map(([what, help]) => {
      const head = element('th', '', what);
      head.setAttribute('scope', 'row');
      return element('tr', '', head, element('td', '', help));
    })));
  /** @param {Key['where']} where @returns {[Node, string][]} */
  const keysOf = (where) => KEYS.filter(({ name, keys, where: at }) => at === where && keys.length && !/^room-[2-8]$/.test(name))
    .map(({ keys, help }) => [element('span', '', ...keys.flatMap((key, i) => [i ? ' ' : '', element('kbd', '', key.replaceAll('Arrow', ''))])), help]);
  /** @param {import('./types.d.ts').Command[]} commands @returns {[Node, string][]} */
  const usages = (commands) => commands.map(({ name, usage, help }) => [element('code', '', `/${name} ${usage}`.trimEnd()), help]);
  const content = element('div', 'content',
    section('Everywhere', keysOf('everywhere')), section('Writing', keysOf('composer')), section('A selected message', keysOf('message')),
    section('Commands', usages(COMMANDS)), section('Commands of this page', usages(LOCAL)));
  content.tabIndex = 0;
  content.role = 'region';
  content.ariaLabel = 'Keys and commands';
  content.autofocus = true;
  open('help', 'Keys and commands', content);
}

// A field with a list below: the switcher and the reactions

/** @typedef {{key: string, label: Node[], about: string, words: string, choose: () => void}} Choice */

/** @param {HTMLDialogElement} dialog @param {HTMLInputElement} input @param {HTMLElement} list @param {() => Choice[]} choices */
function combobox(dialog, input, list, choices) {
  /** @type {Choice[]} */
  let shownOnes = [];
  let chosen = 0;
  list.role = 'listbox';
  list.id = `${dialog.id}-list`;
  list.ariaLabel = input.ariaLabel;
  input.role = 'combobox';
  input.ariaExpanded = 'true';
  input.ariaAutoComplete = 'list';
  input.setAttribute('aria-controls', list.id);

  function draw() {
    shownOnes = choices();
    chosen = Math.max(0, Math.min(chosen, shownOnes.length - 1));
    patch(list, shownOnes.map(({ key, label, about }, i) => ({
      key,
      inputs: [about, i],
      make: () => {
        const option = element('li', '', ...label, ' ', element('span', 'dim', about));
        option.role = 'option';
        option.id = `${list.id}-${i}`;
        return option;
      },
    })));
    [...list.children].forEach((option, i) => { option.ariaSelected = String(i === chosen); });
    const option = list.children[chosen];
    input.setAttribute('aria-activedescendant', option?.id ?? '');
    option?.scrollIntoView({ block: 'nearest' });
  }
  /** @param {number} i */
  function choose(i) {
    const choice = shownOnes[i];
    if (!choice) return;
    dialog.close();
    choice.choose();
  }
  on(input, 'input', () => {
    chosen = 0;
    draw();
  });
  on(input, 'keydown', (event) => {
    const by = Number(event.key === 'ArrowDown') - Number(event.key === 'ArrowUp');
    if (by) chosen = (chosen + by + shownOnes.length) % (shownOnes.length || 1);
    else if (event.key === 'Enter' && !event.isComposing) choose(chosen);
    else return;
    event.preventDefault();
    draw();
  });
  on(list, 'click', ({ target }) => choose([...list.children].findIndex((option) => option.contains(target))));
  refresh = draw;
  draw();
}

/** The better, the smaller; nothing: no match. @param {string} words @param {string} wanted */
const rank = (words, wanted) => {
  const at = words.indexOf(wanted);
  return at < 0 ? undefined : at && 1 + Number(!/[\s#@]/.test(words[at - 1]));
};

/** @param {Choice[]} choices @param {string} wanted */
const matching = (choices, wanted) => choices
  .map((choice) => ({ choice, rank: rank(choice.words, wanted) }))
  .filter(({ rank: found }) => found !== undefined)
  .sort((one, other) => Number(one.rank) - Number(other.rank))
  .map(({ choice }) => choice);

/** @param {Dispatch} dispatch */
export function openSwitcher(dispatch) {
  const input = field('Go to a room or a person', 'Go to…');
  const list = element('ul', 'content');
  const dialog = open('switcher', 'Go to a room', input, list);
  dispatch({ type: 'rooms' });
  combobox(dialog, input, list, () => {
    const wanted = folded(input.value.trim().replace(/^[#@]/, ''));
    const choices = destinations(dispatch);
    const found = wanted ? matching(choices, wanted) : choices;
    const [, sigil = '#', name] = /** @type {RegExpExecArray} */ (/^([#@])?(.*)/.exec(input.value.trim()));
    if (wanted && !choices.some(({ words }) => words === wanted)) {
      const isRoom = sigil === '#';
      found.push({
        key: `new ${sigil}${name}`, label: [sigil, bdi(name)].map(node), about: isRoom ? 'a new room' : 'a new conversation', words: '',
        choose: () => dispatch(isRoom ? { type: 'join', room: name } : { type: 'converse', user: name }),
      });
    }
    return found.slice(0, 50);
  });
}

/** @param {Node | string} it */
const node = (it) => (typeof it === 'string' ? document.createTextNode(it) : it);

/** @param {Dispatch} dispatch @returns {Choice[]} */
function destinations(dispatch) {
  if (!state) return [];
  const { rooms, listed, people, user } = state;
  const known = new Set(rooms.map(({ key }) => key));
  const partners = new Set(rooms.flatMap((room) => (room.with ? [folded(room.with)] : [])));
  const others = new Map([...people, ...rooms.flatMap(({ users }) => users)].map((name) => [folded(name), name]));
  /** @param {string} sigil @param {string} name @param {string} about @param {() => void} choose @returns {Choice} */
  const choice = (sigil, name, about, choose) => ({
    key: sigil + folded(name), label: [element('span', 'sigil', sigil), bdi(name)], about, words: folded(name), choose,
  });
  return [
    ...rooms.map((room) => choice(room.with ? '@' : '#', room.with ?? room.name, waiting(room), () => dispatch({ type: 'go', room: room.key }))),
    ...listed.filter(({ name }) => !known.has(folded(name)))
      .map(({ name, users, topic }) => choice('#', name, [`${users} here`, shown(topic)].filter(Boolean).join(' · '), () => dispatch({ type: 'join', room: name }))),
    ...[...others].filter(([key, name]) => !partners.has(key) && name !== user)
      .map(([, name]) => choice('@', name, '', () => dispatch({ type: 'converse', user: name }))),
  ];
}

/** @param {Room} room */
const waiting = ({ unread, mentions }) => [mentions && `${mentions} for you`, unread && `${unread} unread`].filter(Boolean).join(', ');

/* The first ones are the usual ones. */
const USUAL = 12;

/** @returns {Promise<string>} empty: none */
export function askReaction() {
  return new Promise((resolve) => {
    let answer = '';
    const input = field('Reaction', 'A name, an emoji or a short word');
    const list = element('ul', 'content emoji');
    const dialog = open('react', 'React', input, list);
    on(dialog, 'close', () => resolve(answer));
    /** @param {string} emoji @param {string} [name] @returns {Choice} */
    const choice = (emoji, name = '') => ({ key: name + emoji, label: [node(emoji)], about: name, words: name, choose: () => {} });
    const named = EMOJI.map(([name, emoji]) => choice(emoji, name));
    combobox(dialog, input, list, () => {
      const wanted = input.value.trim().replace(/^:|:$/g, '').toLowerCase();
      const found = wanted ? matching(named, wanted).slice(0, 2 * USUAL) : named.slice(0, USUAL);
      const typed = input.value.trim().replace(/\s/g, '');
      if (wanted && !found.some(({ words }) => words === wanted)) found[/[a-z]/i.test(typed) ? 'push' : 'unshift'](choice(typed));
      return found.map((one) => ({ ...one, choose: () => { answer = one.key.slice(one.words.length); resolve(answer); } }));
    });
  });
}

// Questions

/** @template {string} T @param {string} id @param {string} title @param {Node[]} content @param {[T, string, string][]} answers each with a label and its keys
 * @param {T} otherwise @returns {Promise<T>} */
function ask(id, title, content, answers, otherwise) {
  return new Promise((resolve) => {
    const buttons = answers.map(([answer, label], i) => {
      const made = button(i ? '' : 'primary', label);
      made.autofocus = !i;
      on(made, 'click', () => settle(answer));
      return made;
    });
    const dialog = open(id, title, ...content, element('footer', '', ...buttons));
    /** @param {T} answer */
    const settle = (answer) => {
      resolve(answer);
      dialog.close();
    };
    on(dialog, 'close', () => resolve(otherwise));
    on(dialog, 'keydown', (event) => {
      const found = answers.find(([, , keys]) => keys.includes(event.key));
      if (!found || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      settle(found[0]);
    });
  });
}

/** @param {string} words @param {string} [yes] what the button says */
export const confirm = async (words, yes = 'Yes') => await ask('confirm', words, [], [['yes', yes, 'y'], ['no', 'Cancel', 'n']], 'no') === 'yes';

/** @param {string} text @returns {Promise<'send' | 'edit' | 'forget'>} */
export function askPaste(text) {
  const words = shown(text);
  const sample = element('code', 'content block', words.slice(0, 4_000));
  sample.dir = 'auto';
  sample.tabIndex = 0;
  return ask('paste', `Paste ${words.split('\n').length} lines?`, [sample],
    [['send', 'Send as one message', 's'], ['edit', 'Into the line', 'e'], ['forget', 'Forget', 'c']], 'forget');
}

// Search

/** @param {Dispatch} dispatch @param {string} [query] */
export function openSearch(dispatch, query = '') {
  const input = field('Words to search for', 'Messages that hold every word');
  const local = element('input', '');
  const form = element('form', '', input, element('label', '', local, ' Only in this room'));
  const words = element('p', 'dim', '');
  const list = element('ol', 'content');
  const more = button('', 'More');
  const dialog = open('search', 'Search', form, words, list, more);
  local.type = 'checkbox';
  local.checked = Boolean(state?.found?.room);
  input.type = 'search';
  input.value = query || state?.found?.query || '';
  input.select();

  /** @param {Found} [found] */
  function draw(found) {
    const { messages = [], query: sought = '' } = found ?? {};
    const hits = new RegExp(`(${sought.split(/\s+/).filter(Boolean).map((word) => word.replace(/[^\p{L}\p{N}]/gu, '\\$&')).join('|') || '$^'})`, 'gi');
    words.textContent = !found ? '' : found.asking ? 'Searching…' : found.failed ? 'There was no answer.' : messages.length ? '' : 'Nothing found.';
    more.hidden = !found?.more || found.asking;
    patch(list, messages.map((message) => {
      const { seq, room = '', from, at, text } = message;
      return { key: `${room} ${seq}`, inputs: [message], make() {
        const hit = button('', element('span', 'dim', bdi(room.startsWith('@') ? room : `#${room}`)), ' ', bdi(from, 'sender'), ' ', timeOf(at), element('span', 'text', ...rich(text, hits).map(plain)));
        on(hit, 'click', () => {
          dialog.close();
          dispatch({ type: 'jump', seq, room });
        });
        return element('li', '', hit);
      } };
    }));
  }
  on(form, 'submit', (event) => {
    event.preventDefault();
    if (input.value.trim()) dispatch({ type: 'search', query: input.value.trim(), here: local.checked });
  });
  on(local, 'change', () => form.requestSubmit());
  on(more, 'click', () => dispatch({ type: 'search-more' }));
  on(dialog, 'close', () => dispatch({ type: 'search-close' }));
  on(dialog, 'keydown', (event) => {
    const by = Number(event.key === 'ArrowDown') - Number(event.key === 'ArrowUp');
    // In a field for searching, it would only empty that.
    if (event.key === 'Escape') dialog.close();
    if (!by) return;
    const stops = [input, ...list.querySelectorAll('button')];
    event.preventDefault();
    stops[stops.indexOf(document.activeElement) + by]?.focus();
  });
  refresh = ({ found }) => draw(found);
  draw(state?.found);
}

/** A button holds no links. @param {Node | string} it */
const plain = (it) => (it instanceof HTMLAnchorElement ? it.textContent ?? '' : it);

// Long work

/** @type {Record<string, string>} */
const ENDINGS = { text: 'txt' };

/** @param {Task} task @param {{cancel: () => void, file?: () => Promise<Blob>}} work */
export function paintTask({ room = '', format, status, progress, message, result }, { cancel, file }) {
  const panel = byId('tasks') ?? element('div', '');
  panel.id = 'tasks';
  panel.role = 'region';
  panel.ariaLabel = 'Exports';
  const running = status === 'queued' || status === 'running';
  const bar = element('progress', '');
  bar.max = 100;
  bar.value = progress;
  bar.ariaLabel = `Export of ${shown(room)}`;
  const end = iconButton(running ? 'Cancel' : 'Close', 'close');
  const words = element('span', '', 'Export of ', bdi(room), ` · ${running ? shown(message) || status : status === 'completed' ? shown(message) : `${status}: ${shown(message)}`}`);
  const made = element('div', 'task', words, running ? bar : '', end);
  // Not by the task's own name, which comes with the first answer.
  made.id = `task-${format}-${room}`;
  made.dataset.status = status;
  if (result) {
    const link = element('a', '', `Download (${Math.ceil(result.bytes / 1_024)} kB)`);
    link.href = result.url;
    link.download = `${room.replace(/[^\p{L}\p{N}]/gu, '_')}.${ENDINGS[format ?? ''] ?? format}`;
    if (file) on(link, 'click', async (event) => {
      if (link.protocol === 'blob:') return;
      event.preventDefault();
      try {
        link.href = URL.createObjectURL(await file());
        link.click();
      } catch (error) {
        words.textContent = `The file could not be had: ${shown(String(error instanceof Error ? error.message : error))}`;
      }
    });
    end.before(link);
  }
  on(end, 'click', () => {
    if (running) return cancel();
    made.remove();
    if (!panel.childElementCount) panel.remove();
  });
  const before = byId(made.id);
  const focused = before?.contains(document.activeElement);
  if (before) before.replaceWith(made);
  else panel.append(made);
  if (!panel.isConnected) byId('composer').before(panel);
  if (focused) end.focus();
}
