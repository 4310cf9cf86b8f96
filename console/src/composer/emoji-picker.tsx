import { Trans, useLingui } from "@lingui/react/macro";
import { EmojiPicker as Picker } from "frimousse";
import { EMOJI_LANGUAGES } from "./emoji-languages";

/** Where the build puts the names of emojis: no other server is asked. */
const ADDRESS = "/console/emoji";

/** All emojis, found by their names in the reader's language. Loaded when it is opened. */
export default function EmojiPicker({ onPick }: { onPick(emoji: string): void }) {
  const { i18n, t } = useLingui();
  const language = EMOJI_LANGUAGES.find((each) => each === i18n.locale) ?? "en";
  return (
    <Picker.Root className="emoji-picker" locale={language} emojibaseUrl={ADDRESS} columns={9} onEmojiSelect={({ emoji }) => onPick(emoji)}>
      <Picker.Search className="emoji-search" aria-label={t`Find an emoji`} placeholder={t`Find an emoji`} />
      <Picker.Viewport className="emoji-viewport">
        <Picker.Loading className="emoji-note">
          <Trans>Looking…</Trans>
        </Picker.Loading>
        <Picker.Empty className="emoji-note">
          <Trans>No emoji is called so.</Trans>
        </Picker.Empty>
        <Picker.List className="emoji-list" />
      </Picker.Viewport>
    </Picker.Root>
  );
}
