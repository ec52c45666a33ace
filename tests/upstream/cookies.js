'use strict';

// One jar for REST and CometD, as in a browser. The agent talks to one host, so names suffice.
function createJar() {
  const jar = new Map();
  return {
    store(header) {
      const [pair] = header.split(';');
      const equal = pair.indexOf('=');
      if (equal > 0) jar.set(pair.slice(0, equal).trim(), pair.trim());
    },
    list: () => [...jar.values()],
  };
}

module.exports = { createJar };
