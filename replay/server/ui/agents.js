// The agents: all that came, found by name; what each waits for is asked for those that are seen.

const agents = {
  rows: new Map(), // what the server says of each, by lane
  items: [null], // null stands for everyone
  wanted: "",
  answers: true, // whether this server can say who waits for what
  range: [0, 0],
  known: 0, // the highest ordinal so far

  build() {
    agents.search = el("input", {
      type: "search",
      placeholder: "Find an agent",
      "aria-label": "Find an agent",
      spellcheck: "false",
      oninput: () => {
        agents.wanted = agents.search.value.trim().toLowerCase();
        agents.gather();
      },
      onkeydown: (event) => {
        if (event.key !== "ArrowDown" && event.key !== "Enter") return;
        event.preventDefault();
        agents.list.node.focus();
        agents.list.go(event.key === "Enter" && agents.items.length > 1 && agents.items[0] === null ? 1 : 0);
      },
    });
    agents.list = new LongList({
      name: "Agents",
      height: 42,
      empty: "No agent is called that.",
      length: () => agents.items.length,
      item: (index) => agents.items[index],
      key: (lane) => (lane ? lane.order : "all"),
      indexOf: (key) => agents.items.findIndex((lane) => (lane ? lane.order : "all") === key),
      picked: (lane) => lane === look.lane,
      draw: agents.row,
      pick: (lane, index, opened) => {
        if (lane !== look.lane) look.at({ lane });
        if (opened) timeline.stage.focus();
      },
      seen: (first, last) => {
        if (first === agents.range[0] && last === agents.range[1]) return;
        agents.range = [first, last];
        agents.ask();
      },
    });
    agents.ask = calmly(1000, agents.fetch);
    agents.again = calmly(250, () => agents.list.want());
    agents.learn = calmly(500, agents.fetch_new);
    $("agents").append(
      el(
        "div",
        { class: "head" },
        el("h2", { text: "Agents" }),
        (agents.tally = el("span", { class: "faint" })),
      ),
      el("div", { class: "filters" }, agents.search),
      agents.list.node,
    );
    agents.list.active = "all";
    store.listeners.push(agents.changed);
    look.listeners.push((change) => {
      if (!("lane" in change)) return;
      agents.list.active = look.lane ? look.lane.order : "all";
      agents.list.want();
    });
  },

  changed(fresh) {
    if ([...fresh].some((lane) => lane.name && lane.ordinal === null)) agents.learn();
    const [first, last] = agents.range;
    const seen = agents.items.slice(first, last);
    if (seen.some((lane) => fresh.has(lane))) {
      agents.ask();
      agents.again();
    }
    if (agents.gathered !== store.list) agents.gather();
  },

  gather() {
    agents.gathered = store.list;
    const all = store.list.filter((lane) => lane.name);
    const found = agents.wanted ? all.filter((lane) => lane.name.toLowerCase().includes(agents.wanted)) : all;
    agents.items = agents.wanted ? found : [null, ...found];
    const tally = agents.wanted ? `${count(found.length)} of ${count(all.length)}` : count(all.length);
    if (agents.tally.textContent !== tally) agents.tally.textContent = tally;
    agents.list.want();
  },

  row(lane) {
    if (!lane) {
      return el(
        "div",
        { class: "agent-row" },
        el("span", { class: "name", text: "Everyone" }),
        el("span", { class: "does muted", text: "all timelines, one below the other" }),
      );
    }
    const known = agents.rows.get(lane);
    const badge = (kind, text, title) => el("span", { class: `badge ${kind}`, title, text });
    const badges = el("span", { class: "badges" });
    const struck = Math.max(known?.struck || 0, lane.counts.fault);
    const misses = Math.max(known?.misses || 0, lane.counts.miss);
    if (struck) badges.append(badge("warn", `⚡${struck}`, "faults that struck"));
    if (misses) badges.append(badge("bad", `✗${misses}`, "requests that nothing fitted"));
    if (known?.undelivered)
      badges.append(badge("", `…${known.undelivered}`, "events that wait until somebody listens"));
    if (known?.queued) badges.append(badge("", `⇐${known.queued}`, "events in the queues of its clients"));
    const does =
      known?.waits_for ||
      `${many(lane.counts.request, "request", "requests")}, ${many(lane.counts.event, "event", "events")}`;
    return el(
      "div",
      { class: "agent-row" },
      el("span", { class: "name", text: lane.name }),
      badges,
      el("span", { class: "does muted", text: does, title: does }),
    );
  },

  take(said) {
    for (const row of said.agents) {
      const lane = store.lane(row.agent);
      const isNew = lane.ordinal === null;
      lane.ordinal = row.ordinal;
      agents.known = Math.max(agents.known, row.ordinal);
      agents.rows.set(lane, row);
      if (isNew && lane === look.lane) waiting.ask();
    }
    for (const lane of agents.rows.keys()) if (store.lanes.get(lane.name) !== lane) agents.rows.delete(lane);
    agents.gather();
    timeline.want();
  },

  async asked(path) {
    if (!agents.answers || !isLive()) return null;
    try {
      return await api.get(path);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 404) agents.answers = false;
      return null;
    }
  },

  async fetch() {
    const [first, last] = agents.range;
    const ordinals = agents.items
      .slice(first, last)
      .map((lane) => lane?.ordinal)
      .filter(Boolean);
    if (!ordinals.length) return;
    const low = Math.min(...ordinals);
    const limit = Math.min(Math.max(...ordinals) - low + 1, 200);
    const found = await agents.asked(`agents?after=${low - 1}&limit=${limit}`);
    if (found) agents.take(found);
  },

  async fetch_new() {
    for (let page = 0; page < 20; page += 1) {
      const found = await agents.asked(`agents?after=${agents.known}&limit=1000`);
      if (!found || !found.agents.length) return;
      agents.take(found);
      if (found.agents.length < 1000) return;
    }
  },

  // Of another run, or after a reset.
  forget() {
    agents.rows = new Map();
    agents.known = 0;
    agents.range = [0, 0];
    agents.gather();
    agents.learn();
  },
};
