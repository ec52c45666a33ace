'use strict';

const http = require('node:http');

// As much of a page as callback-polling uses: a head in which scripts load, run and fail.
function createDocument(window, jar, cookies) {
  const run = (code) => new Function('window', `with (window) { ${code} }`)(window);

  function load(script) {
    const headers = cookies() ? { Cookie: cookies() } : {};
    const request = http.get(script.src, { headers }, (response) => {
      (response.headers['set-cookie'] || []).forEach(jar.store);
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const kind = response.headers['content-type'] || '';
        // A page sees neither the status nor the body of a script that is none.
        if (response.statusCode !== 200 || !kind.includes('javascript')) script.onerror({ type: 'error' });
        else run(Buffer.concat(chunks).toString('utf8'));
      });
    });
    request.on('error', () => script.onerror({ type: 'error' }));
  }

  const head = { appendChild: load, removeChild() {} };
  return { getElementsByTagName: () => [head], createElement: () => ({}) };
}

module.exports = { createDocument };
