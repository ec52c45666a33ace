// The agent under test, as small as it can be. Your own desktop's code takes the place of this file.

import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { CometD } from 'cometd';
import { adapt } from 'cometd-nodejs-client';

adapt();

/** Emits 'event' with the data of each event that it is told. */
export class Agent extends EventEmitter {
  #cometd = new CometD();

  constructor(url, user) {
    super();
    this.url = url;
    this.headers = { Authorization: `Basic ${Buffer.from(`${user}:secret`).toString('base64')}` };
    // Its socket in Node sends no headers, so nobody could tell whose it is.
    this.#cometd.websocketEnabled = false;
    this.#cometd.configure({
      url: `${url}/api/v2/notifications`, requestHeaders: this.headers, logLevel: 'error',
    });
  }

  /** Shakes hands, and listens to what is said of its chats. */
  async join() {
    const done = (call) => new Promise((resolve, reject) => {
      call((reply) => (reply.successful ? resolve() : reject(new Error(JSON.stringify(reply)))));
    });
    await done((reply) => this.#cometd.handshake(reply));
    const heard = ({ data }) => this.emit('event', data);
    await done((reply) => this.#cometd.subscribe('/v2/me/chats', heard, reply));
  }

  /** Accepts a chat. What a server cannot do now (5xx) is asked again, three times in all. */
  async accept(chat, nickname) {
    const body = JSON.stringify({ operationName: 'Accept', nickname });
    const headers = { ...this.headers, 'Content-Type': 'application/json' };
    for (let turn = 1; ; turn++) {
      const response = await fetch(`${this.url}/api/v2/me/chats/${chat}`, { method: 'POST', headers, body });
      if (response.ok) return;
      if (response.status < 500 || turn === 3) throw new Error(`Accept: HTTP ${response.status}`);
      await pause(50);
    }
  }

  /** Says goodbye. */
  leave() {
    return new Promise((resolve) => {
      if (this.#cometd.isDisconnected()) resolve();
      else this.#cometd.disconnect(resolve);
    });
  }
}
