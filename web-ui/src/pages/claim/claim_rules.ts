/** What can be said about the claim form before asking the box, which has the last word. */

export type ClaimFields = { code: string; username: string; password: string; repeat: string };
export type ClaimErrors = Partial<Record<keyof ClaimFields, string>>;

const CODE_LENGTH = 8;
const SHORTEST_PASSWORD = 10;

/** Puts a typed code into the form on the console: "ab cd-ef" becomes "ABCD-EF". */
export function tidyCode(typed: string): string {
  const code = typed
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, "")
    .slice(0, CODE_LENGTH);
  return code.length > 4 ? `${code.slice(0, 4)}-${code.slice(4)}` : code;
}

export function claimErrors(fields: ClaimFields): ClaimErrors {
  const errors: ClaimErrors = {};
  const typed = fields.code.replace("-", "").length;
  if (typed < CODE_LENGTH) {
    errors.code = typed === 0 ? "Type the code from the console." : "The code has 8 letters and digits.";
  }
  const username = fields.username.trim().toLowerCase();
  if (username === "") errors.username = "Choose a user name.";
  else if (username.length < 2 || username.length > 32) errors.username = "The user name needs 2 to 32 characters.";
  else if (!/^[a-z0-9._-]+$/.test(username)) {
    errors.username = "The user name may have the letters a to z, digits, and . _ -";
  }
  const length = Array.from(fields.password).length;
  if (length === 0) errors.password = "Choose a password.";
  else if (length < SHORTEST_PASSWORD) {
    errors.password = `The password has ${length} of at least ${SHORTEST_PASSWORD} characters.`;
  }
  if (fields.repeat !== fields.password) errors.repeat = "The two passwords are not the same.";
  return errors;
}
