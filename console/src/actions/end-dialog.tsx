import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button, Checkbox, Form, Label, ListBox, ListBoxItem, Popover, Select, SelectValue, TextArea, TextField } from "react-aria-components";
import { api, bodyOf } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Conversation } from "../api/types";
import { postNote } from "../store/notes";
import { useDeskStore } from "../store/use-desk";
import { ModalDialog } from "../ui/modal-dialog";
import { useAct } from "./act";
import { SurveyOutcome, useEndPreview } from "./survey-preview";
import { ProblemText } from "../ui/problem-text";

/** Asks how a conversation ends: its survey, what it was about, and a note. `complete` closes what has ended. */
export function EndDialog({ what, row, onClose }: { what: "end" | "complete"; row: Conversation; onClose: () => void }) {
  const act = useAct();
  const store = useDeskStore();
  const codes = useCodes(row.workstream_id);
  const preview = useEndPreview(row).data;
  // What is not known yet may be refused all the same.
  const mayAsk = preview === undefined || preview.survey.outlook === "will_be_sent";
  const [codeId, setCodeId] = useState(row.disposition_code_id);
  const [skipsSurvey, setSkipsSurvey] = useState(false);
  const [note, setNote] = useState("");
  // The same key again makes no second note, where ending failed the first time.
  const [noteKey] = useState(() => crypto.randomUUID());
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const isMissing = row.disposition_required && codeId === null;

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    const refused = (await keepNote()) ?? (await act(row.id, what, { disposition_code_id: codeId, ...(what === "end" ? { skip_survey: skipsSurvey } : {}) }));
    if (refused === null) {
      onClose();
      return;
    }
    setProblem(refused);
    setBusy(false);
  }

  async function keepNote(): Promise<string | null> {
    if (note.trim() === "") {
      return null;
    }
    try {
      store.takeNote(await postNote(row.id, noteKey, note.trim()));
      return null;
    } catch (error) {
      return textOf(error);
    }
  }

  return (
    <ModalDialog
      title={what === "end" ? <Trans>End this conversation?</Trans> : <Trans>Complete this conversation?</Trans>}
      onClose={onClose}
    >
      <Form className="end-form" onSubmit={(event) => void submit(event)}>
        <p>
          {what === "end" ? (
            <Trans>It goes into wrap-up: the customer is answered no more, and you can still write notes.</Trans>
          ) : (
            <Trans>Its wrap-up is over and it is closed.</Trans>
          )}
        </p>
        {what === "end" && preview !== undefined && (
          <p className={mayAsk ? "" : "small"}>
            <SurveyOutcome survey={preview.survey} />
          </p>
        )}
        {what === "end" && mayAsk && (
          <Checkbox isSelected={skipsSurvey} onChange={setSkipsSurvey} className="checkbox">
            <span className="box" aria-hidden>
              {skipsSurvey ? "✓" : ""}
            </span>
            <Trans>Send no survey</Trans>
          </Checkbox>
        )}
        {(codes.length > 0 || row.disposition_required) && (
          <CodeSelect codes={codes} chosen={codeId} isRequired={row.disposition_required} onChoose={setCodeId} />
        )}
        <TextField className="field" value={note} onChange={setNote}>
          <Label>
            <Trans>Note for your team</Trans>
          </Label>
          <TextArea dir="auto" rows={2} maxLength={5000} />
        </TextField>
        <ProblemText text={problem} />
        <div className="buttons">
          <Button className="button" onPress={onClose}>
            <Trans>Cancel</Trans>
          </Button>
          <Button className="button primary" type="submit" isDisabled={isBusy || isMissing}>
            {what === "end" ? <Trans>End conversation</Trans> : <Trans>Complete it</Trans>}
          </Button>
        </div>
      </Form>
    </ModalDialog>
  );
}

function useCodes(workstreamId: string | null): readonly { id: string; name: string }[] {
  const query = workstreamId === null ? {} : { workstream_id: workstreamId };
  const { data } = useQuery({
    queryKey: ["disposition-codes", workstreamId],
    queryFn: () => bodyOf(api.GET("/v1/disposition-codes", { params: { query } })),
  });
  return (data?.items ?? []).filter((code) => code.active);
}

const NO_CODE = "none";

function CodeSelect({
  codes,
  chosen,
  isRequired,
  onChoose,
}: {
  codes: readonly { id: string; name: string }[];
  chosen: string | null;
  isRequired: boolean;
  onChoose: (id: string | null) => void;
}) {
  const { t } = useLingui();
  return (
    <Select
      className="field"
      value={chosen ?? NO_CODE}
      onChange={(key) => onChoose(key === NO_CODE ? null : String(key))}
    >
      <Label>{isRequired ? <Trans>What was it about? (required)</Trans> : <Trans>What was it about?</Trans>}</Label>
      <Button className="select-button">
        <SelectValue />
        <span aria-hidden>▾</span>
      </Button>
      <Popover className="popover">
        <ListBox>
          {[{ id: NO_CODE, name: t`Not said` }, ...codes].map(({ id, name }) => (
            <ListBoxItem key={id} id={id} className="menu-item" textValue={name}>
              {name}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  );
}
