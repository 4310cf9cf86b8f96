import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Schemas } from "../kit/types";

export type Trigger = Schemas["AutomatedTrigger"];

/** What each automated message is called, and when it is sent. */
export const TRIGGERS: Record<Trigger, { name: MessageDescriptor; when: MessageDescriptor }> = {
  greeting: { name: msg`Greeting`, when: msg`A conversation begins.` },
  privacy_notice: { name: msg`Privacy notice`, when: msg`A conversation begins, after the greeting.` },
  out_of_hours: { name: msg`Out of hours`, when: msg`It gets into a queue outside its operating hours.` },
  holiday: { name: msg`Holiday`, when: msg`The same, on a holiday of these hours.` },
  overflow_ended: { name: msg`Ended by overflow`, when: msg`Overflow of a queue, or a queue without agents, ends it.` },
  agent_not_assigned: { name: msg`No agent assigned`, when: msg`Routing failed, or nobody serves the queue.` },
  agent_assigned: { name: msg`Agent assigned`, when: msg`It is offered to an agent, who has not accepted yet.` },
  agent_joined: { name: msg`Agent joined`, when: msg`An agent takes it.` },
  transfer_accepted: { name: msg`Transfer accepted`, when: msg`An agent accepts a transfer.` },
  agent_disconnected: { name: msg`Agent disconnected`, when: msg`The agent was disconnected and lost it.` },
  consult_accepted: { name: msg`Consultation accepted`, when: msg`A consulted colleague accepts.` },
  consult_ended: { name: msg`Consultation ended`, when: msg`A consulted colleague leaves while it goes on.` },
  colleague_joined: { name: msg`Colleague joined`, when: msg`A colleague or supervisor joins, who may write from then on.` },
  colleague_left: { name: msg`Colleague left`, when: msg`Who joined leaves while it goes on.` },
  agent_ended: { name: msg`Agent ended it`, when: msg`An agent ends it.` },
  session_ended: { name: msg`Session ended`, when: msg`It is closed.` },
  message_not_sent: { name: msg`Message not sent`, when: msg`Meta refused a message. Shown to the agent alone.` },
  outside_window: { name: msg`Outside the window`, when: msg`The window refused a message, or it is held. Shown to the agent alone.` },
  file_too_large: { name: msg`File too large`, when: msg`A customer's file cannot be taken.` },
  unsupported_message: { name: msg`Unsupported message`, when: msg`A customer's message cannot be taken.` },
};
