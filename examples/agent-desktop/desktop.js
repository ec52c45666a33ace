'use strict';

// An agent's chat desktop on Genesys Web Services: REST for what the agent does, CometD for what happens.

const { CometD } = require('cometd');

// A chat never goes back: an event that says so is an old one that came late.
const AGES = ['Invited', 'Chatting', 'LeftChat', 'Completed', 'Revoked'];
// What may be asked again although the first may have been done; a message would be said twice.
const SAFE_TWICE = [undefined, 'StartContactCenterSession', 'Ready', 'Accept'];

// The first message of a chat that is missing, 0 if none is; some servers leave gaps, so it is asked for once.
function gapOf({ log, askedFor }) {
  const last = Math.max(0, ...log.keys());
  let index = askedFor + 1;
  while (log.has(index)) index++;
  return index < last ? index : 0;
}

const later = (delay) => new Promise((resolve) => setTimeout(resolve, delay));

class Desktop {
  constructor({ url, user, transport = 'long-polling', timeout = 5000, pause = 1000, attempts = 3, changed = () => {} }) {
    Object.assign(this, { timeout, pause, attempts, changed, api: `${url}/api/v2`, chats: new Map() });
    this.headers = { Authorization: `Basic ${btoa(`${user}:secret`)}` };
    this.cometd = new CometD();
    this.cometd.configure({
      url: `${this.api}/notifications`,
      requestHeaders: this.headers,
      logLevel: 'error',
      backoffIncrement: pause,
      maxNetworkDelay: timeout,
    });
    for (const type of this.cometd.getTransportTypes()) {
      if (type !== transport) this.cometd.unregisterTransport(type);
    }
  }

  async start() {
    await this.logIn();
    try {
      await this.listen();
      await this.ask('POST', '/me', { operationName: 'Ready' });
    } catch (error) {
      this.cometd.disconnect();
      throw error;
    }
  }

  stop() {
    return new Promise((resolve) => {
      if (this.cometd.isDisconnected()) resolve();
      else this.cometd.disconnect(resolve);
    });
  }

  async logIn() {
    await this.patiently('GET', '/me');
    await this.patiently('POST', '/me', { operationName: 'StartContactCenterSession', channels: ['chat'] });
  }

  listen() {
    return new Promise((resolve, reject) => {
      // Each handshake begins anew: subscriptions are gone, and so is what happened while nobody listened.
      this.cometd.addListener('/meta/handshake', ({ successful, advice, error }) => {
        // Otherwise the library tries again by itself.
        if (!successful && advice && advice.reconnect === 'none') reject(new Error(error));
        if (!successful) return;
        this.cometd.subscribe('/v2/me/chats', ({ data }) => this.hear(data), () => this.recover().then(resolve, reject));
      });
      this.cometd.handshake();
    });
  }

  accept(chat, nickname) { return this.operate(chat, 'Accept', { nickname }); }
  send(chat, text) { return this.operate(chat, 'SendMessage', { text }); }
  // Reject, Complete, Transfer, SendStartTypingNotification and the like.
  operate(chat, operationName, fields) { return this.ask('POST', `/me/chats/${chat}`, { operationName, ...fields }); }

  // Asks, and once more after another login if the last one has expired.
  async ask(...what) {
    try {
      return await this.patiently(...what);
    } catch (error) {
      if (!error.isLoggedOut) throw error;
    }
    await this.logIn();
    return this.patiently(...what);
  }

  // Asks until there is an answer, as often as that is safe and makes sense.
  async patiently(method, path, body) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(method, path, body);
      } catch (error) {
        const again = error.status ? error.status === 503 : SAFE_TWICE.includes(body && body.operationName);
        if (attempt === this.attempts || !again) throw error;
        await later(this.pause);
      }
    }
  }

  async once(method, path, body) {
    const response = await fetch(this.api + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...this.headers },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(this.timeout),
    });
    const text = await response.text();
    const isJson = String(response.headers.get('Content-Type')).startsWith('application/json');
    const { statusCode, statusMessage, ...answer } = isJson ? JSON.parse(text) : {};
    if (response.ok && statusCode === 0) return answer;
    const error = new Error(`${statusMessage || text} (${response.status})`);
    throw Object.assign(error, { status: response.status, isLoggedOut: statusCode === 20 });
  }

  async recover() {
    const { chats } = await this.ask('GET', '/me/chats?fields=*');
    for (const known of chats) await this.read(this.update(known, true));
  }

  async read(chat) {
    chat.askedFor = Math.max(0, ...chat.log.keys());
    this.log(chat, (await this.ask('GET', `/me/chats/${chat.id}/messages`)).messages);
  }

  hear({ messageType, notificationType, chat, chatUri, messages }) {
    if (messageType === 'ChatStateChangeMessage') this.update(chat, notificationType === 'ParticipantsUpdated');
    if (messageType !== 'MessageLogUpdated') return;
    // The only event that says by its URI alone which chat it is about.
    const told = this.chat(chatUri.split('/').pop(), 'Chatting');
    this.log(told, messages);
    if (gapOf(told)) this.read(told).catch((error) => console.error(error));
  }

  chat(id, state = 'Invited') {
    if (!this.chats.has(id)) this.chats.set(id, { id, state, can: [], participants: [], log: new Map(), askedFor: 0 });
    return this.chats.get(id);
  }

  update({ id, state, capabilities = [], participants }, withParticipants) {
    const chat = this.chat(id);
    this.tell(() => {
      if (AGES.indexOf(state) >= AGES.indexOf(chat.state)) Object.assign(chat, { state, can: capabilities });
      if (withParticipants) chat.participants = participants.map(({ nickname }) => nickname);
    });
    return chat;
  }

  log(chat, messages) {
    // By index: one that comes twice, or late, is still at its place.
    this.tell(() => messages.forEach((message) => chat.log.set(message.index, message)));
  }

  // Changes something, and lets whoever shows it know.
  tell(change) {
    change();
    this.changed(this);
  }

  // The chats as the agent sees them.
  view() {
    return [...this.chats.values()].map(({ id, state, can, participants, log }) => {
      const messages = [...log.values()].sort((one, other) => one.index - other.index);
      const texts = messages.filter(({ type }) => type === 'Text');
      const lastly = messages.filter(({ from }) => from.type === 'Customer').pop();
      return {
        id, state, can, participants,
        lines: texts.map(({ from, text }) => `${from.nickname}: ${text}`),
        is_typing: Boolean(lastly) && lastly.type === 'TypingStarted',
      };
    });
  }
}

module.exports = { Desktop };
