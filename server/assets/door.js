// @ts-check
/*
 * The door: who comes in, into which room, and what opens it: nothing, a password, the server's token, or an account that is
 * made here. It knows its own markup and what the browser keeps, and neither the store nor the connection.
 */

import * as browser from './browser.js';
import { byId } from './dom.js';
import { login, logout, register, registration } from './login.js';
import { folded, shown, wellFormed } from './text.js';

const [form, name, room, token, password, invite, secret, again, reveal, toOther] =
  ['door', 'name', 'room', 'token', 'password', 'invite', 'new-password', 'again', 'reveal', 'to-other'].map(byId);
const account = /** @type {HTMLDetailsElement} */ (/** @type {unknown} */ (byId('account')));
/** A field, and where it says what is wrong with it. */
const FIELDS = [name, invite, secret, again];

/** What opens the door for somebody: their account's, or the one that was typed. @param {string} user @returns {string} */
export const tokenOf = (user) => browser.recall(`token:${folded(user)}`, '') || browser.recallHere('token', '');

/** Who may make an account, once it is known. */
let allowed = '';
/** The code of the link that led here. */
let code = '';
let registering = false;

/** @param {string} words */
const complain = (words) => void (byId('door-error').textContent = shown(words));

/** Nothing else is wrong. @param {HTMLInputElement} [field] @param {string} [words] */
function blame(field, words = '') {
  complain('');
  for (const one of FIELDS) {
    byId(`${one.id}-error`).textContent = one === field ? shown(words) : '';
    one.ariaInvalid = one === field ? 'true' : null;
  }
  field?.focus();
}

/** What is asked for: the way in, or what an account is made of. @param {boolean} [anew] */
function paint(anew = registering) {
  registering = anew && allowed !== '' && allowed !== 'closed';
  form.dataset.way = registering ? 'register' : 'enter';
  byId('register').hidden = !registering;
  account.hidden = registering;
  byId('invite-field').hidden = allowed !== 'invite' || (code !== '' && invite.ariaInvalid !== 'true');
  byId('again-field').hidden = reveal.checked;
  for (const one of [secret, again]) one.type = reveal.checked ? 'text' : 'password';
  byId('welcome').textContent = !registering ? 'Rooms for people and their programs, in the browser and in the terminal. Pick a name, and you are in.'
    : `${code && allowed === 'invite' ? 'You are invited. ' : ''}Pick a name and a password, and the name is yours: nobody else comes in by it.`;
  byId('enter').textContent = registering ? 'Create the account' : 'Enter';
  toOther.hidden = allowed === '' || allowed === 'closed';
  toOther.textContent = registering ? 'Come in without a new account' : 'Create an account';
  byId('logout').hidden = !browser.recall(`token:${folded(name.value)}`, '');
}

/** @param {{name: string, room: string, reason?: string, askToken?: boolean, owned?: boolean}} who */
export function showDoor({ name: user, room: to, reason = '', askToken = false, owned = false }) {
  name.value = user;
  room.value = to;
  byId('token-field').hidden = !askToken && !browser.recallHere('token', '');
  // A token that opens nothing any more is asked for anew.
  const over = askToken && browser.recall(`token:${folded(user)}`, '');
  if (over) browser.forget(`token:${folded(user)}`);
  account.open = Boolean(over || owned || browser.recall(`token:${folded(user)}`, ''));
  blame();
  paint(false);
  complain(reason);
  byId('entrance').hidden = form.hidden = false;
  byId('app').hidden = true;
  (over || owned ? password : askToken ? token : name).focus();
  void ask();
}

/** With the code of a link, if one led here just now. @param {string} [link] */
async function ask(link = '') {
  if (link) code = link;
  allowed ||= await registration();
  paint(registering || link !== '');
  if (link && allowed === 'closed') complain('This server lets nobody make an account: ask whoever runs it for one.');
}

/** Somebody followed the link of an invitation. @param {string} link */
export const invited = (link) => ask(link);

/** @param {(room: string, user: string) => void} enter */
export function watchDoor(enter) {
  form.addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (byId('enter').ariaBusy) return;
    if (token.value) browser.rememberHere('token', token.value);
    const [typed, toRoom] = [name, room].map(({ value }) => wellFormed(value).normalize('NFC').trim());
    blame();
    byId('enter').ariaBusy = 'true';
    const user = await (registering ? made(typed) : known(typed));
    byId('enter').ariaBusy = null;
    if (user) enter(toRoom.replace(/^#/, ''), user);
  });
  name.addEventListener('input', () => paint());
  reveal.addEventListener('change', () => paint());
  toOther.addEventListener('click', () => {
    blame();
    paint(!registering);
    name.focus();
  });
  byId('logout').addEventListener('click', async () => {
    const key = `token:${folded(name.value)}`;
    const done = await logout(browser.recall(key, ''));
    if (done) browser.forget(key);
    complain(done ? '' : 'The server could not be asked. Try again in a moment.');
    paint();
  });
}

/** Who comes in as they are, or by their password; nobody, if it is wrong. @param {string} typed */
async function known(typed) {
  if (!password.value) return typed;
  const answer = await login(typed, password.value);
  if (!('words' in answer)) return came(answer);
  complain(answer.words);
  password.focus();
  return '';
}

/** Who comes in by an account that is made now. @param {string} typed */
async function made(typed) {
  if ([...secret.value].length < 8) return blame(secret, 'A password has 8 characters or more.');
  if (!reveal.checked && again.value !== secret.value) return blame(again, 'This is another password.');
  const answer = await register({
    user: typed, password: secret.value,
    // A link that was pasted is as good as its code.
    invite: invite.value.trim().replace(/^.*#invite=/, '') || code || undefined,
    session: browser.recall(`session:${folded(typed)}`, '') || undefined,
  });
  if (!('words' in answer)) return came(answer);
  const { status, code: what, words } = answer;
  const field = status === 409 || what === 'bad_name' ? name : status === 400 ? secret : what === 'forbidden' && allowed === 'invite' ? invite : undefined;
  // It can only be mended where it can be seen.
  if (field === invite) byId('invite-field').hidden = false;
  blame(field, words);
  if (!field) complain(words);
}

/** @param {{user: string, token: string}} who */
function came({ user, token: opens }) {
  for (const one of [password, secret, again, invite]) one.value = '';
  code = '';
  browser.remember(`token:${folded(user)}`, opens);
  return user;
}
