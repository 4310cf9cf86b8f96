// What a message carries besides its text: pictures, files, cards with buttons, the feedback template.

import { act, button, el, safe, toast } from "./common.js";

export function attached(attachment, device) {
  const payload = attachment.payload ?? {};
  if (attachment.type === "template") return template(payload, device);
  const url = safe(payload.url);
  if (["image", "sticker"].includes(attachment.type) && url) {
    const alt = attachment.type === "sticker" ? "👍 sticker" : "picture";
    const image = picture(url, alt, attachment.type);
    return [attachment.type === "image" ? el("a", { href: url, target: "_blank", rel: "noreferrer" }, image) : image];
  }
  if (["audio", "video"].includes(attachment.type) && url) {
    return [el(attachment.type, { src: url, controls: true, preload: "metadata", className: "player" })];
  }
  const label = payload.title ?? (url ? fileName(url) : attachment.type);
  return [url ? el("a", { className: "bubble file", href: url, textContent: label, rel: "noreferrer", target: "_blank" })
    : el("div", { className: "bubble", textContent: label })];
}

const picture = (src, alt, className) => el("img", { src, alt, className, referrerPolicy: "no-referrer" });

const fileName = (url) => decodeURIComponent(new URL(url).pathname.split("/").pop()).replace(/^\d{6,}-/, "") || "file";

function template(payload, device) {
  if (payload.template_type === "customer_feedback") return feedback(payload);
  if (payload.elements?.length) return [el("div", { className: "cards" }, ...payload.elements.map((each) => card(each, device)))];
  return [el("div", { className: "bubble", textContent: payload.text ?? payload.template_type }), taps(payload.buttons, device)];
}

function card(element, device) {
  const image = safe(element.image_url ?? "about:blank");
  const link = element.default_action?.type === "web_url" ? safe(element.default_action.url) : null;
  const shown = el(link ? "a" : "div", link ? { href: link, target: "_blank", rel: "noreferrer" } : {},
    image ? picture(image, "", "card-picture") : null,
    el("strong", { textContent: element.title ?? "" }),
    element.subtitle ? el("span", { className: "hint", textContent: element.subtitle }) : null);
  shown.className = "card-body";
  return el("div", { className: "card" }, shown, taps(element.buttons, device));
}

const taps = (buttons, device) => el("div", { className: "taps" }, ...(buttons ?? []).map((each) => tap(each, device)));

function tap(given, device) {
  return button(given.title ?? given.type, () => {
    if (given.type === "postback") act("postback", { title: given.title, payload: given.payload, device });
    else if (given.type === "web_url" && safe(given.url)) window.open(safe(given.url), "_blank", "noreferrer");
    else toast(`A ${given.type} button does nothing in the sandbox.`);
  });
}

function feedback(payload) {
  const question = payload.feedback_screens?.[0]?.questions?.[0] ?? {};
  const [lowest, highest] = { csat: [1, 5], nps: [0, 10], ces: [1, 7] }[question.type] ?? [0, -1];
  const scores = [];
  for (let score = lowest; score <= highest; score++) {
    scores.push(button(score, () => {
      const comment = question.follow_up ? prompt(question.follow_up.placeholder ?? "Your comment") : null;
      act("feedback", { question_id: question.id, payload: String(score), kind: question.type, ...(comment ? { comment } : {}) });
    }));
  }
  const lines = [payload.title, question.title ?? payload.subtitle].filter(Boolean);
  return [el("div", { className: "bubble", textContent: lines.join("\n") }), el("div", { className: "quick" }, ...scores)];
}
