// Evidence for others: a period, for whom, and a file that a stranger can verify.

import { sure } from "./dialogue.js";
import { $ } from "./pieces.js";
import { download } from "./router.js";
import { moment, period, say, spelled } from "./words.js";

const DAY = 86_400_000;

// The last day, once it is known by whose clock.
export function hear() {
  if ($("evidence-from").value) return;
  $("evidence-from").value = spelled(Date.now() - DAY);
  $("evidence-to").value = spelled(Date.now() + 60_000);
}

export function prepare() {
  for (const id of ["evidence-from", "evidence-to"]) {
    $(id).addEventListener("input", () => $("evidence-to").setCustomValidity(""));
  }
  $("evidence-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [from, to] = [moment($("evidence-from").value), moment($("evidence-to").value)];
    if (to <= from) {
      $("evidence-to").setCustomValidity(say("evidence.reversed"));
      $("evidence-to").reportValidity();
      return;
    }
    const what = { from_at: from.toISOString(), to_at: to.toISOString(), whom: $("evidence-whom").value };
    const [first, last] = period(from, to);
    sure({ verb: "export", values: { from: first, to: last, whom: what.whom }, act: () => made(what) });
  });
}

async function made(what) {
  try {
    await download("/api/v1/evidence/export", what);
  } catch (error) {
    const word = { 404: "evidence.nothing", 409: "evidence.sealing" }[error.status];
    throw word ? new Error(say(word)) : error;
  }
}
