import { useEffect, useMemo } from "react";
import { Link } from "wouter";

import * as box from "../../api/box";
import type { Key } from "../../api/types";
import { Resource } from "../../live/resource";
import { useResource } from "../../live/use_resource";
import { Facts } from "../../parts/Facts";
import { Icon } from "../../parts/Icon";
import { Known } from "../../parts/Known";
import { PageTitle } from "../../parts/PageTitle";
import { moment } from "../../words/format";
import { ALGORITHMS, schemeName } from "../../words/key_words";
import { DeleteKey } from "./DeleteKey";
import { PublicKey } from "./PublicKey";
import { SignAndVerify } from "./SignAndVerify";
import { TokenOfKey } from "./TokenOfKey";

/** One key: what it is, its public half, signing with it, deleting it. */
export function KeyPage({ id }: { id: string }) {
  const key = useResource(useMemo(() => new Resource(() => box.key(id)), [id]));
  return (
    <>
      <p>
        <Link href="/keys" className="back">
          <Icon name="back" />
          All keys
        </Link>
      </p>
      {key.value === null && <Untitled gone={key.problem?.status === 404} />}
      <Known of={key} what="Looking up the key">
        {(value) => <KeyDetails of={value} onUnlocked={() => void key.reload()} />}
      </Known>
    </>
  );
}

function Untitled({ gone }: { gone: boolean }) {
  useEffect(() => {
    document.title = "Key · Anya Box";
  }, []);
  return gone ? <PageTitle>There is no such key</PageTitle> : null;
}

function KeyDetails({ of, onUnlocked }: { of: Key; onUnlocked: () => void }) {
  return (
    <>
      <PageTitle>{of.label}</PageTitle>
      <TokenOfKey of={of} onUnlocked={onUnlocked} />
      <div className="columns">
        <div className="stack">
          <section className="card" aria-label="About this key">
            <Facts
              of={[
                ["Kind", ALGORITHMS[of.algorithm].name],
                ["Kept in", of.token],
                ["Made", moment(of.created_at)],
                ["By", of.created_by],
                ["Signs with", of.schemes.map(schemeName).join(", ")],
                [
                  "Id",
                  <code key="id" className="break">
                    {of.id}
                  </code>,
                ],
              ]}
            />
          </section>
          <PublicKey of={of.public_key} label={of.label} />
          <DeleteKey of={of} />
        </div>
        <SignAndVerify of={of} />
      </div>
    </>
  );
}
