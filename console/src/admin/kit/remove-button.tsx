import { Button } from "react-aria-components";

/** Takes one row out of a list that is being edited; `label` says which. */
export function RemoveButton({ label, onPress }: { label: string; onPress: () => void }) {
  return (
    <Button className="button" aria-label={label} onPress={onPress}>
      ×
    </Button>
  );
}
