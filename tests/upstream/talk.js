'use strict';

// What an agent does with a chat once its history is there: one operation after another, each when
// what the one before brought about has come. `expects` says what ends an operation; the answer does
// where it says nothing.
const notice = (type) => ({ messages = [] }) => messages.length === 1 && messages[0].type === type;
const fromCustomer = ({ messages = [] }) =>
  messages.length === 1 && messages[0].type === 'Text' && messages[0].from.type === 'Customer';
const state = (name) => ({ chat }) => Boolean(chat) && chat.state === name;

function operationsOf(lines, base) {
  const said = Array.from({ length: lines }, (_, index) => ({
    body: { operationName: 'SendMessage', text: `This is line ${index + 1} of the agent` },
    expects: fromCustomer,
  }));
  return [
    { body: { operationName: 'SendStartTypingNotification' }, expects: notice('TypingStarted') },
    ...said,
    { body: { operationName: 'SendStopTypingNotification' }, expects: notice('TypingStopped') },
    { body: { operationName: 'Transfer', targetUri: `${base}/api/v2/contacts/second-level` }, expects: state('LeftChat') },
    { body: { operationName: 'Complete' }, expects: state('Completed') },
  ];
}

// Looks at the chat, and says one line while it notes something: what follows from the one and what
// follows from the other come in between each other.
const BUSY = [
  {},
  { body: { operationName: 'SendMessage', text: 'This is line 1 of the agent' } },
  { body: { operationName: 'AttachUserData', userData: { Segment: 'Gold' } }, expects: fromCustomer },
  { body: { operationName: 'Complete' }, expects: state('Completed') },
];

// `operate(id, body)` makes a request on a chat, a look when there is no body, and resolves when it is
// answered.
function createTalk({ lines, busy, base, think, operate }) {
  const chats = new Map();

  function proceed(id) {
    const chat = chats.get(id);
    chat.current = chat.left.shift();
    if (!chat.current) return;
    const { body, expects } = chat.current;
    setTimeout(async () => {
      await operate(id, body);
      if (!expects) proceed(id);
    }, think);
  }

  return function received(data) {
    const id = data.chat ? data.chat.id : (data.chatUri || '').split('/').pop();
    const history = data.messages && data.messages.length > 1;
    if (!id || (!chats.has(id) && !history)) return;
    if (!chats.has(id)) chats.set(id, { left: busy ? [...BUSY] : operationsOf(lines, base), current: undefined });
    else if (!(chats.get(id).current || {}).expects || !chats.get(id).current.expects(data)) return;
    proceed(id);
  };
}

module.exports = { createTalk };
