// The page as a whole: what is shown where, and the keys that work everywhere.

const tabs = {
  all: {},
  build() {
    const bar = el("div", { class: "tabs", role: "tablist", onkeydown: tabs.key });
    for (const [name, panel, text] of [
      ["journal", journal, "Journal"],
      ["misses", misses, "Misses"],
    ]) {
      const badge = el("span", { class: "badge" });
      const button = el(
        "button",
        {
          class: "tab",
          type: "button",
          role: "tab",
          id: `tab-${name}`,
          "aria-controls": name,
          onclick: () => tabs.open(name),
        },
        `${text} `,
        badge,
      );
      tabs.all[name] = { button, badge, panel: panel.panel, work: panel };
      bar.append(button);
    }
    bar.append(journal.tally);
    $("lists").append(bar, journal.panel, misses.panel);
    tabs.open("journal");
  },
  open(name) {
    for (const [each, { button, panel }] of Object.entries(tabs.all)) {
      const isOpen = each === name;
      button.setAttribute("aria-selected", isOpen);
      button.tabIndex = isOpen ? 0 : -1;
      panel.hidden = !isOpen;
    }
    journal.tally.hidden = name !== "journal";
    if (name === "misses") misses.fetch();
  },
  key(event) {
    const names = Object.keys(tabs.all);
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const at = names.findIndex((name) => !tabs.all[name].panel.hidden);
    const next = names[(at + by + names.length) % names.length];
    tabs.open(next);
    tabs.all[next].button.focus();
  },
  badge(name, number) {
    const { badge } = tabs.all[name];
    badge.textContent = number ? count(number) : "";
    badge.classList.toggle("bad", number > 0);
  },
};

const bar = {
  build() {
    const button = (text, key, work) =>
      el("button", {
        type: "button",
        text,
        title: `${text} (${key})`,
        "aria-keyshortcuts": key,
        onclick: work,
      });
    $("buttons").append(
      button("Offer a chat", "o", dialogs.offer),
      button("Push an event", "e", dialogs.event),
      button("Faults", "x", () => faults.open()),
      button("Reset", "r", dialogs.reset),
      button("?", "?", dialogs.keys),
    );
    bar.amount = el("input", {
      value: "10s",
      "aria-label": "How far to move the clock",
      spellcheck: "false",
      size: "5",
    });
    const move = (by) =>
      dialogs.try(async () => {
        const now = await api.post("clock", { advance: by });
        toast(`The clock stands at ${seconds(now.now)} s.`);
      });
    const forms = el(
      "form",
      {
        class: "by",
        onsubmit: (event) => {
          event.preventDefault();
          move(bar.amount.value.trim());
        },
      },
      bar.amount,
      el("button", { type: "submit", text: "Move" }),
    );
    $("clock").append(
      ...["1s", "10s", "1m"].map((by) =>
        el("button", { type: "button", text: `+${by}`, onclick: () => move(by) }),
      ),
      forms,
    );
    stream.listeners.push(bar.draw);
    store.listeners.push(bar.news);
    setInterval(() => !document.hidden && bar.time(), 100);
  },

  draw() {
    const { beat, state } = stream;
    const texts = { live: "live", connecting: "connecting …", lost: "lost; trying again" };
    if ($("live").textContent !== texts[state]) $("live").textContent = texts[state];
    $("live").className = state;
    if (!beat) return;
    $("playing").textContent = beat.playing.join(", ");
    $("playing").title = `replay ${beat.version}, seed ${beat.seed}, speed ${beat.speed}`;
    $("clock").hidden = beat.clock !== "manual";
    const { late, counts } = beat;
    const figures = [
      [
        "clock",
        "",
        beat.clock === "manual"
          ? "The time of the plays, moved by hand"
          : "Seconds since the first agent came",
      ],
      ["agents", count(beat.agents)],
      ["requests", count(counts.request || 0)],
      ["events", count(counts.event || 0)],
      [
        "late p50 / p99",
        late.count ? `${span(late.p50)} / ${span(late.p99)}` : "–",
        `worst ${span(late.worst)} of ${count(late.count)}`,
      ],
    ];
    const node = $("figures");
    figures.forEach(([name, value, title], index) => {
      if (!node.children[index]) node.append(el("div", {}, el("dt", { text: name }), el("dd", {})));
      const [, dd] = node.children[index].children;
      if (title) node.children[index].title = title;
      if (index && dd.textContent !== value) dd.textContent = value;
    });
    bar.time();
  },

  time() {
    const node = $("figures").firstChild?.lastChild;
    if (!node || !stream.beat) return;
    const text = seconds(stream.now(), stream.beat.clock === "manual" ? 3 : 1);
    if (node.textContent !== text) node.textContent = text;
  },

  // What happened to the simulator itself, that nobody should overlook.
  news(fresh) {
    const lane = store.lanes.get("");
    if (!lane || !fresh.has(lane)) return;
    const last = lane.rows.findLast((row) => row.e.kind === "scenario");
    const problems = last?.e.detail?.problems || [];
    const node = $("news");
    node.hidden = !problems.length || bar.read === last.e.number;
    if (node.hidden) return;
    const name = last.e.detail.name || last.e.detail.file || "the scenario";
    fill(
      node,
      el("strong", { text: `${name} is refused; the one before is still played.` }),
      el("button", {
        class: "plain",
        type: "button",
        text: "✕",
        "aria-label": "Close",
        onclick: () => {
          bar.read = last.e.number;
          node.hidden = true;
        },
      }),
      el("ul", {}, ...problems.map((each) => el("li", { class: "code", text: said(each) }))),
    );
  },
};

function keys(event) {
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.defaultPrevented ||
    document.querySelector("dialog[open]")
  )
    return;
  const isTyping = event.target.matches("input, select, textarea");
  if (isTyping && event.key === "Escape") return event.target.blur();
  if (isTyping) return;
  const everywhere = {
    "?": dialogs.keys,
    "/": () => {
      tabs.open("journal");
      journal.fields.text.focus();
    },
    a: () => agents.list.node.focus(),
    t: () => timeline.stage.focus(),
    j: () => {
      tabs.open("journal");
      journal.list.node.focus();
    },
    m: () => {
      tabs.open("misses");
      misses.panel.focus();
    },
    Escape: () => look.at({ lane: null, row: null }),
  };
  const live = {
    o: dialogs.offer,
    e: dialogs.event,
    x: () => faults.open(),
    r: dialogs.reset,
    c: () => !$("clock").hidden && bar.amount.focus(),
  };
  const work = everywhere[event.key] || (isLive() && live[event.key]);
  if (!work) return;
  event.preventDefault();
  work();
}

function show_still(kept) {
  document.body.classList.add("still");
  $("playing").textContent = kept.title;
  $("playing").title = kept.about || "";
  $("live").textContent = kept.planned ? "as planned" : "a journal";
  store.add(kept.entries);
  timeline.follows = false;
  timeline.followButton.hidden = true;
  store.tell();
  timeline.all();
}

journal.build();
misses.build();
tabs.build();
timeline.build();
agents.build();
entry_panel.build();
waiting.build();
faults.build();
journal.restart();
agents.gather();
document.addEventListener("keydown", keys);
store.resets.push((what) => {
  if (what.includes("journal")) look.at({ lane: null, row: null, hover: null });
  if (what.includes("journal") || what.includes("agents")) agents.forget();
});
const kept = held("still");
if (kept) {
  show_still(kept);
} else {
  bar.build();
  stream.follow();
}
