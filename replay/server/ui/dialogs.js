// Dialogs: what is done by hand. Each says in words what the server refuses.

const AGENTS_LIST = "agent-names";

// `work` returns what to say when it is done; what it throws is shown in the dialog, which stays open.
let dialogs_opened = 0;
function open_dialog(
  title,
  content,
  { action = "", work = null, kind = "main", opened = null, wide = false } = {},
) {
  const problem = el("div");
  const id = `dialog-${(dialogs_opened += 1)}`;
  const close = () => dialog.close();
  const button = action ? el("button", { class: kind, type: "submit", text: action }) : null;
  const form = el(
    "form",
    {
      method: "dialog",
      onsubmit: async (event) => {
        event.preventDefault();
        problem.replaceChildren();
        if (!work) return close();
        if (button) button.disabled = true;
        try {
          const told = await work();
          if (told) toast(told);
          close();
        } catch (error) {
          fill(problem, words(error));
        } finally {
          if (button) button.disabled = false;
        }
      },
    },
    el(
      "header",
      {},
      el("h2", { text: title, id }),
      el("button", { class: "plain", type: "button", text: "✕", "aria-label": "Close", onclick: close }),
    ),
    el("div", { class: "content" }, ...content),
    problem,
    el(
      "footer",
      {},
      el("button", { type: "button", text: button ? "Cancel" : "Close", onclick: close }),
      button,
    ),
  );
  const dialog = el("dialog", { "aria-labelledby": id, class: wide ? "wide" : "" }, form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  (
    opened ||
    dialog.querySelector(".content input, .content select, .content textarea, .content button") ||
    button
  )?.focus();
  return { dialog, problem, refuse: (error) => fill(problem, words(error)) };
}

// A field that knows the names of all agents.
function agent_field() {
  const names = $(AGENTS_LIST) || document.body.appendChild(el("datalist", { id: AGENTS_LIST }));
  const known = store.list.map((lane) => lane.name).filter(Boolean);
  fill(names, ...known.slice(0, 1000).map((name) => el("option", { value: name })));
  const only = known.length === 1 ? known[0] : "";
  return el("input", {
    list: AGENTS_LIST,
    value: look.lane?.name || only,
    spellcheck: "false",
    autocomplete: "off",
    placeholder: "#1, or a user",
  });
}

const option = (value, text = value) => el("option", { value, text });

async function scenarios() {
  const found = await api.get("scenarios");
  return found.scenarios;
}

// One of many: what is typed above the list shortens it to what has it in its name, or beside it.
const FEW = 10;
function chooser(all, { what, name, beside }) {
  const is_long = all.length > FEW;
  const list = el("select", is_long ? { size: 8, "aria-label": what } : {});
  let shown = all;
  const show = (typed) => {
    const has = (each) => `${name(each)} ${beside(each)}`.toLowerCase().includes(typed);
    shown = all.filter(has);
    fill(list, ...shown.map((each) => option(name(each))));
    list.selectedIndex = shown.length ? 0 : -1;
    list.dispatchEvent(new Event("change"));
  };
  const find = el("input", {
    type: "search",
    placeholder: `Find one of ${all.length} ${what}`,
    spellcheck: "false",
    oninput: () => show(find.value.trim().toLowerCase()),
  });
  return {
    list,
    fields: is_long ? [find, list] : [list],
    show: () => show(""),
    chosen: () => shown[list.selectedIndex],
  };
}

// JSON as it is typed; null while it is none, which the field says.
function json_field(value, rows) {
  const problem = el("span", { class: "bad small" });
  const field = el("textarea", { rows, spellcheck: "false", value, oninput: () => check() });
  const check = () => {
    try {
      const read = JSON.parse(field.value);
      problem.textContent = "";
      field.removeAttribute("aria-invalid");
      return read;
    } catch (error) {
      problem.textContent = `This is no JSON: ${error.message}`;
      field.setAttribute("aria-invalid", "true");
      return undefined;
    }
  };
  const read = () => {
    const found = check();
    if (found === undefined) throw new Refused(0, { what: "this is no JSON", help: "Nothing was sent." });
    return found;
  };
  return { field, problem, read };
}

const dialogs = {
  async offer() {
    await dialogs.try(async () => {
      const all = await scenarios();
      const which = chooser(all, {
        what: "scenarios",
        name: (each) => each.name,
        beside: (each) => each.about,
      });
      const who = agent_field();
      const about = el("p", { class: "muted small" });
      which.list.addEventListener("change", () => {
        const chosen = which.chosen();
        const comes = chosen?.offered === "on-request" ? "" : "Agents who come get it by themselves.";
        about.textContent = chosen ? `${chosen.about} ${comes}`.trim() : "No scenario is called so.";
      });
      which.show();
      open_dialog("Offer a chat", [label("Scenario", ...which.fields, about), label("Agent", who)], {
        action: "Offer",
        work: async () => {
          const chosen = which.chosen();
          if (!chosen) throw new Refused(0, { what: "no scenario is chosen", help: "Find another." });
          const body = { scenario: chosen.name, ...(who.value.trim() && { agent: who.value.trim() }) };
          const made = await api.post("plays", body);
          return `${made.play} begins for ${said(made.agent)}.`;
        },
      });
    });
  },

  async event() {
    await dialogs.try(async () => {
      const all = await scenarios();
      const pushes = all.flatMap((each) =>
        each.steps.filter((step) => step.kind === "push").map((step) => ({ ...step, scenario: each.name })),
      );
      const steps = chooser(pushes, {
        what: "steps",
        name: (step) => (all.length > 1 ? `${step.id} (${step.scenario})` : step.id),
        beside: (step) => step.what,
      });
      const who = agent_field();
      const channel = el("input", { value: pushes[0]?.channel || "/v2/me/chats", spellcheck: "false" });
      const data = json_field('{\n  "messageType": "ChatStateChangeMessage"\n}', 9);
      const what = el("p", { class: "muted small code" });
      steps.list.addEventListener("change", () => {
        const step = steps.chosen();
        what.textContent = step ? `${step.what || step.channel || ""}, after ${step.after}` : "";
      });
      steps.show();
      const by_step = el("div", {}, label("Step", ...steps.fields, what));
      const by_hand = el(
        "div",
        { hidden: true },
        label("Channel", channel),
        label("Data", data.field, data.problem),
      );
      const choice = (value, text) =>
        el(
          "label",
          { class: "choice" },
          el("input", {
            type: "radio",
            name: "from",
            value,
            checked: value === "step",
            onchange: () => {
              by_step.hidden = value !== "step";
              by_hand.hidden = value === "step";
            },
          }),
          text,
        );
      const from = el(
        "div",
        { class: "choices", role: "radiogroup", "aria-label": "Where the event is from" },
        choice("step", "From the scenario"),
        choice("hand", "Typed by hand"),
      );
      open_dialog("Push an event", [from, label("Agent", who), by_step, by_hand], {
        action: "Push",
        work: async () => {
          const whose = who.value.trim() ? { agent: who.value.trim() } : {};
          const body = by_hand.hidden
            ? { ...whose, step: steps.chosen()?.id ?? "" }
            : { ...whose, channel: channel.value.trim(), data: data.read() };
          const { told } = await api.post("events", body);
          return told
            .map(
              (each) =>
                `${each.step || each.channel}: ${each.held ? "held, until somebody listens" : `told to ${many(each.clients, "client", "clients")}`}`,
            )
            .join("; ");
        },
      });
    });
  },

  reset() {
    const boxes = ["journal", "agents", "faults"].map((name) =>
      el("input", { type: "checkbox", value: name, checked: name === "journal" }),
    );
    const about = {
      journal: "the journal: what has happened so far",
      agents: "the agents: all are forgotten, and come anew",
      faults: "the faults: what was put up by hand is taken down",
    };
    open_dialog(
      "Reset",
      [
        el("p", { text: "This cannot be taken back. What is to be reset?" }),
        ...boxes.map((box) => el("label", { class: "choice" }, box, about[box.value])),
      ],
      {
        action: "Reset",
        kind: "main",
        work: async () => {
          const what = boxes.filter((box) => box.checked).map((box) => box.value);
          if (!what.length) throw new Refused(0, { what: "nothing is chosen" });
          const done = await api.post("reset", { what });
          return `Reset: ${done.reset.join(", ")}.`;
        },
      },
    );
  },

  keys() {
    const rows = [
      ["?", "this help"],
      ["/", "find in the journal"],
      ["a", "agents"],
      ["t", "timeline"],
      ["j", "journal"],
      ["m", "misses"],
      ["o", "offer a chat"],
      ["e", "push an event"],
      ["x", "faults"],
      ["r", "reset"],
      ["c", "move the clock, where it is moved by hand"],
      ["Esc", "back to everyone"],
      ["↑ ↓ PgUp PgDn Home End", "move in a list"],
      ["Enter", "open what stands there"],
      ["← →", "timeline: move in time"],
      ["+ − 0", "timeline: zoom in, out, all"],
      ["n p", "timeline: next, previous entry"],
      ["f", "timeline: follow what happens"],
    ];
    open_dialog("Keys", [
      el(
        "dl",
        { class: "keys" },
        ...rows.flatMap(([keys, what]) => [
          el("dt", {}, ...keys.split(" ").flatMap((key) => [el("kbd", { text: key }), " "])),
          el("dd", { text: what }),
        ]),
      ),
    ]);
  },

  async try(work) {
    // What opens one may have to ask first; nobody gets two by asking twice.
    if (dialogs.busy) return;
    dialogs.busy = true;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      toast(`${sentence(error.message)} ${error.help}`, "bad");
    } finally {
      dialogs.busy = false;
    }
  },
};

function askForToken(wasWrong) {
  return new Promise((given) => {
    const field = el("input", { type: "password", autocomplete: "off", spellcheck: "false" });
    const told = wasWrong
      ? "This token is not the right one."
      : "This server is steered with a token: `replay serve --admin-token`.";
    const { dialog } = open_dialog("Token", [el("p", { text: told }), label("Token", field)], {
      action: "Use it",
      work: async () => "",
    });
    dialog.addEventListener("close", () => given(field.value));
  });
}
