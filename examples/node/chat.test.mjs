import assert from 'node:assert/strict';
import { on } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Agent } from './agent.mjs';
import { Simulator } from './simulator.mjs';

const SCENARIO = fileURLToPath(new URL('chat.yaml', import.meta.url));
const PATIENCE = 30_000;
let simulator;

before(async () => { simulator = await Simulator.start([SCENARIO]); });
after(() => simulator?.stop());

/** A test with an agent that has joined, and `next`: the next event that it is told. */
function story(name, body) {
  test(name, async () => {
    const agent = new Agent(simulator.url, 'ann');
    const events = on(agent, 'event', { signal: AbortSignal.timeout(PATIENCE) });
    const next = async () => (await events.next()).value[0];
    try {
      await simulator.watch(async () => {
        await agent.join();
        await body(agent, next);
      });
    } finally {
      await agent.leave();
    }
  });
}

story('an agent accepts a chat, and hears three events', async (agent, next) => {
  const { chat } = await next();
  assert.equal(chat.state, 'Invited');

  await agent.accept(chat.id, 'Marat');

  assert.equal((await next()).chat.state, 'Chatting');
  assert.deepEqual((await next()).messages.map((each) => each.text ?? each.from.nickname),
    ['PersonP', 'Hello World', 'Marat']);
  assert.equal((await simulator.journal('kind=request')).length, 1);
});

story('a server that is busy for a moment is asked again', async (agent, next) => {
  const busy = await simulator.fault({
    fault: 'status', where: { step: 'accept' }, settings: { status: 503 }, limit: 1,
  });
  const { chat } = await next();

  await agent.accept(chat.id, 'Marat');

  assert.equal((await next()).chat.state, 'Chatting');
  assert.equal(await busy.struck(), 1);
});

story('what is typed by hand is heard', async (agent, next) => {
  await next();
  await simulator.push({ channel: '/v2/me/chats', data: { messageType: 'MessageLogUpdated' } });

  assert.deepEqual(await next(), { messageType: 'MessageLogUpdated' });
});
