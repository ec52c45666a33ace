// Fixtures: a simulator and a host of the page, once for each worker; the page, opened on both, for each test.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base } from '@playwright/test';
import { Simulator } from './simulator.mjs';

export { expect } from '@playwright/test';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

export const test = base.extend({
  simulator: [async ({}, use) => {
    const simulator = await Simulator.start([here('chat.yaml')]);
    await use(simulator);
    await simulator.stop();
  }, { scope: 'worker' }],

  // Where the page comes from. Your own development server may take its place: see `webServer` of Playwright.
  host: [async ({}, use) => {
    const server = createServer(async ({ url }, response) => {
      const { pathname } = new URL(url, 'http://host');
      const path = pathname.startsWith('/cometd/') ? `node_modules${pathname}` : `desk${pathname}`;
      const file = here(path.replace(/\/$/, '/index.html'));
      try {
        response.setHeader('Content-Type', TYPES[extname(file)] ?? 'text/plain');
        response.end(await readFile(file));
      } catch {
        response.writeHead(404).end(`there is no ${pathname}`);
      }
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    await use(`http://127.0.0.1:${server.address().port}`);
    server.closeAllConnections();
    await new Promise((resolve) => { server.close(resolve); });
  }, { scope: 'worker' }],

  desk: async ({ simulator, host, page }, use, about) => {
    await simulator.reset();
    await page.goto(`${host}/?gws=${simulator.url}`);
    await use(page);
    // Whatever went wrong, the report has what the server says of it.
    if (about.status !== about.expectedStatus) throw new Error(await simulator.diagnosis());
    const wrong = await simulator.wrong();
    if (wrong) throw new Error(wrong);
  },
});
