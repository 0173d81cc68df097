import { expect, test } from "vitest";

import { claimErrors, tidyCode } from "./claim_rules";

test.each([
  ["abcd", "ABCD"],
  ["abcde", "ABCD-E"],
  [" abcd - efgh ", "ABCD-EFGH"],
  ["ABCD-EFGHIJ", "ABCD-EFGH"],
  ["ab–cd", "ABCD"],
])("%j is put into the console's form", (typed, tidy) => expect(tidyCode(typed)).toBe(tidy));

const FINE = { code: "ABCD-EFGH", username: "ada", password: "ten letters", repeat: "ten letters" };

test("a filled form has nothing wrong", () => expect(claimErrors(FINE)).toEqual({}));

test.each([
  [{ code: "ABC" }, { code: "The code has 8 letters and digits." }],
  [{ username: "a" }, { username: "The user name needs 2 to 32 characters." }],
  [{ username: "ada lovelace" }, { username: "The user name may have the letters a to z, digits, and . _ -" }],
  [{ password: "short", repeat: "short" }, { password: "The password has 5 of at least 10 characters." }],
  [{ repeat: "ten lettres" }, { repeat: "The two passwords are not the same." }],
])("%j", (change, errors) => expect(claimErrors({ ...FINE, ...change })).toEqual(errors));

test("a user name with capitals is taken, as the box gets it in small letters", () => {
  expect(claimErrors({ ...FINE, username: " Ada " })).toEqual({});
});
