import { useEffect, useEffectEvent, useId, useRef, type ReactNode } from "react";

/** A window in front of the page, which cannot be used meanwhile. */
export function Modal({
  title,
  className,
  children,
  onEscape,
}: {
  title: string;
  className?: string;
  children: ReactNode;
  /** What the Escape key does. */
  onEscape: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const escape = useEffectEvent((event: Event) => {
    event.preventDefault();
    onEscape();
  });
  useEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    // Not left to `cancel` alone: a second Escape in a row closes the window whatever the page says to that.
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") escape(event);
    };
    element.addEventListener("cancel", escape);
    element.addEventListener("keydown", key);
    element.showModal();
    return () => {
      element.removeEventListener("cancel", escape);
      element.removeEventListener("keydown", key);
      element.close();
    };
  }, []);
  return (
    <dialog ref={dialog} className={className} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
