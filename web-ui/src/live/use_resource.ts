import { useEffect, useSyncExternalStore } from "react";

import type { Resource, Snapshot } from "./resource";

/** What is known of `resource`, kept up to date; asks the box when nothing is known yet. */
export function useResource<T>(resource: Resource<T>): Snapshot<T> & { reload: () => Promise<void> } {
  const snapshot = useSyncExternalStore(resource.subscribe, resource.snapshot);
  const unknown = snapshot.value === null && snapshot.problem === null && !snapshot.asking;
  useEffect(() => {
    if (unknown) void resource.reload();
  }, [resource, unknown]);
  return { ...snapshot, reload: resource.reload };
}
