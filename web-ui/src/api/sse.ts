/** Server-sent events out of a body that arrives in pieces (WHATWG HTML, section 9.2). */

/** Gives the data of each event. Ends with the body; a last event that was cut off is dropped. */
export async function* serverSentData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      // A carriage return at the end may be half of a line's end: it waits for the next piece.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line !== "") {
          const text = dataOf(line);
          if (text !== null) data.push(text);
        } else if (data.length > 0) {
          yield data.join("\n");
          data = [];
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function dataOf(line: string): string | null {
  if (line === "data") return "";
  if (!line.startsWith("data:")) return null;
  return line.slice(line.startsWith("data: ") ? 6 : 5);
}
