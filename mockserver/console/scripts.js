// The reply script at work: shown, given, taken away.
import * as api from "./api.js";
import { block, curl, fill, h, say } from "./dom.js";
import { t } from "./words.js";

export class ScriptsView {
  constructor({ world }) {
    this.world = world;
    this.node = h("div", { class: "page" }, h("h2", {}, t("scripts")));
    this.text = h("textarea", { id: "script", rows: "14", spellcheck: "false", "aria-label": t("scripts") });
    this.isThere = world.can.includes("replies");
    if (this.isThere) this.#refresh();
    else fill(this.node, h("h2", {}, t("scripts")), h("p", { class: "hint" }, t("not_here")));
  }

  close() {}

  escape() {}

  beat() {}

  tick() {
    if (this.isThere && performance.now() - (this.asked ?? 0) > 1500) this.#refresh();
  }

  async #refresh() {
    if (this.busy) return;
    this.busy = true;
    this.asked = performance.now();
    try {
      const script = await api.ask("replies");
      const sign = JSON.stringify(script);
      if (sign !== this.sign) {
        this.sign = sign;
        this.#draw(script);
      }
    } catch {
      // The feed tells that the connection is lost.
    } finally {
      this.busy = false;
    }
  }

  #draw({ script, ...progress }) {
    const address = `${this.world.base_url}/_understudy/replies`;
    fill(this.node, h("h2", {}, t("scripts")), ...(script
      ? [h("h3", {}, t("script_at_work")), block(JSON.stringify(script, null, 2), t("script_at_work")), h("h3", {}, t("progress")), block(JSON.stringify(progress, null, 2), t("progress")),
        h("button", { type: "button", onclick: () => this.#stop() }, t("stop_script")), curl(`curl ${address}`, t("curl"))]
      : [h("p", {}, t("no_script")), this.text, h("div", { class: "bar" }, h("button", { type: "button", class: "main", onclick: () => this.#play() }, t("play_script"))),
        curl(`curl -X PUT ${address} \\\n  -H "Content-Type: application/json" -d @script.json`, t("curl"))]));
  }

  async #play() {
    let script;
    try {
      script = JSON.parse(this.text.value);
    } catch (error) {
      say(t("not_json", { reason: error.message }));
      return;
    }
    if (await api.attempt("replies", { method: "PUT", body: script }, t("script_playing"))) this.#refresh();
  }

  async #stop() {
    if (await api.attempt("replies", { method: "DELETE" }, t("script_gone"))) this.#refresh();
  }
}
