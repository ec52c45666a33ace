// The page under test, as small as it can be. Your own desktop takes the place of this folder.

import { CometD } from '/cometd/cometd.js';

const gws = new URLSearchParams(location.search).get('gws');
const cometd = new CometD();
const status = document.querySelector('[role=status]');
const alert = document.querySelector('[role=alert]');
const invitations = document.querySelector('ul');
const history = document.querySelector('ol');

function add(list, ...content) {
  const item = document.createElement('li');
  item.append(...content);
  list.append(item);
  return item;
}

async function accept(chat, item) {
  alert.textContent = '';
  const response = await fetch(`${gws}/api/v2/me/chats/${chat.id}`, {
    method: 'POST',
    credentials: 'include',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ operationName: 'Accept', nickname: 'Marat' }),
  });
  if (response.ok) item.remove();
  else alert.textContent = `The chat was not accepted (HTTP ${response.status}): try again`;
}

function invite(chat) {
  const button = Object.assign(document.createElement('button'), { textContent: 'Accept' });
  const item = add(invitations, `Chat ${chat.id} `, button);
  button.onclick = () => accept(chat, item);
}

cometd.configure({ url: `${gws}/api/v2/notifications`, logLevel: 'warn' });
cometd.addListener('/meta/connect', ({ successful }) => {
  status.textContent = successful ? 'connected' : 'connection lost';
});
cometd.handshake(({ successful }) => {
  if (!successful) return;
  cometd.subscribe('/v2/me/chats', ({ data: { chat, messages = [] } }) => {
    if (chat?.state === 'Invited') invite(chat);
    for (const { from, text } of messages) add(history, text ? `${from.nickname}: ${text}` : `${from.nickname} joined`);
  });
});
