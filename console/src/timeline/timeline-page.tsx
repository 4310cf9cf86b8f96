import "./timeline.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Button, ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import { DeskPage } from "../inbox/desk-page";
import { useDesk, useDeskStore } from "../store/use-desk";
import { CATEGORIES, CATEGORY_NAMES, categoriesOf, type Category } from "./categories";
import { causeOf, retractedIds } from "./causes";
import { namesOf } from "./names";
import { TimelineEntry } from "./timeline-entry";
import { useFacts } from "./use-facts";

/** What happened in a conversation, and why each thing did; newest first. */
export function TimelinePage() {
  const { i18n, t } = useLingui();
  const { conversationId } = useParams({ strict: false });
  const id = conversationId ?? "";
  const store = useDeskStore();
  const row = useDesk((state) => state.conversations[id]);
  const directory = useDesk((state) => state.directory);
  const { newestFirst, nextCursor, error, load } = useFacts(id);
  const [wanted, setWanted] = useState<ReadonlySet<Category>>(new Set());

  useEffect(() => {
    // Its facts say what is wrong, if there is no such conversation.
    store.loadConversation(id).catch(() => {});
  }, [store, id]);

  const names = namesOf(directory, row === undefined ? null : (row.customer.name ?? row.customer.psid));
  const shown = newestFirst.filter((fact) => wanted.size === 0 || categoriesOf(fact).some((each) => wanted.has(each)));
  const retracted = retractedIds(newestFirst);
  return (
    <DeskPage place={null}>
      <main className="timeline">
        <header>
          <Link
            className="button quiet"
            to="/inbox/$list/$conversationId"
            params={{ list: "mine", conversationId: id }}
            aria-label={t`Back to the conversation`}
          >
            ‹
          </Link>
          <div>
            <h1>
              <Trans>Timeline</Trans>
            </h1>
            <p className="small" dir="auto">
              {row === undefined ? "" : names.customer}
            </p>
          </div>
          <ToggleButtonGroup
            className="filters"
            aria-label={t`Show only`}
            selectionMode="multiple"
            selectedKeys={wanted}
            onSelectionChange={(keys) => setWanted(keys as ReadonlySet<Category>)}
          >
            {CATEGORIES.map((each) => (
              <ToggleButton key={each} id={each} className="filter">
                {i18n._(CATEGORY_NAMES[each])}
              </ToggleButton>
            ))}
          </ToggleButtonGroup>
          <span className="small newest">
            <Trans>newest first</Trans>
          </span>
        </header>
        {error !== null && (
          <p className="problem" role="alert">
            {textOf(error)}{" "}
            <Button className="button" onPress={() => void load(null)}>
              <Trans>Try again</Trans>
            </Button>
          </p>
        )}
        <ol>
          {shown.map((fact) => (
            <TimelineEntry
              key={fact.id}
              fact={fact}
              names={names}
              cause={causeOf(fact, newestFirst)}
              isRetracted={retracted.has(fact.id)}
              onShowAll={() => setWanted(new Set())}
            />
          ))}
        </ol>
        {shown.length === 0 && nextCursor === null && (
          <p className="empty-text">
            <Trans>Nothing of this kind has happened.</Trans>
          </p>
        )}
        {typeof nextCursor === "string" && (
          <Button className="button" onPress={() => void load(nextCursor)}>
            <Trans>Show older</Trans>
          </Button>
        )}
      </main>
    </DeskPage>
  );
}
