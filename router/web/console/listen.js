// What the router says, as it says it. One loop at most, and one stream at most in it, whatever the tab and the net do.

import { Refused, watch } from "./router.js";

const SILENT = 35_000; // the router says something at least every 15 s: a stream that says nothing for so long is dead
const FIRST = 500;
const LONGEST = 8000;

let running = new AbortController();

export const stop = () => running.abort();

// Ends the loop there was, and begins another: it hears until `stop`, or until the router asks for the token.
export function listen(heard, lost) {
  stop();
  running = new AbortController();
  follow(running.signal, heard, lost);
}

async function follow(ended, heard, lost) {
  let pause = FIRST;
  while (!ended.aborted) {
    try {
      await connected(ended, (said) => {
        pause = FIRST;
        heard(said);
      });
    } catch (error) {
      if (ended.aborted) return;
      lost(error instanceof Refused ? error : new Refused(0));
      if (error.status === 401) return;
    }
    await new Promise((resume) => { setTimeout(resume, pause); });
    pause = Math.min(pause * 2, LONGEST);
  }
}

async function connected(ended, heard) {
  const connection = new AbortController();
  const leave = () => connection.abort();
  let patience = setTimeout(leave, SILENT);
  ended.addEventListener("abort", leave);
  try {
    await watch("/api/v1/events", (said) => {
      clearTimeout(patience);
      patience = setTimeout(leave, SILENT);
      heard(said);
    }, connection.signal);
  } finally {
    clearTimeout(patience);
    ended.removeEventListener("abort", leave);
    leave(); // a stream that is read no more would keep one of the browser's few connections
  }
}
