'use strict';

const { randomBytes, randomInt } = require('node:crypto');
const { follow } = require('./conversation.js');

const CHANNEL = '/v2/me/chats';
const CAPABILITIES = [
  'Transfer',
  'Complete',
  'Leave',
  'InFocus',
  'SendMessage',
  'SendStartTypingNotification',
  'SendStopTypingNotification',
];
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ALPHANUMERIC = LETTERS + '0123456789';

const DEFAULTS = {
  inviteAfter: 300,
  // The three below all count from the moment Accept is received.
  statusAfter: 40,
  participantsAfter: 150,
  messagesAfter: 300,
  answerDelay: 10,
  eventBeforeAnswer: false,
  batch: false,
  inviteOnSubscribe: false,
  // How many chats an agent is offered, and how long after one another.
  chats: 1,
  nextChatAfter: 120,
  // The document's own host, not the one the client dials: real servers print a configured
  // address, and a recorder has to cope with that.
  uriHost: 'localhost:8080',
  // How many times slower all that follows from an operation is.
  slowness: 1,
};

function covers(pattern, channel) {
  if (pattern === channel) return true;
  if (pattern.endsWith('/**')) return channel.startsWith(pattern.slice(0, -2));
  if (!pattern.endsWith('/*')) return false;
  return channel.slice(0, channel.lastIndexOf('/')) === pattern.slice(0, -2);
}

function random(alphabet, length) {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

function idMaker() {
  let interactions = parseInt('002X', 36);
  // Seconds alone would give two servers started together the same participants.
  let participants = randomBytes(2).readUInt16BE();
  return {
    // Always a letter after the zeros: an id of digits, or like 0000123E5…, would be a number to YAML.
    interaction: () =>
      '0000' + random(LETTERS, 1) + random(ALPHANUMERIC, 7) +
      (interactions++).toString(36).toUpperCase().padStart(4, '0'),
    participant: () => {
      participants = (participants + 1) % 0x10000;
      const seconds = Math.floor(Date.now() / 1000).toString(16);
      return ('0090' + seconds + participants.toString(16).padStart(4, '0')).toUpperCase();
    },
  };
}

function invited(chat) {
  return {
    messageType: 'ChatStateChangeMessage',
    notificationType: 'StatusChange',
    chat: {
      id: chat.id,
      uri: chat.uri,
      path: `/chats/${chat.id}`,
      state: 'Invited',
      chatType: 'Inbound',
      receivedDate: '2014-01-02 14:23:18.000-0800',
      participants: [],
      capabilities: ['Accept', 'Reject'],
      userData: { ...chat.userData },
    },
  };
}

function chatting(chat, participants) {
  return { state: 'Chatting', capabilities: CAPABILITIES, id: chat.id, uri: chat.uri, participants };
}

function statusChange(chat) {
  return {
    messageType: 'ChatStateChangeMessage',
    referenceId: chat.reference,
    notificationType: 'StatusChange',
    chat: chatting(chat, []),
  };
}

// The list names the agent's first participant id although the history ends with a second one:
// that is what the document prints.
function participantsUpdated(chat) {
  return {
    messageType: 'ChatStateChangeMessage',
    notificationType: 'ParticipantsUpdated',
    chat: chatting(chat, [chat.agent, chat.customer]),
  };
}

function messageLog(chat) {
  const entry = (index, type, from, time, extra = {}) => ({
    index,
    type,
    from,
    ...extra,
    visibility: 'All',
    timestamp: `2014-01-02T14:23:${time}-0800`,
  });
  return {
    messageType: 'MessageLogUpdated',
    notificationType: 'NewMessages',
    messages: [
      entry(1, 'ParticipantJoined', chat.customer, '18.000'),
      entry(2, 'ParticipantJoined', chat.agent, '18.109'),
      entry(3, 'ParticipantLeft', chat.agent, '19.909'),
      entry(4, 'TypingStarted', chat.customer, '20.121'),
      entry(5, 'Text', chat.customer, '20.126', { text: 'Hello World' }),
      entry(6, 'ParticipantJoined', chat.agentAgain, '20.171'),
    ],
    chatUri: chat.uri,
  };
}

// Knows sessions only by their id and by publish(channel, ...data), which must deliver to that one
// session, and everything given in one call in one poll reply.
function createStory(options = {}) {
  const settings = { ...DEFAULTS, ...options };
  const ids = idMaker();
  const chats = new Map();
  const sessions = new Map();
  let reference = 17;

  function later(session, delay, action) {
    const timer = setTimeout(() => {
      session.timers.delete(timer);
      action();
    }, delay);
    session.timers.add(timer);
  }

  function offer(session) {
    const id = ids.interaction();
    const chat = { id, uri: `http://${settings.uriHost}/api/v2/chats/${id}`, session, accepted: false };
    chat.userData = { Subject: 'Hello', FirstName: 'PersonP' };
    chats.set(id, chat);
    session.publish(CHANNEL, invited(chat));
  }

  function notify(chat) {
    const { session } = chat;
    const tell = (delay, ...data) => {
      if (delay === 0) session.publish(CHANNEL, ...data);
      else later(session, delay, () => session.publish(CHANNEL, ...data));
    };
    const first = settings.eventBeforeAnswer ? 0 : settings.statusAfter;
    if (settings.batch) {
      tell(first, statusChange(chat), participantsUpdated(chat), messageLog(chat));
      return;
    }
    tell(first, statusChange(chat));
    tell(settings.participantsAfter, participantsUpdated(chat));
    tell(settings.messagesAfter, messageLog(chat));
  }

  return {
    subscribed(sessionId, pattern, publish) {
      if (sessions.has(sessionId) || !covers(pattern, CHANNEL)) return;
      const session = { publish: settings.mutation.events(publish), timers: new Set() };
      sessions.set(sessionId, session);
      if (settings.inviteOnSubscribe) offer(session);
      else {
        for (let number = 0; number < settings.chats; number++) {
          later(session, settings.inviteAfter + number * settings.nextChatAfter, () => offer(session));
        }
      }
    },

    left(sessionId) {
      const session = sessions.get(sessionId);
      if (!session) return;
      sessions.delete(sessionId);
      session.timers.forEach(clearTimeout);
      for (const chat of chats.values()) if (chat.session === session) chats.delete(chat.id);
    },

    accept(id, nickname) {
      const chat = chats.get(id);
      if (!chat) return 'unknown';
      if (chat.accepted) return 'accepted';
      chat.accepted = true;
      chat.reference = reference++;
      const participant = (type, name) => ({ type, nickname: name, participantId: ids.participant() });
      chat.customer = participant('Customer', 'PersonP');
      chat.agent = participant('Agent', nickname);
      chat.agentAgain = participant('Agent', nickname);
      chat.index = 7;
      chat.answers = 0;
      notify(chat);
      return 'ok';
    },

    operate(id, body) {
      const chat = chats.get(id);
      if (!chat || !chat.accepted) return 'unknown';
      const caused = follow(chat, body, reference, () => new Date().toISOString().replace('Z', '+0000'));
      if (!caused) return 'unknown';
      reference++;
      for (const [delay, make] of caused) {
        later(chat.session, delay * settings.slowness, () => chat.session.publish(CHANNEL, make()));
      }
      return 'ok';
    },

    // What is known of a chat that was accepted.
    look(id) {
      const chat = chats.get(id);
      if (!chat || !chat.accepted) return undefined;
      return {
        ...chatting(chat, [chat.agent, chat.customer]),
        path: `/chats/${id}`,
        chatType: 'Inbound',
        userData: { ...chat.userData },
      };
    },
  };
}

module.exports = { createStory, statusChange, covers, CHANNEL, DEFAULTS };
