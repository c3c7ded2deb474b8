// The task centre: every task of a provider on its way through its states, and one of them with its results.
import * as api from "./api.js";
import { curl, facts, fill, h, lasting, moment, money, setClass, setText } from "./dom.js";
import { WindowedList } from "./list.js";
import { t } from "./words.js";

const PHASES = ["queued", "running", "succeeded", "failed", "cancelled"];
const ENDED = new Set(["succeeded", "failed", "cancelled"]);

/** The state a task is in at a moment, read off its marks. */
function markAt(row, now) {
  let found = row.marks[0];
  for (const mark of row.marks) if (mark[2] <= now) found = mark;
  return { name: found[0], phase: found[1] };
}

/** From when to when a task's line runs. */
function spanOf(row, now) {
  const end = row.end ?? Math.max(now, row.created + 1);
  return [row.created, Math.max(end, row.created + 0.001)];
}

/** A line on which the states follow each other, and where now is. */
function makeLine(row) {
  const needle = h("i", { class: "needle" });
  const line = h("span", { class: "line", "aria-hidden": "true" });
  let drawn = "";
  return {
    node: line,
    update(current, now) {
      const [from, to] = spanOf(current, now);
      const sign = JSON.stringify([current.marks, current.end === null ? Math.floor(now) : 0]);
      if (sign !== drawn) {
        drawn = sign;
        const parts = current.marks.filter((mark) => mark[3] !== null || current.end === null);
        fill(line, ...parts.map((mark) => segment(mark, from, to, now)), end(current), needle);
      }
      const at = Math.min(1, Math.max(0, (now - from) / (to - from)));
      needle.style.left = `${(at * 100).toFixed(2)}%`;
      line.style.setProperty("--at", `${(at * 100).toFixed(2)}%`);
      needle.hidden = at >= 1;
    },
  };
}

function segment([name, phase, begin, until], from, to, now) {
  const part = h("b", { class: `segment ${phase}`, title: name });
  const share = ((until ?? Math.max(now, begin)) - begin) / (to - from);
  part.style.flexGrow = String(Math.max(0.02, share));
  return part;
}

function end(row) {
  const last = row.marks[row.marks.length - 1];
  return h("b", { class: `stop ${last[3] === null && row.end !== null ? last[1] : "queued"}`, title: last[0] });
}

function makeRow(row) {
  const line = makeLine(row);
  const state = h("span", { class: "chip" });
  const cost = h("span", { class: "cost" });
  const when = h("span", { class: "when" });
  const node = h(
    "div",
    {},
    state,
    h("span", { class: "id" }, row.id),
    h("span", { class: "kind" }, row.kind),
    line.node,
    when,
    cost,
  );
  return {
    node,
    update(current, now) {
      const mark = markAt(current, now);
      setText(state, mark.name);
      setClass(state, `chip ${mark.phase}`);
      setText(when, moment(current.created, now));
      setText(cost, mark.phase === "succeeded" ? money(current.price) : "");
      line.update(current, now);
    },
  };
}

export class TasksView {
  #opened = null;

  constructor({ provider, feed, start, onClose }) {
    Object.assign(this, { provider, feed, start, onClose });
    this.list = new WindowedList({
      label: t("list_of", { what: t("tasks") }),
      name: "tasks",
      fetch: (last, count) => api.tasksFrom(provider.slug, last, count),
      create: makeRow,
      open: (row) => this.open(row.id, row.serial),
      isOpen: (row) => !ENDED.has(row.phase),
    });
    this.search = h("input", {
      type: "search", placeholder: t("search"), "aria-label": t("search"), oninput: () => this.#look(),
    });
    this.phase = h("select", { "aria-label": t("state"), onchange: () => this.#look() },
      h("option", { value: "" }, t("any_phase")), PHASES.map((phase) => h("option", { value: phase }, t(phase))));
    this.count = h("span", { class: "count" });
    this.detail = h("section", { class: "detail", "aria-label": t("details") });
    this.empty = h("div", { class: "empty" });
    this.node = h("div", { class: "split" },
      h("div", { class: "side" },
        h("div", { class: "bar" }, h("h2", {}, t("tasks")), this.count, h("span", { class: "grow" }), this.phase, this.search),
        this.empty, this.list.node),
      this.detail);
    this.#hint();
    this.#fillEmpty();
  }

  close() {
    this.list.close();
  }

  beat(beat) {
    const site = beat.sites[this.provider.slug];
    if (!site) return;
    this.site = site;
    this.list.setTotal(site.newest, site.tasks);
    const isEmpty = site.tasks === 0;
    this.empty.hidden = !isEmpty;
    this.list.node.hidden = isEmpty;
    this.#tellCount();
    if (this.#opened) this.#refresh();
  }

  tick(now) {
    this.list.tick(now);
    if (this.filtered && performance.now() - this.looked > 1500) this.#look();
    const row = this.#opened?.row;
    if (!row) return;
    const mark = markAt(row, now);
    this.#opened.update(row, now);
    // It may have ended by now: what it left behind is to be asked for.
    if (mark.name !== row.state && performance.now() - this.#opened.asked > 500) this.#refresh();
  }

  #tellCount() {
    const found = this.filtered ? t("count_found", { count: this.list.total }) : t(this.site.tasks === 1 ? "count_task" : "count_tasks", { count: this.site.tasks });
    const gone = this.site.dropped ? ` · ${t("count_dropped", { count: this.site.dropped })}` : "";
    setText(this.count, found + gone);
  }

  get filtered() {
    return this.search.value !== "" || this.phase.value !== "";
  }

  async #look() {
    this.looked = performance.now();
    if (!this.filtered) {
      this.list.show(null);
    } else {
      const asked = [this.search.value, this.phase.value];
      const rows = await api.tasksLike(this.provider.slug, ...asked);
      if (asked[0] === this.search.value && asked[1] === this.phase.value) this.list.show(rows);
    }
    if (this.site) this.#tellCount();
  }

  #hint() {
    fill(this.detail, h("p", { class: "hint" }, t("choose_task")), h("p", { class: "hint keys" }, t("keys_help")));
    this.node.classList.remove("opened");
  }

  #fillEmpty() {
    const makes = this.provider.kinds.length > 0;
    const first = this.start(makes ? "task" : "any");
    fill(this.empty, 
      h("p", {}, makes ? t("no_tasks") : t("no_tasks_here", { title: this.provider.title })), ...(first ? [first] : []));
  }

  async open(id, serial) {
    this.#opened = { id, serial, asked: 0, row: null, update() {} };
    this.list.select(serial);
    this.node.classList.add("opened");
    await this.#refresh();
  }

  async #refresh() {
    const opened = this.#opened;
    if (!opened || opened.busy) return;
    opened.busy = true;
    opened.asked = performance.now();
    try {
      const row = await api.task(this.provider.slug, opened.id);
      if (this.#opened !== opened) return;
      const sign = JSON.stringify(row, (key, value) => (key === "url" || key === "progress" ? undefined : value));
      opened.row = row;
      if (sign !== opened.sign) {
        opened.sign = sign;
        this.#draw(row);
      }
    } catch (error) {
      if (this.#opened === opened) fill(this.detail, h("p", { class: "hint" }, t("refused", { reason: error.message })));
    } finally {
      opened.busy = false;
    }
  }

  #closeDetail() {
    this.#opened = null;
    this.list.select(null);
    this.#hint();
    this.list.box.focus();
  }

  escape() {
    if (this.#opened) this.#closeDetail();
  }

  #draw(row) {
    const line = makeLine(row);
    const chip = h("span", { class: "chip" });
    const now = this.feed.now();
    fill(this.detail, 
      h("div", { class: "bar" }, h("h2", { class: "id" }, row.id), h("span", { class: "grow" }),
        row.can_cancel && h("button", { type: "button", onclick: () => this.#cancel(row) }, t("cancel_task")),
        h("button", { type: "button", onclick: () => this.#closeDetail() }, t("close"))),
      h("section", { class: "way" }, chip, line.node,
        h("ol", { class: "marks" }, row.marks.map((mark) =>
          h("li", {}, h("span", { class: `dot ${mark[1]}` }), h("b", {}, mark[0]), " ",
            h("span", {}, moment(mark[2], now), mark[3] === null ? "" : ` · ${lasting(mark[3] - mark[2])}`))))),
      !ENDED.has(row.phase) && this.#forcing(row),
      row.code && h("p", { class: "wrong" }, h("b", {}, row.code), " ", row.message),
      h("section", {}, h("h3", {}, t("results")), this.#results(row)),
      facts([
        [t("kind"), row.kind],
        [t("account"), row.account],
        [t("wire"), JSON.stringify(row.wire)],
        [t("price"), money(row.price)],
        [t("cost"), money(row.cost)],
        [t("created"), moment(row.created, now)],
        [t("ends"), row.end === null ? t("never") : moment(row.end, now)],
        [t("callbacks"), row.callback_url],
      ]),
      row.attempts.length > 0 && h("ol", { class: "attempts" }, row.attempts.map((a, index) =>
        h("li", {}, t("attempt", { number: index + 1, time: moment(a.at, now), outcome: a.status || a.reason })))),
      row.curl && curl(row.curl, t("curl_poll")),
    );
    this.#opened.update = (current, at) => {
      const mark = markAt(current, at);
      setText(chip, mark.name);
      setClass(chip, `chip ${mark.phase}`);
      line.update(current, at);
    };
    this.#opened.update(row, now);
  }

  /** What may be done to a task on its way: let it succeed, let it fail in one of its kind's codes. */
  #forcing(row) {
    const kind = this.provider.kinds.find((each) => each.name === row.kind);
    const code = h("select", { "aria-label": t("failure_code") }, kind.failures.map((each) => h("option", { value: each }, each)));
    return h("div", { class: "bar" },
      h("button", { type: "button", onclick: () => this.#force(row, { outcome: "succeeded" }) }, t("let_succeed")),
      h("button", { type: "button", onclick: () => this.#force(row, { outcome: "failed", code: code.value }) }, t("let_fail")), code);
  }

  async #force(row, body) {
    const path = `${this.provider.slug}/tasks/${encodeURIComponent(row.id)}/force`;
    if (await api.attempt(path, { method: "POST", body }, t("forced"))) this.#refresh();
  }

  async #cancel(row) {
    const path = `${this.provider.slug}/tasks/${encodeURIComponent(row.id)}/cancel`;
    if (await api.attempt(path, { method: "POST" }, t("cancelled_task"))) this.#refresh();
  }

  #results(row) {
    if (row.results.length === 0) {
      return h("p", { class: "hint" }, ENDED.has(row.phase) ? "–" : t("results_later"));
    }
    return h("div", { class: "results" }, row.results.map((result) => h("figure", {}, player(result),
      h("figcaption", {}, h("a", { href: result.url, download: "", target: "_blank", rel: "noreferrer" }, t("download", { name: result.name }))))));
  }
}

function player({ name, type, url }) {
  if (type.startsWith("video/")) {
    return h("video", { src: url, controls: true, autoplay: true, muted: true, loop: true, playsinline: true, "aria-label": name });
  }
  if (type.startsWith("audio/")) return h("audio", { src: url, controls: true, "aria-label": name });
  return h("img", { src: url, alt: name });
}
