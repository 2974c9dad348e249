// @ts-check
/*
 * Typed commands that keep order, whose words are more than their usage can say: `/ban --everywhere eve 10m spam`. As the server reads
 * them (protocol/src/command.rs; a golden file holds the two together).
 */

/** @import {Frame} from './types.d.ts' */

/** @typedef {(rest: string) => Frame | undefined} Reader */

/* The next word; one in quotes may hold spaces. */
const WORD = /^(?:"([^"]*)"|(\P{White_Space}*))\p{White_Space}*/u;

/** The first word and what follows it.
 * @param {string} rest @returns {[string, string]} */
function split(rest) {
  const [taken, quoted, plain] = /** @type {RegExpExecArray} */ (WORD.exec(rest));
  return [quoted ?? plain, rest.slice(taken.length)];
}

/** A name that is all there is: its spaces need no quotes. @param {string} rest */
const lone = (rest) => (rest.startsWith('"') ? split(rest) : /** @type {[string, string]} */ ([rest, '']));

/** Fields of a request. @typedef {Record<string, any>} Fields */

/** @type {Record<string, Fields>} */
const RULES = {
  public: { access: 'public' }, private: { access: 'private' }, open: { speak: 'all' }, 'read-only': { speak: 'moderators' },
  'topic=all': { topic: 'all' }, 'topic=moderators': { topic: 'moderators' },
};

/** @param {string} rest */
function rulesOf(rest) {
  /** @type {Fields} */
  let rules = {};
  while (rest) {
    const [word, after] = split(rest);
    if (!Object.hasOwn(RULES, word)) return undefined;
    rules = { ...rules, ...RULES[word] };
    rest = after;
  }
  return rules;
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `10m` as seconds. @param {string} word */
function duration(word) {
  const [, number, unit] = /^(\d+)([smhdw])$/.exec(word) ?? [];
  const seconds = Number(number) * SECONDS[/** @type {keyof typeof SECONDS} */ (unit)];
  return seconds > 0 && Number.isSafeInteger(seconds) ? seconds : undefined;
}

/** Which flags come first. @param {string} rest @param {string[]} known @returns {[Fields, string] | undefined} */
function flagsOf(rest, known) {
  /** @type {Fields} */
  const flags = {};
  while (rest.startsWith('-')) {
    const [word, after] = split(rest);
    const found = known.find((flag) => word === `--${flag}` || word === `-${flag[0]}`);
    if (!found) return undefined;
    flags[found] = true;
    rest = after;
  }
  return [flags, rest];
}

/** @param {string} action @returns {Reader} */
const moderate = (action) => (rest) => {
  const flags = flagsOf(rest, ['everywhere', 'address']);
  if (!flags) return undefined;
  const [user, after] = split(flags[1]);
  const [first, behind] = split(after);
  const seconds = action === 'mute' || action === 'ban' ? duration(first) : undefined;
  const reason = seconds ? behind : after;
  if (!user || (reason && action.startsWith('un'))) return undefined;
  return { type: 'moderate', action, user, ...flags[0], ...(seconds && { seconds }), ...(reason && { reason }) };
};

const COUNT = /^[+-]?\d+$/;

/** By the name of the command; nothing comes back where it is not typed so. @type {Record<string, Reader>} */
export const ORDERS = {
  create(rest) {
    const [room, after] = split(rest);
    const rules = rulesOf(after);
    return room && rules ? { type: 'create', room, ...rules } : undefined;
  },
  rules(rest) {
    const rules = rulesOf(rest);
    return rules && { type: 'rules', ...rules };
  },
  slow(rest) {
    const [word, after] = split(rest);
    return /^\+?\d+$/.test(word) && Number(word) < 2 ** 32 && !after ? { type: 'rules', slow: Number(word) } : undefined;
  },
  invite(rest) {
    const [user, after] = lone(rest);
    return user && !after ? { type: 'rank', user, role: 'member' } : undefined;
  },
  rank(rest) {
    const [user, after] = split(rest);
    const [role, more] = split(after);
    if (!user || more || !['member', 'moderator', 'owner', 'none'].includes(role)) return undefined;
    return role === 'none' ? { type: 'rank', user } : { type: 'rank', user, role };
  },
  kick: moderate('kick'),
  mute: moderate('mute'),
  unmute: moderate('unmute'),
  ban: moderate('ban'),
  unban: moderate('unban'),
  deeds(rest) {
    const flags = flagsOf(rest, ['everywhere']);
    if (!flags) return undefined;
    const [word, after] = split(flags[1]);
    if (after || (word && !(COUNT.test(word) && Number.isSafeInteger(Number(word))))) return undefined;
    return { type: 'deeds', ...flags[0], ...(word && { limit: Number(word) }) };
  },
  block(rest) {
    const [user, after] = lone(rest);
    return user && !after ? { type: 'block', user, on: true } : undefined;
  },
  unblock(rest) {
    const [user, after] = lone(rest);
    return user && !after ? { type: 'block', user, on: false } : undefined;
  },
};
