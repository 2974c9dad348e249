// @ts-check
/*
 * The server's long work, as far as the page asks for it: a file of a room, over a socket of its own that lives as long as the work.
 * It does not know where its progress is shown.
 */

/** @import {Task} from './types.d.ts' */
import { beside } from './connection.js';
import { folded } from './text.js';

const LOST = 'The connection to the server was lost.';

/** @param {{room: string, format: string, session?: string, token?: string, onTask: (task: Task) => void}} order */
export function startExport({ room, format, session, token, onTask }) {
  /** @param {string} path @param {string} [protocol] */
  const address = (path, protocol = 'http') => {
    const url = new URL(path, document.baseURI);
    url.protocol = url.protocol.replace('http', protocol);
    return url.href;
  };
  /** @type {Task} */
  let task = { task_id: '', room, format, status: 'queued', progress: 0, message: 'waiting' };
  let attempts = 0, over = false;
  /** @type {WebSocket} */
  let socket;

  /** @param {Partial<Task>} news */
  function tell(news) {
    task = { ...task, ...news };
    over = /^(completed|failed|cancelled)$/.test(task.status);
    onTask(task);
    if (over) socket.close();
  }

  /** Ours is the first of this room and format that is under way once we asked; the others are what was there before.
   * @param {any} news */
  function heard(news) {
    if (news.type === 'closing' || news.type === 'error') {
      if (!news.reconnect) tell({ status: 'failed', message: news.text ?? news.reason });
    } else if (news.type === 'task_update') {
      const begun = news.task === 'export' && news.format === format && /^(queued|running)$/.test(news.status)
        && folded(news.room) === folded(room);
      if (task.task_id ? news.task_id !== task.task_id : !begun) return;
      // The address is the document's, which may live below a path.
      const url = news.result && address(`.${news.result.url}`);
      tell(url ? { ...news, result: { ...news.result, url } } : news);
    }
  }

  function connect() {
    if (over) return;
    attempts += 1;
    // After a loss it is asked for anew: what is still under way is not begun twice, and a restart forgot it.
    task.task_id = '';
    socket = new WebSocket(address('ws/tasks', 'ws'), beside({ session, token }));
    socket.onopen = () => socket.send(JSON.stringify({ action: 'start', task: 'export', room, format }));
    socket.onmessage = ({ data }) => { if (!over) heard(JSON.parse(data)); };
    socket.onclose = ({ code, reason }) => {
      if (over) return;
      if (attempts > 1 || code === 4001) tell({ status: 'failed', message: reason || LOST });
      else setTimeout(connect, 1000);
    };
  }
  connect();
  onTask(task);

  return {
    cancel() {
      if (over) return;
      if (task.task_id && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ action: 'cancel', task_id: task.task_id }));
      tell({ status: 'cancelled', message: 'cancelled' });
    },
    /** The file, where it is for who shows what opens it. Anybody may have the others, by their address. */
    async file() {
      const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(session && { 'Chat-Session': session }) };
      const answer = await fetch(task.result?.url ?? '', { headers });
      if (!answer.ok) throw new Error((await answer.json()).error.text);
      return answer.blob();
    },
  };
}
