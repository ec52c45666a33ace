import { expect, test } from './fixtures.mjs';

test('an invitation appears, a click accepts it, and the history shows', async ({ desk }) => {
  await desk.getByRole('button', { name: 'Accept' }).click();

  await expect(desk.getByRole('log').getByRole('listitem')).toHaveText(
    ['PersonP joined', 'PersonP: Hello World', 'Marat joined']);
  await expect(desk.getByRole('button')).toHaveCount(0);
});

test('a server that is busy is told to the agent, who tries again', async ({ desk, simulator }) => {
  const busy = await simulator.fault({ fault: 'status', where: { step: 'accept' }, settings: { status: 503 } });
  const accept = desk.getByRole('button', { name: 'Accept' });

  await accept.click();
  await expect(desk.getByRole('alert')).toHaveText('The chat was not accepted (HTTP 503): try again');

  await busy.off();
  await accept.click();
  await expect(desk.getByRole('log')).toContainText('Hello World');
  await expect(desk.getByRole('alert')).toBeEmpty();
});
