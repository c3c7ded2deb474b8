// Trying a provider: every operation with its curl, and a button that sends it from here.
import { curl, h, pretty, block, say } from "./dom.js";
import { t } from "./words.js";

/** The card of an operation: its curl, and a button that sends the same from this page. */
export function operationCard(operation) {
  const answer = h("div", { class: "answer" });
  const send = async () => {
    const { method, path, headers, body } = operation.ask;
    try {
      const got = await fetch(operation.address, { method, headers, body: body === null ? undefined : JSON.stringify(body) });
      const type = got.headers.get("content-type") ?? "";
      const text = /json|text|xml|event-stream/.test(type) ? await got.text() : `${type}, ${(await got.blob()).size} bytes`;
      answer.replaceChildren(block(pretty(text), t("answered")));
      say(t("sent", { method, path, status: got.status }));
    } catch (error) {
      say(t("refused", { reason: error.message }));
    }
  };
  const button = h("button", { type: "button", class: "main", onclick: send }, t("send"));
  return h("article", { class: "card" }, curl(operation.curl, operation.summary || `${operation.method} ${operation.path}`, button), answer);
}

export class StartView {
  constructor({ provider }) {
    const cards = provider.operations.filter((each) => each.curl).map(operationCard);
    this.node = h("div", { class: "page" }, h("h2", {}, `${t("start")}: ${provider.title}`),
      h("p", {}, h("code", {}, provider.base_url), " · ", h("a", { href: `../${provider.slug}/docs` }, t("api_pages")), " · ", h("a", { href: "docs" }, t("control_pages"))),
      h("div", { class: "cards" }, cards));
  }

  close() {}

  escape() {}

  beat() {}

  tick() {}
}
