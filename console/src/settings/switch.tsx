import type { ReactNode } from "react";
import { Checkbox } from "react-aria-components";

/** Something that is on or off. */
export function Switch({ isOn, onChange, children }: { isOn: boolean; onChange: (isOn: boolean) => void; children: ReactNode }) {
  return (
    <Checkbox isSelected={isOn} onChange={onChange} className="checkbox">
      <span className="box" aria-hidden>
        {isOn ? "✓" : ""}
      </span>
      <span>{children}</span>
    </Checkbox>
  );
}
