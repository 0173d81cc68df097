/** How something is, for its colour and its sign; the words beside it say the same. */
export type Tone = "good" | "busy" | "warning" | "bad" | "quiet";
