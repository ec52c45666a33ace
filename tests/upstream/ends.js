// How requests end for Node's own clients: `node ends.js URL...` prints a line of JSON for each.
'use strict';

const http = require('http');

function byHttp(url) {
    return new Promise(resolve => {
        const failed = error => resolve(`${error.code}: ${error.message}`);
        http.get(url, {agent: false}, response => {
            response.on('error', failed);
            response.on('end', () => resolve(`${response.statusCode}`));
            response.resume();
        }).on('error', failed);
    });
}

async function byFetch(url) {
    try {
        const response = await fetch(url, {method: 'POST'});
        await response.text();
        return `${response.status}`;
    } catch (error) {
        return `${error.message}: ${error.cause && error.cause.code}`;
    }
}

(async () => {
    for (const url of process.argv.slice(2)) {
        console.log(JSON.stringify([await byHttp(url), await byFetch(url)]));
    }
})();
