// Who waits for what: the plays of the agent that is looked at, its clients, and what is on its way.

const waiting = {
  state: null,
  at: 0,
  counting: [],

  build() {
    waiting.ask = calmly(250, waiting.fetch);
    look.listeners.push((change) => {
      if (!("lane" in change)) return;
      waiting.state = null;
      $("waiting").hidden = true;
      waiting.fetch();
    });
    store.listeners.push((fresh) => look.lane && fresh.has(look.lane) && waiting.ask());
    stream.listeners.push(() => look.lane && waiting.tick());
    setInterval(() => !document.hidden && waiting.tick(), 200);
  },

  async fetch() {
    const lane = look.lane;
    if (!lane || !lane.name || !isLive() || waiting.none) return;
    let state;
    try {
      // A name may have what no segment of a path can.
      const name = /[/\\]|^\.*$/.test(lane.name) ? `#${lane.ordinal}` : lane.name;
      state = await api.get(`agents/${encodeURIComponent(name)}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return;
    }
    if (lane !== look.lane) return;
    waiting.state = state;
    waiting.at = stream.now();
    waiting.draw();
  },

  // What is due comes nearer with the time of the plays.
  due(node, seconds_left) {
    waiting.counting.push([node, seconds_left]);
  },

  tick() {
    const gone = stream.now() - waiting.at;
    for (const [node, left] of waiting.counting) {
      const rest = Math.max(0, left - gone);
      const text = rest > 0 ? `in ${rest < 10 ? rest.toFixed(1) : Math.ceil(rest)} s` : "due";
      if (node.textContent !== text) node.textContent = text;
    }
  },

  draw() {
    const { state } = waiting;
    waiting.counting = [];
    const panel = $("waiting");
    panel.hidden = false;
    const opened = new Map(
      [...panel.querySelectorAll("details")].map((each) => [each.dataset.key, each.open]),
    );
    const first = state.stories.findIndex((play) => !play.session);
    fill(
      panel,
      el(
        "div",
        { class: "head" },
        el("h2", {}, state.agent),
        el("span", { class: "faint", text: `no. ${state.ordinal}` }),
        el(
          "div",
          { class: "tools" },
          el("button", { class: "plain", type: "button", text: "Push …", onclick: () => dialogs.event() }),
        ),
      ),
      el("p", { class: "lead", text: sentence(state.waits_for || "It waits for nothing") }),
      ...state.connections.map(waiting.client),
      waiting.held(state.held),
      ...state.stories.map((play, index) => waiting.play(play, opened, index, first)),
      waiting.rules(state.rules),
    );
    waiting.tick();
  },

  client(client) {
    const held = el("span", { class: "muted" });
    if (typeof client.held_for === "number") {
      const left = el("span");
      waiting.due(left, client.held_for);
      held.append("poll held, empty ", left);
    } else {
      held.append(client.state);
    }
    return el(
      "div",
      { class: "client" },
      el("strong", { text: `client ${client.number}` }),
      el("span", { class: "muted", text: ` ${client.transport}, ` }),
      held,
      client.queued
        ? el("span", { class: "warn", text: ` · ${many(client.queued, "event", "events")} queued` })
        : null,
      el("div", { class: "faint small", text: client.subscriptions.join(", ") || "listens to nothing" }),
    );
  },

  held(events) {
    if (!events.length) return null;
    return el(
      "div",
      {},
      el("h3", { text: "Held back" }),
      el("ul", { class: "steps" }, ...events.map((each) => waiting.next(each))),
    );
  },

  play(play, opened, index, first) {
    const key = `${play.play} ${play.session}`;
    const name = play.session ? `${play.scenario}, session` : play.play;
    const about = [play.role && `as ${play.role}`, `since ${seconds(play.since, 1)} s`, play.over && "over"]
      .filter(Boolean)
      .join(", ");
    const body = el(
      "details",
      { "data-key": key, open: opened.get(key) ?? (!play.session && (!play.over || index === first)) },
      el("summary", {}, el("strong", { text: name }), el("span", { class: "muted", text: ` ${about}` })),
      play.next.length ? el("ul", { class: "steps" }, ...play.next.slice(0, 40).map(waiting.next)) : null,
      play.done.length
        ? el(
            "ul",
            { class: "steps done" },
            ...play.done
              .slice(-40)
              .reverse()
              .map((done) =>
                el(
                  "li",
                  {},
                  el("span", { class: "tick", text: "✓" }),
                  el("span", {
                    class: "step",
                    text: `${done.step}${done.times > 1 ? ` ×${done.times}` : ""}`,
                  }),
                  el("span", { class: "faint num", text: seconds(done.at) }),
                  done.struck ? el("span", { class: "warn small", text: ` ⚡ ${done.struck}` }) : null,
                ),
              ),
          )
        : null,
      Object.keys(play.values).length
        ? el(
            "details",
            { "data-key": `${key} values`, open: opened.get(`${key} values`), class: "values" },
            el("summary", { text: "Values" }),
            el(
              "dl",
              { class: "facts" },
              ...Object.entries(play.values).flatMap(([each, value]) => [
                el("dt", { text: each }),
                el("dd", { class: "code", text: value }),
              ]),
            ),
          )
        : null,
    );
    return el("div", { class: `play ${play.over ? "over" : ""}` }, body);
  },

  next(step) {
    const due = el("span", { class: "due accent" });
    if (typeof step.due_in === "number") waiting.due(due, step.due_in);
    return el(
      "li",
      { class: "next" },
      el("span", { class: "tick", text: step.kind === "push" ? "⇐" : "→" }),
      el("span", { class: "step", text: step.step, title: step.what }),
      due,
      el("span", { class: "muted why", text: step.why }),
    );
  },

  rules(rules) {
    const struck = Object.entries(rules || {}).filter(([, times]) => times);
    if (!struck.length) return null;
    return el(
      "p",
      { class: "warn small" },
      `⚡ ${struck.map(([name, times]) => `${name} ×${times}`).join(", ")}`,
    );
  },
};
