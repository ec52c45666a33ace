'use strict';

// What can be wrong with a server, by name: each changes answers, or events, that would have been right.
// An answer is { status, body, text, kind, late }, where `text` is sent in the place of `body`; an event becomes
// a list of { channel, data, late }. `late` is in milliseconds.
const { statusChange } = require('./chat.js');

const LATE = 1000;
const REFERENCE_OF_ACCEPT = 17;
const REFUSED = { statusCode: 2, statusMessage: 'Operation is not possible' };
const NOT_FOUND = { statusCode: 6, statusMessage: 'Resource not found' };

// What an event is: its chat's state, or what has changed, or whose line it is.
function nameOf({ notificationType, chat, messages }) {
  if (messages) return messages.length > 1 ? 'History' : `${messages[0].from.type} ${messages[0].type}`;
  return notificationType === 'StatusChange' ? chat.state : notificationType;
}

// Changes of a value, which are made to a copy. A path has a list's indices as names.

function at(path, change) {
  return (value) => {
    // As it goes over the wire: a structured clone keeps what several messages share, and would change it in all.
    const copy = JSON.parse(JSON.stringify(value));
    const names = path.split('.');
    const last = names.pop();
    change(names.reduce((inner, name) => inner[name], copy), last);
    return copy;
  };
}

const set = (path, made) => at(path, (inner, name) => { inner[name] = typeof made === 'function' ? made(inner[name]) : made; });
const remove = (path) => at(path, (inner, name) => (Array.isArray(inner) ? inner.splice(name, 1) : delete inner[name]));
const rename = (path, other) =>
  at(path, (inner, name) => {
    inner[other] = inner[name];
    delete inner[name];
  });
const both = (one, other) => (value) => other(one(value));

// Changes of what one thing says.

const answer = (name, change) => ({ answers: { [name]: (told) => ({ ...told, body: change(told.body) }) } });
const told = (name, more) => ({ answers: { [name]: (right) => ({ ...right, ...more }) } });
const event = (name, change) => ({ events: () => ({ [name]: (data) => [{ data: change(data) }] }) });
const instead = (name, make) => ({ events: () => ({ [name]: make }) });
const missing = (name) => instead(name, () => []);
const twice = (name) => instead(name, (data) => [{ data }, { data }]);

// The first is kept back until the second has been told.
function swapped(first, second) {
  return {
    events() {
      const kept = [];
      let over = false;
      return {
        [first](data) {
          if (over) return [{ data }];
          kept.push({ data });
          return [];
        },
        [second](data) {
          over = true;
          return [{ data }, ...kept.splice(0)];
        },
      };
    },
  };
}

function merged(first, second) {
  return {
    events() {
      const kept = [];
      return {
        [first](data) {
          kept.push(...data.messages);
          return [];
        },
        [second]: (data) => [{ data: { ...data, messages: [...kept.splice(0), ...data.messages] } }],
      };
    },
  };
}

// From its history on, a chat bears another id, which is as good.
function renumbered() {
  return {
    events() {
      const other = ({ id, uri }) => JSON.parse(JSON.stringify({ id, uri }).replaceAll(id, id.replace(/...$/, 'ZZ9')));
      const moved = (data) => {
        if (data.chat) return [{ data: { ...data, chat: { ...data.chat, ...other(data.chat) } } }];
        const id = data.chatUri.split('/').pop();
        return [{ data: { ...data, chatUri: other({ id, uri: data.chatUri }).uri } }];
      };
      const later = ['History', 'Agent Text', 'Customer TypingStarted', 'PropertiesUpdated', 'Customer Text', 'Completed'];
      return Object.fromEntries(later.map((name) => [name, moved]));
    },
  };
}

// Whoever takes part in a chat bears the same id.
function allAlike() {
  const alike = (value) => JSON.parse(JSON.stringify(value).replace(/("participantId":")\w+/g, '$10090000000000001'));
  const told = ['ParticipantsUpdated', 'History', 'Agent Text', 'Customer TypingStarted', 'Customer Text'];
  return {
    ...answer('GetChat', alike),
    events: () => Object.fromEntries(told.map((name) => [name, (data) => [{ data: alike(data) }]])),
  };
}

// Somebody has come in addition, once the history is there.
function joined() {
  return {
    events() {
      let before;
      return {
        ParticipantsUpdated(data) {
          before = data;
          return [{ data }];
        },
        History: (data) => [{ data }, { data: set('chat.participants', (list) => [...list, somebodyElse])(before) }],
      };
    },
  };
}

function beforeItsCause() {
  const early = ({ id, uri }) => statusChange({ id, uri, reference: REFERENCE_OF_ACCEPT });
  return {
    events: () => ({ Invited: (data) => [{ data }, { data: early(data.chat) }], Chatting: () => [] }),
  };
}

const inMilliseconds = (messages) => messages.map((each) => ({ ...each, timestamp: Date.parse(each.timestamp.replace(/(\d\d)$/, ':$1')) }));
const inSeconds = (messages) => messages.map((each) => ({ ...each, timestamp: each.timestamp.replace(/[.]\d+/, '') }));
const somebodyElse = { type: 'Supervisor', nickname: 'Anna', participantId: '0090000000000001' };

const MUTATIONS = {
  nothing: {},

  'answer-field-renamed': answer('GetChat', rename('chat.state', 'status')),
  'answer-field-missing': answer('GetChat', remove('chat.capabilities')),
  'answer-field-extra': answer('GetChat', set('chat.priority', 5)),
  'answer-number-as-string': answer('Accept', set('statusCode', String)),
  'answer-string-as-number': answer('GetChat', set('chat.chatType', 1)),
  'answer-object-as-array': answer('GetChat', set('chat.userData', (data) => Object.entries(data))),
  'answer-null': answer('GetChat', set('chat.participants', null)),
  'answer-list-shorter': answer('GetChat', remove('chat.capabilities.3')),
  'answer-status': told('Accept', { status: 202 }),
  'answer-failed': told('SendMessage', { status: 500, body: NOT_FOUND }),
  'answer-error-in-200': told('SendMessage', { body: NOT_FOUND }),
  'answer-no-json': told('Accept', { text: 'OK' }),
  'answer-empty': told('Complete', { text: '' }),
  'answer-refused': { ...told('AttachUserData', { status: 403, body: REFUSED }), ...missing('PropertiesUpdated') },
  'answer-late': told('GetChat', { late: LATE }),
  'answer-of-the-session': answer('GetMe', rename('user.userName', 'name')),

  'event-field-renamed': event('Chatting', rename('notificationType', 'notification')),
  'event-field-renamed-deep': event('ParticipantsUpdated', rename('chat.participants.1.participantId', 'id')),
  'event-field-missing': event('Customer Text', remove('messages.0.visibility')),
  'event-field-extra': event('Completed', set('chat.duration', 12)),
  'event-number-as-string': event('Chatting', set('referenceId', String)),
  'event-index-as-string': event('Customer Text', set('messages.0.index', String)),
  'event-null': event('Customer Text', set('messages.0.text', null)),
  'event-as-text': event('PropertiesUpdated', JSON.stringify),
  'event-value': event('Chatting', set('chat.state', 'Active')),
  'event-last-value': event('Completed', set('chat.state', 'Closed')),
  'event-other-id': event('History', set('messages.0.from.participantId', '0090000000000001')),
  'event-other-nickname': event('ParticipantsUpdated', set('chat.participants.0.nickname', 'Agent')),
  'event-times-as-numbers': event('History', set('messages', inMilliseconds)),
  'event-participants-reordered': event('ParticipantsUpdated', set('chat.participants', (list) => list.toReversed())),
  'event-list-shorter': event('History', remove('messages.3')),
  'event-capability-missing': event('Chatting', remove('chat.capabilities.3')),
  'event-list-emptied': event('Chatting', set('chat.capabilities', [])),
  'event-many-fields': event(
    'PropertiesUpdated',
    both(both(rename('chat.state', 'status'), rename('chat.userData', 'attached')), set('referenceId', null)),
  ),
  'event-missing-invite': missing('Invited'),
  'event-missing-first': missing('Chatting'),
  'event-missing-middle': missing('ParticipantsUpdated'),
  'event-missing-last': missing('Completed'),
  'event-doubled': twice('ParticipantsUpdated'),
  'event-doubled-invite': twice('Invited'),
  'event-doubled-later': instead('Agent Text', (data) => [{ data }, { data, late: 60 }]),
  'event-swapped-dependent': swapped('Chatting', 'ParticipantsUpdated'),
  'event-swapped-last': swapped('Customer TypingStarted', 'Customer Text'),
  'event-swapped-independent': swapped('Customer TypingStarted', 'PropertiesUpdated'),
  'event-late': instead('Customer Text', (data) => [{ data, late: LATE }]),
  'event-other-channel': instead('ParticipantsUpdated', (data) => [{ data, channel: '/v2/me/calls' }]),
  'event-chat-renumbered': renumbered(),
  'event-unknown': instead('History', (data) => [{ data }, { data: { messageType: 'AgentStateChanged', state: 'Busy' } }]),
  'event-extra': joined(),
  'event-before-its-cause': beforeItsCause(),
  'events-merged': merged('Customer TypingStarted', 'Customer Text'),

  // Thought of when `verify` was right about all of the above, and held against it once.
  'answer-list-as-object': answer('GetChat', set('chat.capabilities', (list) => ({ ...list }))),
  'answer-list-longer': answer('GetChat', set('chat.capabilities', (list) => [...list, 'Consult'])),
  'answer-field-extra-deep': answer('GetChat', set('chat.participants.0.role', 'Owner')),
  'answer-number-as-boolean': answer('Complete', set('statusCode', false)),
  'answer-session-failed': told('Ready', { status: 500, body: NOT_FOUND }),
  'answer-session-as-list': answer('GetMe', (body) => [body]),
  'answer-other-kind': told('GetChat', { kind: 'text/html; charset=utf-8' }),
  'answer-other-host': answer('GetChat', set('chat.uri', (uri) => uri.replace('http://', 'http://other.'))),
  'answer-other-chat': answer('GetChat', set('chat.id', '0000Xa9B26EF009Z')),
  'answer-accept-refused': {
    ...told('Accept', { status: 403, body: REFUSED }),
    events: () => ({ Chatting: () => [], ParticipantsUpdated: () => [], History: () => [] }),
  },
  'event-other-path': event('Customer Text', set('chatUri', (uri) => uri.replace('/api/', '/gws/api/'))),
  'event-chat-null': event('Completed', set('chat', null)),
  'event-hollow': event('PropertiesUpdated', () => ({})),
  'event-not-echoed': event('Agent Text', set('messages.0.text', 'Something else')),
  'event-small-letter': event('Customer Text', rename('chatUri', 'chaturi')),
  'event-times-shorter': event('History', set('messages', inSeconds)),
  'event-swapped-back': swapped('ParticipantsUpdated', 'History'),
  'event-first-comes-last': swapped('Chatting', 'History'),
  'event-missing-two': { events: () => ({ Chatting: () => [], ParticipantsUpdated: () => [] }) },
  'event-missing-typing': missing('Customer TypingStarted'),
  'event-tripled': instead('ParticipantsUpdated', (data) => [{ data }, { data }, { data }]),
  'event-doubled-last': twice('Completed'),
  'event-doubled-after-all': instead('Completed', (data) => [{ data }, { data, late: 300 }]),
  'event-unknown-after-all': instead('Completed', (data) => [{ data }, { data: { messageType: 'AgentStateChanged' }, late: 300 }]),
  'event-doubled-otherwise': instead('ParticipantsUpdated', (data) => [{ data }, { data: set('chat.state', 'Active')(data) }]),
  'event-participants-alike': allAlike(),
  'event-reference-extra': event('ParticipantsUpdated', set('referenceId', 17)),
  'event-value-and-list': event('ParticipantsUpdated', both(set('chat.state', 'Active'), remove('chat.participants.1'))),
  'event-missing-and-value': { events: () => ({ Chatting: () => [], Completed: (data) => [{ data: set('chat.state', 'Closed')(data) }] }) },
};

// `answered(name, status, body)` is what becomes of an answer; `events(publish)` wraps what publishes to
// one client.
function mutationNamed(name) {
  const mutation = Object.hasOwn(MUTATIONS, name) && MUTATIONS[name];
  if (!mutation) throw new Error(`--mutate takes one of ${Object.keys(MUTATIONS).join(', ')}, not ${name}`);
  const { answers = {}, events = () => ({}) } = mutation;

  return {
    answered(operation, status, body) {
      const right = { status, body, kind: 'application/json', late: 0 };
      // Of what is refused nothing is changed.
      const changed = answers[operation] && status === 200 ? answers[operation](right) : right;
      const { text = JSON.stringify(changed.body) } = changed;
      return { status: changed.status, text, kind: changed.kind, late: changed.late };
    },

    events(publish) {
      const changes = events();
      return (channel, ...all) => {
        const made = all.flatMap((data) => (changes[nameOf(data)] || ((same) => [{ data: same }]))(data));
        const now = made.filter((each) => !each.late && !each.channel).map((each) => each.data);
        if (now.length) publish(channel, ...now);
        for (const each of made) {
          if (each.late) setTimeout(() => publish(channel, each.data), each.late);
          else if (each.channel) publish(each.channel, each.data);
        }
      };
    },
  };
}

module.exports = { mutationNamed };
