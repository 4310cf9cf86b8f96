// What all parts of the page share: its state, calls of the control API, making of nodes, times.
// Everything shown is set with textContent; nothing that arrives is ever parsed as HTML.

export const $ = (id) => document.getElementById(id);
export const state = {
  page: null, psid: null, overview: null, thread: null, traffic: null, faults: [],
  clockGap: 0, speed: 1, replyTo: null, opened: null, detail: null,
};

export function el(tag, props = {}, ...children) {
  const { dataset, ...rest } = props;
  const node = Object.assign(document.createElement(tag), rest);
  Object.assign(node.dataset, dataset);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function button(textContent, onclick, props = {}) {
  return el("button", { type: "button", textContent, onclick, ...props });
}

export const call = (path, body) => ask(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
export const remove = (path) => ask(path, { method: "DELETE" });
export const act = (action, body) => call(`/customers/${state.page}/${state.psid}/${action}`, body);

export async function ask(path, options) {
  const answer = await fetch("_sandbox" + path, options);
  const value = await answer.json();
  if (!answer.ok) {
    toast(value.error ?? `The sandbox answered ${answer.status}.`);
    throw new Error(value.error);
  }
  return value;
}

export function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $("toast").hidden = true; }, 5000);
}

export const initial = (name) => [...(name || "?").trim()][0].toUpperCase();

// -- times, on the sandbox's clock -------------------------------------------------------------------------

export const sandboxNow = () => Date.now() + state.clockGap;
export const dayOf = (ms) => new Date(ms).toDateString();
export const timeOfDay = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const fullTime = (ms) => new Date(ms).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });

export function dayName(ms) {
  const now = sandboxNow();
  if (dayOf(ms) === dayOf(now)) return "Today";
  if (dayOf(ms) === dayOf(now - 86_400_000)) return "Yesterday";
  const year = new Date(ms).getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" };
  return new Date(ms).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", ...year });
}

export const shortTime = (ms) => (dayOf(ms) === dayOf(sandboxNow())
  ? timeOfDay(ms)
  : new Date(ms).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }));

export function safe(url) {
  try {
    const parsed = new URL(url, location.href);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}
