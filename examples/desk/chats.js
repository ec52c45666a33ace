// What the agent's chats are, as far as the server has told. Knows neither the page nor the network.

// A chat never goes back: an event that says so came late. Only an offer may begin one again.
const AGES = ['', 'Invited', 'Chatting', 'LeftChat', 'Completed', 'Revoked'];
const ENDS = ['TypingStopped', 'Text', 'PushUrl', 'ParticipantLeft'];
const tail = (uri) => String(uri ?? '').split('/').pop();

// The documents show several forms of a time, one of them without anything between day and hour.
export function timeOf({ timestamp, timestampSeconds }) {
  const [, day, hour, zone, minutes] =
    /^(\d{4}-\d\d-\d\d)[T ]?([\d:]{8}(?:\.\d+)?)([+-]\d\d):?(\d\d)$/.exec(timestamp) ?? [];
  // In spite of its name it counts milliseconds.
  const time = new Date(day ? `${day}T${hour}${zone}:${minutes}` : timestampSeconds ?? timestamp);
  return Number.isNaN(time.getTime()) ? null : time;
}

export class Chat {
  state = '';
  can = [];
  participants = [];
  userData = {};
  log = new Map(); // by index, so that what comes twice or late is at its place
  told = 0; // when something was last said of it
  draft = '';
  busy = new Set(); // operations that have no answer yet
  consulted = ''; // whom the agent has last asked for a consultation
  #seen = 0; // the last index that the agent has looked at
  #askedFor = 0;
  #mine = new Set();

  constructor(id, nickname, me) { Object.assign(this, { id, nickname, me }); }

  get isOffer() { return this.state === 'Invited'; }
  get isOver() { return ['Completed', 'Revoked', 'Gone'].includes(this.state); }
  get sorted() { return [...this.log.values()].sort((one, other) => one.index - other.index); }
  get last() { return Math.max(0, ...this.log.keys()); }
  get lines() { return this.sorted.filter(({ type }) => type === 'Text'); }
  get unread() { return this.lines.filter(({ index, from }) => index > this.#seen && !this.isMine(from)).length; }
  get customer() { return this.participants.find(({ type }) => type === 'Customer'); }

  get name() {
    const { FirstName = '', LastName = '' } = this.userData;
    const somebody = this.customer ?? this.sorted.map(({ from }) => from).find((from) => from?.type === 'Customer');
    return `${FirstName ?? ''} ${LastName ?? ''}`.trim() || somebody?.nickname || `Chat ${this.id}`;
  }

  // The agent is another participant each time it joins, and the list may still have an older one.
  #learn(from) {
    if (from?.type !== 'Agent' || !from.participantId) return;
    const user = from.id ?? tail(from.uri);
    if (user ? user === this.me.id : from.nickname === this.nickname) this.#mine.add(from.participantId);
  }

  see() { this.#seen = this.last; }
  isMine(from) { return this.#mine.has(from?.participantId); }

  // Who is typing, and what, where the server shows that.
  get typing() {
    if (this.isOver) return [];
    const last = new Map();
    for (const { type, from = {}, text = '' } of this.sorted) {
      if (type === 'TypingStarted') last.set(from.participantId, { who: from.nickname, text, from });
      else if (ENDS.includes(type)) last.delete(from.participantId);
    }
    return [...last.values()].filter(({ from }) => !this.isMine(from));
  }

  // The first message that is missing, or 0. What stays missing once it was asked for is not for the agent.
  get gap() {
    let index = this.#askedFor + 1;
    while (this.log.has(index)) index++;
    return index < this.last ? index : 0;
  }

  update({ state, capabilities, participants, userData }, all) {
    const isOld = AGES.indexOf(state) < AGES.indexOf(this.state) && !(this.isOver && state === 'Invited');
    this.told = performance.now();
    if (!isOld) {
      if (state === 'Invited' && !this.isOffer) this.offered = Date.now();
      this.can = capabilities ?? (state === this.state ? this.can : []);
      this.state = state;
    }
    // A change of state may come with nobody in it, before those who take part are told.
    if (participants && (all || participants.length)) this.participants = participants.filter((each) => each.type);
    if (userData) this.userData = userData;
    this.participants.forEach((each) => this.#learn(each));
  }

  add(messages) {
    for (const message of messages) {
      this.#learn(message.from);
      this.log.set(message.index, message);
    }
  }

  // All messages as the server has them, asked for when `last` was the last that was known.
  readAgain(messages, last) {
    this.add(messages);
    this.#askedFor = Math.max(this.#askedFor, last, ...messages.map(({ index }) => index));
  }
}

export class Chats extends Map {
  constructor(me) { super(); this.me = me; }

  get known() { return [...this.values()].filter(({ state }) => state); }

  chat(id) {
    if (!this.has(id)) this.set(id, new Chat(id, this.me.nickname, this.me));
    return this.get(id);
  }

  // Takes an event of `/v2/me/chats`; the chat it is about, if it says so.
  hear({ notificationType, chat: said, chatUri, chatPath, messages }) {
    const id = said?.id ?? tail(chatUri ?? chatPath);
    if (!id) return null;
    const chat = this.chat(id);
    if (messages) chat.add(messages);
    else if (said?.state) chat.update(said, notificationType === 'ParticipantsUpdated');
    return chat;
  }

  // Takes the list of all chats; what is no more in it, and was not spoken of since it was asked for, is gone.
  recover(list, since) {
    for (const said of list) this.chat(said.id).update(said, true);
    const there = new Set(list.map(({ id }) => id));
    for (const chat of this.known) {
      if (!there.has(chat.id) && !chat.isOver && chat.told < since) Object.assign(chat, { state: 'Gone', can: [] });
    }
  }
}
