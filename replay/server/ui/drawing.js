// Agents' lanes on a canvas: requests above the line, events below, and what went wrong.

const RULER = 22;
const TALL = 96; // from this height on a lane has names in it
const PER_ROW = 17;
const STEPS = [
  1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600,
  1800, 3600, 7200, 14400, 43200, 86400,
];

const inks = {};
function readInks() {
  const style = getComputedStyle(document.documentElement);
  for (const name of [
    "ground",
    "raised",
    "sunk",
    "line",
    "edge",
    "ink",
    "muted",
    "faint",
    "accent",
    "accent-soft",
    "warn",
    "warn-soft",
    "bad",
    "bad-soft",
    "bar",
  ])
    inks[name] = style.getPropertyValue(`--${name}`).trim();
  inks.text = `11px ${style.getPropertyValue("--text").trim()}`;
  inks.strong = `600 11px ${style.getPropertyValue("--text").trim()}`;
}

class Brush {
  // `view`: { t0, t1, width, height }, in seconds and pixels.
  constructor(context, view) {
    this.c = context;
    this.view = view;
    this.scale = view.width / (view.t1 - view.t0);
    this.hits = [];
    this.widths = Brush.widths;
  }

  x(at) {
    return (at - this.view.t0) * this.scale;
  }

  width(text) {
    let found = this.widths.get(text);
    if (found === undefined) {
      if (this.widths.size > 5000) this.widths.clear();
      this.widths.set(text, (found = this.c.measureText(text).width));
    }
    return found;
  }

  line(x1, y1, x2, y2, ink, thick = 1) {
    const c = this.c;
    c.strokeStyle = ink;
    c.lineWidth = thick;
    c.beginPath();
    c.moveTo(x1, y1);
    c.lineTo(x2, y2);
    c.stroke();
  }

  box(x, y, width, height, ink) {
    this.c.fillStyle = ink;
    this.c.beginPath();
    this.c.roundRect(x, y, width, height, Math.min(2, width / 2));
    this.c.fill();
  }

  shape(points, ink, hollow = false) {
    const c = this.c;
    c.beginPath();
    points.forEach(([x, y], index) => (index ? c.lineTo(x, y) : c.moveTo(x, y)));
    c.closePath();
    if (hollow) {
      c.fillStyle = inks.ground;
      c.fill();
      c.strokeStyle = ink;
      c.lineWidth = 1.4;
      c.stroke();
    } else {
      c.fillStyle = ink;
      c.fill();
    }
  }

  diamond(x, y, r, ink, hollow) {
    this.shape(
      [
        [x, y - r],
        [x + r, y],
        [x, y + r],
        [x - r, y],
      ],
      ink,
      hollow,
    );
  }

  bolt(x, y, r, ink) {
    this.shape(
      [
        [x + 0.35 * r, y - r],
        [x - 0.6 * r, y + 0.2 * r],
        [x - 0.05 * r, y + 0.2 * r],
        [x - 0.35 * r, y + r],
        [x + 0.6 * r, y - 0.25 * r],
        [x + 0.05 * r, y - 0.25 * r],
      ],
      ink,
    );
  }

  cross(x, y, r, ink) {
    this.line(x - r, y - r, x + r, y + r, ink, 2);
    this.line(x - r, y + r, x + r, y - r, ink, 2);
  }

  text(text, x, y, ink, font = inks.text) {
    this.c.font = font;
    // Stems of what stands further out are kept from the letters.
    this.c.strokeStyle = inks.ground;
    this.c.lineWidth = 4;
    if (y > RULER) this.c.strokeText(text, x, y);
    this.c.fillStyle = ink;
    this.c.fillText(text, x, y);
  }

  // Times

  ruler() {
    const { t0, t1, width, height } = this.view;
    const step = STEPS.find((each) => each * this.scale >= 90) || STEPS[STEPS.length - 1];
    const digits = step < 1 ? Math.min(4, Math.ceil(-Math.log10(step) - 1e-9)) : 0;
    this.box(0, 0, width, RULER, inks.sunk);
    for (let n = Math.ceil(t0 / step); n * step <= t1; n += 1) {
      const x = Math.round(this.x(n * step)) + 0.5;
      this.line(x, RULER, x, height, inks.line);
      this.text(seconds(n * step, digits) + (n * step < 60 ? " s" : ""), x + 4, 15, inks.muted);
    }
    this.line(0, RULER - 0.5, width, RULER - 0.5, inks.line);
  }

  upright(at, ink, dash = []) {
    const x = Math.round(this.x(at)) + 0.5;
    this.c.setLineDash(dash);
    this.line(x, RULER, x, this.view.height, ink);
    this.c.setLineDash([]);
  }

  // One agent

  lane(lane, top, height) {
    const { t0, t1, width } = this.view;
    const tall = height >= TALL;
    const middle = Math.round(top + height * (tall ? 0.5 : 0.64)) + 0.5;
    this.line(0, middle, width, middle, inks.edge);
    const room = Math.max(1, Math.floor((height / 2 - 42) / PER_ROW));
    const place = {
      lane,
      middle,
      height,
      tall,
      above: new Array(room).fill(-Infinity),
      below: new Array(room).fill(-Infinity),
      last: {},
    };
    this.names = [];
    const rows = lane.rows;
    this.c.font = inks.text;
    for (let at = lane.from(t0); at < rows.length; at += 1) {
      const row = rows[at];
      if (row.e.at > t1 + lane.disorder) break;
      this.mark(row, place);
    }
    // Names come last: no stem of what stands further out crosses them.
    for (const each of this.names) this.text(...each);
    this.line(0, top + height - 0.5, width, top + height - 0.5, inks.line);
    if (!look.lane)
      this.text(lane.name || "nobody in particular", 10, top + (tall ? 18 : 14), inks.ink, inks.strong);
  }

  mark(row, place) {
    const kind = row.e.kind;
    const x = this.x(row.e.at);
    if (kind === "answer" && row.pair) return;
    // What falls on the same pixel as its like is not seen.
    const ends = kind === "request" && row.pair ? this.x(row.pair.e.at) : x;
    if (ends < -20 || x > this.view.width + 20) return;
    const pixel = Math.round(x) * 1e4 + Math.round(ends - x);
    const like = row.faults && row.faults.length ? `${kind}!` : kind;
    if (place.last[like] === pixel && row !== look.row && row !== look.hover) return;
    place.last[like] = pixel;
    const draw = this[`mark_${kind}`] || this.mark_other;
    const hit = draw.call(this, row, place, x, ends);
    if (!hit) return;
    this.hits.push({ row, ...hit });
    if (row === look.row || row === look.hover) this.ring(hit, row === look.row ? inks.accent : inks.edge);
  }

  ring(hit, ink) {
    this.c.strokeStyle = ink;
    this.c.lineWidth = 2;
    this.c.beginPath();
    this.c.roundRect(hit.x - 4, hit.y - 4, hit.w + 8, hit.h + 8, 5);
    this.c.stroke();
  }

  name(...written) {
    this.names.push(written);
  }

  // Where a mark with its name has room; -1 where there is none.
  slot(rows, x, right) {
    const found = rows.findIndex((end) => end <= x);
    if (found >= 0) rows[found] = right + 12;
    return found;
  }

  mark_request(row, place, x, ends) {
    const answer = row.pair;
    const status = answer?.e.detail?.status;
    const isBad = status >= 400;
    const ink = isBad ? inks.bad : inks.bar;
    const width = Math.max(answer ? ends - x : 3, 3);
    if (!place.tall) {
      const y = place.middle - 11;
      this.box(x, y, width, 6, ink);
      if (marked(row)) this.dot(x + width, y - 2);
      return { x, y, w: width, h: 6 };
    }
    const name = `${row.e.step || "?"}${isBad ? ` ${status}` : ""}${answer ? "" : " …"}`;
    const slot = this.slot(place.above, Math.max(x, 0), Math.max(x + width, 0) + 6 + this.width(name));
    const y = place.middle - 20 - Math.max(slot, 0) * PER_ROW;
    this.line(Math.round(x) + 0.5, y + 10, Math.round(x) + 0.5, place.middle, inks.edge);
    if (answer || !isLive()) this.box(x, y, width, 10, ink);
    else this.open(x, y, row);
    this.tail(answer, ends, y + 5, 10);
    if (touched(row)) this.bolt(x + width + 1, y - 1, 6, inks.warn);
    if (slot >= 0)
      this.name(name, Math.max(x + width, 0) + (touched(row) ? 9 : 6), y + 9, isBad ? inks.bad : inks.ink);
    return { x, y, w: width, h: 10 };
  }

  // Asked, and not answered so far.
  open(x, y, row) {
    const until = Math.max(this.x(stream.now()) - x, 3);
    this.c.globalAlpha = 0.35;
    this.box(x, y, until, 10, inks.bar);
    this.c.globalAlpha = 1;
    this.box(x, y, 3, 10, inks.bar);
  }

  tail(row, x, y, size) {
    const late = (row?.e.late || 0) * this.scale;
    if (late < 1.5) return;
    this.c.globalAlpha = 0.8;
    this.box(x, y - size / 4, late, size / 2, inks.warn);
    this.c.globalAlpha = 1;
  }

  dot(x, y) {
    this.bolt(x, y, 4.5, inks.warn);
  }

  mark_retry(row, place, x) {
    const y = place.middle - (place.tall ? 20 : 11);
    this.c.strokeStyle = inks.bar;
    this.c.lineWidth = 1.4;
    this.c.strokeRect(x - 2.5, y, 5, place.tall ? 10 : 6);
    return { x: x - 3, y, w: 6, h: place.tall ? 10 : 6 };
  }

  // Of what was not even taken as a request.
  mark_answer(row, place, x) {
    const status = row.e.detail?.status;
    const isBad = status >= 400;
    const ink = isBad ? inks.bad : inks.bar;
    if (!place.tall) {
      this.box(x - 1.5, place.middle - 11, 3, 6, ink);
      if (marked(row)) this.dot(x + 3, place.middle - 13);
      return { x: x - 2, y: place.middle - 11, w: 4, h: 6 };
    }
    const name = `${row.e.step || row.e.detail?.request || "answer"} ${status ?? ""}`;
    const slot = this.slot(place.above, x, x + 9 + this.width(name));
    const y = place.middle - 20 - Math.max(slot, 0) * PER_ROW;
    this.line(Math.round(x) + 0.5, y + 10, Math.round(x) + 0.5, place.middle, inks.edge);
    this.box(x - 1.5, y, 3, 10, ink);
    if (touched(row)) this.bolt(x + 4, y - 1, 6, inks.warn);
    if (slot >= 0) this.name(name, x + (touched(row) ? 10 : 6), y + 9, isBad ? inks.bad : inks.ink);
    return { x: x - 2, y, w: 4, h: 10 };
  }

  mark_event(row, place, x) {
    return this.push(row, place, x, row.e.step || row.e.detail?.channel || "event", false);
  }

  mark_held(row, place, x) {
    return this.push(row, place, x, `${row.e.step || "event"} held`, true);
  }

  push(row, place, x, name, hollow) {
    const r = place.tall ? 5 : 3.5;
    if (!place.tall) {
      const y = place.middle + 8;
      this.tail(row, x, y, 6);
      this.diamond(x, y, r, inks.accent, hollow);
      if (marked(row)) this.dot(x + 5, y + 4);
      return { x: x - r, y: y - r, w: 2 * r, h: 2 * r };
    }
    const slot = this.slot(place.below, x - r, x + r + 6 + this.width(name));
    const y = place.middle + 17 + Math.max(slot, 0) * PER_ROW;
    this.line(Math.round(x) + 0.5, place.middle, Math.round(x) + 0.5, y, inks.edge);
    this.tail(row, x, y, 10);
    this.diamond(x, y, r, inks.accent, hollow);
    if (touched(row)) this.bolt(x + 8, y - 6, 6, inks.warn);
    if (slot >= 0) this.name(name, x + r + (touched(row) ? 9 : 4), y + 4, hollow ? inks.muted : inks.ink);
    return { x: x - r, y: y - r, w: 2 * r, h: 2 * r };
  }

  mark_miss(row, place, x) {
    const r = place.tall ? 4.5 : 3.5;
    const name = row.e.detail?.request || "miss";
    const slot = place.tall ? this.slot(place.above, x - r, x + r + 6 + this.width(name)) : -1;
    const y = place.middle - (place.tall ? 15 + Math.max(slot, 0) * PER_ROW : 11);
    this.cross(x, y, r, inks.bad);
    if (slot >= 0) this.name(name, x + r + 6, y + 4, inks.bad);
    return { x: x - r, y: y - r, w: 2 * r, h: 2 * r };
  }

  mark_fault(row, place, x) {
    const r = place.tall ? 8 : 5;
    const y = place.tall ? place.middle - place.height / 2 + 34 : place.middle - 16;
    this.c.setLineDash([2, 3]);
    this.line(Math.round(x) + 0.5, y + r, Math.round(x) + 0.5, place.middle, inks.warn);
    this.c.setLineDash([]);
    this.bolt(x, y, r, inks.warn);
    if (place.tall) this.name(row.e.detail?.rule || "", x + 10, y + 4, inks.warn);
    return { x: x - r, y: y - r, w: 2 * r, h: 2 * r };
  }

  // What happens to the connection, and to the play, stands on the line itself.
  mark_other(row, place, x) {
    const { middle, tall } = place;
    const kind = row.e.kind;
    const c = this.c;
    const r = tall ? 4 : 3;
    if (kind === "play" && tall) {
      c.setLineDash([1, 3]);
      this.line(Math.round(x) + 0.5, middle - place.height / 2 + 22, Math.round(x) + 0.5, middle, inks.faint);
      c.setLineDash([]);
    }
    if (kind === "disconnect") {
      this.line(x, middle - r - 2, x, middle + r + 2, inks.ink, 2);
    } else if (kind === "handshake" || kind === "subscribe") {
      c.beginPath();
      c.arc(x, middle, r, 0, 7);
      c.fillStyle = kind === "subscribe" ? inks.ink : inks.ground;
      c.fill();
      c.strokeStyle = inks.ink;
      c.lineWidth = 1.4;
      c.stroke();
    } else {
      this.line(x, middle - r, x, middle + r, inks.muted, 1.5);
    }
    return { x: x - r, y: middle - r, w: 2 * r, h: 2 * r };
  }
}
Brush.widths = new Map();

const touched = (row) => (row.e.detail?.faults || row.pair?.e.detail?.faults || []).length > 0;
// Where there is no room for both, what struck stands for what it touched.
const marked = (row) => touched(row) && !row.faults?.length && !row.pair?.faults?.length;
const isLive = () => stream.beat !== null;
