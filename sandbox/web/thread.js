// The devices of the chosen customer, on one thread: what was said, and the composer.

import { attached } from "./attached.js";
import { $, act, ask, button, dayName, dayOf, el, fullTime, initial, state, timeOfDay } from "./common.js";

const EMOJI = { love: "❤️", smile: "😆", wow: "😮", sad: "😢", angry: "😠", like: "👍", dislike: "👎" };
const DEVICES = ["phone", "computer"];
const INBOX_APP = "263902037430900";

export function drawDevices() {
  const main = $("devices");
  if (!state.page || !state.psid) {
    main.replaceChildren(el("p", { textContent: state.page
      ? "Add a customer on the left, then write."
      : "No Page is set up yet. Start Pagedesk's demo, or make an app and a Page with the control API (sandbox/README.md)." }));
    return;
  }
  if (!main.querySelector(".device")) main.replaceChildren(...DEVICES.map(makeDevice));
  for (const device of main.querySelectorAll(".device")) fillDevice(device);
}

// -- the composer ------------------------------------------------------------------------------------------

function makeDevice(name) {
  const input = el("input", { placeholder: "Aa", autocomplete: "off", maxLength: 20000 });
  input.setAttribute("aria-label", `Message from the ${name}`);
  const form = el("form", { className: "composer" }, menu(name), input, el("button", { className: "send", textContent: "Send" }));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = input.value;
    if (!text.trim()) return;
    input.value = "";
    await say({ text, device: name });
  };
  const node = el("article", { className: "device", dataset: { name } },
    el("header", {}, el("span", { className: "avatar page" }), el("div", {}, el("strong"), el("span", { className: "hint", textContent: name }))),
    el("div", { className: "messages" }), el("div", { className: "quick" }), el("div", { className: "replying", hidden: true }), form);
  takeDrops(node, name);
  return node;
}

function say(message) {
  const reply = state.replyTo ? { reply_to: state.replyTo } : {};
  replyTo(null);
  return act("say", { ...message, ...reply });
}

function replyTo(mid) {
  state.replyTo = mid;
  for (const device of document.querySelectorAll(".device")) fillReplying(device);
}

function fillReplying(device) {
  const bar = device.querySelector(".replying");
  const quoted = state.thread?.messages.find((item) => item.mid === state.replyTo);
  bar.hidden = !quoted;
  if (quoted) bar.replaceChildren(el("span", { textContent: `Replying to: ${words(quoted)}` }), button("×", () => replyTo(null), { title: "do not reply to it" }));
}

async function sendFile(file, device) {
  const type = file.type || "application/octet-stream";
  const kept = await ask(`/media?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file, headers: { "Content-Type": type } });
  await say({ attachments: [{ type: kept.type, url: kept.url }], device });
}

function takeDrops(node, device) {
  node.ondragover = (event) => event.preventDefault();
  node.ondrop = async (event) => {
    event.preventDefault();
    for (const file of event.dataTransfer.files) await sendFile(file, device);
  };
}

function menu(device) {
  const sample = (number) => ({ attachments: [{ type: "image", url: `${location.origin}/_sandbox/media/sample-${number}.png` }], device });
  const chosen = el("input", { type: "file", hidden: true, onchange: async () => {
    for (const file of [...chosen.files]) await sendFile(file, device);
    chosen.value = "";
  } });
  const items = [
    ["A file of yours…", () => chosen.click()],
    ["Picture: waves", () => say(sample(1))],
    ["Picture: stripes", () => say(sample(4))],
    ["Thumbs-up sticker", () => say({ sticker_id: 369239263222822, device })],
    ["Get Started", () => act("postback", { title: "Get Started", payload: "GET_STARTED", device })],
    ["Follow an m.me link", () => act("referral", { ref: "sandbox_link" })],
    ["Click an ad", () => act("referral", { ref: "spring_sale", source: "ADS", ad_id: "120211987650010345" })],
    ["Send to Messenger (opt-in)", () => act("optin", { ref: "checkout_42" })],
  ];
  const details = el("details", { className: "menu" }, el("summary", { textContent: "+", title: "Files, pictures, stickers, ways in" }), chosen);
  details.append(el("div", {}, ...items.map(([label, run]) => button(label, () => { details.open = false; run(); }))));
  return details;
}

// -- what was said -----------------------------------------------------------------------------------------

function fillDevice(device) {
  const page = state.overview.pages.find((item) => item.page_id === state.page);
  device.querySelector("strong").textContent = page.name;
  device.querySelector(".avatar").textContent = initial(page.name);
  const list = device.querySelector(".messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const shown = [];
  for (const message of state.thread.messages) {
    const before = state.thread.messages[state.thread.messages.indexOf(message) - 1];
    if (!before || dayOf(before.at_ms) !== dayOf(message.at_ms)) shown.push(el("p", { className: "day", textContent: dayName(message.at_ms) }));
    shown.push(bubble(message, device.dataset.name));
  }
  if (state.thread.thread.typing) shown.push(el("p", { className: "typing", textContent: `${page.name} is typing…` }));
  list.replaceChildren(...shown);
  device.querySelector(".quick").replaceChildren(...quickReplies(device.dataset.name));
  fillReplying(device);
  const toEnd = () => { if (atEnd) list.scrollTop = list.scrollHeight; };
  for (const image of list.querySelectorAll("img")) image.onload = toEnd;
  toEnd();
}

function words(message) {
  return message.text || message.attachments?.[0]?.payload?.text || message.attachments?.[0]?.type || "a message";
}

function bubble(message, device) {
  const node = el("div", { className: "message" + (message.from_page ? "" : " mine"), title: fullTime(message.at_ms), tabIndex: 0 });
  const quoted = message.reply_to && state.thread.messages.find((item) => item.mid === message.reply_to);
  if (message.reply_to) node.append(el("div", { className: "quote", textContent: quoted ? words(quoted) : "a message" }));
  if (message.text) node.append(el("div", { className: "bubble", textContent: message.kind === "postback" ? `☞ ${message.text}` : message.text }));
  for (const attachment of message.attachments) node.append(...attached(attachment, device));
  const reaction = message.reaction?.emoji ?? EMOJI[message.page_reaction] ?? message.page_reaction;
  if (reaction) node.append(el("span", { className: "reaction", textContent: reaction }));
  node.append(el("div", { className: "meta" }, ...meta(message)), el("div", { className: "tools" }, ...tools(message)));
  return node;
}

function meta(message) {
  const { thread } = state.thread;
  const notes = [timeOfDay(message.at_ms)];
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
  const reply = button("↩", () => { replyTo(message.mid); document.querySelector(".device .composer > input").focus(); }, { title: "reply to it" });
  if (message.from_page) return [reply, ...reactions(message)];
  return message.kind === "message" && message.text ? [reply, editButton(message)] : [reply];
}

function reactions(message) {
  return Object.entries(EMOJI).map(([reaction, emoji]) => {
    const taken = message.reaction?.reaction === reaction;
    return button(emoji, () => act("react", { mid: message.mid, reaction, action: taken ? "unreact" : "react" }), { title: taken ? "take back" : reaction });
  });
}

function editButton(message) {
  return button("✎", () => {
    const text = prompt("Edit your message", message.text);
    if (text) act("edit", { mid: message.mid, text });
  }, { title: "edit" });
}

function quickReplies(device) {
  const last = state.thread.messages.at(-1);
  return (last?.from_page ? last.quick_replies : []).map((reply) => {
    const label = reply.title ?? { user_email: "sam@example.com", user_phone_number: "+15550100" }[reply.content_type];
    return button(label, () => act("say", { quick_reply: reply.payload ?? label, text: label, device }));
  });
}
