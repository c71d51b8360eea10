// The room of the raid: whether one is on, what is held back, and what each order would do and cost.

import { sure, tell } from "./dialogue.js";
import { opened, open } from "./opening.js";
import { $, button, keep, make, show, write } from "./pieces.js";
import { order } from "./router.js";
import { count, day, decimal, money, say } from "./words.js";

export function raid(now) {
  const on = now.raid.mode === "raid";
  const clock = on && now.raid.since ? day(now.raid.since) : "";
  const how = on ? (now.raid.by_hand ? "raid.declared" : "raid.on") : now.raid.grave ? "raid.calm.grave" : "raid.calm";
  const calm = now.raid.calm_until ? say("raid.calm.ordered", { time: day(now.raid.calm_until) }) : "";
  write($("raid-says"), [say(how, { time: clock, texts: count("texts", now.raid.grave) }), whom(now.raid), calm].join(" ").trim());
  const signs = { statistic: decimal(now.raid.statistic), limit: decimal(now.raid.limit) };
  write($("raid-signs"), say(on ? "raid.statistic.end" : "raid.statistic", signs));
  show($("raid-signs"), !now.raid.by_hand);
  const held = now.raid.held > 0;
  const orders = [[on ? "end" : "declare", "turn"], [now.raid.calm_until ? "watch" : "calm", "stay"], ...(held ? [["release", "release.all"], ["drop", "drop.all"]] : [])];
  keep($("raid-orders"), orders, ([, key]) => key, () => button("", "quiet"), (each, [verb, key]) => {
    write(each, say(`order.${key === "turn" || key === "stay" ? verb : key}`));
    each.onclick = () => (key.endsWith("all") ? askHeld(verb, now, now.raid.held, now.raid.phones) : ask(verb, now));
  });
  show($("raid-held"), held);
  const more = now.raid.held - now.raid.clusters.reduce((sum, each) => sum + each.texts, 0);
  show($("clusters-more"), more > 0);
  write($("clusters-more"), say("raid.clusters.more", { texts: count("texts", more) }));
  keep($("clusters"), now.raid.clusters, (each) => each.id || "none", newCluster, (row, each) => {
    write(row.says, cluster(each));
    write(row.words, opened.get(each.sample) ?? each.blurred);
    show(row.words, row.words.textContent !== "");
    write(row.open, say("review.open"));
    show(row.open, each.blurred !== "" && !opened.has(each.sample));
    row.open.onclick = () => look(row, each);
    for (const [verb, order_of] of Object.entries(row.orders)) {
      write(order_of, say(`order.${verb}`));
      order_of.onclick = () => askHeld(verb, now, each.texts, each.senders, { cluster: each.id });
    }
  });
}

function cluster(each) {
  const said = { texts: of_phones(each.texts, each.senders), first: day(each.first), last: day(each.last) };
  return said.first === said.last ? `${said.texts}, ${said.first}` : say("raid.cluster.from", said);
}

const of_phones = (texts, phones) => say("raid.phones", { texts: count("texts", texts), phones: count("phones", phones) });

function newCluster() {
  const row = make("li", "cluster");
  row.says = make("p");
  row.words = make("blockquote", "words");
  row.open = button("", "quiet");
  row.orders = { release: button("", "quiet"), drop: button("", "quiet danger") };
  row.append(row.says, row.words, make("div", "row", undefined, row.open, ...Object.values(row.orders)));
  return row;
}

async function look(row, each) {
  try {
    write(row.words, await open(each.sample));
    show(row.open, false);
  } catch (error) {
    tell(error.message);
  }
}

// Before so many texts, or where so many of them were suspicious, what is usual is not known: the score alone
// says who waits.
const ENOUGH = 200, RAIDED = 0.3;
const untaught = ({ learnt, baseline }) => learnt < ENOUGH || baseline > RAIDED;

function whom(raid) {
  if (raid.mode !== "raid") return "";
  return raid.line === null ? say("raid.nobody") : untaught(raid) ? say("raid.flagged") : "";
}

// One answer for each phone is the most that is paid: nobody gets two in a period.
const cost = (now, phones) => money(phones * now.answer_cost, now.currency);

function ask(verb, now) {
  const more = { end: () => afterwards(now), declare: () => (untaught(now.raid) ? say("sure.declare.flagged") : ""),
    calm: () => (now.raid.mode === "raid" ? afterwards(now) : ""), watch: () => "" };
  sure({ verb, values: {}, more: more[verb](), act: () => order(`/api/v1/raid/${verb === "watch" ? "end" : verb}`) });
}

// What ending lets go, and what it leaves.
function afterwards(now) {
  const { held, grave, phones_till_calm: phones } = now.raid;
  if (held === 0) return say("sure.end.nothing");
  const freed = { texts: of_phones(held - grave, phones), money: cost(now, phones) };
  return [...(held > grave ? [say("sure.end.freed", freed)] : []),
    ...(grave ? [say("sure.end.grave", { texts: count("texts", grave) })] : [])].join(" ");
}

function askHeld(verb, now, texts, phones, what = {}) {
  const values = { texts: of_phones(texts, phones), money: cost(now, phones) };
  sure({ verb, values, danger: verb === "drop", act: () => order(`/api/v1/raid/held/${verb}`, what) });
}
