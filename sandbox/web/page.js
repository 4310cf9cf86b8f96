// The customer's side of the sandbox: who writes, when it is, and what is drawn when something has changed.

import { $, act, button, call, el, fullTime, initial, state } from "./common.js";
import { drawDevices } from "./thread.js";
import { drawFaults, drawTraffic, readDetail } from "./webhooks.js";

const TRAVEL = [["+1 h", 3600], ["+23 h", 82800], ["+25 h", 90000], ["+6 d", 518400], ["+8 d", 691200]];
const APART_MS = 2000; // less is the time that a call takes

// -- reading -----------------------------------------------------------------------------------------------

let refreshing = null;
let again = false;

function refresh() {
  if (refreshing) { again = true; return refreshing; }
  refreshing = load().catch((error) => console.warn(error)).finally(() => {
    refreshing = null;
    if (again) { again = false; refresh(); }
  });
  return refreshing;
}

async function load() {
  const [overview, traffic, clock, { faults }] = await Promise.all(["/overview", "/deliveries", "/clock", "/faults"].map((path) => call(path)));
  Object.assign(state, { overview, traffic, faults });
  state.clockGap = clock.now_ms - Date.now();
  state.speed = clock.speed;
  choose();
  state.thread = state.psid ? await call(`/threads/${state.page}/${state.psid}`) : null;
  await readDetail();
  drawClock(clock);
  drawFaults();
  drawPeople();
  drawWindow();
  drawDevices();
  drawTraffic();
  await readIfSeen();
}

function choose() {
  const pages = state.overview.pages.map((page) => page.page_id);
  if (!pages.includes(state.page)) state.page = pages[0] ?? null;
  const here = state.overview.customers.filter((customer) => customer.page_id === state.page);
  if (!here.some((customer) => customer.psid === state.psid)) state.psid = here[0]?.psid ?? null;
  if (state.page) history.replaceState(null, "", `#${state.page}/${state.psid ?? ""}`);
}

async function readIfSeen() {
  if (!$("reads").checked || document.visibilityState !== "visible" || !state.thread) return;
  const { thread, messages } = state.thread;
  if (messages.some((message) => message.from_page && message.at_ms > thread.read_ms)) await act("read", {});
}

// -- people, clock, window ---------------------------------------------------------------------------------

function drawPeople() {
  const pages = state.overview.pages;
  $("page").replaceChildren(...pages.map((page) => el("option", { value: page.page_id, textContent: page.name })));
  $("page").value = state.page ?? "";
  const here = state.overview.customers.filter((customer) => customer.page_id === state.page);
  $("customers").replaceChildren(...here.map((customer) => {
    const node = button("", () => { state.psid = customer.psid; state.replyTo = null; show("devices"); refresh(); }, { title: `PSID ${customer.psid}` });
    node.append(el("span", { className: "avatar", textContent: initial(customer.name) }), customer.name);
    node.setAttribute("aria-current", String(customer.psid === state.psid));
    return node;
  }));
  $("new-customer").hidden = !state.page;
}

// Whoever moves Messenger alone sees windows close here that are open there: said, with a way back.
function drawClock({ source, now_ms, speed }) {
  const own = source === "own";
  const apart = own && (Math.abs(now_ms - Date.now()) > APART_MS || speed !== 1);
  $("clock-source").textContent = !own
    ? "The time is the one that everything shares; move it with “pagedesk travel 25h”."
    : apart
      ? `This Messenger's clock differs from the desk's${speed === 1 ? "" : speed === 0 ? " and stands still" : ` and runs ${speed} times as fast`}.`
      : "It is the machine's.";
  $("clock-source").className = apart ? "hint apart" : "hint";
  $("move-clock").hidden = !own;
  $("back").hidden = !apart;
  tick.at = Date.now();
  tick();
}

function tick() {
  const passed = Date.now() - tick.at;
  $("now").textContent = fullTime(tick.at + state.clockGap + passed * state.speed);
}

function drawWindow() {
  const opened = state.thread?.thread.window;
  $("stage").className = "badge " + (opened?.stage ?? "");
  $("stage").textContent = opened ? opened.stage.replace("_", " ") : "no thread";
  const ends = { standard: opened?.standard_until, human_agent: opened?.human_agent_until }[opened?.stage];
  $("window-ends").textContent = ends ? `until ${fullTime(ends)}` : "";
  $("window-opened").textContent = opened?.opened_by
    ? `opened by ${opened.opened_by.replaceAll("_", " ")}, ${fullTime(opened.opened_at)}`
    : "The Page may write once you have written.";
}

// -- one part at a time on a narrow screen -----------------------------------------------------------------

function show(part) {
  document.body.dataset.part = part;
  for (const tab of document.querySelectorAll("#tabs button")) tab.setAttribute("aria-pressed", String(tab.dataset.part === part));
}

// -- start -------------------------------------------------------------------------------------------------

[state.page, state.psid] = location.hash.slice(1).split("/").map((part) => part || null);
$("page").onchange = (event) => { state.page = event.target.value; state.psid = null; refresh(); };
$("reads").onchange = refresh;
$("retry").onclick = () => call("/deliveries/retry", {});
$("back").onclick = () => call("/clock", { set: Date.now(), speed: 1 });
$("new-customer").onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target;
  const made = await call("/customers", { page_id: state.page, name: form.elements.name.value });
  form.reset();
  state.psid = made.psid;
  refresh();
};
$("travel").replaceChildren(...TRAVEL.map(([label, seconds]) => button(label, () => call("/clock", { advance_seconds: seconds }))));
for (const tab of document.querySelectorAll("#tabs button")) tab.onclick = () => show(tab.dataset.part);
document.addEventListener("visibilitychange", refresh);
new EventSource("_sandbox/stream").onmessage = refresh;
tick.at = Date.now();
setInterval(tick, 500);
show("devices");
refresh();
