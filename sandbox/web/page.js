// The customer's side of the sandbox: two devices on one thread, and the webhooks that result.
// Everything shown is set with textContent; nothing that arrives is ever parsed as HTML.

const EMOJI = { love: "❤️", smile: "😆", wow: "😮", sad: "😢", angry: "😠", like: "👍", dislike: "👎" };
const DEVICES = ["phone", "computer"];
const INBOX_APP = "263902037430900";
const TRAVEL = [["+1 h", 3600], ["+23 h", 82800], ["+25 h", 90000], ["+6 d", 518400], ["+8 d", 691200]];

const $ = (id) => document.getElementById(id);
const state = { page: null, psid: null, overview: null, thread: null, traffic: null, clockGap: 0, speed: 1 };

function el(tag, props = {}, ...children) {
  const { dataset, ...rest } = props;
  const node = Object.assign(document.createElement(tag), rest);
  Object.assign(node.dataset, dataset);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

async function call(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch("_sandbox" + path, options);
  const value = await answer.json();
  if (!answer.ok) {
    toast(value.error ?? `The sandbox answered ${answer.status}.`);
    throw new Error(value.error);
  }
  return value;
}

function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $("toast").hidden = true; }, 5000);
}

const act = (action, body) => call(`/customers/${state.page}/${state.psid}/${action}`, body);
const initial = (name) => [...(name || "?").trim()][0].toUpperCase();
const clockTime = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const dayAndTime = (ms) => new Date(ms).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });

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
  const [overview, traffic, clock] = await Promise.all([call("/overview"), call("/deliveries"), call("/clock")]);
  Object.assign(state, { overview, traffic });
  state.clockGap = clock.now_ms - Date.now();
  state.speed = clock.speed;
  $("clock-source").textContent = clock.source === "own" ? speedText(clock.speed) : `It is set by ${clock.source}.`;
  $("travel").hidden = clock.source !== "own";
  choose();
  state.thread = state.psid ? await call(`/threads/${state.page}/${state.psid}`) : null;
  draw();
  await readIfSeen();
}

const speedText = (speed) => (speed === 1 ? "" : speed === 0 ? "It stands still." : `It runs ${speed} times as fast.`);

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

function draw() {
  drawPeople();
  drawWindow();
  drawDevices();
  drawTraffic();
}

function drawPeople() {
  const pages = state.overview.pages;
  $("page").replaceChildren(...pages.map((page) => el("option", { value: page.page_id, textContent: page.name })));
  $("page").value = state.page ?? "";
  const here = state.overview.customers.filter((customer) => customer.page_id === state.page);
  $("customers").replaceChildren(...here.map((customer) => {
    const button = el("button", { type: "button", title: `PSID ${customer.psid}` },
      el("span", { className: "avatar", textContent: initial(customer.name) }), customer.name);
    button.setAttribute("aria-current", String(customer.psid === state.psid));
    button.onclick = () => { state.psid = customer.psid; refresh(); };
    return button;
  }));
  $("new-customer").hidden = !state.page;
}

function drawWindow() {
  const opened = state.thread?.thread.window;
  $("stage").className = "badge " + (opened?.stage ?? "");
  $("stage").textContent = opened ? opened.stage.replace("_", " ") : "no thread";
  const ends = { standard: opened?.standard_until, human_agent: opened?.human_agent_until }[opened?.stage];
  $("window-ends").textContent = ends ? `until ${dayAndTime(ends)}` : "";
  $("window-opened").textContent = opened?.opened_by
    ? `opened by ${opened.opened_by.replaceAll("_", " ")}, ${dayAndTime(opened.opened_at)}`
    : "The Page may write once you have written.";
}

function tick() {
  const passed = Date.now() - tick.at;
  $("now").textContent = dayAndTime(tick.at + state.clockGap + passed * state.speed);
}

// -- the devices -------------------------------------------------------------------------------------------

function drawDevices() {
  const main = $("devices");
  tick.at = Date.now();
  if (!state.page || !state.psid) {
    main.replaceChildren(el("p", { textContent: state.page
      ? "Add a customer on the left, then write."
      : "No Page is set up yet. Start Pagedesk's demo, or make an app and a Page with the control API (sandbox/README.md)." }));
    return;
  }
  if (!main.querySelector(".device")) main.replaceChildren(...DEVICES.map(makeDevice));
  for (const device of main.querySelectorAll(".device")) fillDevice(device);
}

function makeDevice(name) {
  const input = el("input", { placeholder: "Aa", autocomplete: "off", maxLength: 20000 });
  input.setAttribute("aria-label", `Message from the ${name}`);
  const form = el("form", { className: "composer" }, menu(name), input, el("button", { className: "send", textContent: "Send" }));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = input.value;
    if (!text.trim()) return;
    input.value = "";
    await act("say", { text, device: name });
  };
  return el("article", { className: "device", dataset: { name } },
    el("header", {}, el("span", { className: "avatar page" }), el("div", {}, el("strong"), el("span", { className: "hint", textContent: name }))),
    el("div", { className: "messages" }), el("div", { className: "quick" }), form);
}

function menu(device) {
  const picture = (number) => ({ attachments: [{ type: "image", url: `${location.origin}/_sandbox/media/sample-${number}.png` }], device });
  const items = [
    ["Picture: waves", () => act("say", picture(1))],
    ["Picture: stripes", () => act("say", picture(4))],
    ["Thumbs-up sticker", () => act("say", { sticker_id: 369239263222822, device })],
    ["Get Started", () => act("postback", { title: "Get Started", payload: "GET_STARTED", device })],
    ["Follow an m.me link", () => act("referral", { ref: "sandbox_link" })],
    ["Click an ad", () => act("referral", { ref: "spring_sale", source: "ADS", ad_id: "120211987650010345" })],
    ["Send to Messenger (opt-in)", () => act("optin", { ref: "checkout_42" })],
  ];
  const details = el("details", { className: "menu" }, el("summary", { textContent: "+", title: "Pictures, stickers, ways in" }));
  details.append(el("div", {}, ...items.map(([label, run]) => {
    const button = el("button", { type: "button", textContent: label });
    button.onclick = () => { details.open = false; run(); };
    return button;
  })));
  return details;
}

function fillDevice(device) {
  const page = state.overview.pages.find((item) => item.page_id === state.page);
  device.querySelector("strong").textContent = page.name;
  device.querySelector(".avatar").textContent = initial(page.name);
  const list = device.querySelector(".messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const bubbles = state.thread.messages.map((message) => bubble(message, device.dataset.name));
  if (state.thread.thread.typing) bubbles.push(el("p", { className: "typing", textContent: `${page.name} is typing…` }));
  list.replaceChildren(...bubbles);
  device.querySelector(".quick").replaceChildren(...quickReplies(device.dataset.name));
  const toEnd = () => { if (atEnd) list.scrollTop = list.scrollHeight; };
  for (const image of list.querySelectorAll("img")) image.onload = toEnd;
  toEnd();
}

function bubble(message, device) {
  const node = el("div", { className: "message" + (message.from_page ? "" : " mine") });
  const quoted = message.reply_to && state.thread.messages.find((item) => item.mid === message.reply_to);
  if (message.reply_to) node.append(el("div", { className: "quote", textContent: quoted?.text ?? "a message" }));
  if (message.text) node.append(el("div", { className: "bubble", textContent: message.kind === "postback" ? `☞ ${message.text}` : message.text }));
  for (const attachment of message.attachments) node.append(...attached(attachment, device));
  const reaction = message.reaction?.emoji ?? EMOJI[message.page_reaction] ?? message.page_reaction;
  if (reaction) node.append(el("span", { className: "reaction", textContent: reaction }));
  node.append(el("div", { className: "meta" }, ...meta(message)), tools(message));
  return node;
}

function meta(message) {
  const { thread } = state.thread;
  const notes = [clockTime(message.at_ms)];
  if (message.num_edit) notes.push("edited");
  if (!message.from_page) notes.push(message.device ?? "", message.at_ms <= thread.seen_ms ? "✓✓ seen" : "✓ sent");
  else {
    if (message.app_id === INBOX_APP) notes.push("Page inbox");
    if (message.tag) notes.push(message.tag);
    notes.push(message.at_ms <= thread.read_ms ? "✓✓ read" : message.at_ms <= thread.delivered_ms ? "✓✓ delivered" : "✓");
  }
  return notes.filter(Boolean).map((textContent) => el("span", { textContent }));
}

function tools(message) {
  const buttons = message.from_page
    ? Object.entries(EMOJI).map(([reaction, emoji]) => {
        const taken = message.reaction?.reaction === reaction;
        const button = el("button", { type: "button", textContent: emoji, title: taken ? "take back" : reaction });
        button.onclick = () => act("react", { mid: message.mid, reaction, action: taken ? "unreact" : "react" });
        return button;
      })
    : message.kind === "message" && message.text ? [editButton(message)] : [];
  return el("div", { className: buttons.length ? "tools" : "" }, ...buttons);
}

function editButton(message) {
  const button = el("button", { type: "button", textContent: "✎", title: "edit" });
  button.onclick = () => {
    const text = prompt("Edit your message", message.text);
    if (text) act("edit", { mid: message.mid, text });
  };
  return button;
}

function attached(attachment, device) {
  const payload = attachment.payload ?? {};
  if (attachment.type === "template") return template(payload, device);
  const url = safe(payload.url);
  if (["image", "sticker"].includes(attachment.type) && url) {
    const alt = attachment.type === "sticker" ? "👍 sticker" : "picture";
    return [el("img", { src: url, alt, className: attachment.type, referrerPolicy: "no-referrer" })];
  }
  const label = `${attachment.type}${payload.title ? ": " + payload.title : ""}`;
  return [url ? el("a", { className: "bubble", href: url, textContent: label, rel: "noreferrer", target: "_blank" })
    : el("div", { className: "bubble", textContent: label })];
}

function safe(url) {
  try {
    const parsed = new URL(url, location.href);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

function template(payload, device) {
  if (payload.template_type === "customer_feedback") return feedback(payload);
  const parts = payload.elements?.length ? payload.elements : [payload];
  return parts.flatMap((part) => {
    const lines = [part.title ?? part.text ?? payload.template_type, part.subtitle].filter(Boolean);
    return [el("div", { className: "bubble", textContent: lines.join("\n") }),
      el("div", { className: "taps" }, ...(part.buttons ?? []).map((button) => tap(button, device)))];
  });
}

function feedback(payload) {
  const question = payload.feedback_screens?.[0]?.questions?.[0] ?? {};
  const [lowest, highest] = { csat: [1, 5], nps: [0, 10], ces: [1, 7] }[question.type] ?? [0, -1];
  const scores = [];
  for (let score = lowest; score <= highest; score++) {
    const node = el("button", { type: "button", textContent: score });
    node.onclick = () => {
      const comment = question.follow_up ? prompt(question.follow_up.placeholder ?? "Your comment") : null;
      act("feedback", { question_id: question.id, payload: String(score), kind: question.type, ...(comment ? { comment } : {}) });
    };
    scores.push(node);
  }
  const lines = [payload.title, question.title ?? payload.subtitle].filter(Boolean);
  return [el("div", { className: "bubble", textContent: lines.join("\n") }), el("div", { className: "quick" }, ...scores)];
}

function tap(button, device) {
  const node = el("button", { type: "button", textContent: button.title ?? button.type });
  node.onclick = () => {
    if (button.type === "postback") act("postback", { title: button.title, payload: button.payload, device });
    else if (button.type === "web_url" && safe(button.url)) window.open(safe(button.url), "_blank", "noreferrer");
    else toast(`A ${button.type} button does nothing in the sandbox.`);
  };
  return node;
}

function quickReplies(device) {
  const last = state.thread.messages.at(-1);
  return (last?.from_page ? last.quick_replies : []).map((reply) => {
    const label = reply.title ?? { user_email: "sam@example.com", user_phone_number: "+15550100" }[reply.content_type];
    const node = el("button", { type: "button", textContent: label });
    node.onclick = () => act("say", { quick_reply: reply.payload ?? label, text: label, device });
    return node;
  });
}

// -- webhooks ----------------------------------------------------------------------------------------------

function drawTraffic() {
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
    ...skipped.map((item) => [item.at_ms, { ...item, kinds: [item.kind] }, "bad", `not sent: ${item.why}`]),
  ].filter(([, item]) => here(item)).sort((a, b) => b[0] - a[0]).slice(0, 40);
  $("deliveries").replaceChildren(...rows.map(([at, item, className, note]) => el("li", {},
    el("b", { className, textContent: className === "ok" ? note : "" }),
    el("span", { textContent: item.kinds.join(", ") + " " }),
    el("span", { className: "hint", textContent: Number.isFinite(at) && at ? clockTime(at) : "" }),
    className === "ok" ? null : el("div", { className, textContent: note }))));
}

function problem(here) {
  if (!state.page) return ["", false];
  const own = state.traffic.subscriptions.filter(here);
  if (!own.length) return ["No app is subscribed to this Page's webhooks, so nothing is sent.", true];
  const found = own.find((item) => item.active) ?? own[0];
  if (found.unsubscribed_at) return ["The Page was unsubscribed after an hour of failed deliveries. Subscribe again.", true];
  if (!found.active) return ["The app has unsubscribed from this Page.", true];
  if (!found.callback_url) return ["The app has no webhook callback.", true];
  if (!found.fields.includes("messages") || !found.app_fields.includes("messages")) return ["The field “messages” is not subscribed.", true];
  const failing = state.traffic.pending.find((item) => here(item) && item.result);
  if (found.failing_since) {
    const why = failing ? failing.error ?? `HTTP ${failing.status}` : "";
    return [`Deliveries to ${found.callback_url} have failed since ${clockTime(found.failing_since)}. ${why}`, true];
  }
  return [`Delivering to ${found.callback_url}`, false];
}

// -- start -------------------------------------------------------------------------------------------------

[state.page, state.psid] = location.hash.slice(1).split("/").map((part) => part || null);
$("page").onchange = (event) => { state.page = event.target.value; state.psid = null; refresh(); };
$("reads").onchange = refresh;
$("retry").onclick = () => call("/deliveries/retry", {});
$("new-customer").onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target;
  const made = await call("/customers", { page_id: state.page, name: form.elements.name.value });
  form.reset();
  state.psid = made.psid;
  refresh();
};
$("travel").replaceChildren(...TRAVEL.map(([label, seconds]) => {
  const button = el("button", { type: "button", textContent: label });
  button.onclick = () => call("/clock", { advance_seconds: seconds });
  return button;
}));
document.addEventListener("visibilitychange", refresh);
new EventSource("_sandbox/stream").onmessage = refresh;
tick.at = Date.now();
setInterval(tick, 500);
refresh();
