// The world's time, and what can be done to it: pause, speed, advance.
import * as api from "./api.js";
import { h, moment, say, setText } from "./dom.js";
import { t } from "./words.js";

const STEPS = [[1, "1 s"], [10, "10 s"], [60, "1 min"], [600, "10 min"], [3600, "1 h"]];

export class ClockControls {
  constructor(node, feed) {
    Object.assign(this, { node, feed });
    this.shown = "";
  }

  /** Draw anew for the kind of clock there is. */
  draw(force = false) {
    const beat = this.feed.beat;
    if (!beat || !this.world) return;
    const sign = `${beat.clock} ${beat.frozen} ${beat.speed}`;
    if (sign === this.shown && !force) return;
    this.shown = sign;
    this.time = h("time", {});
    this.step = h("select", { "aria-label": t("advance") }, STEPS.map(([seconds, text]) => h("option", { value: seconds }, text)));
    this.step.value = "60";
    const can = (what) => this.world.can.includes(what);
    const moves = beat.clock !== "real" || beat.frozen;
    this.node.setAttribute("aria-label", t("clock"));
    this.node.replaceChildren(
      h("span", { class: "name" }, t(`clock_${beat.clock}`)), this.time,
      ...(beat.clock === "real" && can("clock/freeze")
        ? [h("button", { type: "button", id: "pause", onclick: () => this.#pause() }, beat.frozen ? t("resume") : t("pause"))] : []),
      ...(can("clock/speed") ? [this.#speeds(beat.speed)] : []),
      ...(moves ? [this.step, h("button", { type: "button", id: "advance", onclick: () => this.#advance() }, t("advance"))] : []));
    this.tick();
  }

  tick() {
    if (this.time) setText(this.time, moment(this.feed.now()));
  }

  #speeds(speed) {
    const choices = [...new Set([1, 2, 5, 12, 60, 600, speed])].sort((a, b) => a - b);
    return h("select", { "aria-label": t("speed"), id: "speed", onchange: (event) => this.#setSpeed(event.target.value) },
      choices.map((each) => h("option", { value: each, selected: each === speed }, `×${each}`)));
  }

  async #pause() {
    await this.#ask(this.feed.beat.frozen ? "clock/go-on" : "clock/freeze");
  }

  async #setSpeed(text) {
    await this.#ask("clock/speed", { speed: Number(text) });
  }

  async #advance() {
    const chosen = this.step.options[this.step.selectedIndex];
    if (await this.#ask("clock/advance", { seconds: Number(chosen.value) })) say(t("advanced", { time: chosen.textContent }));
  }

  async #ask(path, body) {
    const isDone = await api.attempt(path, { method: "POST", body });
    this.feed.take(await api.beat());
    return isDone;
  }
}
