import { useEffect, useState } from "react";
import { Link } from "wouter";

import { onStorageFull } from "../api/http";

/** Says when the box had no room to store something, until it stores something again. */
export function FullBanner() {
  const [full, setFull] = useState(false);
  useEffect(() => onStorageFull(setFull), []);
  if (!full) return null;
  return (
    <div className="banner">
      <span role="status">
        The box’s disk is full, so nothing new can be stored. Everything that is on it is safe and can be used.
      </span>
      <Link href="/storage" className="button small">
        See what to do
      </Link>
    </div>
  );
}
