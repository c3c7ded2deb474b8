// The requests as they come in, and one of them: what was asked, what was answered, what was wrong and where that stands.
import * as api from "./api.js";
import { block, curl, facts, fill, h, moment, pretty, setText } from "./dom.js";
import { WindowedList } from "./list.js";
import { t } from "./words.js";

/** Good or refused. */
export function toneOf(row) {
  return row.condition || row.status >= 400 ? "failed" : "succeeded";
}

function makeRow(row) {
  const when = h("span", { class: "when" });
  const node = h(
    "div",
    {},
    h("span", { class: `chip ${toneOf(row)}` }, String(row.status)),
    h("span", { class: "method" }, row.method),
    h("span", { class: "path" }, row.path),
    h("span", { class: "kind" }, row.condition || row.operation || "–"),
    h("span", { class: "from" }, row.provider),
    when,
  );
  return { node, update: (current, now) => setText(when, moment(current.at, now)) };
}

export class RequestsView {
  #opened = null;

  constructor({ provider, feed, start }) {
    Object.assign(this, { provider, feed });
    this.list = new WindowedList({
      label: t("list_of", { what: t("requests") }),
      name: "requests",
      fetch: api.requestsFrom,
      create: makeRow,
      open: (row) => this.open(row.serial),
      isOpen: () => false,
    });
    this.search = h("input", { type: "search", placeholder: t("search"), "aria-label": t("search"), oninput: () => this.#look() });
    this.wrong = h("input", { type: "checkbox", onchange: () => this.#look() });
    this.count = h("span", { class: "count" });
    this.detail = h("section", { class: "detail", "aria-label": t("details") });
    this.empty = h("div", { class: "empty" }, h("p", {}, t("no_requests")), start("any") ?? "");
    this.node = h("div", { class: "split" },
      h("div", { class: "side" },
        h("div", { class: "bar" }, h("h2", {}, t("requests")), this.count, h("span", { class: "grow" }),
          h("label", { class: "check" }, this.wrong, t("only_wrong")), this.search),
        this.empty, this.list.node),
      this.detail);
    this.#hint();
  }

  close() {
    this.list.close();
  }

  get filtered() {
    return this.search.value !== "" || this.wrong.checked;
  }

  beat(beat) {
    this.seen = beat.seen;
    this.dropped = beat.dropped;
    this.list.setTotal(beat.seen, beat.seen - beat.dropped);
    this.empty.hidden = beat.seen > 0;
    this.list.node.hidden = beat.seen === 0;
    this.#tellCount();
  }

  tick(now) {
    this.list.tick(now);
    if (this.filtered && performance.now() - this.looked > 1500) this.#look();
  }

  #tellCount() {
    const found = this.filtered ? t("count_found", { count: this.list.total }) : t(this.seen === 1 ? "count_request" : "count_requests", { count: this.seen ?? 0 });
    const gone = this.dropped ? ` · ${t("count_dropped", { count: this.dropped })}` : "";
    setText(this.count, found + gone);
  }

  async #look() {
    this.looked = performance.now();
    if (!this.filtered) {
      this.list.show(null);
    } else {
      const asked = [this.search.value, this.wrong.checked];
      const rows = await api.requestsLike(...asked);
      if (asked[0] === this.search.value && asked[1] === this.wrong.checked) this.list.show(rows);
    }
    this.#tellCount();
  }

  #hint() {
    fill(this.detail, h("p", { class: "hint" }, t("choose_request")), h("p", { class: "hint keys" }, t("keys_help")));
    this.node.classList.remove("opened");
  }

  escape() {
    if (this.#opened === null) return;
    this.#opened = null;
    this.list.select(null);
    this.#hint();
    this.list.box.focus();
  }

  async open(serial) {
    this.#opened = serial;
    this.list.select(serial);
    this.node.classList.add("opened");
    try {
      const row = await api.request(serial);
      if (this.#opened === serial) this.#draw(row);
    } catch (error) {
      if (this.#opened === serial) fill(this.detail, h("p", { class: "hint" }, t("refused", { reason: error.message })));
    }
  }

  #draw(row) {
    const query = row.query ? `?${row.query}` : "";
    fill(this.detail, 
      h("div", { class: "bar" }, h("h2", { class: "id" }, `${row.method} ${row.path}`), h("span", { class: "grow" }),
        h("button", { type: "button", onclick: () => this.escape() }, t("close"))),
      row.breaches.length > 0 && h("section", { class: "breaches" }, h("h3", {}, t("wrong")),
        h("ul", {}, row.breaches.map((each) => breach(each, row.document)))),
      row.notes.length > 0 && h("section", {}, h("h3", {}, t("notes")), h("ul", {}, row.notes.map((note) => h("li", {}, note)))),
      facts([
        [t("status"), row.status],
        [t("condition"), row.condition],
        [t("operation"), row.operation],
        [t("account"), row.account],
        [t("time"), moment(row.at, this.feed.now())],
      ]),
      h("h3", {}, t("asked")),
      block([`${row.method} ${row.path}${query}`, ...Object.entries(row.headers).map(([name, value]) => `${name}: ${value}`)].join("\n"), t("headers")),
      row.request && block(pretty(row.request), t("asked")),
      h("h3", {}, t("answered")),
      row.response ? block(pretty(row.response), t("answered")) : h("p", { class: "hint" }, t("no_body")),
      curl(row.curl, t("curl_same")),
    );
  }
}

function breach({ place, said, fact, lines, assumed }, document) {
  const values = { document, lines, fact, reason: assumed };
  let source = t("undocumented");
  if (assumed) source = t("assumed", values) + (fact ? ` (${fact})` : "");
  else if (lines && fact) source = t("documented", values);
  else if (lines) source = t("documented_line", values);
  else if (fact) source = t("documented_fact", values);
  return h("li", {}, h("b", {}, place), ` ${said}`, h("span", { class: assumed ? "source assumed" : "source" }, source));
}
