// The demo's world outside: a texter's phone, and levers that break the carriers.

import * as attack from "./attack.js";
import { tell } from "./dialogue.js";
import { $, button, keep, make, mark, show, write } from "./pieces.js";
import { outcome } from "./rooms.js";
import { ask, order } from "./router.js";
import { carrier, named, say } from "./words.js";

const KEPT = 4;
const texters = []; // { number, bubbles, dropped, texts: { id, decision } }, the newest last
let carriers = [];
let published = [];
let answering = false;
let opening = false;

// Once, and only where the router says that it is a demo: elsewhere there is no phone to ask for.
export async function open() {
  if (opening) return;
  opening = true;
  try {
    const [numbers, faults] = await Promise.all([ask("/api/v1/numbers"), ask("/api/v1/faults")]);
    published = numbers.numbers;
    carriers = faults.carriers;
  } catch {
    opening = false;
    return;
  }
  show($("stage"), true);
  show($("skip-stage"), true);
  document.body.classList.add("demo");
  if (!$("text").value) $("text").value = say("phone.first");
  $("send").addEventListener("submit", send);
  $("numbers").addEventListener("change", quick);
  render();
  setInterval(converse, 700);
  setInterval(look, 3000);
  attack.prepare();
}

export function render() {
  keep($("numbers"), published, (each) => each.number, newNumber, (choice, each) => {
    write(choice.words, say("phone.number", { name: each.name, number: spaced(each.number), account: carrier(each.account) }));
  });
  if (!$("numbers").querySelector("input:checked") && published.length) $("numbers").querySelector("input").checked = true;
  levers();
  conversation();
  attack.render();
}

export function hear(now) {
  attack.hear(now);
  const decided = new Map(now.decisions.map((each) => [each.text, each]));
  for (const text of texters.flatMap((texter) => texter.texts)) text.decision = decided.get(text.id) ?? text.decision;
  conversation();
}

function newNumber(each) {
  const choice = make("label", "choice");
  const input = make("input");
  Object.assign(input, { type: "radio", name: "to", value: each.number });
  choice.words = make("span");
  choice.append(input, choice.words);
  return choice;
}

// Fictional numbers, which are nobody's telephone; one that has not texted here, if it is easily found.
async function someone() {
  let number;
  for (let tries = 0; tries < 20; tries += 1) {
    number = `+3363998${String(crypto.getRandomValues(new Uint32Array(1))[0] % 10000).padStart(4, "0")}`;
    if (!(await said(number)).bubbles.length) break;
  }
  return { number, bubbles: [], dropped: [], texts: [] };
}

async function said(number) {
  return ask(`/api/v1/conversations?number=${encodeURIComponent(number)}`);
}

async function send(event) {
  event.preventDefault();
  if (answering) return;
  answering = true;
  try {
    if ($("anew").checked || !texters.length) texters.push(await someone());
    while (texters.length > KEPT) texters.shift();
    const texter = texters.at(-1);
    const to = $("numbers").querySelector("input:checked").value;
    texter.texts.push({ id: (await order("/api/v1/texts", { to, sender: texter.number, text: $("text").value })).text });
    await converse();
  } catch (error) {
    if (!texters.at(-1)?.texts.length) texters.pop();
    conversation();
    tell(error.message);
  } finally {
    answering = false;
  }
}

async function converse() {
  if (document.hidden) return;
  const asked = texters.slice(-2);
  try {
    for (const each of asked) Object.assign(each, await said(each.number));
  } catch {
    return; // the page says already that the router is away
  }
  conversation();
}

function conversation() {
  show($("phone-empty"), texters.length === 0);
  const items = texters.flatMap((texter) => {
    const notes = notesOf(texter);
    return [
      { key: texter.number, kind: "who", text: say("phone.from", { number: spaced(texter.number) }) },
      ...texter.bubbles.flatMap((bubble, at) => [
        { key: `${texter.number} ${at}`, kind: bubble.direction, text: bubble.text,
          through: bubble.direction === "out" ? say("phone.through", { account: carrier(bubble.account) }) : "" },
        ...(notes.has(at) ? [{ key: `${texter.number} ${at} note`, kind: "note", text: notes.get(at) }] : []),
      ]),
    ];
  });
  const before = $("conversation").lastElementChild?.dataset.key;
  keep($("conversation"), items, (each) => each.key, () => {
    const item = make("li");
    item.words = make("span", "words");
    item.through = make("span", "through");
    item.append(item.words, item.through);
    return item;
  }, (item, each) => {
    mark(item, each.kind);
    write(item.words, each.text);
    write(item.through, each.through || "");
    show(item.through, Boolean(each.through));
  });
  if ($("conversation").lastElementChild?.dataset.key !== before) $("screen").scrollTop = $("screen").scrollHeight;
}

// Under each text that got no answer: why, as the router decided. By the place of its bubble.
function notesOf(texter) {
  const { bubbles, texts } = texter;
  const places = bubbles.flatMap((bubble, at) => (bubble.direction === "in" ? [at] : []));
  return new Map(places.flatMap((at, which) => {
    const decision = texts[which]?.decision;
    if (decision?.ending === "accepted") return [];
    if (texter.dropped.includes(texts[which]?.id)) return [[at, say("decision.silent", { why: named("silence", "operator") })]];
    if (decision) return [[at, outcome(decision)]];
    return bubbles.slice(at + 1).some((bubble) => bubble.direction === "out") ? [] : [[at, say("phone.waits")]];
  }));
}

const spaced = (number) => number.replace(/^\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "+33 $1 $2 $3 $4 $5");

// Levers

async function look() {
  if (document.hidden) return;
  try {
    carriers = (await ask("/api/v1/faults")).carriers;
  } catch {
    return;
  }
  levers();
}

// The fault that is nearest at hand: an unpaid bill, of the carrier whose number is picked.
function quick() {
  const chosen = $("numbers").querySelector("input:checked")?.value;
  const picked = published.find((each) => each.number === chosen);
  if (!picked) return; // not asked yet
  const on = carriers.find((each) => each.account === picked.account).faults.find((fault) => fault.name === "unpaid").on;
  write($("quick-words"), say(on ? "quick.on" : "quick", { account: carrier(picked.account) }));
  $("quick").setAttribute("aria-label", $("quick-words").textContent);
  $("quick").setAttribute("aria-checked", String(on));
  $("quick").onclick = () => pull(picked.account, "unpaid", !on);
}

function levers() {
  quick();
  const names = carriers[0]?.faults.map((fault) => fault.name) || [];
  keep($("levers-head"), ["", ...carriers.map((each) => each.account)], (name) => name || "what",
    () => Object.assign(make("th"), { scope: "col" }),
    (cell, name) => write(cell, name ? carrier(name) : say("levers.what")));
  keep($("levers"), names, (name) => name, newLever, (row, name) => {
    write(row.what, named("lever", name));
    const then = say(`lever.${name}.then`);
    write(row.then, then);
    show(row.then, !then.startsWith("lever."));
    keep(row, [null, ...carriers], (each) => each?.account || "named", () => row.named, (cell, each) => {
      if (!each) return;
      const on = each.faults.find((fault) => fault.name === name).on;
      cell.lever.setAttribute("aria-checked", String(on));
      cell.lever.setAttribute("aria-label", say("lever.at", { account: carrier(each.account), fault: named("lever", name) }));
      cell.lever.onclick = () => pull(each.account, name, !on);
    });
  });
}

function newLever() {
  const row = make("tr");
  row.named = Object.assign(make("th"), { scope: "row" });
  row.named.dataset.key = "named";
  row.what = make("span");
  row.then = make("span", "then soft");
  row.named.append(row.what, row.then);
  row.append(row.named, ...carriers.map((each) => {
    const cell = make("td");
    cell.dataset.key = each.account;
    cell.lever = button("", "lever");
    cell.lever.setAttribute("role", "switch");
    cell.append(cell.lever);
    return cell;
  }));
  return row;
}

async function pull(account, fault, on) {
  try {
    carriers = (await order(`/api/v1/faults/${account}/${fault}`, { on })).carriers;
    levers();
  } catch (error) {
    tell(error.message);
  }
}
