/** Short names for what the box's OpenAPI document describes. */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type ApiKey = Schemas["ApiKey"];
export type ApiKeys = Schemas["ApiKeys"];
/** The document says only that `detail` is an object; its values are texts. */
export type AuditEntry = Omit<Schemas["AuditEntry"], "detail"> & { detail: Record<string, string> };
export type AuditPage = Omit<Schemas["AuditPage"], "items"> & { items: AuditEntry[] };
export type AuditVerification = Schemas["AuditVerification"];
export type BitcoinStatus = Schemas["BitcoinStatus"];
export type BoardReading = Schemas["BoardReading"];
export type Certificate = Schemas["Certificate"];
export type ChatCompletionChunk = Schemas["ChatCompletionChunk"];
export type ChatCompletionRequest = Schemas["ChatCompletionRequest"];
export type ChatUsage = Schemas["ChatUsage"];
export type ClaimRequest = Schemas["ClaimRequest"];
export type ClaimState = Schemas["ClaimState"];
export type Component = Schemas["Component"];
export type CreateApiKey = Schemas["CreateApiKey"];
export type CreatedApiKey = Schemas["CreatedApiKey"];
export type CreateKey = Schemas["CreateKey"];
export type Device = Schemas["Device"];
export type Devices = Schemas["Devices"];
export type EventFrame = Schemas["EventFrame"];
export type FinishReason = Schemas["FinishReason"];
export type GeneratedBlocks = Schemas["GeneratedBlocks"];
export type Key = Schemas["Key"];
export type KeyAlgorithm = Schemas["KeyAlgorithm"];
export type Keys = Schemas["Keys"];
export type LogLevel = Schemas["LogLevel"];
export type LogLine = Schemas["LogLine"];
export type LogPage = Schemas["LogPage"];
export type Model = Schemas["Model"];
export type Models = Schemas["Models"];
export type OpenedSession = Schemas["OpenedSession"];
export type ProblemDocument = Schemas["Problem"];
export type Readiness = Schemas["Readiness"];
export type Session = Schemas["Session"];
export type SignInRequest = Schemas["SignInRequest"];
export type Signature = Schemas["Signature"];
export type SignatureScheme = Schemas["SignatureScheme"];
export type SignRequest = Schemas["SignRequest"];
export type System = Schemas["System"];
export type Token = Schemas["Token"];
export type Tokens = Schemas["Tokens"];
export type User = Schemas["User"];
export type Verification = Schemas["Verification"];
export type VerifyRequest = Schemas["VerifyRequest"];

// Faults and the data volume.
/** Why the box does not open its data. */
export type ClosedReason = "tpm_missing" | "tpm_refused" | "opens_without_key" | "damaged" | "no_room" | "no_disk";
/** What an owner can do about a fault. */
export type WayOut = "recovery_key" | "restart" | "erase";
/** Why the box serves nothing but this page. */
export type Fault = {
  kind: "data_closed";
  reason: ClosedReason | null;
  title?: string | null;
  text?: string | null;
  ways_out: WayOut[];
};
export type FaultState = { fault: Fault | null };
export type Volume = {
  state: "open" | "closed";
  protection: "tpm" | "none" | "developer";
  recovery_key: "made" | "missing" | "not_needed";
  size_bytes: number;
  free_bytes: number;
  /** Whether the chip was given the key anew after the recovery key had opened the data. */
  resealed: boolean;
  /** When that was, where the box says so. */
  resealed_at?: string | null;
};
export type Storage = { volume: Volume };
export type NewRecoveryKey = { recovery_key: string };
