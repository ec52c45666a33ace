// A list of any length, of which only what is seen is in the page; arrows move in it.

class LongList {
  // `of`: { name, height, length(), item(index), key(item), draw(item, index), pick(item, index, opened), empty }
  constructor(of) {
    this.of = of;
    this.active = null; // key of the item the keyboard stands on
    this.nodes = new Map();
    this.sticks = false;
    this.space = el("div", { class: "space" });
    this.none = el("p", { class: "none", text: of.empty || "" });
    this.node = el(
      "div",
      {
        class: "long",
        role: "listbox",
        tabindex: "0",
        "aria-label": of.name,
        onscroll: () => this.scrolled(),
        onkeydown: (event) => this.key(event),
        onclick: (event) => this.click(event),
        ondblclick: (event) => this.click(event, true),
      },
      this.space,
      this.none,
    );
    this.id = of.name.toLowerCase().replace(/[^a-z]+/g, "-");
    // Kept, since to ask for them in a frame that has changed something is to have it laid out at once.
    this.top = 0;
    this.tall = 0;
    this.long = -1;
    new ResizeObserver(() => {
      // What was hidden comes back scrolled to its beginning.
      Object.assign(this, { tall: this.node.clientHeight, top: this.node.scrollTop });
      this.want();
    }).observe(this.node);
    this.drawing = () => this.draw();
  }

  want() {
    frames.want(this.drawing);
  }

  scrolled() {
    this.top = this.node.scrollTop;
    this.sticks = this.of.sticks && this.top + this.tall >= this.long * this.of.height - 2;
    this.want();
  }

  draw() {
    if (!this.tall) return;
    const { height } = this.of;
    const length = this.of.length();
    this.stretch(length);
    if (this.sticks) this.scroll(length * height - this.tall);
    this.top = Math.min(this.top, Math.max(0, length * height - this.tall));
    const first = Math.max(0, Math.floor(this.top / height) - 4);
    const last = Math.min(length, Math.ceil((this.top + this.tall) / height) + 4);
    const seen = new Map();
    let described = null;
    for (let index = first; index < last; index += 1) {
      const item = this.of.item(index);
      const key = this.of.key(item);
      let node = this.of.fixed ? this.nodes.get(key) : null;
      if (!node) {
        node = this.of.draw(item, index);
        node.setAttribute("role", "option");
        node.classList.add("row");
        node.id = `${this.id}-${index % 1000}-${seen.size}`;
        node.rowKey = key;
      }
      node.style.transform = `translateY(${index * height}px)`;
      node.setAttribute("aria-posinset", index + 1);
      node.setAttribute("aria-setsize", length);
      const isPicked = this.of.picked(item);
      node.setAttribute("aria-selected", isPicked);
      node.classList.toggle("active", key === this.active);
      if (key === this.active) described = node;
      node.rowIndex = index;
      seen.set(key, node);
    }
    this.replace(seen);
    if (described) this.node.setAttribute("aria-activedescendant", described.id);
    else this.node.removeAttribute("aria-activedescendant");
    if (this.of.seen) this.of.seen(first, last);
  }

  stretch(length) {
    if (this.long === length) return;
    this.long = length;
    this.space.style.height = `${length * this.of.height}px`;
    this.none.hidden = length > 0;
  }

  scroll(top) {
    const wanted = Math.max(0, Math.round(top));
    if (wanted === this.top) return;
    this.top = wanted;
    this.node.scrollTop = wanted;
  }

  replace(seen) {
    for (const [key, node] of this.nodes) if (seen.get(key) !== node) node.remove();
    for (const node of seen.values()) if (node.parentNode !== this.space) this.space.append(node);
    this.nodes = seen;
  }

  get index() {
    for (const node of this.nodes.values()) if (node.rowKey === this.active) return node.rowIndex;
    return this.of.indexOf ? this.of.indexOf(this.active) : -1;
  }

  reveal(index) {
    const top = index * this.of.height;
    const below = top + this.of.height - this.tall;
    this.stretch(this.of.length());
    if (top < this.top || below > this.top) {
      this.sticks = false;
      this.scroll(top < this.top ? top : below);
    }
    this.want();
  }

  go(index, opened = false) {
    const length = this.of.length();
    if (!length) return;
    const at = Math.min(Math.max(index, 0), length - 1);
    const item = this.of.item(at);
    this.active = this.of.key(item);
    this.reveal(at);
    this.of.pick(item, at, opened);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.tall / this.of.height) - 1);
    const length = this.of.length();
    const at = this.index;
    const moves = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? length - 1 : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: length - 1,
    };
    if (event.key in moves) this.go(moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.go(at < 0 ? 0 : at, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  click(event, opened = false) {
    const node = event.target.closest(".row");
    if (node && !event.target.closest("button")) this.go(node.rowIndex, opened);
  }
}
