import { Trans, useLingui } from "@lingui/react/macro";
import { type ClipboardEvent, type KeyboardEvent, useEffect, useEffectEvent, useState, useSyncExternalStore } from "react";
import { Button, TextArea, TextField } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import { ApiProblem } from "../api/problems";
import type { Conversation } from "../api/types";
import { joined, type Refused } from "../store/desk-store";
import type { DraftFile } from "../store/drafts";
import { useDesk, useDeskStore } from "../store/use-desk";
import { isLegal, useCommands } from "../thread/commands";
import { ComposerTools } from "./composer-tools";
import { FileChips } from "./file-chips";
import { pick } from "./note-composer";
import type { Outlook, SendMode } from "./outlook";
import { QuickReplyList } from "./quick-reply-list";
import { ReplyQuote } from "./reply-quote";
import { enterSends, sendKeyOf } from "./send-keys";
import { SendLabel } from "./send-label";
import { useDraft } from "./use-draft";
import { useSlashList } from "./use-slash-list";
import { useTypingSign } from "./use-typing-sign";
import { ProblemText } from "../ui/problem-text";

const MAX_UNITS = 2000;

/** What the thread knows that a reply needs. */
export interface ReplyContext {
  /** The message that is answered to. */
  replyTo: string | null;
  onReplyTo(messageId: string | null): void;
  /** Replies of others that one has not seen yet. */
  unseen: number;
  onShowUnseen(): void;
}

/** A reply to the customer: a text, files, or both. */
export function ReplyComposer({
  row,
  outlook,
  takesFocus,
  replyTo,
  onReplyTo,
  unseen,
  onShowUnseen,
}: ReplyContext & { row: Conversation; outlook: Outlook; takesFocus: boolean }) {
  const store = useDeskStore();
  const { t } = useLingui();
  const command = useCommands();
  const uploads = store.uploadsOf(row.id);
  const chips = useSyncExternalStore(uploads.subscribe, () => uploads.chips);
  const { field, text: typed, isLoaded, change, insert, flush } = useDraft(row.id, "reply", { replyTo, files: uploads.ready }, takesFocus, (kept) => {
    uploads.restore(kept.files);
    onReplyTo(kept.replyTo);
  });
  const [problem, setProblem] = useState("");
  /** Of so many replies one was warned; the warning stays until one has chosen. */
  const [warned, setWarned] = useState(0);
  const typing = useTypingSign(row.id, outlook.mode === "send");
  const sendsFiles = useDesk(() => store.sendsFiles(row.page_id));

  const slash = useSlashList(row.id, typed, insert);

  const text = typed.trim();
  const left = MAX_UNITS - typed.length;
  const isUploading = chips.some((chip) => chip.state === "uploading");
  const hasFailed = chips.some((chip) => chip.state === "failed");
  const count = (text === "" ? 0 : 1) + uploads.ready.length;
  const maySend = outlook.mode !== null && count > 0 && left >= 0 && !isUploading && !hasFailed;

  const takeBack = useEffectEvent(({ item, code }: Refused) => {
    setProblem(textOf(new ApiProblem(code, 409, code)));
    if (item.file !== null) {
      uploads.restore([item.file]);
    }
    if (item.replyTo !== null) {
      onReplyTo(item.replyTo);
    }
    change(joined(item.text, field.current?.value ?? ""));
  });
  useEffect(() => store.takesBack(row.id, (refused) => takeBack(refused)), [store, row.id]);

  async function send(closes = false) {
    const { mode } = outlook;
    if (mode === null || !maySend) {
      return;
    }
    if (unseen > 0 && warned === 0) {
      setWarned(unseen);
      return;
    }
    setProblem("");
    setWarned(0);
    const parts: { text: string; file: DraftFile | null }[] = uploads.take().map((file) => ({ text: "", file }));
    if (text !== "") {
      parts.unshift({ text, file: null });
    }
    change("");
    onReplyTo(null);
    flush();
    const common = { conversationId: row.id, customerId: row.customer.id, hold: mode === "hold" };
    const sends = parts.map((part, index) =>
      store.outbox.send({ ...common, ...part, key: crypto.randomUUID(), replyTo: index === 0 ? replyTo : null }),
    );
    const outcomes = await Promise.all(sends);
    if (closes && isLegal(row, "close-session") && outcomes.every((outcome) => outcome === "taken")) {
      await command(row.id, "close-session");
    }
  }

  function attach(files: readonly File[]) {
    store.attach(row, files).catch((error: unknown) => setProblem(textOf(error)));
  }

  const caret = () => field.current?.selectionStart ?? 0;

  function onChange(value: string) {
    change(value);
    typing();
    slash.noteText(value, caret());
  }

  function beginSlash() {
    const before = typed.slice(0, caret());
    insert(before === "" || /\s$/.test(before) ? "/" : " /");
    slash.noteText(field.current?.value ?? "", caret());
  }

  function onKeyDown(event: KeyboardEvent) {
    if (slash.onKey(event)) {
      return;
    }
    const asked = sendKeyOf({ ...pick(event), isComposing: event.nativeEvent.isComposing }, enterSends());
    if (asked !== null) {
      event.preventDefault();
      void send(asked === "send_and_close");
    }
  }

  function onPaste(event: ClipboardEvent) {
    const files = [...event.clipboardData.files];
    // Office programs put a picture of a text beside the text: the text is meant.
    if (files.length > 0 && event.clipboardData.getData("text/plain") === "") {
      event.preventDefault();
      attach(files);
    }
  }

  const customer = row.customer.name ?? row.customer.psid;
  return (
    <>
      <ProblemText text={problem} />
      {warned > 0 && (
        <div className="unseen" role="alert">
          <span className="grow">
            {warned === 1 ? <Trans>There is a reply that you have not seen.</Trans> : <Trans>There are {warned} replies that you have not seen.</Trans>}
          </span>
          <Button className="button" onPress={() => (setWarned(0), onShowUnseen())}>
            <Trans>Show</Trans>
          </Button>
          <Button className="button" onPress={() => void send()}>
            <Trans>Send anyway</Trans>
          </Button>
        </div>
      )}
      {replyTo !== null && <ReplyQuote messageId={replyTo} customerId={row.customer.id} onRemove={() => onReplyTo(null)} />}
      <div className="field-with-list">
        {slash.isOpen && <QuickReplyList id={slash.id} found={slash.found} active={slash.active} onPick={slash.pick} />}
        <TextField aria-label={t`Reply to ${customer}`} value={typed} onChange={onChange} isDisabled={!isLoaded}>
          <TextArea
            ref={field}
            dir="auto"
            rows={3}
            placeholder={t`Write a reply…`}
            onKeyDown={onKeyDown}
            onSelect={() => slash.noteCaret(caret())}
            onPaste={onPaste}
            {...slash.fieldProps}
          />
        </TextField>
      </div>
      <FileChips uploads={uploads} chips={chips} />
      <Says mode={outlook.mode} count={count} hasFailed={hasFailed} />
      <div className="composer-tools">
        <ComposerTools
          sendsFiles={sendsFiles}
          onFiles={attach}
          onInsert={insert}
          onSlash={beginSlash}
        />
        <span className="grow" />
        <span className={left < 0 ? "small problem" : "small"}>
          <Trans>{left} left</Trans>
        </span>
        {outlook.mode !== null && (
          <Button className="button primary" onPress={() => void send()} isDisabled={!maySend}>
            <SendLabel mode={outlook.mode} />
          </Button>
        )}
      </div>
    </>
  );
}

/** What one should know before one presses the button. */
function Says({ mode, count, hasFailed }: { mode: SendMode | null; count: number; hasFailed: boolean }) {
  const says = [
    mode === "hold" && <Trans key="hold">Kept until the customer writes again, at most 7 days; then offered to you.</Trans>,
    hasFailed && <Trans key="failed">Remove what was not uploaded, or try it again.</Trans>,
    count > 1 && <Trans key="count">Goes as {count} messages: Messenger sends a text and each file by itself.</Trans>,
  ].filter((each) => each !== false);
  return says.length === 0 ? null : <p className="small composer-says">{says}</p>;
}
