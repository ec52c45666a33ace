import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';

// The browser of the machine: CHROMIUM, or a Chromium on PATH. Without one, Playwright's own (`npx playwright install`).
function chromium() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const places = folders.flatMap((each) => [join(each, 'chromium'), join(each, 'chromium-browser')]);
  return process.env.CHROMIUM ?? places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export default defineConfig({
  testMatch: '*.spec.mjs',
  workers: 1,
  reporter: 'line',
  expect: { timeout: 15_000 },
  use: { launchOptions: { executablePath: chromium() } },
});
