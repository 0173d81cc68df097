import { expect, test } from "vitest";

import { problemOf, sentence } from "./problem";

test("a problem document becomes words for people", async () => {
  const problem = await problemOf(
    new Response(
      JSON.stringify({
        type: "urn:anya:problem:invalid-request",
        title: "The request is not valid",
        status: 400,
        detail: "`label` is 300 characters long; at most 64 are allowed.",
        next: "Correct what is named under `errors`, and send the request again.",
        request_id: "r-1",
        errors: [{ field: "label", reason: "is 300 characters long; at most 64 are allowed" }],
      }),
      { status: 400, headers: { "Content-Type": "application/problem+json" } },
    ),
  );
  expect(problem.slug).toBe("invalid-request");
  expect(problem.message).toBe("label is 300 characters long; at most 64 are allowed.");
  expect(problem.fields.get("label")).toBe("The label is 300 characters long; at most 64 are allowed.");
  expect(problem.requestId).toBe("r-1");
});

test("how long to wait is read from the header", async () => {
  const headers = { "Content-Type": "application/problem+json", "Retry-After": "30" };
  const body = JSON.stringify({ type: "urn:anya:problem:too-many-attempts", title: "Too many wrong tries" });
  expect((await problemOf(new Response(body, { status: 429, headers }))).retryAfter).toBe(30);
});

test.each([
  ["a page of a proxy", "<html>Bad gateway</html>", "text/html"],
  ["broken JSON", "{", "application/problem+json"],
  ["another JSON", "[]", "application/json"],
])("%s is still a problem that one can read", async (_, body, type) => {
  const problem = await problemOf(new Response(body, { status: 502, headers: { "Content-Type": type } }));
  expect(problem.message).toBe("It answered with status 502 and no explanation.");
});

test("field names with underscores are read as words", () => {
  expect(sentence("expires_in_days", "is 0; 1 to 3650 are allowed")).toBe(
    "The expires in days is 0; 1 to 3650 are allowed.",
  );
});
