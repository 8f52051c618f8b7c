/** The live socket: subscribes, decodes, and comes back after a loss with what the page holds already. */

import { at } from '../page/place.js';
import { compareFiles } from '../page/opened.js';

/** @import { Arrays, Header, Since, Told, View } from './wire.d.ts' */

const FIRST_WAIT = 250;
const LONGEST_WAIT = 5000;
/** @type {{[D in keyof Arrays]: new (buffer: ArrayBuffer, offset: number, length: number) => Arrays[D]}} */
const ARRAYS = { float64: Float64Array, float32: Float32Array, uint32: Uint32Array, uint16: Uint16Array };

/**
 * A binary frame: uint32 header length, JSON header, arrays at offsets from the header's end, each aligned to 8 bytes.
 * @param {ArrayBuffer} buffer
 * @returns {{header: Header, view: View}}
 */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { header, view: ({ dtype, offset, length: n }) => new ARRAYS[dtype](buffer, 4 + length + offset, n) };
}

export class Live {
  /**
   * @param {{message: (told: Told) => void, frame: (header: Header, view: View) => void, state: (state: 'waiting' | 'live' | 'disconnected') => void,
   *   since: (run: string) => Since | null}} hooks
   */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {string[]} */
    this.runs = [];
    /** @type {string[]} */
    this.streams = [];
    /** @type {string[]} */
    this.topics = [];
    this.wanted = '';
    this.timer = 0;
    this.wait = FIRST_WAIT;
    this.greeted = false;
    addEventListener('offline', () => this.socket.close());
    addEventListener('online', () => this.#soon(0));
    addEventListener('visibilitychange', () => document.visibilityState === 'visible' && !this.greeted && this.#soon(0));
    this.hooks.state('waiting');
    this.socket = this.#connect();
  }

  /**
   * What the page wants from now on; replaces what it wanted before. A topic tells that something changed, and no more.
   * @param {string[]} runs @param {string[]} streams @param {string[]} [topics] such as `studies/<id>`
   */
  subscribe(runs, streams, topics = []) {
    const wanted = JSON.stringify([runs, streams, topics]);
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    [this.runs, this.streams, this.topics] = [runs, streams, topics];
    if (this.greeted) this.#say({});
  }

  /** @param {Record<string, Since>} since what is held of runs */
  #say(since) {
    const { runs, streams, topics } = this;
    if (runs.length || topics.length) this.socket.send(JSON.stringify({ type: 'subscribe', runs, streams, since, ...(topics.length ? { topics } : {}) }));
  }

  #connect() {
    clearTimeout(this.timer);
    this.timer = 0;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${at('/api/live')}`);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = () => this.#lost(socket);
    return socket;
  }

  /** @param {string | ArrayBuffer} data */
  #heard(data) {
    if (typeof data !== 'string') {
      const { header, view } = decode(data);
      this.hooks.frame(header, view);
      return;
    }
    /** @type {Told} */
    const message = JSON.parse(data);
    if (message.type === 'hello') this.#greet(message);
    else this.hooks.message(message);
  }

  /** @param {Extract<Told, {type: 'hello'}>} message */
  #greet({ files }) {
    compareFiles(files);
    this.greeted = true;
    this.wait = FIRST_WAIT;
    this.hooks.state('live');
    /** @type {Record<string, Since>} */
    const since = {};
    for (const run of this.runs) {
      const held = this.hooks.since(run);
      if (held) since[run] = held;
    }
    this.#say(since);
  }

  /** @param {WebSocket} socket */
  #lost(socket) {
    if (socket !== this.socket) return;
    this.greeted = false;
    this.hooks.state('disconnected');
    this.#soon(this.wait * (0.5 + Math.random() / 2));
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
  }

  /** @param {number} delay ms */
  #soon(delay) {
    if (this.socket.readyState < WebSocket.CLOSING) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.socket = this.#connect()), delay);
  }
}
