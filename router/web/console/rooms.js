// The rooms of the page: carriers, decisions, money, what waits, what operators did. Each is told the snapshot.

import { sure } from "./dialogue.js";
import { $, bar, button, fillBar, keep, make, mark, show, write } from "./pieces.js";
import { raid } from "./raid.js";
import { order } from "./router.js";
import { because, leftIn, spent, stateOf } from "./sentence.js";
import { brief, carrier, count, day, decimal, integer, lasting, list, money, named, of, period, say, time } from "./words.js";

const TONES = { open: "good", pinned: "good", throttled: "warn", slow: "warn", probing: "warn", purse: "bad", cut_off: "bad", operator_cut: "bad" };

export function show_all(now, clock) {
  carriers(now, clock);
  decisions(now);
  purses(now);
  raid(now);
  queue(now);
  deeds(now);
}

// Who carries

function carriers(now, clock) {
  keep($("carriers"), now.accounts, (account) => account.name, newCarrier, (card, account) => {
    const state = stateOf(account, now);
    write(card.named, carrier(account.name));
    mark(card.badge, `badge ${TONES[state]}`);
    write(card.badge, named(state === "purse" ? "why" : "badge", state === "purse" ? "budget" : state));
    write(card.why, reasons(account, clock, now.numbers).join(" · "));
    show(card.why, card.why.textContent !== "");
    write(card.answers, answersFor(account.name, now));
    write(card.facts, facts(account).join(" · "));
    show(card.facts, card.facts.textContent !== "");
    for (const [verb, each] of Object.entries(card.orders)) {
      write(each, say(`order.${verb}`));
      each.setAttribute("aria-label", of(say(`order.${verb}`), carrier(account.name)));
      show(each, verb === "restore" ? state !== "open" && state !== "purse" : account.operator === "");
      each.onclick = () => askOrder(verb, account, now);
    }
  });
}

function newCarrier() {
  const card = make("li", "carrier");
  card.named = make("h3");
  card.badge = make("span", "badge");
  card.why = make("p", "why");
  card.answers = make("p", "soft");
  card.facts = make("p", "soft");
  card.orders = Object.fromEntries(["cut", "restore", "pin"].map((verb) => [verb, button("", verb === "cut" ? "quiet danger" : "quiet")]));
  const head = make("div", "head", undefined, card.named, card.badge);
  const orders = make("div", "row", undefined, ...Object.values(card.orders));
  card.append(head, card.why, card.answers, card.facts, orders);
  return card;
}

export function reasons(account, clock, numbers) {
  const why = because(account);
  const said = why ? [why[0].toUpperCase() + why.slice(1)] : [];
  if (why && account.code) said.push(say("carriers.code", { code: account.code }));
  if (account.state === "probing" && account.operator === "") {
    // One that hung is looked at, and then carries one text: nothing else proves it.
    said.push(say(numbers.some((each) => each.through === account.name) ? "carriers.trial" : "carriers.trying"));
  }
  const wait = account.not_before ? (new Date(account.not_before) - clock) / 1000 : 0;
  if (wait > 0 && account.operator === "") {
    said.push(say(account.state === "throttled" ? "carriers.again" : "carriers.next", { time: lasting(Math.ceil(wait)) }));
  }
  if (account.operator && account.since) said.push(say("carriers.since", { time: time(account.since) }));
  return said;
}

function answersFor(name, now) {
  const own = (number) => number.preferred === name;
  const numbers = now.numbers.filter((number) => number.through === name).sort((one, two) => own(two) - own(one));
  const said = numbers.map((number) => (own(number) ? number.name
    : say("carriers.stands.in", { number: number.name, account: carrier(number.preferred) })));
  return said.length ? `${say("carriers.answers")} ${list(said)}` : say("carriers.answers.none");
}

function facts(account) {
  const said = [];
  if (account.balance) said.push(balance(account));
  if (account.in_doubt) said.push(count("carriers.doubt", account.in_doubt));
  for (const sender of account.senders) {
    said.push(say("carriers.sender", { name: sender.name, reason: named("reason", sender.reason || sender.state) }));
  }
  return said;
}

// What was asked for before the account changed says nothing of it since: it may have been topped up.
export function balance(account) {
  const old = account.since && new Date(account.since) > new Date(account.balance.at);
  return say(old ? "carriers.balance.before" : "carriers.balance", { amount: decimal(account.balance.amount),
    unit: named("balance", account.balance.unit), time: day(account.balance.at) });
}

function askOrder(verb, account, now) {
  const open = now.accounts.some((each) => each.name !== account.name && ["open", "pinned"].includes(stateOf(each, now)));
  const values = { account: carrier(account.name), others: say(open ? "sure.cut.others" : "sure.cut.nobody") };
  const says = verb === "restore" && account.operator === "" ? "sure.restore.unordered" : undefined;
  sure({ verb, values, says, danger: verb === "cut", act: () => order(`/api/v1/accounts/${encodeURIComponent(account.name)}/${verb}`) });
}

// Last decisions

function decisions(now) {
  show($("decisions-none"), now.decisions.length === 0);
  keep($("decisions"), now.decisions.slice(0, 8), (each) => each.text, () => {
    const item = make("li", "decision");
    item.when = make("time");
    item.what = make("p", "what");
    item.why = make("p", "soft");
    item.append(item.when, make("div", "", undefined, item.what, item.why));
    return item;
  }, (item, each) => {
    write(item.when, time(each.at));
    item.when.dateTime = each.at;
    mark(item, `decision ${{ accepted: "good", silent: "soft", in_doubt: "warn", refused: "warn", held: "warn" }[each.ending] || "bad"}`);
    write(item.what, of(each.number, outcome(each)));
    const passed = each.turns.slice(0, each.ending === "accepted" ? -1 : undefined).map((turn) => say(turn.reason ? "decision.said" : "decision.not", {
      account: carrier(turn.account), why: turn.reason ? named("reason", heard(turn, now)) : named("why", turn.why) }));
    write(item.why, ["accepted", "waiting"].includes(each.ending) ? passed.join(" · ") : "");
    show(item.why, item.why.textContent !== "");
  });
}

// Some carriers say "suspended" of an account that is not paid; why, only a look at its balance shows.
function heard(turn, now) {
  const account = now.accounts.find((each) => each.name === turn.account);
  return turn.reason === "suspended" && account?.reason === "unpaid" ? "suspended.unpaid" : turn.reason;
}

export function outcome(each) {
  const account = carrier(each.turns.at(-1)?.account || "");
  const why = each.silence ? named("silence", each.silence) : "";
  return say(`decision.${each.ending}`, { account, seconds: brief(each.seconds), why });
}

// Money

function purses(now) {
  const order_of = [...now.purses].sort((one, two) => (two.name === "total") - (one.name === "total"));
  keep($("purses"), order_of, (purse) => purse.name, newPurse, (card, purse) => {
    const left = leftIn(purse);
    const period = named("period", purse.period);
    write(card.named, purseName(purse.name));
    write(card.says, left === null
      ? say("money.unlimited", { spent: money(purse.spent, now.currency), period })
      : say("money.of", { left: money(left, now.currency), limit: money(purse.limit, now.currency), period }));
    const limit = Number(purse.limit) || 1;
    card.classList.toggle("empty", spent(purse));
    fillBar(card.bar, left === null ? [0, 0] : [Math.min(1, purse.spent / limit), purse.reserved / limit]);
    const more = spent(purse) ? [say("money.spent")] : [];
    if (Number(purse.reserved)) more.push(say("money.reserved", { money: money(purse.reserved, now.currency) }));
    if (Number(purse.overrun)) more.push(say("money.overrun", { money: money(purse.overrun, now.currency) }));
    if (purse.origin === "operator") more.push(say("money.by.you"));
    write(card.more, more.join(" · "));
    show(card.more, more.length > 0);
    const settings = purse.settings_limit;
    const values = { purse: purseName(purse.name), period, limit: settings === null ? say("unlimited") : money(settings, now.currency) };
    const there = { "top-up": left !== null, set: true, unset: purse.origin === "operator" };
    for (const [verb, each] of Object.entries(card.orders)) {
      write(each, say(`order.${verb}`));
      each.setAttribute("aria-label", of(say(`order.${verb}`), purseName(purse.name)));
      show(each, there[verb]);
      if (verb === "unset") each.onclick = () => sure({ verb, values, act: () => order(`/api/v1/budget/${encodeURIComponent(purse.name)}/unset`) });
      else each.onclick = () => sure({ verb, values, asks: say("amount", { currency: now.currency }),
        act: (amount) => order(`/api/v1/budget/${encodeURIComponent(purse.name)}/${verb}`, { amount }) });
    }
  });
}

function newPurse(purse) {
  const card = make("li", purse.name === "total" ? "purse whole" : "purse");
  card.named = make("h3");
  card.says = make("p");
  card.bar = bar(["spent", "reserved"]);
  card.more = make("p", "soft");
  card.orders = { "top-up": button("", "quiet"), set: button("", "quiet"), unset: button("", "quiet") };
  const row = make("div", "row", undefined, ...Object.values(card.orders));
  card.append(make("div", "head", undefined, card.named, row), card.says, card.bar, card.more);
  return card;
}

const purseName = (name) => (name === "total" ? say("money.total") : carrier(name));

// What waits

function queue(now) {
  const rows = [...Object.entries(now.health.queue), ["receipts", now.health.receipts_waiting],
    ["spool", now.spool.texts + now.spool.receipts]];
  keep($("queue"), rows, ([state]) => state, () => {
    const row = make("div");
    row.named = make("dt");
    row.count = make("dd");
    row.append(row.named, row.count);
    return row;
  }, (row, [state, number]) => {
    write(row.named, named("queue", state));
    write(row.count, integer(number));
    row.classList.toggle("zero", number === 0);
  });
}

// What operators did

const AT = " at the command line";

function deeds(now) {
  show($("deeds-none"), now.deeds.length === 0);
  keep($("deeds"), now.deeds, (each) => each.at + each.what, () => {
    const item = make("li");
    item.when = make("time");
    item.what = make("span");
    item.append(item.when, item.what);
    return item;
  }, (item, each) => {
    const about = { ...each.about };
    if (about.account) about.account = carrier(about.account) + (about.sender ? ` (${about.sender})` : "");
    if (about.purse) about.purse = purseName(about.purse);
    if (about.from) [about.from, about.to] = period(about.from, about.to);
    if (about.until) about.until = day(about.until);
    if (about.label) about.label = named("label", about.label);
    if (about.texts) about.texts = count("texts", Number(about.texts));
    about.whom = !about.whom || about.whom === "nobody said" ? say("extent.nobody") : about.whom;
    about.extent = say(about.full === "True" ? "extent.full" : "extent.plain");
    about.money = about.micros ? money(about.micros / 1e6, now.currency) : say("unlimited");
    write(item.when, day(each.at));
    write(item.what, say("deed.by", { what: deed(each.what, about), by: orderer(each.by) }));
  });
}

function orderer(by) {
  const who = by.endsWith(AT) ? by.slice(0, -AT.length) : "";
  return who ? say("by.at", { who }) : named("by", by);
}

function deed(what, about) {
  const said = say(`deed.${what}`, about);
  return said.startsWith("deed.") ? what : said;
}
