'use strict';

// What follows from an agent's operations on a chat that has been accepted: milliseconds after the
// request, and the event. A customer reads each line of the agent, types and answers.
const ECHO = 25;
const CUSTOMER_TYPES = 70;
const CUSTOMER_ANSWERS = 130;
const ATTACHED = 100;

function lines(chat, reference, time) {
  const log = (type, from, extra = {}) => ({
    messageType: 'MessageLogUpdated',
    notificationType: 'NewMessages',
    messages: [{ index: chat.index++, type, from, ...extra, visibility: 'All', timestamp: time() }],
    chatUri: chat.uri,
  });
  const own = (type, extra) => () => ({ ...log(type, chat.agent, extra), referenceId: reference });
  const change = (notificationType, about) => () => ({
    messageType: 'ChatStateChangeMessage',
    referenceId: reference,
    notificationType,
    chat: { id: chat.id, uri: chat.uri, ...about },
  });
  const status = (state, capabilities) => change('StatusChange', { state, capabilities, participants: [] });
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
    AttachUserData: ({ userData }) => {
      Object.assign(chat.userData, userData);
      return [[ATTACHED, change('PropertiesUpdated', { state: 'Chatting', userData: { ...chat.userData } })]];
    },
    Transfer: () => [[ECHO, status('LeftChat', ['Complete'])]],
    Complete: () => [[ECHO, status('Completed', [])]],
  };
}

// The events an operation causes, each made when it is due; undefined if there is no such operation.
function follow(chat, body, reference, time) {
  const made = lines(chat, reference, time)[body.operationName];
  return made && made(body);
}

module.exports = { follow };
