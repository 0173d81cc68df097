/** Sends a form. While that goes on it says so and cannot be pressed again. */
export function SubmitButton({
  busy,
  busyText,
  disabled = false,
  children,
}: {
  busy: boolean;
  busyText: string;
  disabled?: boolean;
  children: string;
}) {
  return (
    <>
      <button type="submit" className="button primary" aria-disabled={busy || undefined} disabled={disabled}>
        {busy && <span className="spinner" aria-hidden="true" />}
        {busy ? busyText : children}
      </button>
      <span className="unseen" role="status">
        {busy ? busyText : ""}
      </span>
    </>
  );
}
