import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

const FIELDS = "input, textarea, select, [contenteditable], [role=dialog], [role=menu]";

/** The way to a conversation's timeline, also by the key `.` outside fields. */
export function TimelineLink({ conversationId }: { conversationId: string }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyped = event.target instanceof Element && event.target.closest(FIELDS) !== null;
      if (event.key === "." && !isTyped && !event.ctrlKey && !event.altKey && !event.metaKey) {
        event.preventDefault();
        void navigate({ to: "/conversations/$conversationId/timeline", params: { conversationId } });
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [navigate, conversationId]);
  return (
    <Link
      className="button quiet timeline-link"
      to="/conversations/$conversationId/timeline"
      params={{ conversationId }}
      title={t`Timeline: why it is as it is (.)`}
    >
      <Trans>Why?</Trans>
    </Link>
  );
}
