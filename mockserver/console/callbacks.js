// Callbacks: who was to be told of which task, every attempt, and what was sent.
import * as api from "./api.js";
import { block, curl, fill, h, moment, pretty } from "./dom.js";
import { t } from "./words.js";

const MOST_SHOWN = 100;
const TONES = { waiting: "running", delivered: "succeeded", "given up": "failed" };

export class CallbacksView {
  constructor({ provider, feed, world }) {
    Object.assign(this, { provider, feed });
    this.list = h("div", { class: "cards" });
    this.node = h("div", { class: "page" }, h("h2", {}, t("callbacks")), this.list,
      curl(`curl ${world.base_url}/_understudy/${provider.slug}/callbacks`, t("curl")));
    this.#refresh();
  }

  close() {}

  escape() {}

  beat() {
    this.#refresh();
  }

  tick() {
    if (performance.now() - this.asked > 1500) this.#refresh();
  }

  async #refresh() {
    if (this.busy) return;
    this.busy = true;
    this.asked = performance.now();
    try {
      const said = await api.callbacks(this.provider.slug);
      const newest = said.deliveries.slice(-MOST_SHOWN).reverse();
      const sign = JSON.stringify(newest);
      if (sign !== this.sign) {
        this.sign = sign;
        this.#draw(newest, said);
      }
    } catch {
      // The feed tells that the connection is lost; the next beat asks again.
    } finally {
      this.busy = false;
    }
  }

  async #again(delivery) {
    const path = `${this.provider.slug}/callbacks/${delivery.number}/redeliver`;
    if (await api.attempt(path, { method: "POST" }, t("redelivered"))) this.#refresh();
  }

  #draw(deliveries, said) {
    const now = this.feed.now();
    if (deliveries.length === 0) return fill(this.list, h("p", { class: "hint" }, t("no_callbacks")));
    const left = said.dropped + said.deliveries.length - deliveries.length;
    return fill(this.list, ...deliveries.map((each) => h("article", { class: "card" },
      h("div", { class: "bar" }, h("span", { class: `chip ${TONES[each.state] ?? "queued"}` }, t(each.state)),
        h("span", { class: "id" }, each.task), h("span", { class: "path" }, each.url), h("span", { class: "grow" }),
        each.state !== "waiting" && h("button", { type: "button", onclick: () => this.#again(each) }, t("redeliver"))),
      h("ol", { class: "attempts" }, each.attempts.map((attempt, index) => h("li", {},
        t("attempt", { number: index + 1, time: moment(attempt.at, now), outcome: attempt.status || attempt.reason })))),
      h("details", {}, h("summary", {}, t("body")), block(pretty(each.body), t("body"))))),
    left ? h("p", { class: "hint" }, t("count_dropped", { count: left })) : "");
  }
}
