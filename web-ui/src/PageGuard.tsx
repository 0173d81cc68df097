import { Component, type ReactNode } from "react";

import { Problem } from "./api/problem";
import { ProblemNote } from "./parts/ProblemNote";

/** A page that fails takes neither the navigation nor the other pages with it. */
export class PageGuard extends Component<{ children: ReactNode }, { failure: Problem | null }> {
  override state: { failure: Problem | null } = { failure: null };

  static getDerivedStateFromError(error: unknown): { failure: Problem } {
    return { failure: Problem.from(error) };
  }

  override render(): ReactNode {
    const { failure } = this.state;
    if (failure === null) return this.props.children;
    return <ProblemNote problem={failure} retry={() => this.setState({ failure: null })} />;
  }
}
