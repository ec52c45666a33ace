// What has happened, as far as the page keeps it: in order, and by agent.

const LIMIT = 100000; // entries, like the journal's own window
const SLACK = 10000; // entries that may be thrown away late, so that arrays move seldom

class Row {
  constructor(entry, lane) {
    this.e = entry;
    this.lane = lane;
    this.pair = null; // of a request its answer, and the other way round
    this.faults = null; // of what was touched: the rows of what struck
    this.touched = null; // of a fault: the row it touched
  }
}

class Lane {
  constructor(name, order) {
    this.name = name;
    this.order = order;
    this.ordinal = null;
    this.rows = [];
    this.open = new Map(); // requests without an answer, by play and step
    this.struck = []; // faults that nothing has been touched by so far
    this.counts = { fault: 0, miss: 0, event: 0, request: 0 };
    this.latest = -Infinity;
    this.disorder = 0; // seconds by which entries stand before their turn, at most
    this.longest = 0; // seconds from a request to its answer, at most
  }

  // Where entries begin that may be seen from this time on.
  from(at) {
    return firstAt(this.rows, at - this.disorder - this.longest);
  }
}

function firstAt(rows, at) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].e.at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

const store = {
  rows: [],
  base: 0, // entries that were here before the first of `rows`
  lanes: new Map(),
  listed: null,
  order: 0,
  lost: 0,
  last: 0, // number of the newest entry
  end: 0, // the latest time
  listeners: [],
  resets: [], // told of what was reset
  fresh: new Set(), // lanes that changed since listeners were told

  // All agents; kept until somebody comes or goes.
  get list() {
    return (store.listed ??= [...new Set(store.lanes.values())]);
  },

  lane(name) {
    let lane = store.lanes.get(name);
    if (!lane) {
      store.lanes.set(name, (lane = new Lane(name, store.order++)));
      store.listed = null;
    }
    return lane;
  },

  add(entries) {
    for (const entry of entries) store.take(entry);
    if (store.rows.length > LIMIT + SLACK) store.trim();
    frames.want(store.tell);
  },

  take(entry) {
    const detail = entry.detail || {};
    if (entry.kind === "agent" && detail.was) store.rename(detail.was, entry.agent);
    if (entry.kind === "reset") store.reset(Array.isArray(detail.what) ? detail.what : []);
    const lane = store.lane(entry.agent);
    const row = new Row(entry, lane);
    store.rows.push(row);
    lane.rows.push(row);
    store.last = entry.number;
    store.end = Math.max(store.end, entry.at);
    if (entry.at < lane.latest) lane.disorder = Math.max(lane.disorder, lane.latest - entry.at);
    else lane.latest = entry.at;
    if (entry.kind in lane.counts) lane.counts[entry.kind] += 1;
    store.join(row, lane, detail);
    store.fresh.add(lane);
  },

  rename(was, name) {
    const lane = store.lanes.get(was);
    if (!lane) return;
    lane.name = name;
    store.listed = null;
    store.lanes.set(name, lane);
  },

  // Answers to what was asked, and what faults touched to the faults.
  join(row, lane, detail) {
    const { kind, play, step } = row.e;
    if (kind === "request" || kind === "answer") {
      const key = `${play} ${step}`;
      const open = lane.open.get(key) || [];
      if (kind === "request") {
        open.push(row);
        if (open.length > 50) open.shift();
        lane.open.set(key, open);
      } else if (open.length) {
        row.pair = open.shift();
        row.pair.pair = row;
        lane.longest = Math.max(lane.longest, row.e.at - row.pair.e.at);
        if (!open.length) lane.open.delete(key);
      }
    }
    if (kind === "fault") {
      lane.struck.push(row);
      if (lane.struck.length > 30) lane.struck.shift();
    } else if (Array.isArray(detail.faults)) {
      row.faults = lane.struck.filter(
        (each) => detail.faults.includes(each.e.detail?.rule) && (!each.e.step || each.e.step === step),
      );
      for (const each of row.faults) each.touched = row;
      lane.struck = lane.struck.filter((each) => !row.faults.includes(each));
    }
  },

  trim() {
    const gone = store.rows.length - LIMIT;
    const first = store.rows[gone].e.number;
    store.rows.splice(0, gone);
    store.listed = null;
    store.base += gone;
    for (const [name, lane] of store.lanes) {
      let old = 0;
      while (old < lane.rows.length && lane.rows[old].e.number < first) old += 1;
      if (old) lane.rows.splice(0, old);
      if (!lane.rows.length && lane.ordinal === null) store.lanes.delete(name);
      for (const [key, open] of lane.open) if (open[0].e.number < first) lane.open.delete(key);
    }
    for (const row of store.rows.slice(0, SLACK)) {
      if (row.pair && row.pair.e.number < first) row.pair = null;
      if (row.faults) row.faults = row.faults.filter((each) => each.e.number >= first);
    }
  },

  clear() {
    Object.assign(store, {
      rows: [],
      base: store.base + store.rows.length,
      lanes: new Map(),
      listed: null,
      lost: 0,
      last: 0,
      end: 0,
    });
    frames.want(store.tell);
  },

  // Numbers go on; what was before is gone.
  reset(what) {
    if (what.includes("journal")) store.clear();
    if (what.includes("agents")) for (const lane of store.list) lane.ordinal = null;
    for (const listener of store.resets) listener(what);
  },

  tell() {
    const fresh = store.fresh;
    store.fresh = new Set();
    for (const listener of store.listeners) listener(fresh);
  },

  find(number) {
    if (!store.rows.length) return null;
    const at = number - store.rows[0].e.number;
    const near = store.rows[at];
    return near && near.e.number === number
      ? near
      : store.rows.find((row) => row.e.number === number) || null;
  },
};

// What is looked at; whoever shows it is told when it changes.
const look = {
  lane: null, // the agent; null for all
  row: null, // the entry
  hover: null,
  listeners: [],
  at(change) {
    Object.assign(look, change);
    for (const listener of look.listeners) listener(change);
  },
};
