// What happens, as it happens: one answer that never ends, and again from where it broke off.

const stream = {
  run: "",
  beat: null,
  beatAt: 0, // when it came, by the page's own clock
  state: "connecting",
  wait: 500,
  listeners: [],

  // Seconds since the simulator began.
  now() {
    if (!stream.beat) return store.end;
    const since =
      stream.state === "live" && stream.beat.clock === "real"
        ? (performance.now() - stream.beatAt) / 1000
        : 0;
    return Math.max(stream.beat.now + Math.min(since, 5), 0);
  },

  set(state) {
    stream.state = state;
    stream.tell();
  },

  tell() {
    for (const listener of stream.listeners) listener(stream);
  },

  async follow() {
    for (;;) {
      try {
        await stream.read();
      } catch (error) {
        if (!(
          error instanceof TypeError ||
          error instanceof Refused ||
          error.name === "AbortError" ||
          error instanceof SyntaxError
        ))
          throw error;
      }
      stream.set("lost");
      await new Promise((again) => setTimeout(again, stream.wait * (0.75 + Math.random() / 2)));
      stream.wait = Math.min(stream.wait * 2, 10000);
      stream.set("connecting");
    }
  },

  async read() {
    const stop = new AbortController();
    // Beats come every second: who has heard none for long is on a connection that is none any more.
    let heard = performance.now();
    const watch = setInterval(() => performance.now() - heard > 15000 && stop.abort(), 5000);
    try {
      const response = await api.fetch(`stream?since=${store.last}`, { signal: stop.signal });
      if (!response.ok) throw new Refused(response.status, { what: `the server said ${response.status}` });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        heard = performance.now();
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          if (line && !stream.take(JSON.parse(line))) return stop.abort();
        }
      }
    } finally {
      clearInterval(watch);
    }
  },

  // False where it is another run than the one before: its entries are others.
  take(line) {
    if (line.beat) {
      const known = stream.run;
      const backwards = line.beat.total < store.last;
      stream.run = line.beat.run;
      if ((known && known !== stream.run) || backwards) {
        store.clear();
        for (const listener of store.resets) listener(["journal", "agents", "faults"]);
        stream.wait = 100;
        if (known !== stream.run) return false;
      }
      stream.beat = line.beat;
      stream.beatAt = performance.now();
      stream.wait = 500;
      stream.set("live");
    }
    if (line.gap) store.lost += line.gap;
    if (line.entries) store.add(line.entries);
    return true;
  },
};
