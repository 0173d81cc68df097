import { useEffect, useState } from "react";

/** Copies `text`, and says whether that worked. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (done === null) return;
    const timer = setTimeout(() => setDone(null), 2500);
    return () => clearTimeout(timer);
  }, [done]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone("copied");
    } catch {
      setDone("failed");
    }
  };
  return (
    <>
      <button type="button" className="button small" aria-label={`Copy ${what}`} onClick={() => void copy()}>
        {done === "copied" ? "Copied" : "Copy"}
      </button>
      <span role="status" className={done === "failed" ? "field-error" : "unseen"}>
        {done === "copied" && `Copied ${what}`}
        {done === "failed" && "This browser does not allow copying; mark the text and copy it by hand."}
      </span>
    </>
  );
}
