// @ts-check
/*
 * Everything on the screen but the list and the dialogs: the header, the rooms, the people, what stands around the composer.
 * Paints a state, touching only what changed, and never moves the focus by itself.
 * It does not know how a state came about; the title, the address, notifications and the composer's text are others'.
 */

/** @import {Dispatch, Link, Room, State} from './types.d.ts' */
import { openHelp, openSearch, openSwitcher, paintDialogs } from './dialogs.js';
import { bdi, button, byId, element, namesOf, on, patch, rich } from './dom.js';
import { paintMessages, startMessages } from './messages.js';
import { messageOf } from './rows.js';
import { clip, folded, shown } from './text.js';

const FILTER_FROM = 15;
const PEOPLE_SHOWN = 300;

const byName = new Intl.Collator(undefined, { numeric: true }).compare;
const filter = byId('people-filter');

/** @type {Dispatch} */
let dispatch = () => {};
/** @type {State | undefined} */
let painted;

/** @param {State} state */
const here = (state) => state.rooms.find(({ key }) => key === state.here);

/** @param {Dispatch} to */
export function start(to) {
  dispatch = to;
  startMessages(to);
  on(byId('retry'), 'click', () => dispatch({ type: 'connect' }));
  on(byId('find'), 'click', () => openSearch(dispatch));
  // With the focus, the topic would grow or fold under the pointer, and the click be lost.
  on(byId('topic'), 'mousedown', (event) => { if (event.target.closest('a')) event.preventDefault(); });
  on(byId('switch'), 'click', () => {
    // Before, so that the focus comes back to what is still there.
    fold();
    openSwitcher(dispatch);
  });
  on(byId('show-rooms'), 'click', () => toggle('rooms'));
  on(byId('show-people'), 'click', () => toggle('people'));
  on(byId('purpose').querySelector('button'), 'click', () => {
    dispatch({ type: 'cancel' });
    byId('input').focus();
  });
  on(filter, 'input', () => painted && paintPeople(painted));
  on(byId('rooms'), 'click', (event) => {
    const link = event.target.closest('a');
    // With a key held, the browser opens another tab.
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    fold();
    dispatch({ type: 'go', room: link.dataset.room ?? '' });
  });
  on(byId('users'), 'click', ({ target }) => {
    const { user } = target.closest('button')?.dataset ?? {};
    if (!user) return;
    fold();
    dispatch({ type: 'converse', user });
  });
  for (const pane of PANES) {
    // Before, so that the focus can go back to what was inert.
    on(byId(pane), 'beforetoggle', ({ newState }) => {
      const open = newState === 'open';
      // The heading stays: a page without one is no page to those who listen to it.
      for (const part of byId('chat').querySelectorAll(':scope > :not(header), header > :not(#heading), #topic')) part.inert = open;
      byId(`show-${pane}`).ariaExpanded = String(open);
    });
    on(WIDE[pane], 'change', fold);
  }
  const menu = byId('menu');
  on(menu, 'beforetoggle', ({ newState }) => painted && newState === 'open' && paintMenu(menu, painted));
}

/** @param {State} state */
export function paint(state) {
  const room = here(state);
  const old = painted && here(painted);
  paintLink(state.link);
  write('hint', shown(state.hint));
  write('me', shown(state.user));
  if (room?.name !== old?.name || room?.topic !== old?.topic) paintHeader(room);
  if (state.rooms !== painted?.rooms || state.here !== painted.here) {
    paintRooms(state);
    if (state.here !== painted?.here) byId('rooms').querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
    paintComposer(room, state);
  }
  if (room?.key !== old?.key) filter.value = '';
  if (room?.users !== old?.users || state.user !== painted?.user) paintPeople(state);
  painted = state;
  paintMessages(state);
  paintDialogs(state);
}

/** Only what differs: a text that is written anew loses its selection. @param {string} id @param {string} words */
function write(id, words) {
  const it = byId(id);
  if (it.textContent !== words) it.textContent = words;
}

// The header

/** @param {Link} link */
function paintLink({ state, retryAt = 0, attempt = 0, reason = '' }) {
  const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1_000));
  const words = {
    idle: '',
    connecting: 'connecting…',
    connected: 'connected',
    waiting: `Reconnecting in ${seconds} s${attempt ? ` (attempt ${attempt})` : ''}`,
    refused: `refused: ${shown(reason)}`,
  }[state];
  write('status', words);
  byId('status').dataset.state = state;
  const broken = state === 'waiting' || state === 'refused';
  byId('retry').hidden = !broken;
  // The first time it has no line of its own: everything would jump as soon as it is there.
  byId('connection').classList.toggle('broken', broken || (state === 'connecting' && attempt > 0));
}

/** @param {Room} [room] */
function paintHeader(room) {
  byId('title').replaceChildren(...(room ? [element('span', 'sigil', room.with ? '@' : '#'), bdi(room.with ?? room.name)] : ['Chat']));
  const topic = byId('topic');
  topic.title = shown(room?.topic ?? '');
  // Who stands on it reads the whole.
  topic.tabIndex = room?.topic ? 0 : -1;
  topic.replaceChildren(...rich(room?.topic ?? ''));
}

/** @param {HTMLElement} menu @param {State} state */
function paintMenu(menu, state) {
  const room = here(state);
  const { bottom, right } = byId('menu-room').getBoundingClientRect();
  menu.style.top = `${bottom + 4}px`;
  menu.style.right = `${Math.max(8, innerWidth - right)}px`;
  /** @param {string} label @param {string} id @param {() => void} act */
  const entry = (label, id, act) => {
    const made = button('', label);
    made.id = `menu-${id}`;
    on(made, 'click', () => {
      menu.hidePopover();
      act();
    });
    return made;
  };
  /** @param {string} text */
  const say = (text) => dispatch({ type: 'say', text, cid: '' });
  menu.replaceChildren(
    ...(byId('bell').checkVisibility() ? [] : [entry('Notifications', 'bell', () => say('/bell'))]),
    entry('Mark as read', 'read', () => dispatch({ type: 'mark-read' })),
    room?.muted ? entry('Unmute', 'mute', () => say('/unmute')) : entry('Mute', 'mute', () => say('/mute')),
    ...[['html', 'HTML'], ['text', 'text'], ['jsonl', 'JSON lines']].map(([format, label]) => entry(`Export as ${label}`, format, () => say(`/export ${format}`))),
    entry('Keys and commands', 'help', openHelp),
    entry(room?.with ? 'Put away' : 'Leave this room', 'leave', () => room && dispatch({ type: 'leave', room: room.key })),
    entry('Leave the chat', 'quit', () => say('/quit')),
  );
}

// Rooms and people

/** @param {State} state */
function paintRooms(state) {
  for (const kind of /** @type {const} */ (['public', 'private'])) {
    const rooms = state.rooms.filter((room) => Boolean(room.with) === (kind === 'private'));
    byId(`${kind}-heading`).hidden = !rooms.length;
    patch(byId(kind), rooms.map((room) => {
      const { key, name, unread, mentions, muted, membership } = room;
      const current = key === state.here;
      const draft = Boolean(room.draft) && !current;
      return { key, inputs: [name, unread, mentions, muted, membership, current, draft], make: () => element('li', '', roomLink(room, current, draft)) };
    }));
  }
  byId('show-rooms').classList.toggle('dot', state.rooms.some(({ key, unread, mentions, muted }) => key !== state.here && (mentions || (unread && !muted))));
}

/** @param {Room} room @param {boolean} current @param {boolean} draft */
function roomLink({ key, name, with: other, unread, mentions, muted, membership }, current, draft) {
  const link = element('a', '', element('span', 'sigil', other ? '@' : '#'), bdi(other ?? name));
  link.href = `#${encodeURIComponent(name)}`;
  link.dataset.room = key;
  link.classList.toggle('muted', muted);
  link.classList.toggle('absent', membership === 'absent');
  link.classList.toggle('waiting', Boolean(unread || mentions) && !muted);
  if (current) link.ariaCurrent = 'page';
  if (draft) link.append(pill('draft', '✎', 'draft'));
  if (mentions) link.append(pill('mentions', count(mentions), mentions === 1 ? 'mention' : 'mentions'));
  if (unread) link.append(pill('unread', count(unread), 'unread'));
  return link;
}

/** @param {number} number */
const count = (number) => (number > 999 ? '999+' : String(number));

/** @param {string} className @param {string} text @param {string} meaning */
function pill(className, text, meaning) {
  const made = element('span', className, text);
  made.title = meaning;
  const words = document.createDocumentFragment();
  words.append(made, element('span', 'hush', ` ${meaning}`));
  return words;
}

/** @param {State} state */
function paintPeople(state) {
  const room = here(state);
  const { users = [], unlisted = 0 } = room ?? {};
  const online = users.length + unlisted;
  const wanted = folded(filter.value.trim());
  filter.hidden = users.length <= FILTER_FROM;
  const found = users.filter((name) => folded(name).includes(wanted)).sort(byName);
  byId('people-heading').textContent = online === 1 ? '1 person here' : `${online} people here`;
  const label = `People (${online})`;
  byId('show-people').title = byId('show-people').ariaLabel = label;
  /** @type {import('./dom.js').Item[]} */
  const rows = found.slice(0, PEOPLE_SHOWN).map((name) => ({
    key: name,
    inputs: [name === state.user],
    make: () => {
      const made = button('', bdi(name, 'sender'), ...(name === state.user ? [element('span', 'dim', 'you')] : []));
      made.dataset.user = name;
      return element('li', name === state.user ? 'you' : '', made);
    },
  }));
  const rest = found.length - rows.length + unlisted;
  const words = wanted && unlisted ? `${rest} more are not listed` : `and ${rest} more`;
  if (rest > 0) rows.push({ key: '/rest', inputs: [words], make: () => element('li', 'dim', words) });
  patch(byId('users'), rows);
}

// Around the composer

/** @param {Room | undefined} room @param {State} state */
function paintComposer(room, state) {
  const typing = (room?.typing ?? []).map(({ name }) => name).filter((name) => !state.ignored.includes(folded(name)));
  byId('typing').replaceChildren(...(typing.length > 2 ? ['several people are typing']
    : typing.length === 2 ? [bdi(typing[0]), ' and ', bdi(typing[1]), ' are typing']
      : typing.length ? [...namesOf(typing), ' is typing'] : []));
  const { purpose = { kind: 'new' } } = room ?? {};
  const line = byId('purpose');
  line.hidden = purpose.kind === 'new';
  line.dataset.kind = purpose.kind;
  if (room && purpose.kind !== 'new') {
    const message = messageOf(room, purpose.seq);
    const words = message ? [purpose.kind === 'reply' ? bdi(message.from) : '', ` ${clip(message.text, 120)}`] : [];
    line.firstElementChild?.replaceChildren(element('b', '', purpose.kind === 'reply' ? 'Replying to ' : 'Editing'), ...words);
  }
  const input = byId('input');
  input.placeholder = room ? `Message ${room.with ? '@' : '#'}${shown(room.with ?? room.name)}` : 'Message, or /help';
  const { lines, more } = room?.past ?? room?.live ?? { lines: [], more: true };
  write('above', !room ? '' : more ? (room.asking === 'older' ? 'Loading older messages…' : '')
    : room.membership === 'joined' || lines.length ? beginning(room) : 'Loading…');
}

/** @param {Room} room */
const beginning = ({ name, with: other, users }) => (other ? `The beginning of your conversation with ${shown(other)}`
  : `The beginning of #${shown(name)}${users.length > 1 ? '' : '. Nobody else is here: this page’s address leads others to it.'}`);

// Panes: beside the conversation where there is room, over it where there is not

/** @type {('rooms' | 'people')[]} */
const PANES = ['rooms', 'people'];
const WIDE = { rooms: matchMedia('(min-width: 44rem)'), people: matchMedia('(min-width: 64rem)') };

/** @param {'rooms' | 'people'} pane */
export function toggle(pane) {
  const it = byId(pane);
  if (WIDE[pane].matches) {
    byId(`show-${pane}`).ariaExpanded = String(byId('app').classList.toggle(`no-${pane}`) === false);
    return;
  }
  it.togglePopover();
  if (it.matches(':popover-open')) (it.querySelector('[aria-current]') ?? it.querySelector('input:not([hidden]), button'))?.focus();
}

function fold() {
  for (const pane of PANES) if (byId(pane).matches(':popover-open')) byId(pane).hidePopover();
}
