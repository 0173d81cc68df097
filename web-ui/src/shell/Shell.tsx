import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";

import { Icon, type IconName } from "../parts/Icon";
import { Mark } from "../parts/Mark";
import { ConnectionBanner } from "./ConnectionBanner";
import { FullBanner } from "./FullBanner";
import { SignOutButton } from "./SignOutButton";

const PLACES: readonly { to: string; name: string; icon: IconName }[] = [
  { to: "/", name: "Overview", icon: "overview" },
  { to: "/keys", name: "Keys", icon: "key" },
  { to: "/chat", name: "Chat", icon: "chat" },
  { to: "/node", name: "Node", icon: "node" },
  { to: "/storage", name: "Storage", icon: "storage" },
  { to: "/updates", name: "Updates", icon: "update" },
  { to: "/audit", name: "Activity", icon: "activity" },
  { to: "/access", name: "Access", icon: "access" },
];

/** What surrounds every page for those who are signed in. */
export function Shell({ username, children }: { username: string; children: ReactNode }) {
  const [location] = useLocation();
  const here = (to: string) => (to === "/" ? location === "/" : location === to || location.startsWith(`${to}/`));
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the page
      </a>
      <header className="bar">
        <Link href="/" className="brand">
          <Mark />
          <span>Anya Box</span>
        </Link>
        <nav aria-label="Pages">
          <ul>
            {PLACES.map(({ to, name, icon }) => (
              <li key={to}>
                <Link href={to} aria-current={here(to) ? "page" : undefined}>
                  <Icon name={icon} />
                  <span>{name}</span>
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="who">
          <span className="who-name" title={`Signed in as ${username}`}>
            {username}
          </span>
          <SignOutButton />
        </div>
      </header>
      <div className="content">
        <ConnectionBanner />
        <FullBanner />
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}
