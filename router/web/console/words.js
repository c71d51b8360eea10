// What the page says, in the operator's language. Every word stands in words.en.json or words.fr.json.

const LANGUAGES = ["en", "fr"];
let words = {};
let language = "en";

export function preferred() {
  const kept = localStorage.getItem("language");
  if (LANGUAGES.includes(kept)) return kept;
  const wished = (navigator.languages || [navigator.language]).map((each) => each.slice(0, 2).toLowerCase());
  return wished.find((each) => LANGUAGES.includes(each)) || "en";
}

export async function speak(wanted) {
  const answer = await fetch(`/console/words.${wanted}.json`, { credentials: "omit" });
  words = await answer.json();
  language = wanted;
  document.documentElement.lang = wanted;
}

export const current = () => language;
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

export function day(moment) {
  const today = new Date(moment).toDateString() === new Date().toDateString();
  if (today) return new Date(moment).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return new Date(moment).toLocaleString(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

// Two moments, as short as both can be read without the other.
export function period(from, to) {
  const long = (moment) => new Date(moment).toLocaleString(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const days = new Set([from, to, Date.now()].map((moment) => new Date(moment).toDateString()));
  return [from, to].map(days.size === 1 ? day : long);
}

export function time(moment) {
  return new Date(moment).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

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
