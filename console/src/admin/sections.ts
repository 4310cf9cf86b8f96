import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { ComponentType } from "react";
import { AccountsScreen } from "./accounts/accounts-screen";
import { AuditScreen } from "./audit/audit-screen";
import { HealthScreen } from "./health/health-screen";
import { MessagesScreen } from "./messages/messages-screen";
import { CapacityScreen } from "./resources/capacity-profiles";
import { ContactFieldsScreen } from "./resources/contact-fields";
import { DispositionsScreen } from "./resources/disposition-codes";
import { HoursScreen } from "./resources/operating-hours";
import { PeopleScreen } from "./resources/people";
import { QueuesScreen } from "./resources/queues";
import { QuickRepliesScreen } from "./resources/quick-replies";
import { SessionTemplatesScreen } from "./resources/session-templates";
import { SkillsScreen } from "./resources/skills";
import { SurveysScreen } from "./surveys/surveys-screen";
import { WorkstreamsScreen } from "./workstreams/workstreams-screen";

interface Section {
  path: string;
  title: MessageDescriptor;
  Screen: ComponentType<{ path: string[] }>;
}

/** The administrator's screens, in the order of their navigation. */
export const SECTIONS: readonly [Section, ...Section[]] = [
  { path: "accounts", title: msg`Facebook accounts`, Screen: AccountsScreen },
  { path: "health", title: msg`Page health`, Screen: HealthScreen },
  { path: "workstreams", title: msg`Workstreams`, Screen: WorkstreamsScreen },
  { path: "queues", title: msg`Queues`, Screen: QueuesScreen },
  { path: "hours", title: msg`Operating hours`, Screen: HoursScreen },
  { path: "skills", title: msg`Skills`, Screen: SkillsScreen },
  { path: "capacity", title: msg`Capacity profiles`, Screen: CapacityScreen },
  { path: "people", title: msg`People and keys`, Screen: PeopleScreen },
  { path: "messages", title: msg`Automated messages`, Screen: MessagesScreen },
  { path: "surveys", title: msg`Surveys`, Screen: SurveysScreen },
  { path: "quick-replies", title: msg`Quick replies`, Screen: QuickRepliesScreen },
  { path: "session-templates", title: msg`Session templates`, Screen: SessionTemplatesScreen },
  { path: "dispositions", title: msg`Disposition codes`, Screen: DispositionsScreen },
  { path: "contact-fields", title: msg`Contact fields`, Screen: ContactFieldsScreen },
  { path: "audit", title: msg`Audit log`, Screen: AuditScreen },
];
