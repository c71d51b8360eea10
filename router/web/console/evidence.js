// Evidence for others: a period, for whom, and a file that a stranger can verify.

import { sure } from "./dialogue.js";
import { $ } from "./pieces.js";
import { download } from "./router.js";
import { period, say } from "./words.js";

const DAY = 86_400_000;

// As the field wants it: this machine's time, to the minute.
const spelled = (at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

export function prepare() {
  $("evidence-from").value = spelled(Date.now() - DAY);
  $("evidence-to").value = spelled(Date.now() + 60_000);
  for (const id of ["evidence-from", "evidence-to"]) {
    $(id).addEventListener("input", () => $("evidence-to").setCustomValidity(""));
  }
  $("evidence-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [from, to] = [new Date($("evidence-from").value), new Date($("evidence-to").value)];
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
    throw error.status === 404 ? new Error(say("evidence.nothing")) : error;
  }
}
