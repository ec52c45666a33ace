// Calls of the control routes. Addresses are relative to the page, wherever it was moved to.

const BASE = location.pathname.replace(/\/*$/, "/");
const TOKEN = "replay-token";

class Refused extends Error {
  constructor(status, error) {
    super(error.what);
    this.status = status;
    this.help = error.help || "";
    this.problems = error.problems || [];
  }
}

const api = {
  token: null,
  asking: null,

  headers(more = {}) {
    const token = api.token ?? (api.token = sessionStorage.getItem(TOKEN) || "");
    return token ? { ...more, Authorization: `Bearer ${token}` } : more;
  },

  async fetch(path, options = {}) {
    for (;;) {
      const used = api.token;
      const response = await fetch(BASE + path, { ...options, headers: api.headers(options.headers) });
      if (response.status !== 401) return response;
      // Another call may have asked for the token meanwhile.
      if (api.token === used || api.token === null) await (api.asking ??= api.ask());
    }
  },

  async ask() {
    const token = await askForToken(Boolean(api.token));
    api.token = token;
    sessionStorage.setItem(TOKEN, token);
    api.asking = null;
  },

  async call(method, path, body) {
    const options = { method };
    if (body !== undefined) {
      options.headers = { "Content-Type": "application/json" };
      options.body = JSON.stringify(body);
    }
    let response;
    try {
      response = await api.fetch(path, options);
    } catch (error) {
      throw new Refused(0, { what: "the server does not answer", help: "Is it still running?" });
    }
    const text = await response.text();
    let value = null;
    try {
      value = text ? JSON.parse(text) : null;
    } catch (error) {
      if (response.ok) throw new Refused(response.status, { what: "the answer is no JSON" });
    }
    if (!response.ok)
      throw new Refused(response.status, value?.error || { what: `the server said ${response.status}` });
    return value;
  },

  get: (path) => api.call("GET", path),
  post: (path, body) => api.call("POST", path, body),
};

// What went wrong, in words, where a dialog or panel has room for it.
function words(error) {
  if (!(error instanceof Refused)) throw error;
  const lines = [el("strong", { text: sentence(error.message) })];
  if (error.help) lines.push(el("span", { text: ` ${error.help}` }));
  const problems = error.problems.map((each) =>
    el("li", { text: [each.at, each.what, each.help].filter(Boolean).join(": ") }),
  );
  return el(
    "div",
    { class: "refused", role: "alert" },
    el("p", {}, ...lines),
    problems.length ? el("ul", {}, ...problems) : null,
  );
}
