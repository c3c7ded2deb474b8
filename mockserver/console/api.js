// Asking the server: all addresses are relative to the page, so that a world's page asks about that world.
import { say } from "./dom.js";
import { t } from "./words.js";

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

let token = sessionStorage.getItem("token") ?? "";

export function setToken(text) {
  token = text;
  sessionStorage.setItem("token", text);
}

export function hasToken() {
  return token !== "";
}

export async function ask(path, { method = "GET", body } = {}) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, detailOf(text) || `${answer.status}`);
  return text ? JSON.parse(text) : null;
}

function detailOf(text) {
  try {
    const { detail } = JSON.parse(text);
    return Array.isArray(detail) ? detail.map((each) => `${each.loc?.join(".")}: ${each.msg}`).join("; ") : detail;
  } catch {
    return text.slice(0, 200);
  }
}

/** Do something that the user asked for; a refusal is told. Gives whether it was done. */
export async function attempt(path, options, told) {
  try {
    await ask(path, options);
    if (told) say(told);
    return true;
  } catch (error) {
    say(t("refused", { reason: error.message }));
    return false;
  }
}

const query = (values) => new URLSearchParams(values).toString();

export const about = () => ask("console/about");
export const tasksFrom = (slug, last, count) => ask(`console/${slug}/tasks?${query({ last, count })}`);
export const tasksLike = (slug, text, phase) => ask(`console/${slug}/tasks/search?${query({ text, phase })}`);
export const task = (slug, id) => ask(`console/${slug}/tasks/${encodeURIComponent(id)}`);
export const requestsFrom = (last, count) => ask(`console/requests?${query({ last, count })}`);
export const requestsLike = (text, wrong) => ask(`console/requests/search?${query({ text, wrong })}`);
export const request = (serial) => ask(`console/requests/${serial}`);
export const money = (slug) => ask(`console/${slug}/money`);
export const callbacks = (slug) => ask(`${slug}/callbacks`);
export const beat = () => ask("console/beat");
