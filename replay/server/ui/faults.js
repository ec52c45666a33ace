// What goes wrong: rules that are switched, put up and taken down.

const faults = {
  known: { faults: [], presets: [] },
  list: [],
  box: null,

  build() {
    faults.known = held("known") || faults.known;
    faults.ask = calmly(300, () => faults.box?.isConnected && faults.fetch());
    store.listeners.push(
      (fresh) => [...fresh].some((lane) => !lane.name || lane.counts.fault) && faults.ask(),
    );
  },

  async open() {
    faults.box = el("div", { class: "rules" });
    const names = el(
      "select",
      {},
      el("optgroup", { label: "Faults" }, ...faults.known.faults.map((each) => option(each.name))),
      el(
        "optgroup",
        { label: "Presets" },
        ...faults.known.presets.map((name) => option(`preset:${name}`, name)),
      ),
    );
    const does = el("p", { class: "muted small" });
    const written = json_field("", 8);
    names.addEventListener("change", () => {
      const preset = names.value.startsWith("preset:") ? names.value.slice(7) : "";
      const fault = faults.known.faults.find((each) => each.name === names.value);
      does.textContent = fault?.does || "Faults that go wrong together.";
      written.field.value = JSON.stringify(preset ? { preset } : fault?.example || {}, null, 2);
      written.problem.textContent = "";
    });
    names.dispatchEvent(new Event("change"));
    const put_up = el(
      "details",
      { class: "put-up" },
      el("summary", { text: "Put one up" }),
      label("Fault", names, does),
      label("As JSON", written.field, written.problem),
      el("button", {
        class: "main",
        type: "button",
        text: "Put up",
        onclick: () =>
          faults.work(async () => {
            await api.post("faults", written.read());
            toast("It is up.");
          }),
      }),
    );
    faults.dialog = open_dialog("Faults", [faults.box, put_up], { wide: true });
    await faults.fetch();
    put_up.open = !faults.list.length;
    (faults.box.querySelector("button") || names).focus();
  },

  async work(work) {
    faults.dialog.problem.replaceChildren();
    try {
      await work();
    } catch (error) {
      faults.dialog.refuse(error);
    }
    await faults.fetch();
  },

  async fetch() {
    try {
      faults.list = (await api.get("faults")).faults;
    } catch (error) {
      return faults.dialog.refuse(error);
    }
    const focused = document.activeElement?.dataset?.rule;
    fill(
      faults.box,
      ...(faults.list.length
        ? faults.list.map(faults.rule)
        : [el("p", { class: "none", text: "Nothing goes wrong." })]),
    );
    if (focused)
      [...faults.box.querySelectorAll("[data-rule]")].find((node) => node.dataset.rule === focused)?.focus();
  },

  rule(rule) {
    const path = `faults/${encodeURIComponent(rule.name)}`;
    const where = Object.entries(rule.where || {})
      .map(([name, value]) => `${name} ${said(value)}`)
      .join(", ");
    const settings = Object.entries(rule.settings || {})
      .map(([name, value]) => `${name} ${said(value)}`)
      .join(", ");
    const left = typeof rule.ttl_left === "number" ? `${rule.ttl_left} s left` : "";
    const toggle = el(
      "button",
      {
        class: "switch",
        type: "button",
        role: "switch",
        "aria-checked": String(rule.on),
        "aria-label": rule.name,
        "data-rule": rule.name,
        onclick: () => faults.work(() => api.call("PATCH", path, { on: !rule.on })),
      },
      el("i"),
    );
    return el(
      "div",
      { class: `rule ${rule.on ? "" : "off"}` },
      toggle,
      el(
        "div",
        {},
        el("strong", { text: rule.name }),
        el("span", {
          class: "muted",
          text: ` ${rule.fault}${settings ? ` (${settings})` : ""}${where ? ` at ${where}` : ""}`,
        }),
        el("div", {
          class: "faint small",
          text: [
            `struck ${rule.struck} of ${rule.seen}`,
            rule.scenario || rule.source,
            rule.over && "over",
            left,
          ]
            .filter(Boolean)
            .join(" · "),
        }),
      ),
      rule.source === "run time"
        ? el("button", {
            class: "plain",
            type: "button",
            text: "Take down",
            "data-rule": `${rule.name} down`,
            onclick: () => faults.work(() => api.call("DELETE", path)),
          })
        : null,
    );
  },
};
