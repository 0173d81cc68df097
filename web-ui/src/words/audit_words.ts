/** Entries of the record of actions as sentences. */
import type { AuditEntry } from "../api/types";

const DONE: Record<string, string> = {
  "access.claim": "took ownership of the box",
  "access.sign_in": "signed in",
  "access.sign_out": "signed out",
  "access.api_key.create": "made the API key",
  "access.api_key.delete": "deleted the API key",
  "storage.recovery_key": "made a new recovery key",
  "storage.unlock": "opened the data with the recovery key",
  "storage.reseal": "sealed the data to the security chip again",
  "key.create": "made the key",
  "key.delete": "deleted the key",
  "key.discard": "removed the unfinished key",
  "key.sign": "signed with the key",
  "node.settings": "changed the settings of the Bitcoin node",
  "token.login": "unlocked the token",
  "update.check": "looked for updates",
  "update.download": "downloaded an update",
  "update.install": "began to install an update",
  "update.cancel": "stopped an update",
  "update.restart": "restarted the box",
  "update.roll_back": "went back to the version before",
  "update.file": "brought an update in a file",
  "update.settings": "changed how updates are installed",
  "update.installed": "installed an update, and it works",
  "update.taken_back": "runs the version before again",
};

const TRIED: Record<string, string> = {
  "access.claim": "tried to take ownership of the box",
  "access.sign_in": "tried to sign in",
  "access.sign_out": "tried to sign out",
  "access.api_key.create": "tried to make the API key",
  "access.api_key.delete": "tried to delete the API key",
  "storage.recovery_key": "tried to make a new recovery key",
  "storage.unlock": "tried to open the data with a recovery key",
  "storage.reseal": "tried to seal the data to the security chip again",
  "key.create": "tried to make the key",
  "key.delete": "tried to delete the key",
  "key.discard": "tried to remove the unfinished key",
  "key.sign": "tried to sign with the key",
  "node.settings": "tried to change the settings of the Bitcoin node",
  "token.login": "tried to unlock the token",
  "update.check": "tried to look for updates",
  "update.download": "tried to download an update",
  "update.install": "tried to install an update",
  "update.cancel": "tried to stop an update",
  "update.restart": "tried to restart the box",
  "update.roll_back": "tried to go back to the version before",
  "update.file": "tried to take an update from a file",
  "update.settings": "tried to change how updates are installed",
  "update.refused": "did not take an update",
  "update.failed": "could not install an update",
  "update.rolled_back": "took back an update that did not work",
};

/** The action's object is told only where it is not clear from the action. */
const NAMES_NOTHING = new Set([
  "access.claim",
  "access.sign_in",
  "access.sign_out",
  "node.settings",
  "storage.recovery_key",
  "storage.unlock",
  "storage.reseal",
]);

export type AuditWords = { who: string; what: string; object: string | null; outcome: string | null };

/** `labels`: names of keys by their id, as far as known. */
export function auditWords(entry: AuditEntry, labels: ReadonlyMap<string, string>): AuditWords {
  const words = entry.outcome === "ok" ? DONE : TRIED;
  return {
    who: who(entry),
    what: words[entry.action] ?? `did "${entry.action}" on`,
    object: entry.action.startsWith("update.")
      ? detailText(entry, "version")
      : NAMES_NOTHING.has(entry.action)
        ? null
        : object(entry, labels),
    outcome: entry.outcome === "ok" ? null : outcome(entry),
  };
}

function who(entry: AuditEntry): string {
  const { actor } = entry;
  if (actor === "system") return "The box";
  const [kind = "", name = ""] = actor.split(/:(.*)/s);
  if (kind === "user" && name !== "") return name;
  if (kind === "api_key" && name !== "") {
    const [label = name, user] = name.split(/@([^@]*)$/s);
    return user ? `API key ${label} of ${user}` : `API key ${label}`;
  }
  if (entry.action === "access.sign_in" && entry.subject.startsWith("user:")) {
    return `Somebody as ${entry.subject.slice("user:".length)}`;
  }
  return "Somebody";
}

function object(entry: AuditEntry, labels: ReadonlyMap<string, string>): string {
  const label = detailText(entry, "label");
  if (label !== null) return label;
  const [kind = "", id = ""] = entry.subject.split(/:(.*)/s);
  if (kind === "key") return labels.get(id) ?? `${id.slice(0, 8)}…`;
  return id === "" ? entry.subject : id;
}

function outcome(entry: AuditEntry): string {
  const reason = detailText(entry, "reason");
  const words = entry.outcome === "denied" ? "Refused" : "It failed";
  return reason === null ? words : `${words}: ${reason}`;
}

function detailText(entry: AuditEntry, name: string): string | null {
  const value = entry.detail[name];
  return value === undefined || value === "" ? null : value;
}
