import { Trans, useLingui } from "@lingui/react/macro";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../../api/client";
import { useDesk } from "../../store/use-desk";
import { Loaded, Screen, Table } from "../kit/screen";
import type { Schemas } from "../kit/types";

type Entry = Schemas["EventView"];
const PAGE = 50;

/** Who changed what, and who was refused; newest first as the API has it. */
export function AuditScreen() {
  const { t, i18n } = useLingui();
  const directory = useDesk((state) => state.directory);
  const pages = useInfiniteQuery({
    queryKey: ["audit"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      bodyOf(api.GET("/v1/audit", { params: { query: { limit: PAGE, ...(pageParam === null ? {} : { cursor: pageParam }) } } })),
    getNextPageParam: (last) => last.next_cursor,
  });
  const who = (entry: Entry) =>
    directory?.agents.find((agent) => agent.id === entry.actor_id)?.name ?? entry.actor_id ?? entry.actor_kind;
  const rows = pages.data?.pages.flatMap((page) => page.items);
  return (
    <Screen
      title={t`Audit log`}
      actions={
        <Button className="button" onPress={() => void pages.refetch()}>
          <Trans>Read anew</Trans>
        </Button>
      }
    >
      <Loaded from={{ data: rows, error: pages.error, refetch: pages.refetch }}>
        {(listed) => (
          <Table
            label={t`Audit log`}
            rows={listed}
            keyOf={(entry) => String(entry.id)}
            empty={<Trans>Nothing yet.</Trans>}
            columns={[t`When`, t`Who`, t`What`, t`Details`]}
            cells={(entry) => [
              i18n.date(new Date(entry.at), { dateStyle: "medium", timeStyle: "medium" }),
              who(entry),
              <code key="kind">{entry.kind}</code>,
              Object.entries(entry.data)
                .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
                .join(" · "),
            ]}
          />
        )}
      </Loaded>
      {pages.hasNextPage && (
        <div className="wizard-buttons">
          <Button className="button" isPending={pages.isFetchingNextPage} onPress={() => void pages.fetchNextPage()}>
            <Trans>More</Trans>
          </Button>
        </div>
      )}
    </Screen>
  );
}
