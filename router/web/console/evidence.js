// Evidence for others: a period, for whom, and a file that a stranger can verify.

import { sure } from "./dialogue.js";
import { $ } from "./pieces.js";
import { download } from "./router.js";
import { period } from "./words.js";

const DAY = 86_400_000;

// As the field wants it: this machine's time, to the minute.
const spelled = (at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

export function prepare() {
  $("evidence-from").value = spelled(Date.now() - DAY);
  $("evidence-to").value = spelled(Date.now() + 60_000);
  $("evidence-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [from, to] = [new Date($("evidence-from").value), new Date($("evidence-to").value)];
    const what = { from_at: from.toISOString(), to_at: to.toISOString(), whom: $("evidence-whom").value };
    const [first, last] = period(from, to);
    sure({ verb: "export", values: { from: first, to: last, whom: what.whom }, act: () => download("/api/v1/evidence/export", what) });
  });
}
