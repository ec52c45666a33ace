// The server: REST for what the agent does, CometD for what happens.

const { CometD } = window.org.cometd;
const PATIENCE = 10_000; // milliseconds
const AGAIN = 1000; // milliseconds before a subscription that was lost is tried again
const CHANNELS = '/v2/me/*';
const WORDS = [
  'it was done', 'something that is required was not said', 'it is not possible in the present state',
  'it is forbidden', 'the server, or one behind it, is in trouble', 'you have no permission for it',
  'there is no such thing, or not any more', 'only a part of it was done', 'the password has to be changed first',
  'it is not finished yet', 'a value is not valid', 'it can only be read', 'it could not be read',
  'it could not be created', 'it could not be deleted', 'it could not be changed', 'it could not be assigned',
  'it could not be taken back', 'there is one already', 'it is in use',
  'user or password is not right, or the login has expired',
];

export class Failure extends Error {
  constructor(words, status = 0, code = -1) {
    super(words);
    Object.assign(this, { status, code });
  }
}

// What an answer says, or why there is none, in words.
async function read(response) {
  const text = await response.text();
  let said = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    if (response.ok && text) throw new Failure('the answer cannot be read', response.status);
  }
  // Some answers say `status`, and some say the number as a string.
  const code = Number(said.statusCode ?? said.status ?? (response.ok ? 0 : -1));
  if (response.ok && (code === 0 || code === 7)) return said;
  const message = said.statusMessage ?? (code < 0 ? text.slice(0, 200) : '');
  const words = WORDS[code] ?? 'the server refused it';
  throw new Failure(`${words}${message && ` – “${message}”`} (HTTP ${response.status})`, response.status, code);
}

export class Gws {
  #headers;
  #cometd = new CometD();
  #renewing = null;

  // `heard` is given each event's data, `status` a word on the connection; `recover` is called whenever
  // events may have been missed: after each handshake, once the channels are subscribed to.
  constructor({ url, user, password }, { heard, status, recover }) {
    this.api = `${url.replace(/\/+$/, '')}/api/v2`;
    const basic = btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)));
    this.#headers = { Authorization: `Basic ${basic}` };
    const cometd = this.#cometd;
    // The headers are read for each request: a CSRF token that comes later is sent too.
    const delays = { maxNetworkDelay: PATIENCE, maxBackoff: PATIENCE };
    cometd.configure({ url: `${this.api}/notifications`, requestHeaders: this.#headers, ...delays });
    for (const type of cometd.getTransportTypes()) if (type !== 'long-polling') cometd.unregisterTransport(type);
    cometd.onListenerException = (error) => reportError(error);
    let isLost = false;
    let isRefused = false;
    const subscribe = () => cometd.subscribe(CHANNELS, ({ data }) => heard(data), (reply) => {
      isRefused = reply.error?.startsWith('403') ?? false;
      if (isRefused) status('refused', reply.error);
      else if (reply.successful) recover();
      else if (reply.failure) setTimeout(subscribeAgain, AGAIN, cometd.getClientId());
    });
    const subscribeAgain = (client) => client === cometd.getClientId() && subscribe();
    cometd.addListener('/meta/handshake', ({ successful }) => {
      if (!successful) return;
      isLost = false;
      // A handshake begins anew: subscriptions are gone, and so is what nobody listened to.
      subscribe();
    });
    cometd.addListener('/meta/connect', ({ successful }) => {
      if (!successful) return;
      if (!isRefused) status('live');
      // The client is still known, but an answer with events may have been lost on its way.
      if (isLost) recover();
      isLost = false;
    });
    cometd.addListener('/meta/unsuccessful', ({ channel, error, failure, advice }) => {
      if (cometd.isDisconnected()) return;
      isLost ||= channel === '/meta/connect';
      if (failure?.httpCode === 403) this.#renew().catch(() => {});
      if (advice?.reconnect === 'none') status('refused', error);
      else if (error?.startsWith('402')) status('anew');
      else if (channel !== '/meta/subscribe') status('lost');
    });
  }

  // Who is it, and the session at the contact centre; what of it was not possible, in words.
  async logIn() {
    const { user } = await this.#once('GET', '/me');
    this.me = user ?? {};
    const session = { operationName: 'StartContactCenterSession', channels: ['chat'] };
    const { failed = [] } = await this.#once('POST', '/me', session);
    return failed.map((each) => `${each.channel}: ${WORDS[each.statusCode] ?? ''} – “${each.statusMessage}”`);
  }

  listen() { this.#cometd.handshake(); }

  async logOut() {
    await new Promise((done) => {
      if (this.#cometd.isDisconnected()) done();
      else this.#cometd.disconnect(done);
    });
    // Last, since the login ends with it.
    await this.#once('POST', '/me', { operationName: 'EndContactCenterSession' });
  }

  get(path) { return this.#ask('GET', path); }
  operate(path, operationName, fields) { return this.#ask('POST', path, { operationName, ...fields }); }

  // Asks, and once more after another login if the last one, or its CSRF token, has expired.
  async #ask(...what) {
    try {
      return await this.#once(...what);
    } catch (failure) {
      const isOver = failure.code === 20 || (failure.status === 403 && /csrf/i.test(failure.message));
      if (!isOver) throw failure;
    }
    await this.#renew();
    return this.#once(...what);
  }

  #renew() {
    this.#renewing ??= this.logIn().finally(() => { this.#renewing = null; });
    return this.#renewing;
  }

  async #once(method, path, body) {
    let response;
    try {
      response = await fetch(this.api + path, {
        method,
        credentials: 'include',
        headers: { ...(body && { 'Content-Type': 'application/json' }), ...this.#headers },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch ({ name }) {
      const isLate = name === 'TimeoutError';
      throw new Failure(isLate ? 'the server does not answer: it may be done' : 'the server cannot be reached');
    }
    // With CSRF protection every GET says under which name which token is wanted.
    const token = response.headers.get('X-CSRF-HEADER');
    if (token) this.#headers[token] = response.headers.get(token);
    return read(response);
  }
}
