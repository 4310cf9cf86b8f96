import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

/** Somebody of a demo, whose data are invented. */
export interface DemoPerson {
  name: string;
  role: string;
  email: string;
}

/** What the demo's roles are called. */
export const DEMO_ROLES: Record<string, MessageDescriptor> = {
  agent: msg`Agent`,
  supervisor: msg`Supervisor`,
  admin: msg`Administrator`,
};

/** The people that a demo's link names, as in `Mia,Vera:supervisor`; who has no role is an agent. */
export function demoPeopleOf(named: string): readonly DemoPerson[] {
  return named
    .split(",")
    .filter((each) => each !== "")
    .map((each) => {
      const [name = "", role = "agent"] = each.split(":");
      return { name, role, email: `${name.toLowerCase()}@example.com` };
    });
}
