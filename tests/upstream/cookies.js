'use strict';

// One jar for REST and CometD, as in a browser. The agent talks to one host, so names suffice.
function createJar() {
  const jar = new Map();
  return {
    store(header) {
      const [pair] = header.split(';');
      const equal = pair.indexOf('=');
      if (equal <= 0) return;
      const name = pair.slice(0, equal).trim();
      if (/;\s*max-age=0\b/i.test(header)) jar.delete(name);
      else jar.set(name, pair.trim());
    },
    list: () => [...jar.values()],
  };
}

module.exports = { createJar };
