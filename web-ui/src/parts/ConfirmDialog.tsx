import type { ReactNode } from "react";

import type { Problem } from "../api/problem";
import { Modal } from "./Modal";
import { ProblemNote } from "./ProblemNote";

/** Asks before something that cannot be undone. */
export function ConfirmDialog({
  title,
  children,
  action,
  keep = "Keep it",
  busy,
  busyText,
  problem,
  onConfirm,
  onClose,
}: {
  title: string;
  children: ReactNode;
  /** What the button does, such as "Delete the key". */
  action: string;
  /** What the other button says. */
  keep?: string;
  busy: boolean;
  busyText: string;
  problem: Problem | null;
  onConfirm: () => void;
  onClose: () => void;
}) {
  return (
    <Modal
      title={title}
      onEscape={() => {
        if (!busy) onClose();
      }}
    >
      {children}
      {problem !== null && <ProblemNote problem={problem} />}
      <div className="actions">
        <button type="button" className="button" onClick={onClose} disabled={busy}>
          {keep}
        </button>
        <button type="button" className="button danger" onClick={onConfirm} aria-disabled={busy || undefined}>
          {busy ? busyText : action}
        </button>
      </div>
    </Modal>
  );
}
