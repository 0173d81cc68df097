/** The page's signs, drawn here so that nothing has to be fetched. They only repeat what words say. */
const PATHS = {
  overview: "M4 4h7v7H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 13h7v7H4z",
  key: "M14.5 4a5.5 5.5 0 0 0-5.2 7.3L4 16.6V20h3.4v-2.4h2.4v-2.4l1.9-1.9A5.5 5.5 0 1 0 14.5 4zM16 8h.01",
  chat: "M4 5h16v11H10l-4.5 3.5V16H4zM8 9h8M8 12h5",
  activity: "M6 4h12v16H6zM9 8h6M9 12h6M9 16h3",
  access: "M12 3.5 19 6v5.5c0 4.3-2.9 7.4-7 9-4.1-1.6-7-4.7-7-9V6zM9 12l2.2 2.2L15.2 10",
  storage: "M4 6.5C4 5 7.6 4 12 4s8 1 8 2.5S16.4 9 12 9 4 8 4 6.5v11C4 19 7.6 20 12 20s8-1 8-2.5v-11M4 12c0 1.5 3.6 2.5 8 2.5s8-1 8-2.5",
  update: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.4M20 4.6v4.8h-4.8M12 8.5v7M9 12.8l3 2.9 3-2.9",
  node: "M12 3.5 19.5 8v8L12 20.5 4.5 16V8zM4.8 8.2 12 12.3l7.2-4.1M12 12.3v8",
  model: "M12 4l1.7 4.8L18.5 10.5l-4.8 1.7L12 17l-1.7-4.8L5.5 10.5l4.8-1.7zM18 16l.7 1.8 1.8.7-1.8.7L18 21l-.7-1.8-1.8-.7 1.8-.7z",
  hardware: "M7 7h10v10H7zM10 10h4v4h-4zM10 3.5V7M14 3.5V7M10 17v3.5M14 17v3.5M3.5 10H7M3.5 14H7M17 10h3.5M17 14h3.5",
  health: "M3.5 12.5H8l2-6 4 11 2-5h4.5",
  good: "M5.5 12.5 10 17l8.5-9.5",
  warning: "M12 4 21 19.5H3zM12 10v4M12 16.8h.01",
  bad: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 8v5M12 16h.01",
  plus: "M12 5v14M5 12h14",
  back: "M14.5 5.5 8 12l6.5 6.5",
  out: "M14 5H5v14h9M10 12h10M16.5 8.5 20 12l-3.5 3.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
