// The desk: what the agent does goes to the server, what the server tells is shown.

import { Gws } from './api.js';
import { Chats } from './chats.js';
import { $ } from './dom.js';
import { aside, ask, obey, stopTyping, text } from './hands.js';
import { note, show } from './view.js';

const AGAIN = 3000; // milliseconds after which what was missed is asked for again
const desk = {
  gws: null, me: {}, chats: new Chats({}), open: null, status: 'connecting', why: '', ready: false,
  logIn, logOut, available, operate, ask, turnTo, changed,
};
const asked = new Map(); // operations by the number under which an error may speak of them
let drawn = 0;
let isOpened = false; // a moment ago: it is written in, once that is possible

// However much has changed, it is shown once.
function changed() {
  drawn ||= requestAnimationFrame(() => {
    drawn = 0;
    show(desk);
    if (!isOpened || $('write').hidden) return;
    isOpened = false;
    text.focus();
  });
}

function turnTo(chat) {
  stopTyping();
  if (desk.open) desk.open.draft = text.value;
  desk.open = chat;
  text.value = chat.draft;
  aside.checked = false;
  isOpened = true;
  changed();
}

const pathOf = (chat) => `/me/chats/${encodeURIComponent(chat.id)}`;

// Does something with a chat; true if the server takes it. That it was done comes as an event. If it
// has no words the agent need not know that it failed.
async function operate(chat, name, fields = {}, words = name) {
  chat.busy.add(name);
  changed();
  try {
    const { referenceId } = await desk.gws.operate(pathOf(chat), name, fields);
    if (referenceId !== undefined) asked.set(referenceId, words);
    if (name === 'Accept') turnTo(chat);
    return true;
  } catch (failure) {
    if (words) note(`${words}: ${failure.message}.`, chat);
    return false;
  } finally {
    chat.busy.delete(name);
    changed();
  }
}

function hear(data) {
  const channel = data.channels?.find((each) => each.channel === 'chat');
  if (channel?.userState) desk.ready = channel.userState.state === 'Ready';
  if (data.channels) return changed();
  const chat = desk.chats.hear(data);
  if (data.notificationType === 'Error') {
    const what = asked.get(data.referenceId) ?? 'What you asked for';
    note(`${what} was not done: ${data.errorMessage ?? 'the server does not say why'}.`, chat);
  }
  if (chat?.gap) readAgain(chat);
  return changed();
}

// The messages of a chat of which some are missing.
async function readAgain(chat) {
  if (chat.busy.has('read')) return;
  chat.busy.add('read');
  const last = chat.last;
  let messages = [];
  try {
    ({ messages = [] } = await desk.gws.get(`${pathOf(chat)}/messages`));
  } catch (failure) {
    note(`Some messages are missing: ${failure.message}.`, chat);
  }
  chat.busy.delete('read');
  chat.readAgain(messages, last);
  if (chat.gap) readAgain(chat);
  changed();
}

// After a handshake: what happened before is not told again, so the desk asks how all stands.
async function recover({ isAgain = false } = {}) {
  const since = performance.now();
  try {
    const { chats = [] } = await desk.gws.get('/me/chats?fields=*');
    desk.chats.recover(chats, since);
  } catch (failure) {
    if (!isAgain) note(`What has happened meanwhile is not known: ${failure.message}. The desk asks again.`);
    setTimeout(recover, AGAIN, { isAgain: true });
    return;
  }
  for (const chat of desk.chats.known) if (!chat.isOver && !chat.isOffer) readAgain(chat);
  changed();
}

async function logIn({ gws: url, user, password, nickname }) {
  const status = (word, why = '') => {
    Object.assign(desk, { status: word, why });
    changed();
  };
  desk.gws = new Gws({ url, user, password }, { heard: hear, recover, status });
  const failed = await desk.gws.logIn();
  const { id, firstName = user, lastName = '', channels } = desk.gws.me;
  desk.me = { id, name: `${firstName} ${lastName}`, nickname: nickname || firstName };
  desk.chats = new Chats(desk.me);
  hear({ channels: channels ?? [] });
  for (const words of failed) note(`You are logged in, but not to all channels. ${words}.`);
  desk.gws.listen();
}

async function logOut() {
  await desk.gws.logOut().catch(() => {});
  window.location.reload();
}

async function available(operation, isReady) {
  try {
    await desk.gws.operate('/me', operation);
    desk.ready = isReady;
  } catch (failure) {
    note(`${operation}: ${failure.message}.`);
  }
  changed();
}

obey(desk);
