/** Standard base64 with padding (RFC 4648, section 4), as the box speaks it. */

/** The UTF-8 bytes of `text`. */
export function textToBase64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
