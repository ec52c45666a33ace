// What wheel, pointer and keys do to the timeline.

Object.assign(timeline, {
  wheel(event) {
    const scrolls = timeline.more > 0;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (sideways) timeline.pan((event.deltaX || event.deltaY) / timeline.view.width);
    else if (scrolls && !event.ctrlKey && !event.metaKey) return;
    else
      timeline.zoom(
        Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))),
        timeline.follows ? null : event.offsetX,
      );
    event.preventDefault();
  },

  place(event) {
    const box = timeline.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  },

  under(event) {
    const { x, y } = timeline.place(event);
    let best = null;
    let nearest = 7;
    for (const hit of timeline.hits) {
      const dx = Math.max(hit.x - x, 0, x - hit.x - hit.w);
      const dy = Math.max(hit.y - y, 0, y - hit.y - hit.h);
      const away = Math.hypot(dx, dy) + Math.abs(x - hit.x - hit.w / 2) / 1000;
      if (away < nearest) [best, nearest] = [hit, away];
    }
    return best;
  },

  down(event) {
    if (event.button !== 0 || event.target !== timeline.canvas) return;
    timeline.drag = {
      x: event.clientX,
      y: event.clientY,
      t0: timeline.view.t0,
      t1: timeline.view.t1,
      top: timeline.top,
      moved: false,
    };
    timeline.stage.setPointerCapture(event.pointerId);
  },

  move(event) {
    const drag = timeline.drag;
    if (!drag) return timeline.hover(timeline.under(event), event);
    const dx = event.clientX - drag.x;
    if (Math.abs(dx) + Math.abs(event.clientY - drag.y) > 4) drag.moved = true;
    if (!drag.moved) return;
    timeline.stage.classList.add("dragged");
    const by = ((drag.t1 - drag.t0) * dx) / timeline.view.width;
    timeline.show(drag.t0 - by, drag.t1 - by);
    timeline.stage.scrollTop = drag.top - (event.clientY - drag.y);
  },

  up(event) {
    const drag = timeline.drag;
    timeline.drag = null;
    timeline.stage.classList.remove("dragged");
    if (!drag || drag.moved || event.type === "pointercancel") return;
    const hit = timeline.under(event);
    if (hit) look.at({ row: hit.row });
  },

  double(event) {
    const { y } = timeline.place(event);
    const lane = timeline.lanes[Math.floor((y - RULER + timeline.top) / timeline.laneHeight)];
    if (lane && !timeline.under(event)) look.at({ lane: look.lane ? null : lane });
  },

  hover(hit) {
    const row = hit?.row || null;
    if (row === look.hover) return;
    look.hover = row;
    timeline.tip.hidden = !row;
    if (row) {
      fill(timeline.tip, ...tip_of(row));
      const box = timeline.stage;
      const left = Math.min(Math.max(hit.x + 12, 8), box.clientWidth - timeline.tip.offsetWidth - 8);
      const below = hit.y + hit.h + 12;
      const top =
        below + timeline.tip.offsetHeight > box.clientHeight ? hit.y - timeline.tip.offsetHeight - 10 : below;
      timeline.tip.style.transform = `translate(${left}px, ${box.offsetTop + Math.max(top, 2)}px)`;
    }
    timeline.want();
  },

  // From entry to entry, within what is looked at.
  step(by) {
    const rows = look.lane ? look.lane.rows : store.rows;
    if (!rows.length) return;
    const now = look.row
      ? rows.indexOf(look.row)
      : by > 0
        ? firstAt(rows, timeline.view.t0) - 1
        : firstAt(rows, timeline.view.t1);
    const row = rows[Math.min(Math.max(now + by, 0), rows.length - 1)];
    look.at({ row });
    timeline.reveal(row);
    timeline.spoken.textContent = timeline.words_of(row);
  },

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const many = timeline.more > 0;
    const keys = {
      ArrowLeft: () => timeline.pan(-0.1),
      ArrowRight: () => timeline.pan(0.1),
      "+": () => timeline.zoom(1 / 1.5),
      "=": () => timeline.zoom(1 / 1.5),
      "-": () => timeline.zoom(1.5),
      0: timeline.all,
      f: () => timeline.follow(!timeline.follows),
      n: () => timeline.step(1),
      p: () => timeline.step(-1),
      Home: () => timeline.pan_to(0),
      End: () => (isLive() ? timeline.follow() : timeline.pan_to(1)),
      Enter: () => look.row && journal.open(look.row),
      Escape: () => look.at({ lane: null, row: null }),
    };
    if (many)
      Object.assign(keys, {
        ArrowDown: () => timeline.scroll(60),
        ArrowUp: () => timeline.scroll(-60),
        PageDown: () => timeline.scroll(300),
        PageUp: () => timeline.scroll(-300),
      });
    const work = keys[event.key];
    if (!work) return;
    work();
    event.preventDefault();
    event.stopPropagation();
  },

  scroll(by) {
    timeline.stage.scrollTop += by;
  },

  pan_to(end) {
    const rows = look.lane ? look.lane.rows : store.rows;
    if (!rows.length) return;
    const at = rows[end ? rows.length - 1 : 0].e.at;
    const length = timeline.view.t1 - timeline.view.t0;
    timeline.show(at - (end ? 0.9 : 0.1) * length, at + (end ? 0.1 : 0.9) * length);
  },
});
