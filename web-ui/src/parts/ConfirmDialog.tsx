import { useEffect, useId, useRef, type ReactNode } from "react";

import type { Problem } from "../api/problem";
import { ProblemNote } from "./ProblemNote";

/** Asks before something that cannot be undone. */
export function ConfirmDialog({
  title,
  children,
  action,
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
  busy: boolean;
  busyText: string;
  problem: Problem | null;
  onConfirm: () => void;
  onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!busy) onClose();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
      {problem !== null && <ProblemNote problem={problem} />}
      <div className="actions">
        <button type="button" className="button" onClick={onClose} disabled={busy}>
          Keep it
        </button>
        <button type="button" className="button danger" onClick={onConfirm} aria-disabled={busy || undefined}>
          {busy ? busyText : action}
        </button>
      </div>
    </dialog>
  );
}
