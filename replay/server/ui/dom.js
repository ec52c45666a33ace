// Elements, words for numbers, and work that waits for the next frame.
// Text enters a page here alone, as text: what clients and scenarios say is shown and never run.

const $ = (id) => document.getElementById(id);

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  fill(node, ...node.childNodes, ...children);
  return node;
}

// The children of a node; those that are not there are left out.
function fill(node, ...children) {
  node.replaceChildren(
    ...children.filter((child) => child !== null && child !== undefined && child !== false),
  );
}

const label = (text, ...fields) => el("label", { class: "field" }, el("span", { text }), ...fields);

function seconds(t, digits = 3) {
  const sign = t < 0 ? "−" : "";
  const rest = Math.abs(t);
  if (rest < 60) return sign + rest.toFixed(digits);
  const minutes = Math.floor(rest / 60);
  const tail = (rest - 60 * minutes).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  if (minutes < 60) return `${sign}${minutes}:${tail}`;
  return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${tail}`;
}

// A length of time, in the unit that suits it.
function span(t) {
  const size = Math.abs(t);
  if (size < 1e-3) return `${Math.round(1e6 * t)} µs`;
  if (size < 1) return `${Number((1e3 * t).toPrecision(3))} ms`;
  if (size < 60) return `${Number(t.toFixed(1))} s`;
  return seconds(t, 0);
}

const count = (n) => n.toLocaleString("en");
const many = (n, one, more) => `${count(n)} ${n === 1 ? one : more}`;

function sentence(value) {
  const text = value ? said(value) : "";
  return text && `${text[0].toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, ".");
}

const cut = (text, most = 300) => (text.length > most ? `${text.slice(0, most)}…` : text);
const said = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

// Calls once in a while, however often it is asked to; the last request is never dropped.
function calmly(wait, work) {
  let timer = 0;
  let last = -Infinity;
  return () => {
    if (timer) return;
    const rest = Math.max(0, last + wait - performance.now());
    timer = setTimeout(() => {
      timer = 0;
      last = performance.now();
      work();
    }, rest);
  };
}

// One frame serves all that wants to be drawn anew.
const frames = {
  wanted: new Set(),
  asked: false,
  want(draw) {
    frames.wanted.add(draw);
    if (frames.asked) return;
    frames.asked = true;
    requestAnimationFrame(frames.run);
  },
  run() {
    frames.asked = false;
    const all = [...frames.wanted];
    frames.wanted.clear();
    for (const draw of all) draw();
  },
};

const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function toast(text, kind = "") {
  const node = el("p", { class: `toast ${kind}`, text });
  $("toasts").append(node);
  while ($("toasts").childElementCount > 4) $("toasts").firstChild.remove();
  setTimeout(() => node.remove(), kind === "bad" ? 12000 : 5000);
}

const pretty = (value, most = 200000) => {
  const text = JSON.stringify(value, null, 2);
  return text.length > most ? `${text.slice(0, most)}\n…` : text;
};

function held(id) {
  const node = $(id);
  return node === null ? null : JSON.parse(node.textContent);
}
