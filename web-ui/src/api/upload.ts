/** Sending a file. `fetch` does not tell how much of it has arrived, so it is not used here. */
import { refusal } from "./http";
import { Problem } from "./problem";

/** Sends `file` as it is, and gives the answer. Throws a `Problem`, or the abort of `signal`. */
export function upload<T>(
  path: string,
  file: Blob,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const settled = () => signal.removeEventListener("abort", abort);
    request.open("POST", path);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => {
      settled();
      answer<T>(request).then(resolve, reject);
    };
    request.onerror = () => {
      settled();
      reject(brokenOff());
    };
    request.onabort = () => {
      settled();
      reject(new DOMException("The file is not wanted any more.", "AbortError"));
    };
    signal.addEventListener("abort", abort);
    request.send(file);
  });
}

async function answer<T>(request: XMLHttpRequest): Promise<T> {
  if (request.status < 200 || request.status > 299) {
    const headers = new Headers();
    for (const name of ["Content-Type", "X-Request-ID", "Retry-After"]) {
      const value = request.getResponseHeader(name);
      if (value !== null) headers.set(name, value);
    }
    throw await refusal(new Response(request.responseText, { status: request.status, headers }));
  }
  try {
    return JSON.parse(request.responseText) as T;
  } catch {
    throw brokenOff();
  }
}

function brokenOff(): Problem {
  return new Problem({
    status: 0,
    slug: "upload-broken-off",
    title: "The file did not get through",
    detail: "The connection to the box broke off while the file was sent. Nothing was changed.",
    next: "Check that this device is on the same network as the box, then choose the file again.",
  });
}
