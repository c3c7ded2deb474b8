// Making elements, and the few things that every view shows alike: times, money, JSON, curls.
import { languageCode, t } from "./words.js";

/** An element: attributes, `on…` listeners, and children (nodes, texts, or nothing). */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Replace what is in an element; what is null, undefined or false is left out. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
  if (node.className !== name) node.className = name;
}

let clockFormat = null;
let clockLanguage = "";

/** A moment of the world's time, seconds since the epoch: the time of day, with the date when it is another day's. */
export function moment(seconds, now) {
  if (clockLanguage !== languageCode()) {
    clockLanguage = languageCode();
    const locale = clockLanguage === "zh" ? "zh-CN" : "en-GB";
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    clockFormat = {
      near: new Intl.DateTimeFormat(locale, time),
      far: new Intl.DateTimeFormat(locale, { ...time, day: "numeric", month: "short" }),
    };
  }
  const format = now !== undefined && Math.abs(now - seconds) > 43200 ? clockFormat.far : clockFormat.near;
  return format.format(seconds * 1000);
}

/** A length of time: `8.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function lasting(seconds) {
  const s = Math.max(0, seconds);
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

export function money(amount) {
  return String(amount);
}

/** A body as people read it: JSON in lines, all else as it is. */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function block(text, label) {
  return h("pre", { tabindex: "0", role: "region", "aria-label": label }, text);
}

/** A command with a button that copies it. */
export function curl(command, label, ...buttons) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      say(t("copied"));
    } catch {
      say(t("not_copied"));
    }
  };
  return h(
    "section",
    { class: "curl" },
    h("div", { class: "bar" }, h("h3", {}, label), h("span", { class: "grow" }), buttons,
      h("button", { type: "button", onclick: copy }, t("copy"))),
    block(command, label),
  );
}

let silence = 0;

/** A short notice at the foot of the page, read aloud by screen readers. */
export function say(text) {
  const toast = document.getElementById("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(silence);
  silence = setTimeout(() => toast.classList.remove("shown"), 4000);
}

export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}
