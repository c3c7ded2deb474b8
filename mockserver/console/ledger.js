// The money of a provider's accounts: balances, what moved them, and what will.
import * as api from "./api.js";
import { curl, fill, h, moment, money } from "./dom.js";
import { t } from "./words.js";

export class LedgerView {
  constructor({ provider, feed, world }) {
    Object.assign(this, { provider, feed, asked: 0 });
    this.accounts = h("div", {});
    this.entries = h("div", {});
    this.node = h("div", { class: "page" }, h("h2", {}, t("money")), this.accounts, h("h3", {}, t("entries")), this.entries,
      curl(`curl ${world.base_url}/_understudy/${provider.slug}/accounts`, t("curl")));
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
    if (this.busy || this.node.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
    this.busy = true;
    this.asked = performance.now();
    try {
      const said = await api.money(this.provider.slug);
      const sign = JSON.stringify(said);
      if (sign !== this.sign) {
        this.sign = sign;
        this.#draw(said);
      }
    } catch {
      // The feed tells that the connection is lost; the next beat asks again.
    } finally {
      this.busy = false;
    }
  }

  #draw(said) {
    const names = ["account", "total", "used", "held", "remaining", "slots", "tasks"];
    fill(this.accounts, 
      table(names.map((name) => t(name)), [...said.accounts.map((each) => [
        each.id, money(each.total), money(each.used), money(each.held), h("b", {}, money(each.remaining)),
        each.slots ?? t("no_limit"), each.tasks, this.#payIn(each.id),
      ])], t("balance")),
      said.more_accounts ? h("p", { class: "hint" }, t("more_accounts", { count: said.more_accounts })) : "");
    const now = this.feed.now();
    fill(this.entries, said.entries.length === 0 ? h("p", { class: "hint" }, t("no_entries")) : table(
      [t("time"), t("entry"), t("amount"), t("account"), t("task")],
      said.entries.map((each) => [
        each.is_due ? moment(each.at, now) : h("i", {}, t("due", { time: moment(each.at, now) })),
        t(each.what), money(each.amount), each.account, h("span", { class: "id" }, each.task),
      ]), t("entries")));
  }

  #payIn(account) {
    const credits = h("input", { type: "number", min: "0", step: "any", value: "100", "aria-label": `${t("credits")} ${account}`, class: "short" });
    const pay = async (event) => {
      event.preventDefault();
      const path = `${this.provider.slug}/accounts/${encodeURIComponent(account)}/credit`;
      const body = { credits: Number(credits.value) };
      credits.blur();
      await api.attempt(path, { method: "POST", body }, t("paid_in", { credits: credits.value }));
      this.#refresh();
    };
    return h("form", { class: "inline", onsubmit: pay }, credits, h("button", {}, t("pay_in")));
  }
}

export function table(heads, rows, label) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}
