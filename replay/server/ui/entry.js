// One entry: in a line, and as the JSON it is.

const SIGNS = {
  request: "→",
  retry: "↻",
  answer: "←",
  event: "⇐",
  held: "…",
  miss: "✗",
  fault: "⚡",
  switch: "⚡",
  scenario: "✎",
  reset: "↺",
  refused: "⊘",
  handshake: "○",
  subscribe: "●",
  disconnect: "┃",
  agent: "+",
  play: "▸",
};

// A journal that somebody has written by hand may say anything.
function what_of(row) {
  try {
    return cut(words_for(row));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return cut(said(row.e.detail));
  }
}

function words_for(row) {
  const { kind } = row.e;
  const detail = row.e.detail || {};
  switch (kind) {
    case "request":
      return detail.request || "asked";
    case "retry":
      return "asked again: the same answer";
    case "answer":
      return `${detail.request || ""} answered ${detail.status ?? ""}${detail.demand ? `, for want of ${detail.demand}` : ""}${row.pair ? ` after ${span(row.e.at - row.pair.e.at)}` : ""}`.trim();
    case "event":
      return `told on ${detail.channel ?? ""}${detail.by ? ", by hand" : ""}`;
    case "held":
      return detail.role
        ? `held until somebody is ${detail.role}`
        : `held until somebody listens to ${detail.channel ?? ""}`;
    case "miss":
      return `${detail.request ?? ""}: ${detail.why ?? ""}`;
    case "fault":
      return fault_words(row.e, detail);
    case "switch":
      return `${detail.rule} (${detail.fault}) ${detail.switched}`;
    case "scenario":
      return detail.problems?.length
        ? `${detail.name} refused: ${detail.problems.map(said).join("; ")}`
        : `${detail.name}: ${said(detail.changed) || "changed"}`;
    case "reset":
      return `forgotten: ${detail.what.join(", ")}`;
    case "refused":
      return `${detail.request ? `${detail.request}: ` : ""}${detail.why ?? ""}`;
    case "play":
      return `${row.e.play} begins${detail.role ? ` as ${detail.role}` : ""}`;
    case "agent":
      return detail.was ? `was ${detail.was}` : detail.forgotten || "came";
    case "handshake":
      return `client ${detail.client ?? ""}`;
    case "subscribe":
      return `client ${detail.client ?? ""}: ${(detail.channels || []).join(", ")}`;
    case "disconnect":
      return `client ${detail.client ?? ""}: ${detail.why ?? ""}${detail.lost ? `, ${detail.lost} lost` : ""}`;
    default:
      return Object.entries(detail)
        .map(([name, value]) => `${name} ${said(value)}`)
        .join(", ");
  }
}

function fault_words(entry, detail) {
  const settings = Object.entries(detail.settings || {})
    .map(([name, value]) => `${name} ${said(value)}`)
    .join(", ");
  const where = entry.step || detail.meta;
  return [
    `${detail.fault ?? ""}${settings ? ` (${settings})` : ""}${where ? ` at ${where}` : ""}`,
    detail.occurrence !== undefined ? `time ${detail.occurrence}` : "",
    detail.changed || "",
  ]
    .filter(Boolean)
    .join(", ");
}

// JSON with its parts told apart by colour; every part is text.
function json_of(value) {
  const text = pretty(value);
  const node = el("pre", { class: "json", tabindex: "0", "aria-label": "JSON" });
  const parts = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  let end = 0;
  for (const found of text.matchAll(parts)) {
    node.append(text.slice(end, found.index));
    if (found[2]) node.append(el("span", { class: "key", text: found[1] }), found[2]);
    else node.append(el("span", { class: found[1] ? "string" : "number", text: found[0] }));
    end = found.index + found[0].length;
  }
  node.append(text.slice(end));
  return node;
}

const entry_panel = {
  build() {
    look.listeners.push((change) => "row" in change && entry_panel.show(look.row));
    entry_panel.show(null);
  },

  show(row) {
    const panel = $("entry");
    if (!row) {
      fill(
        panel,
        el("p", { class: "none", text: "Choose an entry in the timeline or the journal to see it whole." }),
      );
      return;
    }
    const { e } = row;
    const facts = [];
    const fact = (name, value, kind = "") =>
      value && facts.push(el("dt", { text: name }), el("dd", { class: kind }, value));
    const link = (other, text) =>
      el("button", {
        class: "link",
        type: "button",
        text,
        onclick: () => {
          look.at({ row: other });
          timeline.reveal(other);
        },
      });
    fact("at", `${seconds(e.at, 6)} s`);
    fact(
      "agent",
      e.agent &&
        el("button", {
          class: "link",
          type: "button",
          text: e.agent,
          onclick: () => look.at({ lane: row.lane }),
        }),
    );
    fact("play", e.play);
    fact("step", e.step);
    fact("late", e.late ? span(e.late) : "", e.late > 0.02 ? "warn" : "");
    if (row.pair) {
      const took = span(Math.abs(row.pair.e.at - e.at));
      fact(
        e.kind === "request" ? "answered" : "asked",
        link(
          row.pair,
          e.kind === "request" ? `after ${took}, ${row.pair.e.detail?.status ?? ""}` : `${took} before`,
        ),
      );
    }
    for (const each of row.faults || [])
      fact("struck by", link(each, each.e.detail?.rule || "fault"), "warn");
    if (row.touched) fact("touched", link(row.touched, `${row.touched.e.kind} ${row.touched.e.step}`));
    const copy = el("button", {
      class: "plain",
      type: "button",
      text: "Copy",
      onclick: () => copy_text(JSON.stringify(e)),
    });
    fill(
      panel,
      el(
        "div",
        { class: "head" },
        el(
          "h2",
          {},
          el("span", { class: `kind ${e.kind}`, text: `${SIGNS[e.kind] || "·"} ` }),
          `${e.kind} `,
          el("span", { class: "faint", text: `no. ${count(e.number)}` }),
        ),
        copy,
      ),
      el("p", { class: "what", text: what_of(row) }),
      el("dl", { class: "facts" }, ...facts),
      json_of(e),
    );
  },
};

async function copy_text(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch (error) {
    toast("The browser does not let this page copy; select the text instead.", "bad");
  }
}
