// The timeline: which time and which agents are seen.

const LOW = 54; // of a lane among many
const SAID = 60; // entries in sight that are told in words

const timeline = {
  view: { t0: -0.5, t1: 11.5, width: 100, height: 100 },
  follows: true,
  hits: [],
  top: 0, // how far it is scrolled; kept, since asking for it may lay out the page

  build() {
    timeline.canvas = el("canvas");
    timeline.space = el("div", { class: "space" });
    timeline.stage = el(
      "div",
      {
        class: "stage",
        tabindex: "0",
        role: "application",
        "aria-label":
          "Timeline. Arrows move, plus and minus zoom, N and P go from entry to entry, F follows what happens.",
        onscroll: () => {
          timeline.top = timeline.stage.scrollTop;
          timeline.want();
        },
        onwheel: (event) => timeline.wheel(event),
        onkeydown: (event) => timeline.key(event),
        onpointerdown: (event) => timeline.down(event),
        onpointermove: (event) => timeline.move(event),
        onpointerup: (event) => timeline.up(event),
        onpointercancel: (event) => timeline.up(event),
        onpointerleave: () => timeline.hover(null),
        ondblclick: (event) => timeline.double(event),
      },
      timeline.canvas,
      timeline.space,
    );
    timeline.tip = el("div", { class: "tip", hidden: true });
    timeline.spoken = el("p", { class: "aside", role: "status" });
    timeline.told = el("ol", { class: "aside", "aria-label": "In sight" });
    timeline.tell = calmly(400, timeline.words);
    timeline.title = el("h2");
    timeline.followButton = el("button", {
      class: "plain",
      type: "button",
      text: "Follow",
      title: "Follow what happens (F)",
      onclick: () => timeline.follow(),
    });
    const button = (text, title, work) =>
      el("button", { class: "plain", type: "button", text, "aria-label": title, title, onclick: work });
    $("timeline").append(
      el(
        "div",
        { class: "head" },
        timeline.title,
        timeline.legend(),
        el(
          "div",
          { class: "tools" },
          timeline.followButton,
          button("All", "Show all there is (0)", timeline.all),
          button("−", "Zoom out (−)", () => timeline.zoom(1.5)),
          button("+", "Zoom in (+)", () => timeline.zoom(1 / 1.5)),
        ),
      ),
      timeline.stage,
      timeline.tip,
      timeline.told,
      timeline.spoken,
    );
    timeline.context = timeline.canvas.getContext("2d");
    new ResizeObserver(timeline.size).observe(timeline.stage);
    const repaint = () => {
      readInks();
      timeline.want();
    };
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    stream.listeners.push(() => timeline.want());
    store.listeners.push(() => timeline.want());
    look.listeners.push((change) => {
      if ("lane" in change) timeline.stage.scrollTop = 0;
      timeline.want();
    });
    readInks();
  },

  legend() {
    const sign = (kind, text) => el("span", { class: `sign s-${kind}` }, el("i"), text);
    return el(
      "div",
      { class: "legend", "aria-hidden": "true" },
      sign("request", "request → answer"),
      sign("event", "event"),
      sign("held", "held"),
      sign("fault", "fault"),
      sign("miss", "miss"),
      sign("late", "late"),
    );
  },

  size() {
    const { clientWidth, clientHeight } = timeline.stage;
    const ratio = window.devicePixelRatio || 1;
    Object.assign(timeline.view, { width: clientWidth, height: clientHeight });
    Object.assign(timeline.canvas, {
      width: Math.round(clientWidth * ratio),
      height: Math.round(clientHeight * ratio),
    });
    timeline.canvas.style.width = `${clientWidth}px`;
    timeline.canvas.style.height = `${clientHeight}px`;
    timeline.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    timeline.want();
  },

  want: () => frames.want(timeline.draw),

  get lanes() {
    if (look.lane) return [look.lane];
    // Of nobody in particular there is a lane where requests fitted nothing.
    const general = store.lanes.get("");
    return general && !general.counts.miss ? store.list.filter((lane) => lane !== general) : store.list;
  },

  draw() {
    const { view, context } = timeline;
    if (view.width < 10) return;
    timeline.roll();
    const lanes = timeline.lanes;
    const room = view.height - RULER;
    const height = Math.max(LOW, Math.min(room / Math.max(lanes.length, 1), lanes.length < 2 ? 1e4 : 260));
    const tall = Math.round(height * lanes.length);
    const more = Math.max(0, tall + RULER - view.height);
    if (timeline.more !== more) {
      timeline.more = more;
      timeline.space.style.height = `${more}px`;
    }
    timeline.laneHeight = height;
    timeline.laned = lanes.length;
    const scroll = Math.min(timeline.top, more);
    context.fillStyle = inks.ground;
    context.fillRect(0, 0, view.width, view.height);
    const brush = new Brush(context, view);
    brush.ruler();
    context.save();
    context.beginPath();
    context.rect(0, RULER, view.width, room);
    context.clip();
    const first = Math.floor(scroll / height);
    const last = Math.min(lanes.length, Math.ceil((scroll + room) / height));
    for (let at = first; at < last; at += 1) brush.lane(lanes[at], RULER + at * height - scroll, height);
    timeline.common(brush);
    context.restore();
    timeline.hits = brush.hits;
    timeline.say(lanes);
    timeline.tell();
  },

  // The same in words, for who does not see the picture.
  words() {
    const seen = timeline.hits.filter((hit) => hit.x + hit.w >= 0 && hit.x <= timeline.view.width);
    const latest = [...seen].sort((one, other) => one.row.e.number - other.row.e.number).slice(-SAID);
    fill(
      timeline.told,
      ...latest.map((hit) =>
        el("li", {
          "data-x": Math.round(hit.x + hit.w / 2),
          "data-y": Math.round(hit.y + hit.h / 2),
          text: timeline.words_of(hit.row),
        }),
      ),
    );
  },

  words_of(row) {
    const { e } = row;
    return `${seconds(e.at)} s: ${e.kind} ${e.step || e.detail?.rule || ""}, ${what_of(row)}`;
  },

  // What is about nobody in particular, and the present.
  common(brush) {
    const general = store.lanes.get("");
    for (
      let at = general ? general.from(timeline.view.t0) : 0;
      general && at < general.rows.length;
      at += 1
    ) {
      const row = general.rows[at];
      if (row.e.at > timeline.view.t1) break;
      if (row.e.kind === "miss") continue;
      brush.upright(row.e.at, row.e.kind === "switch" ? inks.warn : inks.muted, [3, 3]);
      const x = brush.x(row.e.at);
      brush.text(general_words(row.e), x + 4, RULER + 12, row.e.kind === "switch" ? inks.warn : inks.muted);
      brush.hits.push({ row, x: x - 3, y: RULER, w: 6, h: 14 });
    }
    if (isLive()) brush.upright(stream.now(), inks.accent);
    if (!timeline.laned)
      brush.text(isLive() ? "Nobody has come so far." : "Nothing is in it.", 12, RULER + 26, inks.muted);
  },

  say(lanes) {
    const name = look.lane
      ? look.lane.name || "Nobody in particular"
      : many(lanes.filter((lane) => lane.name).length, "agent", "agents");
    if (timeline.title.textContent !== name) timeline.title.textContent = name;
    timeline.followButton.classList.toggle("on", timeline.follows);
    timeline.followButton.setAttribute("aria-pressed", timeline.follows);
  },

  // Where it follows, the view rolls on with the time.
  roll() {
    if (!timeline.follows) return;
    const length = timeline.view.t1 - timeline.view.t0;
    const now = isLive() ? stream.now() : store.end;
    timeline.view.t1 = Math.max(now + 0.06 * length, length * 0.96);
    timeline.view.t0 = timeline.view.t1 - length;
    if (!isLive() || stream.beat.clock === "manual" || stream.state !== "live" || document.hidden) return;
    // A view of an hour need not move sixty times a second.
    const pixel = (1000 * length) / timeline.view.width;
    clearTimeout(timeline.next);
    timeline.next = setTimeout(timeline.want, Math.min(1000, Math.max(calm() ? 1000 : 50, pixel)));
  },

  follow(on = true) {
    timeline.follows = on && isLive();
    timeline.want();
  },

  all() {
    const rows = look.lane ? look.lane.rows : store.rows;
    if (!rows.length) return;
    const end = Math.max(rows[rows.length - 1].e.at, isLive() && !look.lane ? stream.now() : -Infinity);
    const length = Math.max(end - rows[0].e.at, 0.05);
    timeline.show(rows[0].e.at - 0.04 * length, end + 0.14 * length);
  },

  show(t0, t1) {
    timeline.follows = false;
    Object.assign(timeline.view, { t0, t1 });
    timeline.want();
  },

  zoom(factor, x = null) {
    const { t0, t1, width } = timeline.view;
    const length = Math.min(Math.max((t1 - t0) * factor, 0.002), 30 * 86400);
    const fixed = x ?? (timeline.follows ? width * 0.94 : width / 2);
    const at = t0 + ((t1 - t0) * fixed) / width;
    timeline.view.t0 = at - (length * fixed) / width;
    timeline.view.t1 = timeline.view.t0 + length;
    timeline.want();
  },

  pan(share) {
    const length = timeline.view.t1 - timeline.view.t0;
    timeline.show(timeline.view.t0 + share * length, timeline.view.t1 + share * length);
  },

  // The entry is brought into sight, wherever it is.
  reveal(row) {
    const { t0, t1 } = timeline.view;
    const length = t1 - t0;
    if (row.e.at < t0 || row.e.at > t1) timeline.show(row.e.at - length / 2, row.e.at + length / 2);
    const lanes = timeline.lanes;
    const at = lanes.indexOf(row.lane);
    if (at >= 0 && lanes.length > 1) {
      const top = at * timeline.laneHeight;
      const box = timeline.stage;
      if (top < timeline.top) box.scrollTop = top;
      else if (top + timeline.laneHeight > timeline.top + box.clientHeight - RULER)
        box.scrollTop = top + timeline.laneHeight - box.clientHeight + RULER;
    }
    timeline.want();
  },
};

function general_words(entry) {
  const detail = entry.detail || {};
  if (entry.kind === "switch") return `${detail.rule} ${detail.switched}`;
  if (entry.kind === "scenario")
    return `${detail.name || "scenario"} ${detail.problems?.length ? "refused" : "changed"}`;
  return entry.kind;
}

function tip_of(row) {
  const { kind, at, step, play, late } = row.e;
  const lines = [
    el("strong", { text: `${SIGNS[kind] || "·"} ${step || kind}` }),
    el("span", { class: "muted", text: `  ${seconds(at, 6)} s` }),
  ];
  const more = [what_of(row)];
  if (play) more.push(play);
  if (!look.lane) more.push(row.lane.name);
  if (row.pair) more.push(`answered ${row.pair.e.detail?.status ?? ""} after ${span(row.pair.e.at - at)}`);
  const lateness = late || row.pair?.e.late;
  if (lateness) more.push(`${span(lateness)} late`);
  const faults = [...(row.faults || []), ...(row.pair?.faults || [])];
  if (faults.length) more.push(`struck by ${faults.map((each) => each.e.detail.rule).join(", ")}`);
  return [...lines, ...more.filter(Boolean).map((text) => el("div", { text }))];
}
