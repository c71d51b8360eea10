// The console: watches the router, says in one sentence how things are, and shows the rooms below.

import { before, chart, point, repaint } from "./charts.js";
import { prepare } from "./dialogue.js";
import * as drills from "./drills.js";
import * as evidence from "./evidence.js";
import * as phone from "./phone.js";
import { listen, stop } from "./listen.js";
import { $, keep, make, mark, show, write } from "./pieces.js";
import * as review from "./review.js";
import * as rooms from "./rooms.js";
import { ask, enter } from "./router.js";
import { leftIn, sentences, spent, total } from "./sentence.js";
import { decimal, fill, integer, inZone, lasting, money, other, preferred, say, speak, time } from "./words.js";

const EVERY = 1000;

let now = null;
let ahead = 0; // milliseconds that the router's clock is ahead of ours
let heard = 0;
let trouble = null;
let spoken = null;

const clock = () => Date.now() + ahead;

function render() {
  const away = trouble !== null;
  mark($("live"), away ? "away" : "");
  write($("live-words"), !now ? (trouble?.status === 401 ? say("live.locked") : (trouble?.message ?? say("waiting.for.router"))) : away ? say("live.since", { time: time(heard) }) : say("live"));
  document.body.classList.toggle("stale", Boolean(now && away));
  show($("rooms"), now !== null);
  if (now === null) return;
  sentence();
  tiles();
  write($("zone"), say("times.of", { zone: now.timezone }));
  rooms.show_all(now, clock());
}

function sentence() {
  const said = sentences(now);
  const worst = ["bad", "warn", "good"].find((tone) => said.some((each) => each.tone === tone));
  mark($("mark"), worst);
  keep($("sentence"), said.map((each, at) => ({ ...each, at })), (each) => String(each.at), () => make("span"), (part, each) => {
    mark(part, each.tone);
    write(part, `${each.text} `);
  });
  // Read aloud only when it is news: money and time tick.
  // On a small screen, what is not well stays in sight once all of it is scrolled away.
  write($("gist"), said.filter((each) => worst === "good" || each.tone !== "good").map((each) => each.text).join(" "));
  mark($("gist"), worst);
  write($("aloud"), said.map((each) => each.aloud ?? each.text).filter(Boolean).join(" "));
  document.title = worst === "good" ? "Paravent" : `${worst === "bad" ? "■" : "▲"} ${said.find((each) => each.tone === worst).text}`;
}

// Those a raid holds back are told with the raid.
const waits = () => (now.health.queue.queued || 0) + (now.health.queue.delayed || 0);

function tiles() {
  const waiting = waits();
  const purse = total(now);
  const left = leftIn(purse);
  write($("answers"), integer(now.answers_last_minute));
  write($("answers-more"), say("tile.answers.day", { count: integer(now.answers_last_day) }));
  write($("left"), left === null ? "∞" : money(left, now.currency));
  const pace = left === null ? say("tile.money.unlimited")
    : spent(purse) ? say("money.spent") : purse.runway_seconds === null ? say("tile.money.day", { money: money(now.spent_last_day, now.currency) }) : say("tile.money.runway", { time: lasting(purse.runway_seconds) });
  write($("left-more"), pace);
  write($("waiting"), integer(waiting));
  const raid = now.raid.mode === "raid";
  write($("raid"), raid ? integer(now.raid.held) : decimal(now.raid.statistic));
  write($("raid-what"), say(raid ? "tile.raid.over" : "tile.raid"));
  write($("raid-more"), raid ? [say("carriers.since", { time: time(now.raid.since) }), say("tile.raid.line")].join(" · ") : now.raid.calm_until ? say("raid.calm.ordered", { time: time(now.raid.calm_until) }) : say("tile.raid.calm", { limit: decimal(now.raid.limit) }));
  const oldest = now.health.oldest_ready_seconds;
  write($("waiting-more"), waiting ? (oldest >= 1 ? say("tile.queue.oldest", { time: lasting(oldest) }) : " ")
    : now.raid.held ? say("tile.queue.held", { count: integer(now.raid.held) }) : say("tile.queue.calm"));
}

function remember() {
  if (!now || trouble || document.hidden) return;
  const at = Math.round(clock() / 1000);
  const left = leftIn(total(now));
  point($("answers-chart"), at, now.answers_last_minute);
  point($("left-chart"), at, left === null ? null : left);
  point($("waiting-chart"), at, waits());
  point($("raid-chart"), at, now.raid.statistic, now.raid.limit);
}

let settled = false;

// Once the router has let us in, one after the other: a browser has few connections, and the news has need of one.
async function settle() {
  if (settled) return;
  settled = true;
  await fillIn();
  drills.open();
}

// What the router remembers of the last hour.
async function fillIn() {
  try {
    const past = await ask("/api/v1/past");
    const points = (said) => said.map(({ at, value }) => ({ at: Date.parse(at) / 1000, value }));
    before($("answers-chart"), points(past.answers));
    before($("raid-chart"), points(past.signs));
  } catch {
    // The lines then begin here.
  }
}

const follow = () => listen(hear, lose);

async function hear(said) {
  await spoken;
  heard = Date.now();
  trouble = null;
  if (said) {
    now = said;
    ahead = new Date(said.at) - Date.now();
    inZone(said.timezone);
    evidence.hear();
    phone.hear(said);
  }
  const entered = !$("door").hidden;
  show($("door"), false);
  render();
  if (entered) $("now").focus();
  if (said?.demo) await phone.open();
  if (said) settle();
}

async function lose(error) {
  await spoken;
  trouble = error;
  if (error.status === 401) locked();
  else render();
}

function locked() {
  write($("door-wrong"), $("door").hidden ? "" : say("door.wrong"));
  show($("door"), true);
  show($("now"), false);
  show($("rooms"), false);
  $("token").focus();
}

function dress(theme) {
  document.documentElement.dataset.theme = theme;
  write($("theme"), say(theme === "dark" ? "theme.light" : "theme.dark"));
  $("theme").dataset.to = theme === "dark" ? "light" : "dark";
  repaint();
}

async function switchTo(language) {
  await speak(language);
  fill(document);
  write($("language"), say("other.language"));
  $("language").lang = other();
  dress(document.documentElement.dataset.theme);
  phone.render();
  drills.render();
  review.render();
  render();
}

async function begin() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  document.documentElement.dataset.theme = localStorage.getItem("theme") || (dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => {
    if (!localStorage.getItem("theme")) dress(dark.matches ? "dark" : "light");
  });
  chart($("answers-chart"), { from: 0, steps: true });
  chart($("left-chart"), { steps: true });
  chart($("waiting-chart"), { from: 0, steps: true });
  chart($("raid-chart"), { from: 0, steps: true });
  prepare();
  review.prepare();
  evidence.prepare();
  spoken = switchTo(preferred());
  follow();
  await spoken;
  document.body.hidden = false;
  $("language").addEventListener("click", () => {
    localStorage.setItem("language", other());
    switchTo(other());
  });
  $("theme").addEventListener("click", () => {
    localStorage.setItem("theme", $("theme").dataset.to);
    dress($("theme").dataset.to);
  });
  $("door-form").addEventListener("submit", (event) => {
    event.preventDefault();
    enter($("token").value);
    show($("now"), true);
    trouble = null;
    follow();
  });
  new IntersectionObserver(([seen]) => document.body.classList.toggle("far", !seen.isIntersecting)).observe($("now"));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else if ($("door").hidden) follow();
  });
  setInterval(render, EVERY);
  setInterval(remember, EVERY);
}

begin();
