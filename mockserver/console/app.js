// The page: which provider and which section are shown, in which language and theme; keys; the frame clock.
import * as api from "./api.js";
import { CallbacksView } from "./callbacks.js";
import { ClockControls } from "./clock.js";
import { fill, h, setText } from "./dom.js";
import { FaultsView } from "./faults.js";
import { Feed } from "./feed.js";
import { LedgerView } from "./ledger.js";
import { RequestsView } from "./requests.js";
import { ScriptsView } from "./scripts.js";
import { operationCard, StartView } from "./start.js";
import { TasksView } from "./tasks.js";
import { LANGUAGES, languageCode, setLanguage, t } from "./words.js";

const SECTIONS = { tasks: TasksView, requests: RequestsView, money: LedgerView, callbacks: CallbacksView, faults: FaultsView, scripts: ScriptsView, start: StartView };
const THEMES = ["auto", "light", "dark"];
const MILLISECONDS_A_TICK = 100;

const byId = (id) => document.getElementById(id);
const feed = new Feed();
const clock = new ClockControls(byId("clock"), feed);
let world = null;
let view = null;
let place = { slug: "", section: "tasks" };

function readPlace() {
  const [slug, section] = location.hash.replace(/^#\/?/, "").split("/");
  const slugs = world.providers.map((each) => each.slug);
  return { slug: slugs.includes(slug) ? slug : slugs[0], section: section in SECTIONS ? section : "tasks" };
}

function goTo(change) {
  const next = { ...place, ...change };
  location.hash = `/${next.slug}/${next.section}`;
}

function currentProvider() {
  return world.providers.find((each) => each.slug === place.slug);
}

/** The card of the first operation that makes something: a task, where the provider has tasks. */
function startCard(what) {
  const operations = currentProvider().operations.filter((each) => each.curl);
  const first = (what === "task" && operations.find((each) => each.submits)) || operations.find((each) => each.makes) || operations[0];
  return first ? operationCard(first) : null;
}

function show() {
  view?.close();
  const provider = currentProvider();
  document.title = `${t(place.section)} · ${provider.title} · Understudy`;
  view = new SECTIONS[place.section]({ provider, feed, world, start: startCard });
  fill(byId("main"), view.node);
  byId("provider").value = place.slug;
  for (const tab of byId("tabs").children) {
    if (tab.dataset.section === place.section) {
      tab.setAttribute("aria-current", "page");
      tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    else tab.removeAttribute("aria-current");
  }
  if (feed.beat) view.beat(feed.beat);
}

function drawFrame() {
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = t(node.dataset.word);
  const tabs = byId("tabs");
  tabs.setAttribute("aria-label", t("sections"));
  fill(tabs, ...Object.keys(SECTIONS).map((section) => h("a", { href: `#/${place.slug}/${section}`, "data-section": section }, t(section))));
  fill(byId("provider"), ...world.providers.map((each) => h("option", { value: each.slug }, each.title)));
  byId("language").textContent = t("other_language");
  byId("language").lang = languageCode() === "zh" ? "en" : "zh";
  drawTheme();
  drawLink();
  clock.draw(true);
}

function drawTheme() {
  const theme = document.documentElement.dataset.theme;
  byId("theme").textContent = t("theme", { name: t(`theme_${theme}`) });
}

function drawLink() {
  const link = byId("link");
  setText(link, t(feed.state === "live" ? "live" : feed.state));
  link.dataset.state = feed.state;
}

function route() {
  if (!world) return; // it is routed to when the server has told what there is
  place = readPlace();
  drawFrame();
  show();
}

function stored(name, allowed, otherwise) {
  const value = localStorage.getItem(name);
  return allowed.includes(value) ? value : otherwise;
}

function switchLanguage() {
  const next = LANGUAGES[(LANGUAGES.indexOf(languageCode()) + 1) % LANGUAGES.length];
  localStorage.setItem("language", next);
  setLanguage(next);
  route();
}

function switchTheme() {
  const root = document.documentElement;
  root.dataset.theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
  localStorage.setItem("theme", root.dataset.theme);
  drawTheme();
}

function typed(event) {
  const isField = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape") {
    if (isField) event.target.blur();
    view?.escape();
  } else if (isField || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  } else if (event.key === "/" && view?.search) {
    event.preventDefault();
    view.search.focus();
  } else if (/^[1-9]$/.test(event.key)) {
    const section = Object.keys(SECTIONS)[Number(event.key) - 1];
    if (section) goTo({ section });
  }
}

function askForToken() {
  const token = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
  const enter = (event) => {
    event.preventDefault();
    api.setToken(token.value);
    begin();
  };
  fill(byId("main"), h("form", { class: "page card", onsubmit: enter },
    h("label", { for: "token" }, t("token")), token, h("button", { class: "main" }, t("enter"))));
}

async function begin() {
  try {
    world = await api.about();
  } catch (error) {
    if (error.status === 403) return askForToken();
    setTimeout(begin, 1000);
    return undefined;
  }
  clock.world = world;
  route();
  feed.start();
  return undefined;
}

feed.listen(() => {
  drawLink();
  clock.draw();
  if (feed.beat && view) view.beat(feed.beat);
});
setLanguage(stored("language", LANGUAGES, navigator.language.startsWith("zh") ? "zh" : "en"));
document.documentElement.dataset.theme = stored("theme", THEMES, "auto");
byId("provider").addEventListener("change", (event) => goTo({ slug: event.target.value }));
byId("language").addEventListener("click", switchLanguage);
byId("theme").addEventListener("click", switchTheme);
window.addEventListener("hashchange", route);
document.addEventListener("keydown", typed);
setInterval(() => {
  if (document.hidden || !feed.beat) return;
  clock.tick();
  view?.tick(feed.now());
}, MILLISECONDS_A_TICK);
begin();
