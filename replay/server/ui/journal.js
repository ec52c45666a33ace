// The journal: all entries, or those that pass the filters, newest last.

const SLICE = 8; // milliseconds of looking through entries in one frame

const journal = {
  found: [],
  position: 0, // entries looked through, counted from the first there ever was
  filter: { agent: "", kind: "", step: "", text: "" },

  build() {
    journal.list = new LongList({
      name: "Journal",
      height: 25,
      fixed: true,
      sticks: true,
      empty: "Nothing has happened that fits.",
      length: () => journal.found.length,
      item: (index) => journal.found[index],
      key: (row) => row.e.number,
      indexOf: (number) => journal.indexOf(number),
      picked: (row) => row === look.row,
      draw: journal.row,
      pick: (row, index, opened) => {
        look.at({ row });
        timeline.reveal(row);
        if (opened) document.querySelector("#entry .json")?.focus();
      },
    });
    journal.list.sticks = true;
    const field = (name, title) =>
      el("input", {
        type: "search",
        placeholder: title,
        "aria-label": title,
        spellcheck: "false",
        oninput: calmly(120, () => journal.change({ [name]: fields[name].value.trim() })),
      });
    const fields = {
      agent: field("agent", "Agent"),
      step: field("step", "Step"),
      text: field("text", "Any text"),
    };
    fields.kind = el(
      "select",
      { "aria-label": "Kind", onchange: () => journal.change({ kind: fields.kind.value }) },
      el("option", { value: "", text: "All kinds" }),
    );
    journal.fields = fields;
    journal.tally = el("span", { class: "faint" });
    journal.panel = el(
      "div",
      { class: "panel", id: "journal", role: "tabpanel", "aria-label": "Journal" },
      el(
        "div",
        { class: "filters" },
        fields.text,
        fields.agent,
        fields.kind,
        fields.step,
        el("button", { class: "plain", type: "button", text: "Clear", onclick: journal.clear }),
      ),
      journal.list.node,
    );
    store.listeners.push(() => {
      journal.kinds();
      journal.scan();
    });
    look.listeners.push((change) => {
      if ("lane" in change) journal.restart();
      if ("row" in change) journal.follow_look();
    });
  },

  row(row) {
    const { e } = row;
    const late = e.late > 0.02 ? el("span", { class: "warn", text: ` +${span(e.late)}` }) : null;
    const marks =
      e.kind !== "fault" && e.detail?.faults?.length
        ? el("span", { class: "warn", text: ` ⚡ ${e.detail.faults.join(", ")}` })
        : null;
    const bad = e.kind === "miss" || e.detail?.status >= 400 ? " k-bad" : "";
    return el(
      "div",
      { class: `entry-row k-${e.kind}${bad}` },
      el("span", { class: "num faint", text: e.number }),
      el("span", { class: "num", text: seconds(e.at) }),
      el("span", { class: "sign", text: SIGNS[e.kind] || "·" }),
      el("span", { class: "who", text: e.agent || "–" }),
      el("span", { class: "step", text: e.kind === "fault" ? e.detail?.rule || "" : e.step || e.kind }),
      el("span", { class: "what" }, what_of(row), late, marks),
    );
  },

  kinds() {
    const select = journal.fields.kind;
    const known = [...select.options].map((option) => option.value);
    const there = new Set(store.rows.slice(-2000).map((row) => row.e.kind));
    for (const kind of Object.keys(stream.beat?.counts || {})) there.add(kind);
    for (const kind of there)
      if (!known.includes(kind)) select.append(el("option", { value: kind, text: kind }));
  },

  change(part) {
    Object.assign(journal.filter, part);
    journal.restart();
  },

  clear() {
    for (const field of Object.values(journal.fields)) field.value = "";
    journal.change({ agent: "", kind: "", step: "", text: "" });
  },

  restart() {
    const { agent, kind, step, text } = journal.filter;
    journal.wanted = { agent: agent.toLowerCase(), kind, step: step.toLowerCase(), text: text.toLowerCase() };
    journal.found = [];
    journal.position = store.base;
    journal.list.sticks = true;
    journal.scan();
  },

  fits(row) {
    const wanted = journal.wanted;
    const { e } = row;
    if (look.lane && row.lane !== look.lane && !(e.agent === "" && e.kind !== "miss")) return false;
    if (wanted.kind && e.kind !== wanted.kind) return false;
    if (wanted.agent && !e.agent.toLowerCase().includes(wanted.agent)) return false;
    if (wanted.step && !(e.step || "").toLowerCase().includes(wanted.step)) return false;
    return (
      !wanted.text ||
      `${e.kind} ${e.agent} ${e.play || ""} ${e.step || ""} ${JSON.stringify(e.detail || "")}`
        .toLowerCase()
        .includes(wanted.text)
    );
  },

  // A slice a frame, so that looking through many entries is never felt.
  scan() {
    if (!journal.wanted || journal.position > store.base + store.rows.length) return journal.restart();
    const until = performance.now() + SLICE;
    journal.position = Math.max(journal.position, store.base);
    const end = store.base + store.rows.length;
    while (journal.position < end) {
      const stop = Math.min(end, journal.position + 500);
      for (; journal.position < stop; journal.position += 1) {
        const row = store.rows[journal.position - store.base];
        if (journal.fits(row)) journal.found.push(row);
      }
      if (performance.now() > until) break;
    }
    journal.forget();
    if (journal.position < end) frames.want(journal.scan);
    const more = store.lost ? `, ${count(store.lost)} older not kept` : "";
    journal.tally.textContent =
      journal.found.length === store.rows.length
        ? `${count(store.rows.length)}${more}`
        : `${count(journal.found.length)} of ${count(store.rows.length)}${more}`;
    journal.list.want();
  },

  forget() {
    const first = store.rows.length ? store.rows[0].e.number : 0;
    if (!journal.found.length || journal.found[0].e.number >= first) return;
    const gone = journal.lowest(first);
    journal.found.splice(0, gone);
    if (!journal.list.sticks) journal.list.scroll(journal.list.top - gone * journal.list.of.height);
  },

  lowest(number) {
    let low = 0;
    let high = journal.found.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (journal.found[middle].e.number < number) low = middle + 1;
      else high = middle;
    }
    return low;
  },

  indexOf(number) {
    const at = journal.lowest(number);
    return journal.found[at]?.e.number === number ? at : -1;
  },

  follow_look() {
    if (look.row) {
      const at = journal.indexOf(look.row.e.number);
      journal.list.active = look.row.e.number;
      if (at >= 0) journal.list.reveal(at);
    }
    journal.list.want();
  },

  open(row) {
    tabs.open("journal");
    look.at({ row });
    journal.list.node.focus();
  },
};
