/** Loads the page again: after an update the box has a newer one. */
export function loadAnew(): void {
  location.reload();
}
