import { useEffect, useRef, type ReactNode } from "react";

/** A page's heading. It also names the window, and takes the focus so that a screen reader says where one is. */
export function PageTitle({ children, aside }: { children: string; aside?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} · Anya Box`;
    heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [children]);
  return (
    <div className="page-title">
      <h1 ref={heading} tabIndex={-1}>
        {children}
      </h1>
      {aside}
    </div>
  );
}
