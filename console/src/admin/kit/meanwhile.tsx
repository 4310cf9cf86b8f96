import { Trans } from "@lingui/react/macro";
import { Button } from "react-aria-components";

interface MeanwhileProps {
  theirs: object;
  mine: object;
  onTheirs: () => void;
  onMine: () => void;
}

/** Somebody else has saved what one is changing: where they differ both are shown, nothing is overwritten unseen. */
export function ChangedMeanwhile({ theirs, mine, onTheirs, onMine }: MeanwhileProps) {
  const own = mine as Record<string, unknown>;
  const different = Object.entries(theirs).filter(([name, value]) => shown(value) !== shown(own[name]));
  return (
    <div className="notice warn stack" role="alert">
      <b>
        <Trans>Somebody else has changed this meanwhile.</Trans>
      </b>
      <dl className="facts">
        {different.map(([name, value]) => [
          <dt key={name}>{name}</dt>,
          <dd key={`${name}-both`} dir="auto">
            <Trans>
              theirs: {shown(value)} · yours: {shown(own[name])}
            </Trans>
          </dd>,
        ])}
      </dl>
      <div className="buttons">
        <Button className="button" onPress={onTheirs}>
          <Trans>Take theirs</Trans>
        </Button>
        <Button className="button" onPress={onMine}>
          <Trans>Keep mine, to save it over theirs</Trans>
        </Button>
      </div>
    </div>
  );
}

/** A value as it is compared and shown. The keys of a list's entries are the form's own. */
function shown(value: unknown): string {
  return typeof value === "string"
    ? value
    : (JSON.stringify(value, (name, part: unknown) => (name === "key" ? undefined : part)) ?? "");
}
