/** Figures and times as people read them, in the browser's own language's way of writing numbers. */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** 1 500 000 as "1.5 MB". */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${number(value, digits)} ${UNITS[unit] ?? ""}`;
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
}

/** 0.4567 as "45.7 %", never rounded up to 100. */
export function percent(share: number, digits = 0): string {
  const scale = 10 ** digits;
  return `${number(Math.floor(share * 100 * scale) / scale, digits)} %`;
}

/** 93784 as "1 day 2 hours". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "day"],
    [Math.floor(whole / 3_600) % 24, "hour"],
    [Math.floor(whole / 60) % 60, "minute"],
    [whole % 60, "second"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 seconds";
  const shown = first === 3 ? parts.slice(3) : parts.slice(first, first + (first === 2 ? 1 : 2));
  return shown
    .filter(([count]) => count > 0)
    .map(([count, unit]) => plural(count, unit))
    .join(" ");
}

/** A countdown, "1:05". */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** A moment, "21 Nov 2026, 09:04:05". */
export function moment(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** The same without its seconds, for what is hours away or long ago. */
export function minute(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

export function day(at: string): string {
  return new Date(at).toLocaleDateString(undefined, { dateStyle: "medium" });
}

/** How long ago: "just now", "5 minutes ago", then the day. */
export function ago(at: string, now = Date.now()): string {
  const seconds = Math.round((now - Date.parse(at)) / 1000);
  if (seconds < 45) return "just now";
  if (seconds < 3_600) return `${plural(Math.max(1, Math.round(seconds / 60)), "minute")} ago`;
  if (seconds < 86_400) return `${plural(Math.round(seconds / 3_600), "hour")} ago`;
  return day(at);
}
