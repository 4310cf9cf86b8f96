import "./timeline-link.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate } from "@tanstack/react-router";
import { useKeys } from "../keys/use-keys";

/** The way to a conversation's timeline, also by the key `.` outside fields. */
export function TimelineLink({ conversationId }: { conversationId: string }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  useKeys({ timeline: () => void navigate({ to: "/conversations/$conversationId/timeline", params: { conversationId } }) });
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
