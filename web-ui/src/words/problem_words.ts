/** The box's problems speak to programs too; these are the same things said to people. */
import type { Problem } from "../api/problem";

type Words = { title: string; text: string; next: string };

const FOR_PEOPLE: Record<string, Partial<Words>> = {
  "invalid-request": { title: "Something is not right yet", next: "Correct what is named here, then try again." },
  "payload-too-large": { title: "This is too long", next: "Shorten the text, then try again." },
  unauthorized: { title: "You are no longer signed in", text: "The session has ended.", next: "Sign in again." },
  "not-found": { title: "It is no longer there" },
  "context-length-exceeded": {
    title: "The conversation is longer than the model can keep in mind",
    next: "Start a new conversation, or write less.",
  },
  "updates-unsupported": {
    title: "There are no updates here",
    text: "The box runs as a program on this computer, not from its own image.",
    next: "Build a newer version on the computer instead.",
  },
  "update-under-way": { next: "Wait until that is done; this page shows how far it is." },
  "update-refused": { next: "Nothing was changed, and the box works as before." },
  busy: { title: "The box is busy", next: "Wait a moment, then try again." },
  internal: {
    title: "The box failed at this",
    next: "Try again. If it stays, look under Activity, Logs, for the number below.",
  },
};

const STORAGE_FULL = {
  title: "The disk is full",
  text: "Nothing was changed; what you typed is still here.",
  next: "Make room, then try again.",
};

export function problemWords(problem: Problem): Words {
  if (problem.storageFull) return STORAGE_FULL;
  const own = { title: problem.title, text: problem.message, next: problem.next };
  return { ...own, ...FOR_PEOPLE[problem.slug] };
}
