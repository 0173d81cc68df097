/** Log lines in words. */
import type { LogLine } from "../api/types";

/** A line's text; what an answered request was comes out of its fields. */
export function logText(line: LogLine): string {
  const { method, route, status } = line.fields;
  if (line.message === "answered" && method !== undefined && route !== undefined) {
    if (route === "(none)") return `Answered ${method} outside of the API with ${status ?? "an unknown status"}`;
    return `Answered ${method} ${route} with ${status ?? "an unknown status"}`;
  }
  return line.message.charAt(0).toUpperCase() + line.message.slice(1);
}
