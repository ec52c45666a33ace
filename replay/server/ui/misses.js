// What nothing fitted, with what would have; and events that never reached anybody.

const misses = {
  build() {
    misses.panel = el("div", {
      class: "panel scrolls",
      role: "tabpanel",
      id: "misses",
      "aria-label": "Misses",
      tabindex: "0",
      hidden: true,
    });
    misses.ask = calmly(1000, misses.fetch);
    store.listeners.push(() => {
      const now = stream.beat?.counts?.miss || store.list.reduce((sum, lane) => sum + lane.counts.miss, 0);
      tabs.badge("misses", now);
      if (!misses.panel.hidden) misses.ask();
    });
    look.listeners.push((change) => "lane" in change && misses.ask());
  },

  async fetch() {
    if (misses.panel.hidden) return;
    if (!isLive()) return misses.draw(misses.kept(), []);
    const agent = look.lane?.name;
    let found;
    try {
      found = await api.get(`misses?limit=200${agent ? `&agent=${encodeURIComponent(agent)}` : ""}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 404) return misses.draw(misses.kept(), []);
      return fill(misses.panel, words(error));
    }
    misses.draw(found.misses, found.undelivered || []);
  },

  // As the journal has them.
  kept() {
    return store.rows
      .filter((row) => row.e.kind === "miss" && (!look.lane || row.lane === look.lane))
      .slice(-200)
      .map((row) => ({ ...row.e.detail, number: row.e.number, at: row.e.at, agent: row.e.agent }));
  },

  draw(found, undelivered) {
    if (!found.length && !undelivered.length) {
      return fill(
        misses.panel,
        el("p", { class: "none", text: "Every request fitted a step, and every event reached somebody." }),
      );
    }
    fill(
      misses.panel,
      ...[...found].reverse().map(misses.miss),
      undelivered.length ? el("h3", { text: "Events that reached nobody" }) : "",
      ...undelivered.map(misses.undelivered),
    );
  },

  miss(miss) {
    const row = miss.number ? store.find(miss.number) : null;
    const nearest = miss.closest;
    return el(
      "article",
      { class: "miss" },
      el(
        "header",
        {},
        el("span", { class: "bad sign", text: "✗ " }),
        el("strong", { class: "code", text: said(miss.request) }),
        el("span", {
          class: "faint",
          text: ` ${miss.agent || "nobody in particular"}, ${seconds(miss.at || 0)} s `,
        }),
        row
          ? el("button", {
              class: "link",
              type: "button",
              text: `no. ${miss.number}`,
              onclick: () => journal.open(row),
            })
          : null,
      ),
      el("p", { text: sentence(miss.why) }),
      nearest
        ? el(
            "p",
            { class: "muted" },
            "Closest: ",
            el("strong", { text: nearest.step }),
            ` of ${nearest.play || nearest.scenario}${nearest.state ? `, ${nearest.state}` : ""}`,
            nearest.waits_for ? `: ${nearest.waits_for}` : "",
          )
        : null,
      misses.table(nearest?.differences, nearest?.more),
      miss.also?.length
        ? el("p", {
            class: "muted small",
            text: `Next came ${miss.also.map((each) => `${each.step}${each.differs?.length ? ` (differs in ${each.differs.join(", ")})` : ""}`).join(", ")}.`,
          })
        : null,
      miss.waiting_for?.length
        ? el("p", { class: "muted small", text: `Its plays wait for ${miss.waiting_for.join("; ")}.` })
        : null,
      miss.command
        ? el(
            "p",
            { class: "command" },
            el("code", { text: miss.command }),
            el("button", {
              class: "plain",
              type: "button",
              text: "Copy",
              onclick: () => copy_text(miss.command),
            }),
          )
        : null,
    );
  },

  table(differences, more = 0) {
    if (!Array.isArray(differences) || !differences.length) return null;
    const cell = (value) => el("td", { class: "code", text: value === undefined ? "–" : said(value) });
    const row = (each) =>
      el(
        "tr",
        {},
        el("th", { scope: "row", class: "code", text: each.field }),
        cell(each.expected),
        cell(each.got),
        el("td", { class: "muted", text: each.hint || "" }),
      );
    return el(
      "table",
      {},
      el(
        "thead",
        {},
        el("tr", {}, ...["field", "expected", "got", ""].map((text) => el("th", { scope: "col", text }))),
      ),
      el(
        "tbody",
        {},
        ...differences.map(row),
        more
          ? el("tr", {}, el("td", { colspan: "4", class: "muted", text: `and ${count(more)} more` }))
          : null,
      ),
    );
  },

  undelivered(event) {
    return el(
      "article",
      { class: "miss" },
      el(
        "header",
        {},
        el("span", { class: "warn sign", text: "… " }),
        el("strong", { text: event.step || event.channel || "" }),
        el("span", {
          class: "faint",
          text: [
            " ",
            event.agent,
            event.play,
            event.since ? `since ${seconds(event.since)} s` : "",
            event.events > 1 ? `${event.events} events` : "",
          ]
            .filter(Boolean)
            .join(" "),
        }),
      ),
      el(
        "p",
        {},
        sentence(event.why),
        el("span", { class: "faint code", text: event.step ? ` ${event.channel}` : "" }),
      ),
    );
  },
};
