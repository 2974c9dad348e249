/*
 * What the page's modules hand to each other. Checked by `tsc --noEmit`, never served: it has no behaviour.
 * docs/protocol.md describes the frames.
 */

/** One message from the server, or one of ours. */
export interface Frame {
  type: string;
  ref?: string;
  [field: string]: any;
}

/** Something said, as the protocol has it. */
export interface Message {
  seq: number;
  from: string;
  text: string;
  at: string;
  room?: string;
  cid?: string;
  reply_to?: number;
  action?: boolean;
  edited_at?: string;
  deleted?: boolean;
  reactions?: Record<string, string[]>;
}

/**
 * An entry of a room's list. Its place is (`seq`, `n`): what is not logged stands as the n-th behind a seq, so that history, live
 * messages and notices have one order. Entries are never changed, only replaced: the view knows by identity what to draw anew.
 */
export type Line = { seq: number; n: number; at: string } & (
  | { kind: 'message'; message: Message; mention: boolean }
  | { kind: 'topic'; from: string; text: string }
  | { kind: 'people'; came: string[]; went: string[]; passed: string[] }
  | { kind: 'notice' | 'fault'; text: string }
);

/** A contiguous part of a room: `more` before it, `newer` behind it. */
export interface Window {
  lines: Line[];
  more: boolean;
  newer: boolean;
  /** Nothing is missing from behind this seq on; without it, from the first line on. */
  after?: number;
}

/** What the text in the composer will be. */
export type Purpose = { kind: 'new' } | { kind: 'reply'; seq: number } | { kind: 'edit'; seq: number; before: string };

export interface Room {
  /** The folded name: what rooms are found by. */
  key: string;
  name: string;
  /** The other one of a private conversation. */
  with?: string;
  /** `catching`: in it, but what was missed is still coming. */
  membership: 'absent' | 'joining' | 'catching' | 'joined';
  topic: string;
  /** Who is here, as far as the server lists them. */
  users: string[];
  /** How many more are here: while there are any, who is not in the list may be here all the same. */
  unlisted: number;
  /** Who was here before our connection broke: that they come back as we did is no news, for a while. */
  missing?: { names: string[]; until: number };
  typing: { name: string; until: number }[];
  /** To the newest. */
  live: Window;
  /** An older part, shown instead of `live` while it is there. */
  past?: Window;
  /** What of the past was asked for and is not here yet. */
  asking?: 'older' | 'newer' | 'around' | 'newest';
  /** The log and the last event of it that came by; an ack does not count. */
  epoch?: string;
  position: number;
  /** The last message that was read, here or elsewhere; and what the server was told. */
  read: number;
  toldRead: number;
  /** The line «new» stands behind this one. */
  marker?: number;
  unread: number;
  mentions: number;
  /** There may be unread ones that are not loaded. */
  unreadMore: boolean;
  /** The pane is at the end and stays there. */
  following: boolean;
  /** What came in below while it was not. */
  news: number;
  muted: boolean;
  draft: string;
  purpose: Purpose;
}

/** Something of ours that the server has not confirmed. */
export interface Pending {
  cid: string;
  /** The room's key and name. */
  room: string;
  name: string;
  text: string;
  reply_to?: number;
  action?: boolean;
  /** When it was typed, and when it was last sent. */
  at: number;
  sentAt?: number;
  /** `old`: typed more than an hour ago, so that its author is asked first. */
  state: 'queued' | 'sending' | 'failed' | 'old';
  why?: string;
  notBefore?: number;
}

/** A question that is not answered yet, and what for. */
export interface Asked {
  ref: string;
  why: 'join' | 'leave' | 'older' | 'newer' | 'around' | 'newest' | 'search' | 'change' | 'show' | 'rooms';
  room: string;
  frame: Frame;
  sentAt?: number;
  notBefore?: number;
  /** For `around`: what to show then. For `join`: go there if nothing was typed since. */
  seq?: number;
  typed?: number;
}

export interface Link {
  state: 'idle' | 'connecting' | 'connected' | 'waiting' | 'refused';
  /** In milliseconds since 1970. */
  retryAt?: number;
  attempt?: number;
  code?: number;
  reason?: string;
}

export interface Found {
  query: string;
  /** Only in this room. */
  room?: string;
  messages: Message[];
  more: boolean;
  asking: boolean;
  /** There was no answer to the last question. */
  failed?: boolean;
}

export interface State {
  user: string;
  /** Who we were, while another name is tried. */
  previous?: string;
  /** The proof of a guest's name. */
  session: string;
  link: Link;
  /** The room that the address of this connection names: it is joined unasked. */
  addressed?: string;
  epoch?: string;
  textBytes: number;
  rooms: Room[];
  /** Keys of the room that is shown and of the one before it. */
  here: string;
  before: string;
  /** People of earlier private conversations. */
  people: string[];
  /** What /rooms answered last. */
  listed: { name: string; topic: string; users: number }[];
  outbox: Pending[];
  asked: Asked[];
  /** How many questions were asked, lines made, keys typed: for refs, places and «since». */
  count: number;
  typed: number;
  /** Somebody looks at the page. */
  present: boolean;
  /** When the server last heard that we type, and where. */
  typingAt: number;
  typingIn: string;
  readAt: number;
  /** Until then requests go out one at a time. */
  slowUntil: number;
  releasedAt: number;
  ignored: string[];
  blocked: string[];
  muted: string[];
  found?: Found;
  /** A word for the person, until the next one or another room. */
  hint: string;
}

/** All that can happen. `now` comes with each. */
export type Happening = { now: number } & (
  | { type: 'entered'; user: string; room: string; session: string; rooms: string[]; outbox: Pending[]; drafts: Record<string, string>; muted: string[]; ignored: string[] }
  | { type: 'link'; link: Link }
  | { type: 'frame'; frame: Frame }
  | { type: 'tick' }
  | { type: 'present'; present: boolean }
  /** With another name, and the proof of it if there is one. */
  | { type: 'nick'; user: string; session: string }
  | { type: 'hint'; text: string }
  /** Another tab had this confirmed. */
  | { type: 'settled'; cid: string }
  /** What the composer holds now. */
  | { type: 'draft'; text: string }
  /** Enter. `cid` is a fresh one; `plain`: a `/` begins no command. */
  | { type: 'say'; text: string; cid: string; plain?: boolean }
  | { type: 'go'; room: string }
  | { type: 'step'; by: 1 | -1 }
  | { type: 'number'; number: number }
  | { type: 'important' | 'last-room' | 'older' | 'newer' | 'newest' | 'first-unread' | 'mark-read' | 'edit-last' | 'cancel' | 'search-more' | 'search-close' | 'connect' }
  | { type: 'reply' | 'edit' | 'delete'; seq: number }
  | { type: 'react'; seq: number; emoji: string }
  | { type: 'jump'; seq: number; room?: string }
  | { type: 'resend' | 'drop'; cid: string }
  | { type: 'converse'; user: string }
  | { type: 'join'; room: string }
  | { type: 'leave'; room: string }
  | { type: 'search'; query: string; here?: boolean }
  | { type: 'rooms' }
  /** What a painting showed: the last message that was wholly visible, and whether the pane is at its end. */
  | { type: 'seen'; room: string; seq: number; end: boolean }
);

/** How it is told: the loop adds the time. */
export type Dispatch = (happening: Timeless<Happening>) => void;
type Timeless<T> = T extends unknown ? Omit<T, 'now'> : never;

/** All that may be asked for. */
export type Effect =
  | { type: 'connect' }
  | { type: 'close' }
  | { type: 'send'; frame: Frame }
  /** Spoken to those who do not look. */
  | { type: 'announce'; text: string }
  /** A notification, if the person wants them and does not look. */
  | { type: 'call'; room: string; title: string; text: string }
  | { type: 'hush'; room: string }
  /** Scroll there and point at it. */
  | { type: 'show'; seq: number }
  | { type: 'follow' }
  | { type: 'open'; overlay: 'help' | 'switcher' | 'search' }
  | { type: 'export'; room: string; format: string }
  /** Another name is wanted: `nick` follows, with its proof. */
  | { type: 'nick'; user: string }
  | { type: 'bell' }
  /** To the door. */
  | { type: 'door'; reason: string; askToken?: boolean };

/** One entry of the drawn list. `head`: it begins a group of its sender's. `replied`: what it answers, if that is known. */
export type Row =
  | { key: string; kind: 'day'; at: string }
  | { key: string; kind: 'new' }
  | { key: string; kind: 'line'; line: Line; head: boolean; mine: boolean; replied?: Message }
  | { key: string; kind: 'pending'; pending: Pending; head: boolean };

/** A command's line in the help and in the completion. */
export interface Command {
  name: string;
  aliases: string[];
  usage: string;
  help: string;
}

/** What a typed line is: a request, one of the page's own commands, or words about what is wrong with it. */
export type Typed = { request: Frame } | { local: string; rest: string } | { help: string } | { register: true } | { quit: true } | { error: string };

/** What a key does: `name` as in docs/terminal.md. */
export interface Key {
  name: string;
  /** `Alt+ArrowUp`, in the order in which they are shown. */
  keys: string[];
  help: string;
  where: 'everywhere' | 'composer' | 'message';
}

/** What may stand for the word before the caret. */
export interface Offer {
  /** Of the text that is replaced. */
  from: number;
  to: number;
  candidates: { text: string; label: string; about: string }[];
}

export interface Task {
  task_id: string;
  room?: string;
  format?: string;
  status: 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
  progress: number;
  message: string;
  result?: { url: string; bytes: number; messages: number };
}
