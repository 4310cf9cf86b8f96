import { useLingui } from "@lingui/react/macro";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { type ListName, type Sort, SORTS } from "../store/lists";
import { changePreferences, currentPreferences } from "../store/preferences";
import { SORT_TITLES } from "./list-names";

/** The order of a list, which is kept for whoever chose it. */
export function SortMenu({ list, sort }: { list: ListName; sort: Sort }) {
  const { i18n, t } = useLingui();
  const title = i18n._(SORT_TITLES[sort]);
  return (
    <MenuTrigger>
      <Button className="button quiet sort" aria-label={t`Order: ${title}`}>
        {title} <span aria-hidden>▾</span>
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[sort]}
          aria-label={t`Order`}
          onAction={(key) => changePreferences({ sorts: { ...currentPreferences().sorts, [list]: key as Sort } })}
        >
          {SORTS.map((each) => (
            <MenuItem key={each} id={each} className="menu-item" textValue={i18n._(SORT_TITLES[each])}>
              <span className="tick" aria-hidden>
                {each === sort ? "✓" : ""}
              </span>
              {i18n._(SORT_TITLES[each])}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
