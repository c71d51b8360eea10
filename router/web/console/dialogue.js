// "Are you sure?", in plain words, and what came of it.

import { $, show, write } from "./pieces.js";
import { say } from "./words.js";

// Asks before `act` is done. Answers nothing: `act` is called with the amount, where one is asked for.
export function sure({ verb, values, says = `sure.${verb}.says`, more = "", asks = null, danger = false, act }) {
  const dialogue = $("sure");
  write($("sure-title"), say(`sure.${verb}`, values));
  write($("sure-says"), `${say(says, values)} ${more}`.trim());
  write($("sure-yes"), say(`order.${verb}`));
  $("sure-yes").classList.toggle("danger", danger);
  show($("sure-asks"), Boolean(asks));
  write($("sure-amount-label"), asks || "");
  $("sure-amount").value = "";
  write($("sure-trouble"), "");
  $("sure-form").onsubmit = async (event) => {
    event.preventDefault();
    const amount = $("sure-amount").value.trim().replace(/\s/g, "").replace(",", ".");
    const unlimited = verb === "set" && amount === say("unlimited");
    if (asks && !unlimited && !/^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(amount)) {
      write($("sure-trouble"), say("amount.wrong"));
      $("sure-amount").focus();
      return;
    }
    $("sure-yes").disabled = true;
    try {
      await act(unlimited ? "unlimited" : amount);
      dialogue.close();
      tell(say(`done.${verb}`, values));
    } catch (error) {
      write($("sure-trouble"), error.message);
    } finally {
      $("sure-yes").disabled = false;
    }
  };
  dialogue.showModal();
  (asks ? $("sure-amount") : $("sure-no")).focus();
}

export function prepare() {
  $("sure-no").addEventListener("click", () => $("sure").close());
}

let fading = 0;

export function tell(words) {
  write($("told"), words);
  $("told").classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => {
    $("told").classList.remove("shown");
    write($("told"), "");
  }, 6000);
}
