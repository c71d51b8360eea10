// How things are, in plain words: a few short sentences, the worst news first among equals.

import { carrier, count, lasting, list, money, named, say } from "./words.js";

const SHORT = 12 * 3600;

export function sentences(now) {
  if (now.database_away) return [{ tone: "bad", text: say("say.away") }];
  return [answering(now), left(now), ...carriers(now), ...raid(now)].filter(Boolean);
}

export const total = (now) => now.purses.find((purse) => purse.name === "total");

export function leftIn(purse) {
  return purse.limit === null ? null : Math.max(0, purse.limit - purse.spent - purse.reserved);
}

// Less than the cheapest answer costs is spent, too: the router says so by a runway of nothing.
export const spent = (purse) => purse.limit !== null && (leftIn(purse) === 0 || purse.runway_seconds === 0);

function answering(now) {
  if (spent(total(now))) return { tone: "bad", text: say("say.broke") };
  const silent = now.numbers.filter((number) => number.through === null);
  if (silent.length === now.numbers.length) return { tone: "bad", text: say("say.nobody") };
  if (now.health.status !== "ok") {
    return { tone: "bad", text: say("say.stalled", { time: lasting(now.health.oldest_ready_seconds) }) };
  }
  if (silent.length) return { tone: "bad", text: say("say.some", { numbers: list(silent.map((each) => each.name)) }) };
  return { tone: "good", text: say("say.answered") };
}

function left(now) {
  const purse = total(now);
  const rest = leftIn(purse);
  if (rest === null || spent(purse)) return null;
  const runway = purse.runway_seconds;
  if (runway === null || runway > 90 * 86400) {
    return { tone: "good", text: say("say.left", { money: money(rest, now.currency) }), aloud: "" };
  }
  const short = runway < SHORT;
  return { tone: short ? "warn" : "good", text: say("say.runway", { time: lasting(runway) }), aloud: short ? say("say.short") : "" };
}

export function stateOf(account, now) {
  if (account.operator === "cut") return "operator_cut";
  if (account.operator === "pin") return "pinned";
  if (account.state !== "open") return account.state;
  const purse = now.purses.find((each) => each.name === account.name);
  return purse && spent(purse) ? "purse" : "open";
}

export function because(account) {
  return account.operator === "" && account.reason && account.state !== "throttled" ? named("reason", account.reason) : "";
}

function carriers(now) {
  return now.accounts.filter((account) => !["open", "pinned"].includes(stateOf(account, now))).map((account) => {
    const state = named("state", stateOf(account, now));
    const why = because(account);
    const others = [...new Set(now.numbers
      .filter((number) => number.preferred === account.name && number.through && number.through !== account.name)
      .map((number) => carrier(number.through)))];
    const key = ["say.account", "say.account.carried", "say.account.carried.many"][Math.min(others.length, 2)];
    const values = { account: carrier(account.name), others: list(others) };
    return { tone: "warn", text: say(key, { ...values, state: why ? say("state.why", { state, why }) : state }) };
  });
}

function raid(now) {
  if (now.raid.mode !== "raid") return [];
  const key = (now.raid.by_hand ? "say.raid.declared" : "say.raid") + (now.raid.held ? "" : ".none");
  return [{ tone: "bad", text: say(key, { texts: count("texts", now.raid.held) }) }];
}
