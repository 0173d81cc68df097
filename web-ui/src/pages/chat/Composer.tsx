import { useEffect, useRef, useState, type KeyboardEvent, type SyntheticEvent } from "react";

/** Where one writes. While an answer comes, its button stops it. */
export function Composer({
  busy,
  onSay,
  onStop,
}: {
  busy: boolean;
  onSay: (text: string) => void;
  onStop: () => void;
}) {
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const say = () => {
    if (busy || text.trim() === "") return;
    onSay(text.trim());
    setText("");
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (busy) onStop();
    else say();
  };
  const key = (event: KeyboardEvent) => {
    // While a character is being composed (Japanese, Chinese …), Enter belongs to that.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    say();
  };
  useEffect(() => {
    const element = area.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight + 2, 200)}px`;
  }, [text]);

  return (
    <form className="composer" onSubmit={submit}>
      <label htmlFor="say" className="unseen">
        Your message
      </label>
      <textarea
        id="say"
        ref={area}
        rows={1}
        value={text}
        placeholder="Write a message"
        aria-describedby="say-hint"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={key}
      />
      <span id="say-hint" className="unseen">
        Enter sends, Shift and Enter starts a new line.
      </span>
      <button type="submit" className={busy ? "button" : "button primary"} disabled={!busy && text.trim() === ""}>
        {busy ? "Stop" : "Send"}
      </button>
    </form>
  );
}
