// @ts-check
/*
 * A password becomes a token, of an account that is there or is made, and a token is given back. It does not know where either
 * is kept, or shown.
 */

const BROKEN = 'The server could not be asked. Try again in a moment.';

/** @param {string} what */
const at = (what) => new URL(`api/${what}`, document.baseURI);

/** @param {string} what @param {Record<string, string>} headers @param {object} [body] */
const post = (what, headers, body) =>
  fetch(at(what), { method: 'POST', headers, credentials: 'omit', body: body ? JSON.stringify(body) : null });

/** What was asked for, or why not. @param {string} what @param {object} body
 * @returns {Promise<{user: string, token: string} | {words: string, status?: number, code?: string}>} */
async function exchange(what, body) {
  try {
    const answer = await post(what, { 'content-type': 'application/json' }, { ...body, label: 'page' });
    const said = await answer.json();
    return answer.ok ? said : { words: said.error.text, status: answer.status, code: said.error.code };
  } catch {
    return { words: BROKEN };
  }
}

/** @param {string} user @param {string} password */
export const login = (user, password) => exchange('login', { user, password });

/** @param {{user: string, password: string, invite?: string, session?: string}} who */
export const register = (who) => exchange('register', who);

/** Who may make an account: open, invite or closed; nothing, if it is not known. @returns {Promise<string>} */
export async function registration() {
  try {
    return (await (await fetch(at('registration'), { credentials: 'omit' })).json()).registration ?? '';
  } catch {
    return '';
  }
}

/** Whether it opens nothing any more. @param {string} token */
export async function logout(token) {
  try {
    const { ok, status } = await post('logout', { authorization: `Bearer ${token}` });
    return ok || status === 401;
  } catch {
    return false;
  }
}
