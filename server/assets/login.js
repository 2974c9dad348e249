// @ts-check
/*
 * A password becomes a token, and a token is given back. It does not know where either is kept, or shown.
 */

const BROKEN = 'The server could not be asked. Try again in a moment.';

/** @param {string} what @param {Record<string, string>} headers @param {object} [body] */
const post = (what, headers, body) =>
  fetch(new URL(`api/${what}`, document.baseURI), { method: 'POST', headers, credentials: 'omit', body: body ? JSON.stringify(body) : null });

/** @param {string} user @param {string} password @returns {Promise<{user: string, token: string} | {words: string}>} */
export async function login(user, password) {
  try {
    const answer = await post('login', { 'content-type': 'application/json' }, { user, password, label: 'page' });
    const said = await answer.json();
    return answer.ok ? said : { words: said.error.text };
  } catch {
    return { words: BROKEN };
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
