// The demo's raid: insults from a few phones, so that it is seen what a raid does.

import { tell } from "./dialogue.js";
import { $, write } from "./pieces.js";
import { order } from "./router.js";
import { say } from "./words.js";

const TEXTS = 50;
const EACH = 3; // from one phone
const PAUSE = 300;
const LEARNT = 7000;
const INSULTS = ["va te faire foutre connasse", "ta gueule sale pute", "crève salope", "ferme-la pauvre conne"];

let sent = null;
let fresh = true;

export function hear(now) {
  fresh = now.decisions.length === 0;
}

const rest = (time) => new Promise((resume) => { setTimeout(resume, time); });

export function prepare() {
  $("attack").addEventListener("click", send);
  render();
}

export function render() {
  write($("attack"), sent === null ? say("attack.start") : say("attack.under.way", { count: sent }));
  $("attack").setAttribute("aria-disabled", String(sent !== null));
}

async function send() {
  if (sent !== null) return;
  const to = $("numbers").querySelector("input:checked").value;
  const first = crypto.getRandomValues(new Uint32Array(1))[0] % 9000;
  const text = (sender, words) => order("/api/v1/texts", { to, sender: `+3363998${String(sender).padStart(4, "0")}`, text: words });
  try {
    sent = 0;
    render();
    if (fresh) { // what is usual is learnt from the first texts there ever are
      await text(first + TEXTS, say("phone.first"));
      await rest(LEARNT);
    }
    for (; sent < TEXTS; sent += 1) {
      render();
      await text(first + Math.floor(sent / EACH), INSULTS[sent % INSULTS.length]);
      await rest(PAUSE);
    }
  } catch (error) {
    tell(error.message);
  } finally {
    sent = null;
    render();
  }
}
