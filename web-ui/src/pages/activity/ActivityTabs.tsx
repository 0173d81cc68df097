import { Link, useLocation } from "wouter";

/** The two ways of looking at what happened. */
export function ActivityTabs() {
  const [location] = useLocation();
  const tab = (to: string, name: string) => (
    <li>
      <Link href={to} aria-current={location === to ? "page" : undefined}>
        {name}
      </Link>
    </li>
  );
  return (
    <nav aria-label="Activity" className="tabs">
      <ul>
        {tab("/audit", "Actions")}
        {tab("/audit/logs", "Logs")}
      </ul>
    </nav>
  );
}
