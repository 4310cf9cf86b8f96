import { msg } from "@lingui/core/macro";
import type { MessageDescriptor } from "@lingui/core";
import { Trans, useLingui } from "@lingui/react/macro";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../../api/client";
import { useNotice } from "../../ui/notices";
import { allOf, useChanged, useRead } from "../kit/data";
import { problemText } from "../kit/errors";
import { Checks, Choice, NumberInput, TextInput } from "../kit/fields";
import { keyed } from "../kit/form";
import { named, useAgents, useHours, useQueues } from "../kit/choices";
import { type Resource, resourceScreen } from "../kit/resource";
import { Loaded } from "../kit/screen";
import type { Queue, Schemas } from "../kit/types";
import { RemoveButton } from "../kit/remove-button";

type Method = Schemas["AssignmentMethod"];
type Before = Schemas["BeforeQueueingInput"];

interface Draft {
  name: string;
  priority: number | null;
  method: Method;
  decline_limit: number | null;
  operating_hours_id: string | null;
  before: (Before & { key: string })[];
  while_queued: Schemas["WhileQueuedInput"] | null;
  when_empty: Schemas["WhenEmpty"];
  service_level_seconds: number | null;
  short_abandon_seconds: number | null;
}

const METHODS: Record<Method, MessageDescriptor> = {
  highest_capacity: msg`Most room first`,
  advanced_round_robin: msg`In turn`,
  least_active: msg`Longest without work first`,
  custom: msg`Its own rules`,
};

const CONDITIONS: Record<Schemas["OverflowCondition"], MessageDescriptor> = {
  out_of_hours: msg`it is outside its hours`,
  holiday: msg`it is a holiday`,
  waiting_items: msg`so many wait`,
  longest_wait: msg`the longest waits for so many seconds`,
  estimated_wait: msg`the estimated wait is so many seconds`,
};

const ACTIONS: Record<Schemas["OverflowAction"], MessageDescriptor> = {
  assign_anyway: msg`let it in all the same`,
  transfer: msg`transfer to another queue`,
  end: msg`end the conversation`,
};

const NONE = "none";

function HoursOf({ row }: { row: Queue }) {
  const { t } = useLingui();
  const hours = useHours();
  const found = hours.data?.find((each) => each.id === row.operating_hours_id);
  return found === undefined ? t`always open` : found.name;
}

function MethodOf({ row }: { row: Queue }) {
  const { i18n } = useLingui();
  return i18n._(METHODS[row.assignment.method]);
}

function QueueFields({ draft, change, row }: { draft: Draft; change: (changes: Partial<Draft>) => void; row: Queue | null }) {
  const { t, i18n } = useLingui();
  const hours = useHours();
  const queues = useQueues();
  const others = named((queues.data ?? []).filter((each) => each.id !== row?.id));
  const isDefault = row?.is_default ?? false;
  const put = (changed: Draft["before"][number]) =>
    change({ before: draft.before.map((each) => (each.key === changed.key ? changed : each)) });
  const methods = (Object.keys(METHODS) as Method[]).filter((id) => id !== "custom" || draft.method === "custom");
  return (
    <>
      <TextInput
        label={t`Name`}
        name="name"
        value={draft.name}
        onChange={(name) => change({ name })}
        isRequired
        isDisabled={isDefault}
      />
      <NumberInput
        label={t`Priority`}
        name="priority"
        value={draft.priority}
        onChange={(priority) => change({ priority })}
        min={0}
        hint={t`The smaller number comes first.`}
        isDisabled={isDefault}
      />
      <Choice
        label={t`Who is asked first`}
        name="assignment.method"
        value={draft.method}
        onChange={(method) => change({ method: method ?? "highest_capacity" })}
        options={methods.map((id) => ({ id, label: i18n._(METHODS[id]) }))}
      />
      <NumberInput
        label={t`An agent may decline or miss one conversation`}
        name="assignment.decline_limit"
        value={draft.decline_limit}
        onChange={(limit) => change({ decline_limit: limit })}
        min={1}
        unit={t`times`}
      />
      <Choice
        label={t`Operating hours`}
        name="operating_hours_id"
        value={draft.operating_hours_id ?? NONE}
        onChange={(id) => change({ operating_hours_id: id === NONE ? null : id })}
        options={[{ id: NONE, label: t`always open` }, ...named(hours.data)]}
      />
      <fieldset>
        <legend>
          <Trans>Overflow, before a conversation enters</Trans>
        </legend>
        {draft.before.map((each, index) => (
          <div key={each.key} className="row-form">
            <Choice
              label={t`When`}
              name={`overflow.before.${index}.condition`}
              value={each.condition}
              onChange={(condition) => put({ ...each, condition: condition ?? "out_of_hours", seconds: null, waiting: null })}
              options={(Object.keys(CONDITIONS) as Before["condition"][]).map((id) => ({ id, label: i18n._(CONDITIONS[id]) }))}
            />
            {each.condition === "waiting_items" && (
              <NumberInput
                label={t`Waiting`}
                name={`overflow.before.${index}.waiting`}
                value={each.waiting ?? null}
                onChange={(waiting) => put({ ...each, waiting })}
                min={1}
              />
            )}
            {(each.condition === "longest_wait" || each.condition === "estimated_wait") && (
              <NumberInput
                label={t`Seconds`}
                name={`overflow.before.${index}.seconds`}
                value={each.seconds ?? null}
                onChange={(seconds) => put({ ...each, seconds })}
                min={1}
              />
            )}
            <Choice
              label={t`Then`}
              name={`overflow.before.${index}.action`}
              value={each.action}
              onChange={(action) => put({ ...each, action: action ?? "assign_anyway", queue_id: null })}
              options={(Object.keys(ACTIONS) as Before["action"][]).map((id) => ({ id, label: i18n._(ACTIONS[id]) }))}
            />
            {each.action === "transfer" && (
              <Choice
                label={t`To`}
                name={`overflow.before.${index}.queue_id`}
                value={each.queue_id ?? null}
                onChange={(id) => put({ ...each, queue_id: id })}
                options={others}
              />
            )}
            <RemoveButton label={t`Remove this`} onPress={() => change({ before: draft.before.filter((one) => one.key !== each.key) })} />
          </div>
        ))}
        <div>
          <Button
            className="button"
            onPress={() =>
              change({ before: [...draft.before, keyed({ condition: "out_of_hours" as const, action: "assign_anyway" as const })] })
            }
          >
            <Trans>Add</Trans>
          </Button>
        </div>
      </fieldset>
      <Choice
        label={t`When nobody serves it`}
        name="when_empty"
        value={draft.when_empty}
        onChange={(what) => change({ when_empty: what ?? "keep" })}
        options={[
          { id: "keep", label: t`keep its conversations and raise an alarm` },
          { id: "close", label: t`close what comes` },
        ]}
        isDisabled={isDefault}
      />
      <div className="fields">
        <NumberInput
          label={t`Service level: answered within`}
          name="service_level_seconds"
          value={draft.service_level_seconds}
          onChange={(seconds) => change({ service_level_seconds: seconds })}
          min={1}
          unit={t`seconds`}
        />
        <NumberInput
          label={t`Given up so soon does not count`}
          name="short_abandon_seconds"
          value={draft.short_abandon_seconds}
          onChange={(seconds) => change({ short_abandon_seconds: seconds })}
          min={1}
          unit={t`seconds`}
        />
      </div>
    </>
  );
}

/** Who serves a queue. Each tick is saved at once. */
function Members({ row }: { row: Queue }) {
  const { t } = useLingui();
  const changed = useChanged();
  const say = useNotice();
  const agents = useAgents();
  const members = useRead(["queue", row.id, "members"], () =>
    allOf((query) => api.GET("/v1/queues/{queue_id}/members", { params: { path: { queue_id: row.id }, query } })),
  );
  async function set(ids: string[], before: string[]) {
    const path = (agentId: string) => ({ params: { path: { queue_id: row.id, agent_id: agentId } } });
    try {
      for (const id of ids.filter((each) => !before.includes(each))) {
        await api.PUT("/v1/queues/{queue_id}/members/{agent_id}", path(id));
      }
      for (const id of before.filter((each) => !ids.includes(each))) {
        await api.DELETE("/v1/queues/{queue_id}/members/{agent_id}", path(id));
      }
    } catch (error) {
      say(problemText(error));
    }
    await changed("queue");
  }
  return (
    <section className="panel">
      <h2>
        <Trans>Members</Trans>
      </h2>
      {row.is_default ? (
        <p>
          <Trans>Every agent and supervisor serves the default queue.</Trans>
        </p>
      ) : (
        <Loaded from={members}>
          {(listed) => {
            const ids = listed.map((each) => each.agent_id);
            return (
              <Checks
                label={t`Who serves this queue`}
                name="members"
                value={ids}
                onChange={(given) => void set(given, ids)}
                options={named((agents.data ?? []).filter((each) => each.active && each.role !== "machine"))}
                empty={<Trans>There is nobody yet.</Trans>}
              />
            );
          }}
        </Loaded>
      )}
    </section>
  );
}

const queues: Resource<Queue, Draft> = {
  path: "queues",
  kind: "queue",
  title: msg`Queues`,
  newLabel: msg`New queue`,
  empty: msg`No queue yet.`,
  list: () => allOf((query) => api.GET("/v1/queues", { params: { query } })),
  idOf: (row) => row.id,
  nameOf: (row) => row.name,
  columns: [msg`Priority`, msg`Who is asked first`, msg`Hours`],
  Cells: [({ row }) => row.priority, MethodOf, HoursOf],
  draftOf: (row) => ({
    name: row?.name ?? "",
    priority: row?.priority ?? 100,
    method: row?.assignment.method ?? "highest_capacity",
    decline_limit: row?.assignment.decline_limit ?? 3,
    operating_hours_id: row?.operating_hours_id ?? null,
    before: (row?.overflow.before ?? []).map(keyed),
    while_queued: row?.overflow.while_queued ?? null,
    when_empty: row?.when_empty ?? "keep",
    service_level_seconds: row?.service_level_seconds ?? null,
    short_abandon_seconds: row?.short_abandon_seconds ?? null,
  }),
  Fields: QueueFields,
  save: async (row, draft, keyFor) => {
    const { method, decline_limit, before, while_queued, name, priority, when_empty, ...others } = draft;
    // The default queue keeps its name, its priority and what it does without members.
    const own = row?.is_default === true ? {} : { name: name.trim(), priority: priority ?? 100, when_empty };
    const body = {
      ...others,
      ...own,
      assignment: { method, decline_limit: decline_limit ?? 3, rules: row?.assignment.rules ?? [] },
      overflow: { before: before.map(({ key: _key, ...each }) => each), while_queued },
    };
    const saved =
      row === null
        ? api.POST("/v1/queues", { params: { header: keyFor(body) }, body: body as never })
        : api.PATCH("/v1/queues/{queue_id}", { params: { path: { queue_id: row.id } }, body: body as never });
    return (await bodyOf<Queue>(saved)).id;
  },
  remove: (row) => api.DELETE("/v1/queues/{queue_id}", { params: { path: { queue_id: row.id } } }),
  canRemove: (row) => !row.is_default,
  More: Members,
};

export const QueuesScreen = resourceScreen(queues);
