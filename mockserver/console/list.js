// A list of any length of which only what is seen exists: rows are fetched by their serial numbers, newest first.
import { h, setText } from "./dom.js";
import { t } from "./words.js";

const OVERSCAN = 6;
const MOST_CACHED = 2000;
const MILLISECONDS_BETWEEN_FETCHES = 900;

export class WindowedList {
  #cache = new Map();
  #shown = new Map();
  #found = null;
  #newest = 0;
  #count = 0;
  #fetching = false;
  #fetched = 0;
  #selected = null;
  #frame = 0;

  /**
   * `fetch(last, count)` gives rows, newest first; `create(row)` gives `{node, update(row, now)}`;
   * `open(row)` is called when one is chosen; `isOpen(row)` tells whether a row may still change.
   */
  constructor({ label, name, fetch, create, open, isOpen, failed }) {
    Object.assign(this, { fetch, create, open, isOpen, failed, name });
    this.spacer = h("div", { class: "spacer", role: "presentation" });
    this.box = h("div", { class: `list ${name}`, role: "listbox", tabindex: "0", "aria-label": label }, this.spacer);
    this.top = h("button", { type: "button", class: "to-top", onclick: () => this.box.scrollTo({ top: 0 }) });
    this.top.hidden = true;
    this.none = h("p", { class: "none hint", role: "status" });
    this.node = h("div", { class: "list-frame" }, this.box, this.top, this.none);
    this.box.addEventListener("scroll", () => this.#soon(), { passive: true });
    this.box.addEventListener("click", (event) => this.#clicked(event));
    this.box.addEventListener("keydown", (event) => this.#typed(event));
    this.sized = new ResizeObserver(() => this.#soon());
    this.sized.observe(this.box);
  }

  close() {
    this.sized.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  get rowHeight() {
    return parseFloat(getComputedStyle(this.box).getPropertyValue("--row")) || 44;
  }

  /** There are `count` rows by now, the newest with that serial number. */
  setTotal(newest, count) {
    if (newest === this.#newest && count === this.#count) return;
    const came = newest - this.#newest;
    const was = this.box.scrollTop;
    if (newest < this.#newest) this.#cache.clear();
    this.#newest = newest;
    this.#count = count;
    if (this.#found) return;
    this.#stretch();
    // What is read stays where it is; new rows come in above.
    if (was > this.rowHeight && came > 0) {
      this.box.scrollTop = was + came * this.rowHeight;
      this.top.hidden = false;
      this.top.textContent = t("is_late");
    }
    this.#soon();
  }

  /** Show these rows and no others; null shows all again. */
  show(rows) {
    this.#found = rows;
    if (rows) for (const row of rows) this.#remember(row);
    this.#stretch();
    this.#soon();
  }

  get total() {
    return this.#found ? this.#found.length : this.#count;
  }

  select(serial) {
    this.#selected = serial;
    this.#soon();
  }

  /** Bring what is seen up to the moment; ask again for what may have changed. */
  tick(now) {
    this.now = now;
    for (const [serial, shown] of this.#shown) {
      const row = this.#cache.get(serial);
      if (row) shown.update(row, now);
    }
    const mayChange = [...this.#shown.keys()].some((serial) => {
      const row = this.#cache.get(serial);
      return !row || this.isOpen(row);
    });
    if (mayChange && !this.#found) this.#load();
  }

  #stretch() {
    this.spacer.style.height = `${this.total * this.rowHeight}px`;
  }

  #soon() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#render();
    });
  }

  #serialAt(index) {
    return this.#found ? this.#found[index]?.serial : this.#newest - index;
  }

  #indexOf(serial) {
    return this.#found ? this.#found.findIndex((row) => row.serial === serial) : this.#newest - serial;
  }

  #range() {
    const height = this.rowHeight;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - OVERSCAN);
    const last = Math.min(this.total, Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + OVERSCAN);
    return [first, Math.max(first, last)];
  }

  #render() {
    const [first, last] = this.#range();
    const height = this.rowHeight;
    if (this.box.scrollTop <= height) this.top.hidden = true;
    setText(this.none, this.total === 0 ? t("nothing_found") : "");
    const wanted = new Set();
    let isMissing = false;
    for (let index = first; index < last; index += 1) {
      const serial = this.#serialAt(index);
      const row = this.#cache.get(serial);
      if (!row) {
        isMissing = true;
        continue;
      }
      wanted.add(serial);
      const shown = this.#shown.get(serial) ?? this.#add(row);
      shown.node.style.transform = `translateY(${index * height}px)`;
      shown.node.setAttribute("aria-posinset", index + 1);
      shown.node.setAttribute("aria-setsize", this.total);
      shown.node.setAttribute("aria-selected", serial === this.#selected);
    }
    for (const [serial, shown] of this.#shown) {
      if (wanted.has(serial)) continue;
      shown.node.remove();
      this.#shown.delete(serial);
    }
    const active = wanted.has(this.#selected) ? this.#idOf(this.#selected) : null;
    if (active) this.box.setAttribute("aria-activedescendant", active);
    else this.box.removeAttribute("aria-activedescendant");
    if (isMissing && !this.#found) this.#load(true);
  }

  #add(row) {
    const shown = this.create(row);
    shown.node.id = this.#idOf(row.serial);
    shown.node.setAttribute("role", "option");
    shown.node.classList.add("row");
    shown.update(row, this.now ?? 0);
    this.spacer.append(shown.node);
    this.#shown.set(row.serial, shown);
    return shown;
  }

  #idOf(serial) {
    return `${this.name}-${serial}`;
  }

  async #load(atOnce = false) {
    const since = performance.now() - this.#fetched;
    if (this.#fetching || (!atOnce && since < MILLISECONDS_BETWEEN_FETCHES)) return;
    this.#fetching = true;
    const [first, last] = this.#range();
    try {
      const rows = last > first ? await this.fetch(this.#newest - first, Math.min(200, last - first)) : [];
      for (const row of rows) this.#remember(row);
    } catch (error) {
      this.failed?.(error);
    } finally {
      this.#fetching = false;
      this.#fetched = performance.now();
    }
    this.#soon();
  }

  #remember(row) {
    this.#cache.delete(row.serial);
    this.#cache.set(row.serial, row);
    if (this.#cache.size > MOST_CACHED) this.#cache.delete(this.#cache.keys().next().value);
    this.#shown.get(row.serial)?.update(row, this.now ?? 0);
  }

  #clicked(event) {
    const top = this.box.getBoundingClientRect().top;
    const index = Math.floor((event.clientY - top + this.box.scrollTop) / this.rowHeight);
    if (index < this.total) this.#choose(index, true);
  }

  #typed(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowHeight) - 1);
    const at = this.#selected === null ? -1 : this.#indexOf(this.#selected);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page };
    const ends = { Home: 0, End: this.total - 1 };
    const to = { ...moves, ...ends }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.#choose(Math.min(this.total - 1, Math.max(0, to)), false);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      this.#choose(at, true);
    }
  }

  #choose(index, opens) {
    if (index < 0) return;
    this.#selected = this.#serialAt(index);
    const height = this.rowHeight;
    const { scrollTop, clientHeight } = this.box;
    if (index * height < scrollTop) this.box.scrollTop = index * height;
    else if ((index + 1) * height > scrollTop + clientHeight) this.box.scrollTop = (index + 1) * height - clientHeight;
    const row = this.#cache.get(this.#selected);
    if (opens && row) this.open(row);
    this.#soon();
  }
}
