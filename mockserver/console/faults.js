// What shall go wrong: the faults that there are, whom they hit, and those that are switched on.
import * as api from "./api.js";
import { curl, fill, h, say } from "./dom.js";
import { t } from "./words.js";

const LAYERS = ["plan", "call", "answer", "bytes"];

export class FaultsView {
  constructor({ provider, world }) {
    Object.assign(this, { provider, world, known: [] });
    this.active = h("section", { class: "cards", "aria-label": t("faults_on") });
    this.choice = h("select", { id: "fault-name", onchange: () => this.#choose() });
    this.meaning = h("p", { class: "hint" });
    this.parameters = h("div", { class: "fields" });
    this.command = h("div", {});
    // Until it is known which faults there are.
    this.button = h("button", { class: "main", disabled: true }, t("switch_on"));
    this.form = h("form", { class: "card", onsubmit: (event) => this.#switchOn(event), oninput: () => this.fault && this.#tellCurl() },
      h("div", { class: "fields" },
        field("fault-name", t("fault"), this.choice),
        field("fault-operation", t("operation"), h("select", { id: "fault-operation", name: "operation" },
          h("option", { value: "" }, t("every_operation")),
          provider.operations.map((each) => h("option", { value: each.id }, each.id)),
          h("option", { value: "result.get" }, "result.get"))),
        field("fault-times", t("times"), h("input", { id: "fault-times", name: "times", type: "number", min: "1", value: "1", placeholder: t("always") })),
        field("fault-after", t("after"), h("input", { id: "fault-after", name: "after", type: "number", min: "0", placeholder: "0" })),
        field("fault-probability", t("probability"), h("input", { id: "fault-probability", name: "probability", type: "number", min: "0", max: "1", step: "any", placeholder: "1" }))),
      this.meaning, this.parameters,
      h("div", { class: "bar" }, this.button));
    this.node = h("div", { class: "page" },
      h("div", { class: "bar" }, h("h2", {}, t("faults_on")), h("span", { class: "grow" }),
        h("button", { type: "button", onclick: () => this.#allOff() }, t("all_off"))),
      this.active, h("h2", {}, t("what_fault")), this.form, this.command);
    if (world.can.includes("faults")) this.#load();
    else fill(this.node, h("h2", {}, t("faults")), h("p", { class: "hint" }, t("not_here")));
  }

  close() {}

  escape() {}

  beat() {
    this.#refresh();
  }

  tick() {
    if (performance.now() - (this.asked ?? 0) > 1500) this.#refresh();
  }

  async #load() {
    this.known = await api.ask("faults/known");
    fill(this.choice, ...LAYERS.map((layer) => h("optgroup", { label: t(`layer_${layer}`) },
      this.known.filter((each) => each.layer === layer).map((each) => h("option", { value: each.name }, each.name)))));
    if (this.known.some((each) => each.name === "refuse")) this.choice.value = "refuse";
    this.#choose();
    this.button.disabled = false;
    this.#refresh();
  }

  get fault() {
    return this.known.find((each) => each.name === this.choice.value);
  }

  #choose() {
    this.meaning.textContent = this.fault.meaning;
    fill(this.parameters, ...Object.entries(this.fault.parameters).map(([name, schema]) => {
      const id = `fault-parameter-${name}`;
      return field(id, name, input(id, name, schema, this.provider), schema.description);
    }));
    this.#tellCurl();
  }

  #rule() {
    const rule = { fault: this.fault.name, provider: this.provider.slug };
    for (const [name, value] of new FormData(this.form)) if (value !== "") rule[name] = value;
    for (const name of ["times", "after", "probability"]) if (rule[name] !== undefined) rule[name] = Number(rule[name]);
    return rule;
  }

  #tellCurl() {
    const said = JSON.stringify(this.#rule());
    const command = `curl -X POST ${this.world.base_url}/_understudy/faults \\\n  -H "Content-Type: application/json" \\\n  -d '${said.replaceAll("'", "'\\''")}'`;
    fill(this.command, curl(command, t("curl")));
  }

  async #switchOn(event) {
    event.preventDefault();
    const rule = this.#rule();
    if (await api.attempt("faults", { method: "POST", body: rule }, t("switched_on", { name: rule.fault }))) this.#refresh();
  }

  async #switchOff(rule) {
    if (await api.attempt(`faults/${encodeURIComponent(rule.id)}`, { method: "DELETE" }, t("switched_off", { name: rule.fault }))) this.#refresh();
  }

  async #allOff() {
    if (await api.attempt("faults", { method: "DELETE" }, t("no_faults"))) this.#refresh();
  }

  async #refresh() {
    if (this.busy || this.known.length === 0) return;
    this.busy = true;
    this.asked = performance.now();
    try {
      const { rules } = await api.ask("faults");
      const sign = JSON.stringify(rules);
      if (sign !== this.sign) {
        this.sign = sign;
        this.#draw(rules);
      }
    } catch (error) {
      say(t("refused", { reason: error.message }));
    } finally {
      this.busy = false;
    }
  }

  #draw(rules) {
    if (rules.length === 0) return fill(this.active, h("p", { class: "hint" }, t("no_faults")));
    return fill(this.active, ...rules.map((rule) => {
      const { id, fault, fitted, hit, ...rest } = rule;
      const isSpent = rest.times !== undefined && hit >= rest.times;
      const said = Object.entries(rest).filter(([, value]) => value !== "" && value !== null).map(([name, value]) => `${name}=${value}`).join(" ");
      return h("article", { class: "card rule" }, h("div", { class: "bar" },
        h("span", { class: `chip ${isSpent ? "cancelled" : "failed"}` }, fault), h("code", {}, said), h("span", { class: "grow" }),
        h("span", { class: "count" }, `${t("hits", { hit, fitted })}${isSpent ? ` · ${t("spent")}` : ""}`),
        !isSpent && h("button", { type: "button", onclick: () => this.#switchOff(rule) }, t("switch_off"))));
    }));
  }
}

function field(id, label, control, help) {
  return h("div", { class: "field" }, h("label", { for: id }, label), control, help && h("small", {}, help));
}

/** A control for a parameter, from its JSON Schema. */
function input(id, name, schema, provider) {
  const choices = schema.enum ?? schema.anyOf?.flatMap((each) => each.enum ?? []) ?? [];
  if (choices.length > 0) {
    const known = name === "condition" ? choices.filter((each) => provider.conditions.includes(each)) : choices;
    const chosen = schema.default ?? (known.includes("service_busy") ? "service_busy" : known[0]);
    return h("select", { id, name }, !schema.required && h("option", { value: "" }, ""),
      known.map((each) => h("option", { value: each, selected: each === chosen }, String(each))));
  }
  const isNumber = ["number", "integer"].includes(schema.type);
  return h("input", { id, name, required: schema.required, placeholder: schema.default ?? "", type: isNumber ? "number" : "text", step: isNumber ? "any" : null });
}
