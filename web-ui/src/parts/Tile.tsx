import { useId, type ReactNode } from "react";

import { Icon, type IconName } from "./Icon";

/** A part of the dashboard. */
export function Tile({
  title,
  icon,
  aside,
  wide = false,
  children,
}: {
  title: string;
  icon: IconName;
  /** Shown at the title's right. */
  aside?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={wide ? "tile tile-wide" : "tile"} aria-labelledby={id}>
      <header className="tile-head">
        <Icon name={icon} />
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
