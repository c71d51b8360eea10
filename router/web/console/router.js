// Asking the router, ordering, and watching what it says. A page elsewhere can do none of it: no cookie counts.

import { say } from "./words.js";

let token = sessionStorage.getItem("token") || "";

const KNOWN = [401, 403, 404, 409, 422, 429, 503];

export class Refused extends Error {
  constructor(status) {
    super();
    this.status = status;
  }

  // In the language of whoever reads it, which may not be known yet when it is refused.
  get message() {
    const { status } = this;
    return say(status === 0 ? "error.gone" : KNOWN.includes(status) ? `error.${status}` : "error.other", { status });
  }
}

export function enter(given) {
  token = given.trim();
  sessionStorage.setItem("token", token);
}

async function call(path, options = {}) {
  if (!/^[\x20-\x7e]*$/.test(token)) throw new Refused(401); // no header can carry it, so it is not the right one
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", credentials: "omit", ...options, headers });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refused(0);
  }
  if (!answer.ok) throw new Refused(answer.status);
  return answer;
}

export const ask = async (path) => (await call(path)).json();

export async function order(path, what = {}) {
  const headers = { "Content-Type": "application/json" };
  return (await call(path, { method: "POST", headers, body: JSON.stringify(what) })).json();
}

// What is answered is a file: it is kept where the browser keeps downloads.
export async function download(path, what) {
  const headers = { "Content-Type": "application/json" };
  const answer = await call(path, { method: "POST", headers, body: JSON.stringify(what) });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = answer.headers.get("Content-Disposition").match(/filename="([^"]+)"/)[1];
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Server-sent events by fetch, for an EventSource cannot send the token. Ends, or throws, with the connection.
export async function watch(path, hear, signal) {
  const answer = await call(path, { signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const said = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      hear(said.length ? JSON.parse(said.join("\n")) : null);
    }
  }
}
