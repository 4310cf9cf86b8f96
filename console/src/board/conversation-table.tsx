import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import type { Conversation } from "../api/types";
import { useDesk } from "../store/use-desk";
import { age } from "../ui/durations";
import { useSecond } from "../ui/use-second";
import { WindowBadge } from "../ui/window-badge";
import { type BoardCommand, COMMAND_NAMES, COMMANDS, isPossible, useBoardCommands } from "./board-commands";
import { BulkBar } from "./bulk-bar";
import { MAX_CHOSEN } from "./bulk";
import { type BoardFilter, SHOWN, SHOWN_NAMES } from "./filters";
import { ReceiverDialog } from "./receiver-dialog";
import { useFiltered } from "./use-board";

const FIRST_ROWS = 200;

/** The conversations of a filter, with what a supervisor can do with each, and with many. */
export function ConversationTable({ filter, idsOf }: { filter: BoardFilter; idsOf: Record<"held" | "unknown", readonly string[]> }) {
  const { t, i18n } = useLingui();
  const navigate = useNavigate();
  const [most, setMost] = useState(FIRST_ROWS);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const ids = filter.show === "held" || filter.show === "unknown" ? idsOf[filter.show] : null;
  const { data, error } = useFiltered(filter, ids, most);
  const directory = useDesk((state) => state.directory);
  const rows = data?.rows ?? [];
  const selected = rows.filter((row) => chosen.has(row.id));
  const count = `${rows.length}${data?.isWhole === false ? "+" : ""}`;
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) {
      next.add(id);
    }
    setChosen(next);
  };
  const isAll = rows.length > 0 && selected.length === rows.length;
  return (
    <section className="conversations">
      <header>
        <h2>
          <Trans>Conversations</Trans>
        </h2>
        <span role="status" className="count">
          {count}
        </span>
        <label>
          <span className="visually-hidden">{t`Which conversations`}</span>
          <select value={filter.show} onChange={(event) => void navigate({ to: "/board", search: { ...filter, show: event.target.value as BoardFilter["show"] } })}>
            {SHOWN.map((show) => (
              <option key={show} value={show}>
                {i18n._(SHOWN_NAMES[show])}
              </option>
            ))}
          </select>
        </label>
        <Narrowing
          name={t`Queue`}
          all={t`All queues`}
          rows={directory?.queues ?? []}
          value={filter.queue}
          onChange={(queue) => void navigate({ to: "/board", search: { ...without(filter, "queue"), ...(queue === "" ? {} : { queue }) } })}
        />
        <Narrowing
          name={t`Agent`}
          all={t`All agents`}
          rows={directory?.agents ?? []}
          value={filter.agent}
          onChange={(agent) => void navigate({ to: "/board", search: { ...without(filter, "agent"), ...(agent === "" ? {} : { agent }) } })}
        />
      </header>
      {error !== null && (
        <p className="problem" role="alert">
          {textOf(error)}
        </p>
      )}
      <BulkBar rows={selected} onDone={() => setChosen(new Set())} />
      <div className="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">
                <input
                  type="checkbox"
                  aria-label={t`Choose all`}
                  checked={isAll}
                  onChange={() => setChosen(isAll ? new Set() : new Set(rows.slice(0, MAX_CHOSEN).map((row) => row.id)))}
                />
              </th>
              <th scope="col">{t`Customer`}</th>
              <th scope="col">{t`Status`}</th>
              <th scope="col">{t`Agent`}</th>
              <th scope="col">{t`Queue`}</th>
              <th scope="col">{t`Waits`}</th>
              <th scope="col">{t`Window`}</th>
              <th scope="col">
                <span className="visually-hidden">{t`Actions`}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.id} row={row} isChosen={chosen.has(row.id)} onToggle={() => toggle(row.id)} />
            ))}
          </tbody>
        </table>
      </div>
      {data !== undefined && rows.length === 0 && (
        <p className="empty-text">
          <Trans>There is no such conversation.</Trans>
        </p>
      )}
      {data?.isWhole === false && most < MAX_CHOSEN && (
        <Button className="button" onPress={() => setMost(MAX_CHOSEN)}>
          <Plural value={MAX_CHOSEN} one="Show up to #" other="Show up to #" />
        </Button>
      )}
    </section>
  );
}

function without(filter: BoardFilter, name: "queue" | "agent"): BoardFilter {
  const { [name]: _, ...rest } = filter;
  return rest;
}

interface Choice {
  name: string;
  all: string;
  rows: readonly { id: string; name: string }[];
  value: string | undefined;
  onChange: (id: string) => void;
}

function Narrowing({ name, all, rows, value, onChange }: Choice) {
  return (
    <label>
      <span className="visually-hidden">{name}</span>
      <select value={value ?? ""} onChange={(event) => onChange(event.target.value)}>
        <option value="">{all}</option>
        {rows.map((row) => (
          <option key={row.id} value={row.id}>
            {row.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Row({ row, isChosen, onToggle }: { row: Conversation; isChosen: boolean; onToggle: () => void }) {
  const { t, i18n } = useLingui();
  const now = useSecond();
  const command = useBoardCommands();
  const navigate = useNavigate();
  const [giving, setGiving] = useState<"assign" | "transfer" | null>(null);
  const name = row.customer.name ?? row.customer.psid;

  function act(what: BoardCommand | "timeline") {
    if (what === "timeline") {
      void navigate({ to: "/conversations/$conversationId/timeline", params: { conversationId: row.id } });
    } else if (what === "assign" || what === "transfer") {
      setGiving(what);
    } else {
      void command(row.id, what);
    }
  }

  return (
    <tr>
      <td>
        <input type="checkbox" aria-label={t`Choose ${name}`} checked={isChosen} onChange={onToggle} />
      </td>
      <th scope="row" dir="auto">
        <Link to="/inbox/$list/$conversationId" params={{ list: "open", conversationId: row.id }}>
          {name}
        </Link>
      </th>
      <td>{i18n._(SHOWN_NAMES[row.status === "closed" ? "all" : row.status])}</td>
      <td dir="auto">{row.agent?.name ?? "–"}</td>
      <td dir="auto">{row.queue?.name ?? "–"}</td>
      <td>{row.owed_since === null ? "–" : age(now - Date.parse(row.owed_since))}</td>
      <td>
        <WindowBadge row={row} />
      </td>
      <td>
        <MenuTrigger>
          <Button className="button quiet" aria-label={t`Actions for ${name}`}>
            ⋮
          </Button>
          <Popover className="popover" placement="bottom end">
            <Menu
              onAction={(key) => act(key as BoardCommand | "timeline")}
              disabledKeys={COMMANDS.filter((each) => !isPossible(row, each))}
            >
              {COMMANDS.map((each) => (
                <MenuItem key={each} id={each} className="menu-item" textValue={i18n._(COMMAND_NAMES[each])}>
                  {i18n._(COMMAND_NAMES[each])}
                </MenuItem>
              ))}
              <MenuItem id="timeline" className="menu-item">
                <Trans>Timeline</Trans>
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
        {giving !== null && (
          <ReceiverDialog
            title={giving === "assign" ? t`Assign the conversation of ${name}` : t`Transfer the conversation of ${name}`}
            onClose={() => setGiving(null)}
            onChosen={(to) => {
              setGiving(null);
              void command(row.id, giving, to);
            }}
          />
        )}
      </td>
    </tr>
  );
}
