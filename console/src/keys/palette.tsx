import { Trans, useLingui } from "@lingui/react/macro";
import { useNavigate, useParams, useRouteContext } from "@tanstack/react-router";
import { useState } from "react";
import { Autocomplete, Dialog, Header, Input, Menu, MenuItem, MenuSection, Modal, ModalOverlay, SearchField, Text, useFilter } from "react-aria-components";
import { useActions } from "../actions/use-actions";
import type { Conversation } from "../api/types";
import { LIST_TITLES } from "../inbox/list-names";
import { LIST_NAMES } from "../store/lists";
import { useDesk } from "../store/use-desk";

interface Entry {
  id: string;
  title: string;
  /** Why it is not possible now. */
  reason?: string | null;
  run: () => void;
}

const MAX_PEOPLE = 50;

/** Everything that can be done, found by typing: actions of the open conversation, customers, lists, settings. */
export function Palette({ onClose }: { onClose: () => void }) {
  const { conversationId } = useParams({ strict: false });
  const row = useDesk((state) => (conversationId === undefined ? undefined : state.conversations[conversationId]));
  return row === undefined ? <Entries actions={[]} onClose={onClose} /> : <OfConversation row={row} onClose={onClose} />;
}

function OfConversation({ row, onClose }: { row: Conversation; onClose: () => void }) {
  const actions = useActions(row).map(({ name, title, reason, run }) => ({ id: `action-${name}`, title, reason, run }));
  return <Entries actions={actions} onClose={onClose} />;
}

function Entries({ actions, onClose }: { actions: readonly Entry[]; onClose: () => void }) {
  const { t, i18n } = useLingui();
  const navigate = useNavigate();
  const { signIn } = useRouteContext({ strict: false });
  const { contains } = useFilter({ sensitivity: "base" });
  const [words, setWords] = useState("");
  const conversations = useDesk((state) => state.conversations);

  const people: Entry[] = Object.values(conversations)
    .slice(0, MAX_PEOPLE)
    .map((each) => ({
      id: `person-${each.id}`,
      title: each.customer.name ?? each.customer.psid,
      run: () => void navigate({ to: "/inbox/$list/$conversationId", params: { list: "mine", conversationId: each.id } }),
    }));
  const places: Entry[] = [
    ...LIST_NAMES.map((list) => ({
      id: `list-${list}`,
      title: i18n._(LIST_TITLES[list]),
      run: () => void navigate({ to: "/inbox/$list", params: { list } }),
    })),
    { id: "search", title: t`Search`, run: () => void navigate({ to: "/search", search: { q: words } }) },
    { id: "settings", title: t`Settings`, run: () => void navigate({ to: "/settings" }) },
    ...(signIn?.agent.role === "admin"
      ? [
          {
            id: "admin",
            title: t`Administration`,
            run: () => void navigate({ to: "/admin/$", params: { _splat: "accounts" } }),
          },
        ]
      : []),
  ];
  const sections = [
    { id: "actions", title: t`This conversation`, entries: actions },
    { id: "places", title: t`Go to`, entries: places },
    { id: "people", title: t`People`, entries: people },
  ].filter(({ entries }) => entries.length > 0);
  const all = sections.flatMap(({ entries }) => entries);

  return (
    <ModalOverlay className="modal-overlay palette-overlay" isDismissable isOpen onOpenChange={(isOpen) => isOpen || onClose()}>
      <Modal className="modal palette">
        <Dialog aria-label={t`Everything that can be done`}>
          <Autocomplete filter={contains} inputValue={words} onInputChange={setWords}>
            {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- it was opened to type here */}
            <SearchField className="field" aria-label={t`What do you want to do?`} autoFocus>
              <Input placeholder={t`What do you want to do?`} dir="auto" />
            </SearchField>
            <Menu
              className="palette-menu"
              aria-label={t`Everything that can be done`}
              renderEmptyState={() => (
                <p className="empty-text">
                  <Trans>Nothing is called so.</Trans>
                </p>
              )}
              onAction={(id) => {
                onClose();
                all.find((entry) => entry.id === id)?.run();
              }}
            >
              {sections.map(({ id, title, entries }) => (
                <MenuSection key={id}>
                  <Header className="palette-header">{title}</Header>
                  {entries.map((entry) => (
                    <PaletteItem key={entry.id} entry={entry} />
                  ))}
                </MenuSection>
              ))}
            </Menu>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function PaletteItem({ entry: { id, title, reason } }: { entry: Entry }) {
  const isLegal = reason === null || reason === undefined;
  return (
    <MenuItem id={id} className={isLegal ? "menu-item" : "menu-item illegal"} textValue={title}>
      <Text slot="label" dir="auto">
        {title}
      </Text>
      {!isLegal && (
        <Text slot="description" className="small">
          {reason}
        </Text>
      )}
    </MenuItem>
  );
}
