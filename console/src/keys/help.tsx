import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { usePreferences } from "../store/preferences";
import { ModalDialog } from "../ui/modal-dialog";
import { BINDING_NAMES, BINDINGS, keysOf, shownKeys } from "./bindings";

/** All keys, as one has them. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const { i18n } = useLingui();
  const chosen = usePreferences();
  const shown = BINDING_NAMES.flatMap((name) => {
    const keys = keysOf(name, chosen);
    return keys === null ? [] : [{ name, keys: shownKeys(keys), title: i18n._(BINDINGS[name].title) }];
  });
  return (
    <ModalDialog title={<Trans>Keys</Trans>} onClose={onClose}>
      {!chosen.singleKeys && (
        <p>
          <Trans>Single letters are switched off.</Trans>
        </p>
      )}
      <dl className="key-list">
        {shown.map(({ name, keys, title }) => (
          <div key={name}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Ctrl/⌘-Enter</kbd>
          </dt>
          <dd>
            <Trans>Send, or hold</Trans>
          </dd>
        </div>
        <div>
          <dt>
            <kbd>Alt-A</kbd> <kbd>Alt-D</kbd>
          </dt>
          <dd>
            <Trans>Accept or decline an offer</Trans>
          </dd>
        </div>
      </dl>
      <p>
        <Link to="/settings" onClick={onClose}>
          <Trans>Change them under Settings</Trans>
        </Link>
      </p>
    </ModalDialog>
  );
}
