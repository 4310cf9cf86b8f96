import "./composer.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Button, TextArea, TextField } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import { ApiProblem } from "../api/problems";
import type { Conversation } from "../api/types";
import { now } from "../live/clock";
import { useDeskStore } from "../store/use-desk";
import { outlookOf } from "./outlook";
import { WindowStrip } from "./window-strip";

const MAX_LENGTH = 2000;

/** One conversation's composer: never used for another, so that no text goes to the wrong customer. */
export function Composer({ row, nameOfAgent, wayOut }: { row: Conversation; nameOfAgent: string; wayOut: ReactNode }) {
  const store = useDeskStore();
  const { t } = useLingui();
  const [keeper] = useState(() => store.draftOf(row.id));
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const [isLoaded, setLoaded] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const outlook = outlookOf(row, store.agentId);

  useEffect(() => {
    void keeper.read().then((draft) => {
      // What was typed before the draft was read is newer.
      setText((typed) => (typed === "" ? (draft?.text ?? "") : typed));
      setLoaded(true);
    });
    const flush = () => void keeper.flush();
    document.addEventListener("visibilitychange", flush);
    return () => {
      document.removeEventListener("visibilitychange", flush);
      flush();
    };
  }, [keeper]);

  useEffect(
    () =>
      store.takesBack(row.id, ({ item, code }) => {
        setProblem(textOf(new ApiProblem(code, 409, code)));
        change(item.text + (field.current?.value ? `\n${field.current.value}` : ""));
      }),
    // oxlint-disable-next-line react/exhaustive-deps -- `change` only uses what never changes
    [store, row.id],
  );

  function change(value: string) {
    setText(value);
    keeper.keep({ text: value, caret: field.current?.selectionStart ?? 0, replyTo: null }, now());
  }

  function send() {
    const said = text.trim();
    if (outlook.mode === null || said === "" || said.length > MAX_LENGTH) {
      return;
    }
    setProblem("");
    change("");
    void keeper.flush();
    void store.outbox.send({
      key: crypto.randomUUID(),
      conversationId: row.id,
      customerId: row.customer.id,
      text: said,
      hold: outlook.mode === "hold",
    });
  }

  function onKeyDown(event: KeyboardEvent) {
    // An input method's own Enter is not the person's: 229 is how some browsers tell of it.
    const isComposing = event.nativeEvent.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !isComposing) {
      event.preventDefault();
      send();
    }
  }

  const left = MAX_LENGTH - text.length;
  const customer = row.customer.name ?? row.customer.psid;
  return (
    <footer className="composer">
      <WindowStrip outlook={outlook} nameOfAgent={nameOfAgent} action={wayOut} />
      {problem !== "" && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <TextField aria-label={t`Reply to ${customer}`} value={text} onChange={change} isDisabled={!isLoaded}>
        <TextArea ref={field} dir="auto" rows={3} placeholder={t`Write a reply…`} onKeyDown={onKeyDown} />
      </TextField>
      <div className="composer-tools">
        {outlook.mode === "hold" && (
          <span className="small">
            <Trans>Kept until the customer writes again, at most 7 days; then offered to you.</Trans>
          </span>
        )}
        <span className="grow" />
        <span className={left < 0 ? "small problem" : "small"}>
          <Trans>{left} left</Trans>
        </span>
        {outlook.mode !== null && (
          <Button className="button primary" onPress={send} isDisabled={text.trim() === "" || left < 0}>
            <SendLabel mode={outlook.mode} />
          </Button>
        )}
      </div>
    </footer>
  );
}

function SendLabel({ mode }: { mode: NonNullable<ReturnType<typeof outlookOf>["mode"]> }) {
  switch (mode) {
    case "send":
      return <Trans>Send</Trans>;
    case "send_as_human_agent":
      return <Trans>Send as human agent</Trans>;
    case "send_later":
      return <Trans>Send later</Trans>;
    case "hold":
      return <Trans>Hold</Trans>;
  }
}
