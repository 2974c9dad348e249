// @ts-check
/*
 * One conversation with the server over as many sockets as it takes: opens, notices silence, waits with jitter,
 * opens again, and knows from the close code whether to. Every frame is handed up as it came.
 * It does not know what is said: no message, no outbox, no DOM. Where to resume is asked for at each opening.
 */

/** @typedef {{state: 'connecting' | 'connected'}
 *   | {state: 'reconnecting', retryAt: number}
 *   | {state: 'refused', code: number, reason: string}} Status */
/** @typedef {{type: string, [field: string]: any}} Frame */

const SHORTEST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/* A connection that lived this long starts the waiting over; one that died at once must not. */
const SETTLED_MS = 10_000;
const WELCOME_WITHIN_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
/* A server that wants a credential says nothing until it is asked; everybody else is welcomed long before this. */
const HELLO_AFTER_MS = 1_000;

/* 1005, 1006, 1014 and 1015 are made up by browsers and proxies where no close frame came through. */
const COME_BACK = new Set([1005, 1006, 1011, 1012, 1013, 1014, 1015, 4008, 4010, 4029]);

/** @type {Record<number, string>} */
const WORDS = {
  1000: 'The server ended the conversation',
  1001: 'The server has gone down for good',
  1003: 'The server takes no binary frames',
  1007: 'The server got text that is not UTF-8',
  1008: 'The server does not allow this',
  1009: 'A message was too big',
  4001: 'Invalid token',
  4003: 'You were removed from this room',
  4009: 'Name is taken',
};

/**
 * @param {{room: string, user: string, token?: string, session?: string, after?: number, epoch?: string}} who
 * @param {{protocol: string, host: string}} at
 */
export function address({ room, user, token, session, after, epoch }, at) {
  const query = new URLSearchParams();
  if (token) {
    query.set('token', token);
    query.set('room', room);
    query.set('user', user);
  }
  if (session) query.set('session', session);
  if (after !== undefined && epoch) {
    query.set('after', String(after));
    query.set('epoch', epoch);
  }
  const path = token ? '/ws/auth' : `/ws/chat/${encodeURIComponent(room)}/${encodeURIComponent(user)}`;
  return `${at.protocol === 'https:' ? 'wss' : 'ws'}://${at.host}${path}${query.size ? `?${query}` : ''}`;
}

/** Full jitter, so that a restarted server does not meet all of its clients in the same instant.
 * @param {number} attempt @param {number} random in [0, 1) */
export function wait(attempt, random) {
  const ceiling = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** Math.min(attempt, 10));
  return SHORTEST_WAIT_MS + random * (ceiling - SHORTEST_WAIT_MS);
}

/**
 * @param {{url: () => string, onFrame: (frame: Frame) => void, onStatus: (status: Status) => void}} options
 */
export function connect({ url, onFrame, onStatus }) {
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  let notBefore = 0;
  let attempt = 0;
  let abandon = () => {};

  function open() {
    clearTimeout(waiting);
    waiting = undefined;
    onStatus({ state: 'connecting' });

    const own = new WebSocket(url());
    socket = own;
    /** @type {Frame | undefined} */
    let closing;
    let heardAt = Date.now();
    let pingedAt = 0;
    let pingEveryMs = 0;
    let joinedAt = 0;

    const say = (/** @type {object} */ frame) => own.readyState === WebSocket.OPEN && own.send(JSON.stringify(frame));
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let hello;
    own.onopen = () => {
      hello = setTimeout(() => pingEveryMs || say({ type: 'hello', client: 'page/0.1.0' }), HELLO_AFTER_MS);
    };
    // A browser does not show a script the server's pings, and a cable pulled out closes nothing: so ask.
    const watch = setInterval(() => {
      const now = Date.now();
      if (!pingEveryMs) {
        if (now - heardAt > WELCOME_WITHIN_MS) lost(1006, '');
      } else if (pingedAt > heardAt) {
        if (now - pingedAt > PONG_WITHIN_MS) lost(1006, '');
      } else if (now - heardAt > pingEveryMs) {
        pingedAt = now;
        say({ type: 'ping' });
      }
    }, 2_000);

    abandon = () => {
      clearTimeout(hello);
      clearInterval(watch);
      own.onopen = own.onmessage = own.onclose = null;
      own.close();
      socket = undefined;
    };

    /** @param {number} code @param {string} reason */
    function lost(code, reason) {
      abandon();
      code = closing?.code ?? code;
      if (!(closing?.reconnect ?? COME_BACK.has(code))) {
        onStatus({ state: 'refused', code, reason: closing?.reason || reason || WORDS[code] || `Closed with code ${code}` });
        return;
      }
      if (joinedAt && Date.now() - joinedAt > SETTLED_MS) attempt = 0;
      attempt += 1;
      notBefore = Date.now() + (closing?.retry_ms ?? 0);
      const retryAt = notBefore + wait(attempt, Math.random());
      waiting = setTimeout(open, retryAt - Date.now());
      onStatus({ state: 'reconnecting', retryAt });
    }

    own.onclose = ({ code, reason }) => lost(code, reason);
    own.onmessage = ({ data }) => {
      heardAt = Date.now();
      const frame = parsed(data);
      if (!frame) return;
      if (frame.type === 'closing') closing = frame;
      if (frame.type === 'welcome') pingEveryMs = (Number(frame.ping_seconds) || 20) * 1000;
      onFrame(frame);
      // What was just handed up may have ended this connection.
      if (frame.type === 'joined' && !joinedAt && socket === own) {
        joinedAt = Date.now();
        onStatus({ state: 'connected' });
      }
    };
  }

  open();
  return {
    /** An object goes as JSON, a string as a line that a person typed. False: nothing was sent.
     * @param {object | string} what */
    send(what) {
      if (socket?.readyState !== WebSocket.OPEN) return false;
      socket.send(typeof what === 'string' ? what : JSON.stringify(what));
      return true;
    },
    /** The network or the reader came back: no reason to sit out the rest, unless the server asked for it. */
    wake() {
      if (waiting !== undefined && Date.now() >= notBefore) open();
    },
    close() {
      clearTimeout(waiting);
      waiting = undefined;
      abandon();
    },
  };
}

/** @param {unknown} data @returns {Frame | undefined} */
function parsed(data) {
  try {
    const frame = JSON.parse(String(data));
    return typeof frame?.type === 'string' ? frame : undefined;
  } catch {
    return undefined;
  }
}
