// What became of each webhook: a row each, which opens to its request and its answers.

import { $, button, call, el, remove, shortTime, state, toast } from "./common.js";

const SHOWN = 40;

export function drawTraffic() {
  const { pending, held, past, skipped } = state.traffic;
  const here = (item) => item.page_id === state.page;
  const [text, bad] = problem(here);
  $("problem").textContent = text;
  $("problem").className = bad ? "bad" : "";
  $("retry").hidden = !pending.some((item) => item.result);
  const rows = [
    ...pending.map((item) => [item.at_ms ?? Infinity, item, "wait", item.result ? `${item.status ?? item.error} (try ${item.attempts})` : "on its way"]),
    ...held.map((item) => [Infinity, item, "wait", "held"]),
    ...past.map((item) => [item.at_ms ?? 0, item, item.result === "2xx" ? "ok" : "bad", String(item.dropped ?? item.status ?? item.error)]),
    ...skipped.filter((item) => item.is_news).map((item) => [item.at_ms, { ...item, kinds: [item.kind] }, "bad", `not sent: ${item.why}`]),
  ].filter(([, item]) => here(item)).sort((a, b) => b[0] - a[0]).slice(0, SHOWN);
  $("deliveries").replaceChildren(...rows.map(drawRow));
}

function drawRow([at, item, className, note]) {
  const line = [
    el("span", { textContent: item.kinds.join(", ") + " " }),
    el("span", { className: "hint", textContent: Number.isFinite(at) && at ? shortTime(at) : "" }),
    el("b", { className, textContent: className === "ok" ? note : "" }),
  ];
  const trouble = className === "ok" ? null : el("div", { className, textContent: note });
  if (!item.id) return el("li", {}, el("div", { className: "line" }, ...line), trouble);
  const isOpen = state.opened === item.id;
  const opener = el("button", { type: "button", className: "line", onclick: () => open(isOpen ? null : item) }, ...line);
  opener.setAttribute("aria-expanded", String(isOpen));
  return el("li", {}, opener, trouble, isOpen && state.detail ? detail(state.detail) : null);
}

async function open(item) {
  state.opened = item?.id ?? null;
  state.detail = null;
  if (item) await readDetail();
  drawTraffic();
}

export async function readDetail() {
  if (!state.opened) return;
  try {
    state.detail = await call(`/deliveries/${state.opened}`);
  } catch {
    state.opened = state.detail = null; // a restart has forgotten it
  }
}

function detail(shown) {
  const waits = shown.result !== "2xx" && !state.traffic.past.some((item) => item.id === shown.id);
  const again = button("Send again", async () => {
    const { posts } = await call("/deliveries/repeat", { ids: [shown.id] });
    toast(posts ? "Sent once more, byte for byte." : "It is still on its way.");
  }, { disabled: waits });
  return el("div", { className: "detail" },
    el("p", { className: "hint", textContent: `POST ${shown.url ?? "nowhere: the app has no callback"}` }),
    fold("Headers", Object.entries(shown.headers).map(([name, value]) => `${name}: ${value}`).join("\n")),
    el("h3", { textContent: "Body" }), el("pre", { textContent: pretty(shown.body) }),
    ...shown.tries.map((each, index) => answerOf(each, shown.attempts - shown.tries.length + index + 1)),
    shown.tries.length ? null : el("p", { className: "hint", textContent: "It has not been answered yet." }),
    el("div", { className: "row" }, again));
}

function answerOf(each, number) {
  const status = each.status === null ? each.error : `HTTP ${each.status}`;
  return el("div", {},
    el("h3", { textContent: `Answer ${number}: ${status}, ${shortTime(each.at_ms)}, ${Math.round(each.ms)} ms` }),
    el("pre", { textContent: pretty(each.answer) || "(no body)" }));
}

const fold = (label, text) => el("details", {}, el("summary", { textContent: label }), el("pre", { textContent: text }));

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function problem(here) {
  if (!state.page) return ["", false];
  const own = state.traffic.subscriptions.filter(here);
  if (!own.length) return ["No app is subscribed to this Page's webhooks, so nothing is sent.", true];
  const found = own.find((item) => item.active) ?? own[0];
  if (found.unsubscribed_at) return ["The Page was unsubscribed. Subscribe again.", true];
  if (!found.active) return ["The app has unsubscribed from this Page.", true];
  if (!found.callback_url) return ["The app has no webhook callback.", true];
  if (!found.fields.includes("messages") || !found.app_fields.includes("messages")) return ["The field “messages” is not subscribed.", true];
  const failing = state.traffic.pending.find((item) => here(item) && item.result);
  if (found.failing_since) {
    const why = failing ? failing.error ?? `HTTP ${failing.status}` : "";
    return [`Deliveries to ${found.callback_url} have failed since ${shortTime(found.failing_since)}. ${why}`, true];
  }
  return [`Delivering to ${found.callback_url}`, false];
}

export function drawFaults() {
  const live = state.faults.filter((fault) => !fault.over);
  $("faults").hidden = !live.length;
  $("fault-list").replaceChildren(...live.map((fault) => el("li", {},
    el("span", { textContent: `${fault.kind}, ${fault.fired} times ` }), button("Lift", () => remove(`/faults/${fault.id}`)))));
}
