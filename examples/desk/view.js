// What is shown of the agent's chats.

import { timeOf } from './chats.js';
import { $, h, keep, say } from './dom.js';

const STATUS = {
  connecting: 'Connecting …', live: 'Connected', lost: 'Connection lost – trying again …',
  anew: 'Forgotten by the server – connecting anew …', refused: 'The server refuses to tell what happens',
};
const STATES = {
  Invited: 'offered', Chatting: 'chatting', LeftChat: 'left, to be completed', Completed: 'completed',
  Revoked: 'taken back', Gone: 'ended while you were away',
};
const someone = { label: 'Address or id of a contact' };
// What may be done with a chat. With a title, something has to be known for it.
const ACTIONS = [
  { name: 'Transfer', title: 'Transfer the chat', isQueueToo: true, ...someone },
  { name: 'Consult', title: 'Consult somebody', ...someone },
  { name: 'CancelConsult', words: 'Cancel consult', fields: ({ consulted }) => ({ targetUri: consulted }) },
  { name: 'Invite', title: 'Invite somebody', ...someone },
  { name: 'Leave' },
  { name: 'Complete', className: 'main' },
];
const OFFER = [
  { name: 'Accept', className: 'main', fields: ({ nickname }) => ({ nickname }) },
  { name: 'Reject' },
];
// The API does not say how long an offer stands: routing strategies differ.
const SECONDS = Number(new URLSearchParams(window.location.search).get('offer') ?? 30);
const MANY = 8; // chats that are over, of which an agent still wants to know
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const link = (href) => h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, href);
const cross = (title, onclick) => h('button', { className: 'plain', title, ariaLabel: title, onclick }, '×');
const dim = (...words) => h('span', { className: 'dim' }, ...words);

// Buttons for what the server says that may be done now.
function buttons(parent, actions, chat, desk) {
  const act = ({ name, words, title, fields, ...more }) => {
    if (title) desk.ask(chat, { name, title, ...more });
    else desk.operate(chat, name, fields?.(chat), words);
  };
  const make = (action) => {
    const { name, words = name, className = '' } = action;
    return h('button', { className, onclick: () => act(action) }, words);
  };
  keep(parent, actions.filter(({ name }) => chat.can.includes(name)), ({ name }) => `${chat.id} ${name}`, make,
    (button, { name }) => { button.disabled = chat.busy.has(name); });
}

function content({ type, text = '', url = '', noticeText = '' }) {
  switch (type) {
    case 'Text': return text;
    case 'PushUrl': return h('span', {}, 'pushed ', /^https?:/i.test(url) ? link(url) : url);
    case 'CustomNotice': return `sent a notice: ${noticeText}`;
    case 'ParticipantJoined': return 'joined';
    case 'ParticipantRejoined': return 'came back';
    case 'ParticipantLeft': return 'left';
    default: return text || type;
  }
}

function line(chat, message) {
  const { missing } = message;
  if (missing) return h('li', {}, `${missing === 1 ? 'One entry is' : `${missing} entries are`} not shown to you`);
  const time = timeOf(message);
  const who = chat.isMine(message.from) ? 'You' : message.from?.nickname ?? 'Somebody';
  const when = h('time', { title: time?.toLocaleString() ?? '' }, time ? clock.format(time) : '');
  const by = h('span', { className: 'by' }, h('b', {}, who), when);
  return h('li', {}, by, h('span', { className: 'text' }, content(message)));
}

function classOf(chat, { missing, type, from, visibility }) {
  if (missing) return 'gap';
  const side = chat.isMine(from) ? 'mine' : from?.type === 'Agent' ? 'colleague' : 'theirs';
  return `${type === 'Text' ? `says ${side}` : 'happens'}${visibility === 'Agents' ? ' agents' : ''}`;
}

// The lines, and where some are missing that were asked for in vain, a word of it.
function transcript(chat) {
  let last = 0;
  return chat.sorted.flatMap((message) => {
    const missing = last ? message.index - last - 1 : 0;
    last = message.index;
    return [{ index: `before ${message.index}`, missing }, message];
  }).filter(({ missing, type }) => missing || (type && !type.startsWith('Typing')));
}

function count(ring, chat) {
  const left = Math.max(0, SECONDS - Math.floor((Date.now() - chat.offered) / 1000));
  ring.style.setProperty('--left', left / SECONDS);
  ring.textContent = left;
  ring.title = left ? `${left} s to answer` : 'It may be taken back at any moment';
}

function offers(list, desk) {
  const span = (className) => h('span', { className, ariaHidden: className === 'ring' });
  const make = () => h('div', { className: 'card offer' }, span('ring'), h('b'), span('dim'), span('row'));
  keep($('offers'), list, ({ id }) => id, make, (element, chat) => {
    const [ring, name, about, row] = element.children;
    say(name, chat.name);
    say(about, chat.userData.Subject ?? 'A new chat');
    buttons(row, OFFER, chat, desk);
    count(ring, chat);
  });
}

function list(where, chats, desk) {
  const make = (chat) => h('li', {}, h('button', { onclick: () => desk.turnTo(chat) }));
  keep(where, chats, ({ id }) => id, make, ({ firstElementChild: button }, chat) => {
    const said = chat.lines.filter(({ text }) => text).pop()?.text;
    button.ariaCurrent = chat === desk.open;
    const about = chat.typing.length ? 'typing …' : said ?? STATES[chat.state];
    button.replaceChildren(h('b', {}, chat.name), dim(about));
    if (chat.unread) button.append(h('span', { className: 'unread', title: 'unread' }, String(chat.unread)));
  });
}

function details(chat, desk) {
  keep($('participants'), chat.participants, ({ participantId, nickname }) => `${participantId} ${nickname}`,
    () => h('li'), (element, each) => {
      const what = each.visibility === 'Agents' ? 'agents only' : each.type.toLowerCase();
      element.replaceChildren(h('b', {}, each.nickname), dim(chat.isMine(each) ? 'you' : what));
    });
  const remove = (key) => desk.operate(desk.open, 'DeleteUserData', { keys: [key] });
  keep($('data'), Object.entries(chat.userData), ([key]) => key, ([key]) => {
    return h('div', {}, h('dt', {}, key), h('dd'), cross(`Delete ${key}`, () => remove(key)));
  }, ({ children: [, said, button] }, [, value]) => {
    said.textContent = typeof value === 'string' ? value : JSON.stringify(value);
    button.hidden = !chat.can.includes('DeleteUserData');
  });
  $('attach').hidden = !chat.can.includes('AttachUserData') && !chat.can.includes('UpdateUserData');
  $('disposition').hidden = !chat.can.includes('SetDisposition');
}

function opened(chat, desk) {
  $('name').textContent = chat.name;
  const isAlone = chat.participants.length > 0 && !chat.customer && !chat.isOver;
  $('state').textContent = isAlone ? 'the customer has left' : STATES[chat.state] ?? chat.state;
  $('state').dataset.state = isAlone ? 'Alone' : chat.state;
  buttons($('actions'), ACTIONS, chat, desk);

  const log = $('log');
  const isAtEnd = log.dataset.chat !== chat.id || log.scrollTop + log.clientHeight > log.scrollHeight - 40;
  keep(log, transcript(chat), ({ index }) => `${chat.id} ${index}`, (each) => line(chat, each),
    (element, each) => { element.className = classOf(chat, each); });
  log.dataset.chat = chat.id;
  if (isAtEnd) log.scrollTop = log.scrollHeight;
  say($('typing'), chat.typing.map(({ who, text }) => `${who} is typing … ${text}`).join(' · '));

  const { text, aside } = $('write').elements;
  const [isToAll, isToAgents] = ['SendMessage', 'SendToAgents'].map((name) => chat.can.includes(name));
  aside.checked = isToAgents && (aside.checked || !isToAll);
  aside.disabled = !isToAll;
  aside.parentElement.hidden = !isToAgents;
  $('write').hidden = !isToAll && !isToAgents;
  text.placeholder = aside.checked ? 'Write to agents only' : 'Write to the customer';
  $('push').hidden = !chat.can.includes('SendUrl');
  details(chat, desk);
}

export function show(desk) {
  const { chats: { known }, open, status, why, ready } = desk;
  open?.see();
  const offered = known.filter(({ isOffer }) => isOffer);
  document.title = offered.length ? `(${offered.length}) Desk` : 'Desk';
  $('who').textContent = desk.me.name;
  say($('status'), STATUS[status] + (why && ` – ${why}`));
  $('status').dataset.status = status;
  $('ready').ariaPressed = ready;
  $('not-ready').ariaPressed = !ready;
  offers(offered, desk);
  list($('chats'), known.filter(({ isOffer, isOver }) => !isOffer && !isOver), desk);
  list($('over'), known.filter(({ isOver }) => isOver).slice(-MANY).reverse(), desk);
  $('nothing').hidden = Boolean(open);
  for (const each of [$('open'), $('details')]) each.hidden = !open;
  if (open) opened(open, desk);
}

// Tells the agent what went wrong, until it is clicked away.
export function note(words, chat) {
  const close = cross('Dismiss', () => box.remove());
  const box = h('div', { className: 'note' }, h('span', {}, h('b', {}, chat ? `${chat.name} – ` : ''), words), close);
  $('notes').append(box);
  if ($('notes').children.length > 3) $('notes').firstChild.remove();
}
