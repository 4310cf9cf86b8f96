import { Trans, useLingui } from "@lingui/react/macro";
import { lazy, Suspense, useState } from "react";
import { Button, Dialog, DialogTrigger, FileTrigger, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useDesk } from "../store/use-desk";
import { enterSends, setEnterSends } from "./send-keys";

const EmojiPicker = lazy(() => import("./emoji-picker"));

/** What helps to write: quick replies, files, and how Enter works. */
export function ComposerTools({
  sendsFiles,
  onFiles,
  onInsert,
  onSlash,
}: {
  sendsFiles: boolean;
  onFiles(files: readonly File[]): void;
  onInsert(text: string): void;
  onSlash(): void;
}) {
  const { t } = useLingui();
  const extensions = useDesk((state) => state.config?.file_extensions);
  const [sends, setSends] = useState(enterSends);
  return (
    <>
      <Button className="tool" onPress={onSlash}>
        <Trans>Quick replies</Trans> <kbd>/</kbd>
      </Button>
      <DialogTrigger>
        <Button className="tool">
          <Trans>Emoji</Trans>
        </Button>
        <Popover className="popover" placement="top start">
          <Dialog aria-label={t`Emoji`} className="emoji-dialog">
            {({ close }) => (
              <Suspense fallback={<p className="emoji-note">…</p>}>
                <EmojiPicker
                  onPick={(emoji) => {
                    close();
                    afterFocusIsRestored(() => onInsert(emoji));
                  }}
                />
              </Suspense>
            )}
          </Dialog>
        </Popover>
      </DialogTrigger>
      {sendsFiles ? (
        <FileTrigger
          allowsMultiple
          acceptedFileTypes={extensions === undefined ? [] : extensions.map((each) => `.${each}`)}
          onSelect={(files) => onFiles([...(files ?? [])])}
        >
          <Button className="tool">
            <Trans>File</Trans>
          </Button>
        </FileTrigger>
      ) : (
        <span className="tool off" title={t`This page sends no files.`}>
          <s aria-hidden>
            <Trans>File</Trans>
          </s>
          <span className="visually-hidden">
            <Trans>This page sends no files.</Trans>
          </span>
        </span>
      )}
      <MenuTrigger>
        <Button className="tool" aria-label={t`How Enter works`}>
          ⋯
        </Button>
        <Popover className="popover" placement="top start">
          <Menu
            selectionMode="multiple"
            selectedKeys={sends ? ["enter-sends"] : []}
            onSelectionChange={(keys) => {
              const wanted = keys === "all" || keys.has("enter-sends");
              setEnterSends(wanted);
              setSends(wanted);
            }}
          >
            <MenuItem id="enter-sends" className="menu-item" textValue={t`Enter sends`}>
              {({ isSelected }) => (
                <>
                  <span aria-hidden className="menu-check">
                    {isSelected ? "✓" : ""}
                  </span>
                  <span>
                    <Trans>Enter sends</Trans>
                    <span className="small block">
                      <Trans>Shift Enter then makes a line. Ctrl Enter sends always; with Shift it closes the session, too.</Trans>
                    </span>
                  </span>
                </>
              )}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
    </>
  );
}

/** A closed popover gives the focus back in the next frame; what comes here takes it after that. */
function afterFocusIsRestored(action: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(action));
}
