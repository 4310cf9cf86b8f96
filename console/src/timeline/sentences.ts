import { type I18n, type MessageDescriptor } from "@lingui/core";
import { t } from "@lingui/core/macro";
import { type Fact, textIn } from "./fact";
import type { Names } from "./names";
import { CODES, CONDITIONS, MODES, OPENINGS, ORIGINS, REASONS, RULE_ACTIONS, SETTINGS, TRIGGERS } from "./reasons";

/** What a sentence is made of. */
interface Words {
  i18n: I18n;
  fact: Fact;
  names: Names;
  /** Who did it. */
  who: string;
  /** The agent whom it is about; often the same. */
  agent: string;
  automatic: string;
  /** A value of the data in words, by a table of them; the value itself where the table has none. */
  said(table: Record<string, MessageDescriptor>, name: string): string;
  instant(name: string): string;
}

type Sentence = (words: Words) => string;

/** What happened, in a sentence for each kind of fact. A test looks that none is missing. */
export const SENTENCES: Record<string, Sentence> = {
  "conversation.opened": () => t`A conversation began.`,
  "conversation.open": () => t`It waits in its queue again.`,
  "conversation.active": ({ fact, who }) =>
    textIn(fact, "reason") === "assigned_by_routing" ? t`It is with an agent who has not answered yet.` : t`${who} has it.`,
  "conversation.waiting": () => t`It waits for the customer.`,
  "conversation.wrap_up": ({ who }) => t`${who} ended it: wrap-up.`,
  "conversation.closed": () => t`It closed.`,
  "conversation.context_changed": ({ who }) => t`${who} set context variables.`,
  "note.created": ({ who }) => t`${who} wrote a note.`,
  "note.changed": ({ who }) => t`${who} changed a note.`,
  "note.deleted": ({ who }) => t`${who} deleted a note.`,
  "conversation.queued": ({ fact, names }) => {
    const queue = names.queue(textIn(fact, "queue_id"));
    return t`It entered the queue ${queue}.`;
  },
  "conversation.reserved": ({ agent, instant }) => {
    const until = instant("until");
    return t`It is kept for ${agent} until ${until}.`;
  },
  "conversation.overflowed": ({ fact, names }) => {
    const queue = names.queue(textIn(fact, "queue_id"));
    return t`The queue ${queue} overflowed.`;
  },
  "conversation.parked": () => t`Nobody is left who may be asked: it can only be taken or assigned.`,
  "offer.made": ({ agent, instant }) => {
    const until = instant("expires_at");
    return t`It was offered to ${agent}, until ${until}.`;
  },
  "offer.accepted": ({ agent }) => t`${agent} accepted it.`,
  "offer.declined": ({ agent }) => t`${agent} declined it.`,
  "offer.timed_out": ({ agent }) => t`${agent} did not answer the offer in time.`,
  "offer.withdrawn": ({ agent }) => t`The offer to ${agent} was withdrawn.`,
  "consult.asked": ({ agent, who }) => t`${who} asked ${agent} for advice.`,
  "consult.accepted": ({ agent }) => t`${agent} reads along now.`,
  "consult.declined": ({ agent }) => t`${agent} declined to advise.`,
  "consult.timed_out": ({ agent }) => t`${agent} did not answer the invitation in time.`,
  "consult.withdrawn": ({ agent }) => t`${agent} is asked no more.`,
  "participant.joined": ({ agent, said }) => {
    const mode = said(MODES, "mode");
    return t`${agent} takes part: ${mode}.`;
  },
  "participant.left": ({ agent }) => t`${agent} takes part no more.`,
  "session.started": ({ fact, who }) => {
    const number = textIn(fact, "number");
    const isOffered = fact.actor_id === null;
    if (fact.data["human_agent_tag"] === true) {
      return isOffered ? t`Session ${number} began, with the human agent tag.` : t`${who} began session ${number}, with the human agent tag.`;
    }
    return isOffered ? t`Session ${number} began.` : t`${who} began session ${number}.`;
  },
  "session.closed": ({ agent }) => t`${agent}'s session ended.`,
  "message.received": ({ names }) => t`${names.customer} wrote.`,
  "message.received_from_outside": () => t`The Page inbox or another app wrote to the customer.`,
  "message.received_outside_conversation": ({ names }) => t`${names.customer} wrote to another app.`,
  "message.queued": ({ fact, who, automatic }) =>
    textIn(fact, "trigger") === "" ? t`${who} wrote a reply.` : t`${automatic}: queued automatically.`,
  "message.sending": ({ fact }) => {
    const attempt = textIn(fact, "attempt");
    return t`Attempt ${attempt} to send it began.`;
  },
  "message.sent": () => t`Meta accepted the message.`,
  "message.failed": () => t`The message was not sent.`,
  "message.unknown": () => t`It is not known whether the message was sent.`,
  "message.parked": () => t`Meta shows no trace of the message. A person has to decide.`,
  "message.resent": () => t`It was said again, as another message.`,
  "message.edited": ({ names }) => t`${names.customer} edited a message.`,
  "message.deleted": ({ names }) => t`${names.customer} took a message back.`,
  "message.reacted": ({ fact, names }) =>
    textIn(fact, "action") === "unreact" ? t`${names.customer} took a reaction back.` : t`${names.customer} reacted to a message.`,
  "message.sent_twice": ({ names }) => t`${names.customer} received a repeated message twice.`,
  "message.not_allowed": ({ automatic }) => t`${automatic}: not sent.`,
  "message.withheld": ({ automatic }) => t`${automatic}: left out.`,
  "message.held": ({ instant }) => {
    const until = instant("expires_at");
    return t`The reply is held until the customer writes again, at most until ${until}.`;
  },
  "message.held_offered": () => t`The held reply can be sent: the customer wrote again.`,
  "message.cancelled": () => t`The message was cancelled.`,
  "message.expired": () => t`The held reply expired.`,
  "attachment.ready": () => t`A file of the customer's can be opened.`,
  "attachment.blocked": () => t`A file was refused.`,
  "attachment.too_large": () => t`A file was refused.`,
  "attachment.expired": () => t`A file cannot be fetched any more.`,
  "attachment.unsafe": () => t`A file was not kept: it is not safe.`,
  "attachment.quarantined": () => t`A file was set aside after several tries.`,
  "attachment.failed": () => t`A file could not be fetched.`,
  "notice.shown": ({ automatic }) => t`The agent was told: ${automatic}.`,
  "window.closing_soon": ({ fact, agent, instant }) => {
    const until = instant("until");
    return textIn(fact, "agent_id") === "" ? t`A warning: the window closes at ${until}.` : t`${agent} was warned: the window closes at ${until}.`;
  },
  "window.opened": ({ instant }) => {
    const until = instant("standard_until");
    return t`The window is open until ${until}.`;
  },
  "window.stage_changed": ({ fact }) =>
    textIn(fact, "from") === "human_agent"
      ? t`The 7 days of the human agent tag ended.`
      : textIn(fact, "from") === "closed"
        ? t`The window opened.`
        : t`The standard window of 24 hours ended.`,
  "rule.applied": ({ said }) => {
    const action = said(RULE_ACTIONS, "action");
    return t`A time-out rule acted: ${action}.`;
  },
  "survey.scheduled": ({ instant }) => {
    const due = instant("due_at");
    return t`A survey will be sent, ${due}.`;
  },
  "survey.sending": () => t`The survey is being sent.`,
  "survey.sent": () => t`The survey was sent.`,
  "survey.reminded": ({ names }) => t`${names.customer} was reminded of the survey.`,
  "survey.reminder_not_allowed": () => t`The survey's reminder was not sent.`,
  "survey.answered": ({ fact, names }) =>
    fact.data["late"] === true ? t`${names.customer} answered the survey, late.` : t`${names.customer} answered the survey.`,
  "survey.answer_received": ({ names }) => t`An answer of ${names.customer} to the survey came in.`,
  "survey.answer_ignored": () => t`An answer to the survey did not count.`,
  "survey.expired": () => t`Nobody answered the survey in time.`,
  "survey.not_allowed": () => t`The survey was not sent.`,
  "survey.skipped": () => t`No survey follows this ending.`,
  "survey.cancelled": () => t`The survey was cancelled.`,
  "survey.failed": () => t`The survey could not be sent.`,
  "thread.taken": ({ who }) => t`${who} took the thread from another app.`,
  "thread.passed": ({ who }) => t`${who} passed the thread to another app or the Page inbox.`,
  "thread.released": ({ who }) => t`${who} released the thread.`,
  "thread.requested": ({ who }) => t`${who} asked another app for the thread.`,
  "command.refused": ({ fact, who }) => {
    const action = textIn(fact, "action");
    return t`Refused: ${who} wanted this: ${action}.`;
  },
  "webhook.fields_left_out": () => t`Fields of a delivery had another form than Meta documents, and were not read.`,
  "event.quarantined": () => t`An event of the customer's could not be applied, and was set aside.`,
  "event.retracted": () => t`An entry turned out not to be true: it is struck out.`,
};

/** A fact in a sentence. What no sentence is known for is shown by its kind. */
export function sentenceOf(fact: Fact, names: Names, i18n: I18n): string {
  return SENTENCES[fact.kind]?.(wordsOf(fact, names, i18n)) ?? fact.kind;
}

/** Why it happened, without "because"; null where a fact tells no more than itself. */
export function becauseOf(fact: Fact, i18n: I18n): string | null {
  const said = (table: Record<string, MessageDescriptor>, code: string) => {
    const found = table[code];
    return found === undefined ? null : i18n._(found);
  };
  const code = textIn(fact, "code");
  if (code !== "") {
    return said(REASONS, code) ?? said(CODES, code) ?? code;
  }
  if (fact.kind === "offer.made") {
    return said(ORIGINS, textIn(fact, "origin"));
  }
  if (fact.kind === "conversation.overflowed") {
    return said(CONDITIONS, textIn(fact, "condition"));
  }
  if (fact.kind === "window.opened" || fact.kind === "window.stage_changed") {
    const opening = said(OPENINGS, textIn(fact, "opened_by"));
    return opening === null ? null : t`it opened ${opening}`;
  }
  if (fact.kind === "rule.applied") {
    const minutes = Math.round(Number(fact.data["after_seconds"] ?? 0) / 60);
    return textIn(fact, "silent") === "agent"
      ? t`the agent did not answer for ${minutes} min`
      : t`the customer did not write for ${minutes} min`;
  }
  const reason = textIn(fact, "reason");
  const why = [reason === "" ? null : (said(REASONS, reason) ?? reason), said(SETTINGS, textIn(fact, "setting"))];
  const allowedBy = textIn(fact, "allowed_by");
  const told = why.filter((each) => each !== null);
  return told.length > 0 ? told.join("; ") : allowedBy === "" ? null : allowance(allowedBy);
}

function allowance(rule: string): string {
  switch (rule) {
    case "standard_window":
      return t`the standard window allows it`;
    case "human_agent_tag":
      return t`the human agent tag allows it`;
    case "customer_feedback_tag":
      return t`Meta's tag for feedback allows it`;
    default:
      return rule;
  }
}

function wordsOf(fact: Fact, names: Names, i18n: I18n): Words {
  const said = (table: Record<string, MessageDescriptor>, name: string) => {
    const found = table[textIn(fact, name)];
    return found === undefined ? textIn(fact, name) : i18n._(found);
  };
  return {
    i18n,
    fact,
    names,
    said,
    who: actorOf(fact, names),
    agent: names.agent(textIn(fact, "agent_id") || (fact.actor_id ?? "")),
    automatic: said(TRIGGERS, "trigger"),
    instant: (name) => {
      const value = textIn(fact, name);
      return value === "" ? "–" : i18n.date(value, { dateStyle: "medium", timeStyle: "medium" });
    },
  };
}

function actorOf(fact: Fact, names: Names): string {
  switch (fact.actor_kind) {
    case "customer":
      return names.customer;
    case "agent":
    case "supervisor":
      return names.agent(fact.actor_id ?? "");
    case "bot":
      return t`The bot`;
    default:
      return t`The desk`;
  }
}
