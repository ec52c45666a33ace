// Elements. What others wrote comes as strings, which `append` makes text of: nothing here reads HTML.

export const $ = (id) => document.getElementById(id);

export function h(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...content);
  return element;
}

// Says something else, and is silent while it stays the same: screen readers read what changes.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Makes children agree with a list. While a key stays its element does, and with it focus and selection.
export function keep(parent, items, keyOf, make, update = () => {}) {
  const wanted = new Map(items.map((item) => [String(keyOf(item)), item]));
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  for (const [key, child] of there) if (!wanted.has(key)) child.remove();
  [...wanted].forEach(([key, item], place) => {
    const element = there.get(key) ?? make(item);
    element.dataset.key = key;
    update(element, item);
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
  });
}
