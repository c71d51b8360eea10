// What the page says, in the operator's language. Every word stands in words.en.json or words.fr.json.

const LANGUAGES = ["en", "fr"];
let words = {};
let language = "en";
let zone; // of the settings, as on the command line; until it is known, this machine's

export function preferred() {
  const kept = localStorage.getItem("language");
  if (LANGUAGES.includes(kept)) return kept;
  const wished = (navigator.languages || [navigator.language]).map((each) => each.slice(0, 2).toLowerCase());
  return wished.find((each) => LANGUAGES.includes(each)) || "en";
}

export async function speak(wanted) {
  const answer = await fetch(new URL(`words.${wanted}.json`, import.meta.url), { credentials: "omit" });
  words = await answer.json();
  language = wanted;
  document.documentElement.lang = wanted;
}

export const current = () => language;
export const inZone = (name) => { zone = name; };
export const other = () => LANGUAGES.find((each) => each !== language);

export function say(key, values = {}) {
  const found = words[key];
  if (found === undefined) return key;
  return found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// A word of a closed set; one that is not known here is shown as it is.
export const named = (set, word) => (words[`${set}.${word}`] === undefined ? word.replaceAll("_", " ") : say(`${set}.${word}`));

export function count(key, number, values = {}) {
  const form = new Intl.PluralRules(language).select(number) === "one" ? "one" : "other";
  return say(`${key}.${form}`, { count: integer(number), ...values });
}

export function list(names) {
  if (names.length < 2) return names.join("");
  return say("and", { one: names.slice(0, -1).join(", "), other: names.at(-1) });
}

// One thing and what is said of it: each language has its own space before a colon.
export const of = (one, other) => say("of", { one, other });

export function fill(root) {
  for (const each of root.querySelectorAll("[data-word]")) each.textContent = say(each.dataset.word);
  for (const each of root.querySelectorAll("[data-label]")) each.setAttribute("aria-label", say(each.dataset.label));
}

export const integer = (number) => new Intl.NumberFormat(language).format(number);
export const share = (part) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }).format(part);
export const precise = (number) => new Intl.NumberFormat(language, { maximumFractionDigits: 3 }).format(number);
export const decimal = (number) => new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(number);

// Seconds that something took; what is too short to be written is not nought.
export const brief = (seconds) => (seconds < 0.05 ? `<\u00a0${decimal(0.1)}` : decimal(seconds));

export function money(amount, currency) {
  return new Intl.NumberFormat(language, { style: "currency", currency }).format(Number(amount));
}

const MINUTE = { hour: "2-digit", minute: "2-digit" };
const DAY = { day: "numeric", month: "short", ...MINUTE };

// UTC is said to be that: nobody's clock on the wall shows it.
const shown = (moment, how) => new Date(moment).toLocaleString(language,
  { ...how, hourCycle: "h23", timeZone: zone, ...(zone === "UTC" ? { timeZoneName: "short" } : {}) });

// Such as 2026-11-30T09:05, by the clock that times are shown by.
export const spelled = (moment) => new Date(moment).toLocaleString("sv-SE",
  { timeZone: zone, dateStyle: "short", timeStyle: "short" }).replace(" ", "T");

// The moment that is spelled so. Where the clock is turned back an hour is there twice: the first.
export function moment(written) {
  const as = Date.parse(`${written}Z`);
  const ahead = (at) => Date.parse(`${spelled(at)}Z`) - at;
  const near = as - ahead(as);
  const guesses = [near - 36e5, near + 36e5].map((at) => as - ahead(at));
  return new Date(guesses.sort().find((each) => spelled(each) === written) ?? guesses[0]);
}

const date = (moment) => spelled(moment).slice(0, 10);

export const day = (moment) => shown(moment, date(moment) === date(Date.now()) ? MINUTE : DAY);

// Two moments, as short as both can be read without the other.
export function period(from, to) {
  const days = new Set([from, to, Date.now()].map(date));
  return [from, to].map((each) => shown(each, days.size === 1 ? MINUTE : DAY));
}

export const time = (moment) => shown(moment, { ...MINUTE, second: "2-digit" });

export function lasting(seconds) {
  const steps = [["s", 1, 90], ["min", 60, 5400], ["h", 3600, 172800], ["d", 86400, Infinity]];
  const [unit, size] = steps.find(([, , below]) => seconds < below);
  const whole = seconds / size;
  const exact = unit === "h" && whole < 10 ? Math.round(whole * 2) / 2 : Math.round(whole);
  return say(`unit.${unit}`, { n: decimal(Math.max(unit === "s" ? 0 : 1, exact)) });
}

// Carriers are written as they write themselves.
const NAMES = { twilio: "Twilio", vonage: "Vonage", ovh: "OVH" };
export const carrier = (name) => NAMES[name] || name.replaceAll("_", " ");
