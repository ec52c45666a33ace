'use strict';

// What follows from an agent's operations on a chat that has been accepted: milliseconds after the
// request, and the event. A customer reads each line of the agent, types and answers.
const ECHO = 25;
const CUSTOMER_TYPES = 70;
const CUSTOMER_ANSWERS = 130;

function lines(chat, time) {
  const log = (type, from, extra = {}) => ({
    messageType: 'MessageLogUpdated',
    notificationType: 'NewMessages',
    messages: [{ index: chat.index++, type, from, ...extra, visibility: 'All', timestamp: time() }],
    chatUri: chat.uri,
  });
  const own = (type, extra) => () => ({ ...log(type, chat.agent, extra), referenceId: chat.reference });
  const status = (state, capabilities) => () => ({
    messageType: 'ChatStateChangeMessage',
    referenceId: chat.reference,
    notificationType: 'StatusChange',
    chat: { state, capabilities, id: chat.id, uri: chat.uri, participants: [] },
  });
  return {
    SendStartTypingNotification: () => [[ECHO, own('TypingStarted')]],
    SendStopTypingNotification: () => [[ECHO, own('TypingStopped')]],
    SendMessage: ({ text }) => {
      const answer = `Answer ${++chat.answers} of the customer`;
      return [
        [ECHO, own('Text', { text })],
        [CUSTOMER_TYPES, () => log('TypingStarted', chat.customer)],
        [CUSTOMER_ANSWERS, () => log('Text', chat.customer, { text: answer })],
      ];
    },
    Transfer: () => [[ECHO, status('LeftChat', ['Complete'])]],
    Complete: () => [[ECHO, status('Completed', [])]],
  };
}

// The events an operation causes, each made when it is due; undefined if there is no such operation.
function follow(chat, body, time) {
  const made = lines(chat, time)[body.operationName];
  return made && made(body);
}

module.exports = { follow };
