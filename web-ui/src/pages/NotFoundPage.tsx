import { Link } from "wouter";

import { PageTitle } from "../parts/PageTitle";

export function NotFoundPage() {
  return (
    <>
      <PageTitle>There is no such page</PageTitle>
      <p>The address may be mistyped, or the page may have moved.</p>
      <p>
        <Link href="/" className="button primary">
          Go to the overview
        </Link>
      </p>
    </>
  );
}
