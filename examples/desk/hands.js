// What the agent's hands do: forms, keys, clicks.

import { $ } from './dom.js';

const IDLE = 3000; // milliseconds without a key after which nobody types any more
const wanted = new URLSearchParams(window.location.search);
const { text, aside } = $('write').elements;
const typing = { chat: null, timer: 0, whom: '' };
let desk;

export { aside, text };

// Lets the others know once that the agent types, and once that it has ceased to.
function startTyping() {
  clearTimeout(typing.timer);
  typing.timer = setTimeout(stopTyping, IDLE);
  if (typing.chat) return;
  Object.assign(typing, { chat: desk.open, whom: aside.checked ? 'ToAgents' : '' });
  tell('Start');
}

export function stopTyping({ isSaid = true } = {}) {
  clearTimeout(typing.timer);
  if (typing.chat && isSaid) tell('Stop');
  typing.chat = null;
}

function tell(what) {
  const name = `Send${what}Typing${typing.whom}Notification`;
  if (typing.chat.can.includes(name)) desk.operate(typing.chat, name, {}, '');
}

async function send() {
  const chat = desk.open;
  const said = text.value.trim();
  if (!said) return;
  stopTyping({ isSaid: false }); // the message says so itself
  text.value = '';
  if (await desk.operate(chat, aside.checked ? 'SendToAgents' : 'SendMessage', { text: said }, 'Send')) return;
  if (desk.open === chat) text.value ||= said;
  else chat.draft ||= said;
}

// Asks for what an operation needs; then does it.
export function ask(chat, { name, title, label, isQueueToo = false, type = 'text' }) {
  const dialog = $('ask');
  const { kind, target } = dialog.querySelector('form').elements;
  const isQueue = () => isQueueToo && kind.value === 'queueName';
  kind.onchange = () => { $('ask-label').textContent = isQueue() ? 'Name of the queue' : label; };
  Object.assign(target, { type, value: '' });
  kind.value = 'targetUri';
  kind.onchange();
  $('kind').hidden = !isQueueToo;
  $('ask-title').textContent = title;
  dialog.querySelector('.main').textContent = title.split(' ')[0];
  dialog.returnValue = '';
  dialog.onclose = () => {
    const said = target.value.trim();
    if (dialog.returnValue !== 'do') return;
    if (type === 'url') desk.operate(chat, name, { url: said }, title);
    else if (isQueue()) desk.operate(chat, name, { queueName: said });
    else {
      const targetUri = said.includes('/') ? said : `${desk.gws.api}/contacts/${encodeURIComponent(said)}`;
      if (name === 'Consult') chat.consulted = targetUri;
      desk.operate(chat, name, { targetUri });
    }
  };
  dialog.showModal();
  target.focus();
}

function onSubmit(id, then) {
  $(id).onsubmit = async (event) => {
    event.preventDefault();
    if (await then(Object.fromEntries(new FormData($(id))))) $(id).reset();
  };
}

async function logIn(fields) {
  const [button, wrong] = ['button', '.wrong'].map((each) => $('login').querySelector(each));
  button.disabled = true;
  wrong.textContent = '';
  try {
    await desk.logIn(fields);
    $('login').hidden = true;
    $('desk').hidden = false;
    $('ready').focus();
  } catch (failure) {
    wrong.textContent = `Log in: ${failure.message}.`;
  }
  button.disabled = false;
}

export function obey(theDesk) {
  desk = theDesk;
  onSubmit('login', logIn);
  $('logout').onclick = desk.logOut;
  $('ready').onclick = () => desk.available('Ready', true);
  $('not-ready').onclick = () => desk.available('NotReady', false);
  $('push').onclick = () => ask(desk.open, { name: 'SendUrl', title: 'Push a URL', label: 'URL', type: 'url' });
  $('cancel').onclick = () => $('ask').close('');
  onSubmit('write', send);
  text.oninput = () => (text.value ? startTyping() : stopTyping());
  text.onkeydown = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  aside.onchange = desk.changed;
  onSubmit('attach', ({ key, value }) => {
    const isThere = key in desk.open.userData && desk.open.can.includes('UpdateUserData');
    return desk.operate(desk.open, isThere ? 'UpdateUserData' : 'AttachUserData', { userData: { [key]: value } });
  });
  onSubmit('dispose', (fields) => desk.operate(desk.open, 'SetDisposition', fields));
  setInterval(desk.changed, 1000); // offers are counted down
  for (const field of $('login').elements) if (wanted.has(field.name)) field.value = wanted.get(field.name);
  const { gws, user } = $('login').elements;
  (gws.value && user.value ? $('login').querySelector('button') : gws).focus();
}
