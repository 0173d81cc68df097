/** Everything the page keeps up to date, and what each event changes. */
import * as box from "../api/box";
import type { EventFrame, UpdatePhase } from "../api/types";
import { Resource } from "./resource";

export const boxState = {
  apiKeys: new Resource(box.apiKeys),
  audit: new Resource(() => box.audit(null)),
  auditVerification: new Resource(box.auditVerification),
  bitcoin: new Resource(box.bitcoin),
  devices: new Resource(box.devices),
  keys: new Resource(() => box.keys(null)),
  models: new Resource(box.models),
  nodeSettings: new Resource(box.nodeSettings),
  readiness: new Resource(box.readiness),
  storage: new Resource(box.storage),
  system: new Resource(box.system),
  tokens: new Resource(box.tokens),
  updates: new Resource(box.updates),
  updateMedia: new Resource(box.updateMedia),
  updateSettings: new Resource(box.updateSettings),
};

export type BoxState = typeof boxState;

/** Asks anew for all that is shown: events may have been missed. */
export function reloadShown(state: BoxState = boxState): void {
  reload(...Object.values(state));
}

/** Forgets all of it. */
export function forgetAll(state: BoxState = boxState): void {
  for (const resource of Object.values(state)) resource.forget();
}

/** Makes what an event says visible. */
export function applyEvent(event: EventFrame, state: BoxState = boxState): void {
  switch (event.type) {
    case "key_created":
    case "key_deleted":
      reload(state.tokens, state.keys, state.audit, state.auditVerification);
      break;
    case "block_connected":
      state.bitcoin.patch((node) => ({
        ...node,
        blocks: event.height,
        headers: Math.max(node.headers, event.height),
        best_block_hash: event.hash,
      }));
      break;
    case "node_changed":
      state.bitcoin.put(event.status);
      break;
    case "model_changed":
      state.models.patch((models) => ({
        items: models.items.map((model) => (model.id === event.model.id ? event.model : model)),
      }));
      break;
    case "component_changed":
      reload(state.readiness);
      // The search for graphics units ends some time after the start.
      if (event.name.startsWith("accelerator") || event.name.startsWith("gpu")) reload(state.devices);
      if (event.name.startsWith("token:")) reload(state.tokens);
      if (event.name.startsWith("store")) reload(state.storage);
      break;
    case "system_sampled":
      state.system.patch((system) => ({
        ...system,
        board: event.board,
        uptime_seconds: Math.max(0, Math.round((Date.parse(event.at) - Date.parse(system.started_at)) / 1000)),
      }));
      state.storage.patch(({ volume }) => ({
        volume: { ...volume, free_bytes: event.board.data_disk.available_bytes },
      }));
      break;
    case "session_opened":
    case "box_claimed":
      reload(state.audit, state.auditVerification);
      break;
    case "update_changed":
      updateChanged(event.phase, state);
      break;
    case "update_media_changed":
      state.updateMedia.put(event.media);
      break;
    case "lagged":
      reloadShown(state);
      break;
  }
}

/** How far a download is comes several times a second; every other change brings more than the phase. */
function updateChanged(phase: UpdatePhase, { updates, audit, auditVerification }: BoxState): void {
  const { value, asking } = updates.snapshot();
  if (phase.phase === "downloading" && value?.phase.phase === "downloading") {
    // An answer that is on its way knows it as well, and more.
    if (!asking) updates.put({ ...value, phase });
    return;
  }
  updates.patch((status) => ({ ...status, phase }));
  reload(updates, audit, auditVerification);
}

type Reloadable = Pick<Resource<unknown>, "watched" | "reload" | "forget">;

/** What is not shown is forgotten instead: it is asked for when it is shown again. */
function reload(...resources: Reloadable[]): void {
  for (const resource of resources) {
    if (resource.watched) void resource.reload();
    else resource.forget();
  }
}
