// A list of any length: only the rows that are seen are in the page.
export const HEIGHT = 62;
const SPARE = 6;

export class VirtualList {
  constructor(box, draw) {
    this.box = box;
    this.draw = draw;
    this.items = [];
    this.space = document.createElement("div");
    this.space.className = "space";
    box.append(this.space);
    this.pool = [];
    this.asked = false;
    box.addEventListener("scroll", () => this.later(), { passive: true });
    new ResizeObserver(() => this.later()).observe(box);
  }

  // The newest is on top: what comes above the first row that is seen must not move it.
  set(items) {
    const grown = items.length - this.items.length;
    this.items = items;
    this.space.style.height = `${items.length * HEIGHT}px`;
    if (this.box.scrollTop > 0 && grown > 0) this.box.scrollTop += grown * HEIGHT;
    this.later();
  }

  later() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => { this.asked = false; this.paint(); });
  }

  paint() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / HEIGHT) - SPARE);
    const seen = Math.ceil(this.box.clientHeight / HEIGHT) + 2 * SPARE;
    const last = Math.min(this.items.length, first + seen);
    while (this.pool.length < last - first) {
      const row = document.createElement("div");
      row.className = "call-row";
      row.setAttribute("role", "option");
      this.space.append(row);
      this.pool.push(row);
    }
    this.pool.forEach((row, at) => {
      const item = first + at < last ? this.items[this.items.length - 1 - first - at] : undefined;
      row.hidden = item === undefined;
      if (item === undefined) return;
      row.style.transform = `translateY(${(first + at) * HEIGHT}px)`;
      this.draw(row, item);
    });
  }

  reveal(index) {
    const top = (this.items.length - 1 - index) * HEIGHT;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + HEIGHT > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + HEIGHT - this.box.clientHeight;
    this.later();
  }
}
