/** What the box can be asked, one function per question. */
import { json, send, withQuery } from "./http";
import type * as t from "./types";
import { upload } from "./upload";

// Access
export const claimState = () => json<t.ClaimState>("/api/v1/access/claim");
export const claim = (body: t.ClaimRequest) => json<t.OpenedSession>("/api/v1/access/claim", { method: "POST", body });
export const session = () => json<t.Session>("/api/v1/access/session");
export const signIn = (body: t.SignInRequest) =>
  json<t.OpenedSession>("/api/v1/access/session", { method: "POST", body });
export const signOut = () => send("/api/v1/access/session", { method: "DELETE" });
export const apiKeys = () => json<t.ApiKeys>("/api/v1/access/api-keys");
export const createApiKey = (body: t.CreateApiKey) =>
  json<t.CreatedApiKey>("/api/v1/access/api-keys", { method: "POST", body });
export const deleteApiKey = (id: string) =>
  send(`/api/v1/access/api-keys/${encodeURIComponent(id)}`, { method: "DELETE" });

// Security
const KEYS = "/api/v1/security/keys";
const keyPath = (id: string) => `${KEYS}/${encodeURIComponent(id)}`;
export const tokens = () => json<t.Tokens>("/api/v1/security/tokens");
/** Gives a token its PIN. A wrong one counts on the token, which locks itself after some of them. */
export const unlockToken = (name: string, pin: string) =>
  send(`/api/v1/security/tokens/${encodeURIComponent(name)}/login`, { method: "POST", body: { pin } });
export const keys = (cursor: string | null, limit = 25) => json<t.Keys>(withQuery(KEYS, { limit, cursor }));
export const key = (id: string) => json<t.Key>(keyPath(id));
/** The same `attempt` twice makes one key, so a lost answer may be asked for again. */
export const createKey = (body: t.CreateKey, attempt: string) =>
  json<t.Key>(KEYS, { method: "POST", body, headers: { "Idempotency-Key": attempt } });
export const deleteKey = (id: string) => send(keyPath(id), { method: "DELETE" });
export const sign = (id: string, body: t.SignRequest) =>
  json<t.Signature>(`${keyPath(id)}/sign`, { method: "POST", body });
export const verify = (id: string, body: t.VerifyRequest) =>
  json<t.Verification>(`${keyPath(id)}/verify`, { method: "POST", body });
export const audit = (cursor: string | null, limit = 50) =>
  json<t.AuditPage>(withQuery("/api/v1/security/audit", { limit, cursor }));
export const auditVerification = () => json<t.AuditVerification>("/api/v1/security/audit/verification");

// Bitcoin
export const bitcoin = () => json<t.BitcoinStatus>("/api/v1/bitcoin/status");
export const nodeSettings = () => json<t.NodeSettings>("/api/v1/bitcoin/settings");
/** A node that runs is started again with them, which takes seconds. */
export const changeNodeSettings = (body: t.NodeSettings) =>
  json<t.NodeSettings>("/api/v1/bitcoin/settings", { method: "PUT", body });
export const makeBlocks = (count: number) =>
  json<t.GeneratedBlocks>("/api/v1/bitcoin/regtest/blocks", { method: "POST", body: { count } });

// Models and hardware
export const devices = () => json<t.Devices>("/api/v1/ml/devices");
export const models = () => json<t.Models>("/api/v1/ml/models");

// Updates
const UPDATES = "/api/v1/updates";
const order = (what: string, body?: unknown) => json<t.UpdateStatus>(`${UPDATES}/${what}`, { method: "POST", body });

export const updates = () => json<t.UpdateStatus>(UPDATES);
export const checkForUpdates = () => order("check");
export const downloadUpdate = () => order("download");
/** `insist`: also a version that the box set aside. */
export const installUpdate = (version: string, insist: boolean) => order("install", { version, insist });
export const cancelUpdate = () => order("cancel");
/** Restarts the box, into what is installed. */
export const restartIntoUpdate = () => order("restart");
export const rollBackUpdate = () => order("rollback");
/** Answers once the box has checked all of the file. */
export const sendUpdateFile = (file: Blob, onSent: (bytes: number) => void, signal: AbortSignal) =>
  upload<t.UpdateStatus>(`${UPDATES}/file`, file, onSent, signal);
/** What is on the sticks that are plugged into the box. */
export const updateMedia = () => json<t.UpdateMedia>(`${UPDATES}/media`);
/** Has a version copied from a stick, and checked; the box tells how far it is. */
export const takeUpdateFromMedium = (medium: string, file: string) => order("media", { medium, file });
export const updateSettings = () => json<t.UpdateSettings>(`${UPDATES}/settings`);
export const changeUpdateSettings = (body: t.UpdateSettings) =>
  json<t.UpdateSettings>(`${UPDATES}/settings`, { method: "PUT", body });

// The box itself
export const system = () => json<t.System>("/api/v1/system");
export const logs = (level: t.LogLevel, after: string | null, limit = 100) =>
  json<t.LogPage>(withQuery("/api/v1/system/logs", { limit, level, after }));
/** A box that is not ready says so with 503, and how it is with it. */
export const readiness = () => json<t.Readiness>("/readyz", { alsoFine: [503] });
/** What keeps the box from working at all; null when nothing does. */
export const fault = async () => (await json<t.FaultState>("/api/v1/system/fault")).fault;
/** `code`: the code that only the box's own screen shows. */
export const restart = (code: string) => send("/api/v1/system/restart", { method: "POST", body: { code } });

// Storage
export const storage = () => json<t.Storage>("/api/v1/storage");
/** Makes the recovery key, in place of an older one. Nobody can ask for it again. */
export const makeRecoveryKey = () => json<t.NewRecoveryKey>("/api/v1/storage/recovery-key", { method: "POST" });
export const unlock = (recoveryKey: string) =>
  send("/api/v1/storage/unlock", { method: "POST", body: { recovery_key: recoveryKey } });
/** Erases everything. `code`: as for `restart`. */
export const erase = (code: string) => send("/api/v1/storage/erase", { method: "POST", body: { code } });
