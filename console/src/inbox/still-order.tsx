import { Plural, Trans } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";

/**
 * An order that stands still while the pointer or the focus is in the list, so that the row that one is about
 * to press stays where it is. What is gone leaves at once; what came waits at the end until `settle`. `order` names
 * the order that is wanted: another one is shown at once, wherever the pointer is.
 */
export function useStillOrder(ids: readonly string[], order: string) {
  const [isInside, setInside] = useState(false);
  const [held, setHeld] = useState<{ order: string; ids: readonly string[] } | null>(null);
  if (held !== null && held.order !== order) {
    setHeld({ order, ids });
  }
  const shown = isInside && held?.order === order ? keepOrder(held.ids, ids) : ids;
  const moved = risen(shown, ids);
  const hold = () => {
    if (!isInside) {
      setHeld({ order, ids });
      setInside(true);
    }
  };
  const letGo = () => setInside(false);
  return {
    ids: shown,
    moved,
    settle: () => setHeld({ order, ids }),
    handlers: { onPointerEnter: hold, onPointerLeave: letGo },
  };
}

/** The ids that are still there in the order that was held, and the new ones after them. */
export function keepOrder(held: readonly string[], ids: readonly string[]): readonly string[] {
  const there = new Set(ids);
  const known = new Set(held);
  return [...held.filter((id) => there.has(id)), ...ids.filter((id) => !known.has(id))];
}

/** How many rows are nearer to the beginning than they are shown. */
export function risen(shown: readonly string[], ids: readonly string[]): number {
  const places = new Map(shown.map((id, index) => [id, index]));
  return ids.filter((id, index) => index < (places.get(id) ?? 0)).length;
}

/** Says how many rows would move, and moves them when it is pressed. */
export function MovedBar({ count, onPress }: { count: number; onPress: () => void }) {
  if (count === 0) {
    return null;
  }
  return (
    <Button className="button quiet moved" onPress={onPress}>
      <Plural value={count} one="# moved" other="# moved" /> <span aria-hidden>↑</span>
      <span className="visually-hidden">
        <Trans>Put them in order</Trans>
      </span>
    </Button>
  );
}
