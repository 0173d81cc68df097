import { Route, Switch } from "wouter";

import { LiveProvider } from "./live/LiveProvider";
import { AccessPage } from "./pages/access/AccessPage";
import { ActivityPage } from "./pages/activity/ActivityPage";
import { LogsPage } from "./pages/activity/LogsPage";
import { ChatPage } from "./pages/chat/ChatPage";
import { ClaimPage } from "./pages/claim/ClaimPage";
import { DashboardPage } from "./pages/dashboard/DashboardPage";
import { FaultPage } from "./pages/fault/FaultPage";
import { KeyPage } from "./pages/keys/KeyPage";
import { KeysPage } from "./pages/keys/KeysPage";
import { NodePage } from "./pages/node/NodePage";
import { NotFoundPage } from "./pages/NotFoundPage";
import { SignInPage } from "./pages/SignInPage";
import { StoragePage } from "./pages/storage/StoragePage";
import { UpdatesPage } from "./pages/updates/UpdatesPage";
import { UnreachablePage } from "./pages/UnreachablePage";
import { Waiting } from "./parts/Waiting";
import { PageGuard } from "./PageGuard";
import { SessionProvider, useSession } from "./session/SessionProvider";
import { Shell } from "./shell/Shell";

export function App() {
  return (
    <SessionProvider>
      <WhatIsDue />
    </SessionProvider>
  );
}

/** Claiming and signing in take the place of a page; its address stays, so one is back there afterwards. */
function WhatIsDue() {
  const { state } = useSession();
  switch (state.kind) {
    case "asking":
      return (
        <main className="narrow">
          <Waiting what="Connecting to the box" />
        </main>
      );
    case "failed":
      return <UnreachablePage problem={state.problem} />;
    case "fault":
      return <FaultPage fault={state.fault} />;
    case "unclaimed":
      return <ClaimPage first={state.claim} />;
    case "signed-out":
      return <SignInPage expired={state.expired} />;
    case "signed-in":
      return (
        <LiveProvider>
          <Shell username={state.user.username}>
            <PageGuard>
              <Pages />
            </PageGuard>
          </Shell>
        </LiveProvider>
      );
  }
}

function Pages() {
  return (
    <Switch>
      {["/", "/claim", "/sign-in", "/login"].map((path) => (
        <Route key={path} path={path} component={DashboardPage} />
      ))}
      <Route path="/keys" component={KeysPage} />
      <Route path="/keys/:id">{({ id }) => <KeyPage key={id} id={id} />}</Route>
      <Route path="/chat" component={ChatPage} />
      <Route path="/node" component={NodePage} />
      <Route path="/storage" component={StoragePage} />
      <Route path="/updates" component={UpdatesPage} />
      <Route path="/audit" component={ActivityPage} />
      <Route path="/audit/logs" component={LogsPage} />
      <Route path="/access" component={AccessPage} />
      <Route component={NotFoundPage} />
    </Switch>
  );
}
