// @ts-check
/*
 * One conversation with the server over as many sockets as it takes: opens, notices silence, waits with jitter,
 * opens again, and knows from the close code whether to. Every frame is handed up as it came.
 * It does not know what is said: no message, no outbox, no DOM. Where to resume is asked for at each opening.
 */

/** @typedef {{state: 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'refused', retryAt?: number, code?: number, reason?: string}} Status */
/** @typedef {{type: string, [field: string]: any}} Frame */

const SHORTEST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/* Only a connection that lived this long starts the waiting over. */
const SETTLED_MS = 10_000;
const WELCOME_WITHIN_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
/* A server that wants a credential is silent until asked; any other has said welcome by then. */
const HELLO_AFTER_MS = 1_000;

/* 1005, 1006, 1014 and 1015 mean that no close frame came through. */
const COME_BACK = [1005, 1006, 1011, 1012, 1013, 1014, 1015, 4008, 4010, 4029];
/** @type {Record<number, string>} */
const REASONS = {
  1001: 'The server has gone down for good',
  1008: 'The server does not allow this',
  4001: 'Invalid token',
  4009: 'Name is taken',
};

/** @param {{room: string, user: string, token: string, session: string, after?: number, epoch?: string}} who */
export function address({ room, user, token, session, after, epoch }) {
  const query = new URLSearchParams(token ? { token, room, user } : {});
  if (session) query.set('session', session);
  if (epoch) {
    query.set('after', String(after));
    query.set('epoch', epoch);
  }
  const path = token ? 'auth' : `chat/${encodeURIComponent(room)}/${encodeURIComponent(user)}`;
  return `${location.protocol.replace('http', 'ws')}//${location.host}/ws/${path}?${query}`;
}

/** Full jitter, so that a restarted server does not meet all of its clients in the same instant.
 * @param {number} attempt */
const wait = (attempt) =>
  SHORTEST_WAIT_MS + Math.random() * (Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** attempt) - SHORTEST_WAIT_MS);

/** @param {{url: () => string, onFrame: (frame: Frame) => void, onStatus: (status: Status) => void}} options */
export function connect({ url, onFrame, onStatus }) {
  /** @type {WebSocket | undefined} */
  let socket;
  let waiting = 0;
  let notBefore = 0;
  let attempt = 0;
  let abandon = () => {};

  /** @param {object | string} what An object goes as JSON, a string as a line that a person typed. */
  function send(what) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(typeof what === 'string' ? what : JSON.stringify(what));
    return true;
  }

  function open() {
    clearTimeout(waiting);
    waiting = 0;
    onStatus({ state: 'connecting' });
    const own = socket = new WebSocket(url());
    /** @type {Partial<Frame>} */
    let closing = {};
    let heardAt = Date.now();
    let pingedAt = 0;
    let pingEveryMs = 0;
    let joinedAt = Infinity;
    let hello = 0;

    // A script does not see the server's pings, and a cable pulled out closes nothing: so ask.
    const watch = setInterval(() => {
      const now = Date.now();
      const unanswered = pingedAt > heardAt;
      if (unanswered ? now > pingedAt + PONG_WITHIN_MS : !pingEveryMs && now > heardAt + WELCOME_WITHIN_MS) lost(1006, '');
      else if (!unanswered && pingEveryMs && now > heardAt + pingEveryMs && send({ type: 'ping' })) pingedAt = now;
    }, 2_000);

    abandon = () => {
      clearTimeout(hello);
      clearInterval(watch);
      own.onopen = own.onmessage = own.onclose = null;
      own.close();
      socket = undefined;
    };

    /** @param {number} socketCode @param {string} socketReason */
    function lost(socketCode, socketReason) {
      abandon();
      const { code = socketCode, reason = socketReason, reconnect = COME_BACK.includes(code), retry_ms = 0 } = closing;
      if (!reconnect) return onStatus({ state: 'refused', code, reason: reason || REASONS[code] || `closed with code ${code}` });
      attempt = Date.now() - joinedAt > SETTLED_MS ? 1 : attempt + 1;
      notBefore = Date.now() + retry_ms;
      const retryAt = notBefore + wait(attempt);
      waiting = window.setTimeout(open, retryAt - Date.now());
      onStatus({ state: 'reconnecting', retryAt });
    }

    own.onopen = () => {
      hello = window.setTimeout(() => pingEveryMs || send({ type: 'hello', client: 'page/0.1.0' }), HELLO_AFTER_MS);
    };
    own.onclose = ({ code, reason }) => lost(code, reason);
    own.onmessage = ({ data }) => {
      heardAt = Date.now();
      const frame = JSON.parse(data);
      if (frame.type === 'closing') closing = frame;
      if (frame.type === 'welcome') pingEveryMs = (frame.ping_seconds ?? 20) * 1000;
      onFrame(frame);
      // What was just handed up may have ended this very connection.
      if (frame.type === 'joined' && joinedAt === Infinity && socket === own) {
        joinedAt = Date.now();
        onStatus({ state: 'connected' });
      }
    };
  }

  open();
  return {
    send,
    /** The network or the reader came back: no need to sit out the rest, unless the server asked. */
    wake() {
      if (waiting && Date.now() >= notBefore) open();
    },
    close() {
      clearTimeout(waiting);
      waiting = 0;
      abandon();
    },
  };
}
