import { expect, test } from "vitest";

import { serverSentData } from "./sse";

function body(...pieces: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      controller.close();
    },
  });
}

async function read(...pieces: (string | Uint8Array)[]): Promise<string[]> {
  const events = [];
  for await (const data of serverSentData(body(...pieces))) events.push(data);
  return events;
}

test("events come out whole, however the network cut them", async () => {
  expect(await read('data: {"a":', "1}\n", '\ndata: {"b":2}\n\nda', "ta: [DONE]\n\n")).toEqual([
    '{"a":1}',
    '{"b":2}',
    "[DONE]",
  ]);
});

test("a character that is cut in two is put together again", async () => {
  const bytes = new TextEncoder().encode("data: grün\n\n");
  expect(await read(bytes.slice(0, 9), bytes.slice(9))).toEqual(["grün"]);
});

test("line ends may be CRLF, even cut in two", async () => {
  expect(await read("data: one\r", "\n\r\ndata: two\r\n\r\n")).toEqual(["one", "two"]);
});

test("comments and other fields are skipped, several data lines are one event", async () => {
  expect(await read(": ping\n\nevent: error\nid: 7\ndata: a\ndata:b\n\n")).toEqual(["a\nb"]);
});

test("an event that was cut off is dropped", async () => {
  expect(await read("data: one\n\ndata: tw")).toEqual(["one"]);
});
