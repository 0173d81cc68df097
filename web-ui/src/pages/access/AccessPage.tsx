import { boxState } from "../../live/box_state";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { SignOutButton } from "../../shell/SignOutButton";
import { useSession } from "../../session/SessionProvider";
import { ApiKeys } from "./ApiKeys";
import { TrustCertificate } from "./TrustCertificate";

/** Who and what may use the box, and how other devices come to trust it. */
export function AccessPage() {
  const { state } = useSession();
  return (
    <>
      <PageTitle>Access</PageTitle>
      <div className="columns">
        <div className="stack">
          <ApiKeys />
          <section className="card" aria-labelledby="you">
            <h2 id="you">You</h2>
            <p>
              Signed in as <strong>{state.kind === "signed-in" ? state.user.username : ""}</strong>, owner of this box.
            </p>
            <div className="start">
              <SignOutButton />
            </div>
          </section>
        </div>
        <div className="stack">
          <TrustCertificate />
          <AboutBox />
        </div>
      </div>
    </>
  );
}

function AboutBox() {
  const system = useResource(boxState.system);
  return (
    <section className="card" aria-labelledby="about">
      <h2 id="about">This box</h2>
      <Known of={system} what="Asking the box">
        {(value) => (
          <Facts
            of={[
              ["Version", value.version],
              ["Address", value.address],
              ["Machine", value.hostname],
              ["Runs as", value.profile === "developer" ? "a program on a computer" : "an appliance"],
              [
                "For programs",
                <a key="api" href="/api/openapi.json">
                  API description
                </a>,
              ],
            ]}
          />
        )}
      </Known>
    </section>
  );
}
