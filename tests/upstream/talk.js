'use strict';

// What an agent does with a chat once its history is there: one operation after another, each when
// what the one before brought about has come. `expects` says what ends an operation.
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

// `operate(id, body)` makes a request on a chat and resolves when it is answered.
function createTalk({ lines, base, think, operate }) {
  const chats = new Map();

  function proceed(id) {
    const chat = chats.get(id);
    chat.current = chat.left.shift();
    if (chat.current) setTimeout(() => operate(id, chat.current.body), think);
  }

  return function received(data) {
    const id = data.chat ? data.chat.id : (data.chatUri || '').split('/').pop();
    const history = data.messages && data.messages.length > 1;
    if (!id || (!chats.has(id) && !history)) return;
    if (!chats.has(id)) chats.set(id, { left: operationsOf(lines, base), current: undefined });
    else if (!chats.get(id).current || !chats.get(id).current.expects(data)) return;
    proceed(id);
  };
}

module.exports = { createTalk };
