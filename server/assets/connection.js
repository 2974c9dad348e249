// @ts-check
/*
 * One conversation with the server over as many sockets as it takes: opens, notices silence, waits with jitter, opens again, and
 * knows from the close code whether to. Every frame is handed up as it came.
 * It does not know what is said: no message, no outbox, no DOM. Where to go is asked for at each opening.
 */

/** @import {Frame, Link} from './types.d.ts' */

const SHORTEST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/* Only a connection that lived this long starts the waiting over. */
const SETTLED_MS = 10_000;
const WELCOME_WITHIN_MS = 20_000;
const PONG_WITHIN_MS = 10_000;
/* A server that asks for more does not get it: a timer cannot count so far. */
const PATIENCE_MS = 600_000;
/** The `ref` of our own question whether the server is there. */
export const PULSE = 'pulse';

/* 1005, 1006, 1014 and 1015 mean that no close frame came through. */
const COME_BACK = [1005, 1006, 1011, 1012, 1013, 1014, 1015, 4008, 4010, 4029];
/** @type {Record<number, string>} */
const REASONS = {
  1000: 'The server said goodbye',
  1001: 'The server has gone down for good',
  1002: 'What was sent is not understood there',
  1003: 'What was sent is not text',
  1007: 'What was sent is not text',
  1008: 'The server does not allow this',
  1009: 'What was sent is too big',
  1011: 'The server had an error',
  1012: 'The server is restarting',
  1013: 'The server has too much to do',
  4001: 'A token is needed to come in, and this is not one',
  4003: 'You were sent away',
  4008: 'This connection was too slow',
  4009: 'The name is taken',
  4010: 'The server heard nothing from here',
  4029: 'Too much was sent too fast',
};

/** Full jitter, so that a restarted server does not meet all of its clients in the same instant. @param {number} attempt */
const wait = (attempt) =>
  SHORTEST_WAIT_MS + Math.random() * (Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** attempt) - SHORTEST_WAIT_MS);

/** What opens a door, in the only header that a socket's maker may choose: an address is remembered, and written down on the way.
 * @param {{session?: string, token?: string}} proof */
export const beside = ({ session, token }) => ['chat', ...(session ? [`session.${session}`] : []), ...(token ? [`token.${token}`] : [])];

/** @param {{place: () => {url: string, session: string}, hello: () => Frame, onFrame: (frame: Frame) => void, onLink: (link: Link) => void}} options */
export function connect({ place, hello, onFrame, onLink }) {
  /** @type {WebSocket | undefined} */
  let socket;
  let waiting = 0;
  let notBefore = 0;
  let attempt = 0;
  let abandon = () => {};

  /** @param {Frame} frame */
  function send(frame) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  function open() {
    clearTimeout(waiting);
    waiting = 0;
    onLink({ state: 'connecting', attempt });
    const { url, session } = place();
    const own = socket = new WebSocket(url, beside({ session }));
    /** @type {Partial<Frame>} */
    let closing = {};
    let heardAt = Date.now();
    let pingedAt = 0;
    let pingEveryMs = 0;
    let welcomeAt = Infinity;

    // A script does not see the server's pings, and a cable pulled out closes nothing: so ask.
    const watch = setInterval(() => {
      const now = Date.now();
      const unanswered = pingedAt > heardAt;
      if (unanswered ? now > pingedAt + PONG_WITHIN_MS : !pingEveryMs && now > heardAt + WELCOME_WITHIN_MS) lost(1006, '');
      else if (!unanswered && pingEveryMs && now > heardAt + pingEveryMs) {
        send({ type: 'ping', ref: PULSE });
        pingedAt = now;
      }
    }, 2_000);

    abandon = () => {
      clearInterval(watch);
      own.onopen = own.onmessage = own.onclose = null;
      own.close();
      socket = undefined;
    };

    /** @param {number} socketCode @param {string} socketReason */
    function lost(socketCode, socketReason) {
      abandon();
      const { code = socketCode, reconnect = COME_BACK.includes(code), retry_ms = 0 } = closing;
      const reason = closing.reason || socketReason || REASONS[code] || (reconnect ? 'The server is not there' : `Closed with code ${code}`);
      if (!reconnect) return onLink({ state: 'refused', code, reason });
      attempt = Date.now() - welcomeAt > SETTLED_MS ? 1 : attempt + 1;
      notBefore = Date.now() + Math.min(retry_ms, PATIENCE_MS);
      const retryAt = notBefore + wait(attempt);
      waiting = window.setTimeout(open, retryAt - Date.now());
      onLink({ state: 'waiting', retryAt, attempt, code, reason });
    }

    own.onopen = () => send(hello());
    own.onclose = ({ code, reason }) => lost(code, reason);
    own.onmessage = ({ data }) => {
      heardAt = Date.now();
      const frame = JSON.parse(data);
      if (frame.type === 'closing') closing = frame;
      if (frame.type === 'welcome') {
        pingEveryMs = (frame.ping_seconds ?? 20) * 1000;
        welcomeAt = heardAt;
      }
      onFrame(frame);
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
