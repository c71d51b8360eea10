// Random texts of the day, blurred until somebody opens one. Fetched when asked for, never pushed.

import { tell } from "./dialogue.js";
import { open, opened } from "./opening.js";
import { $, button, keep, make, show, write } from "./pieces.js";
import { ask, order } from "./router.js";
import { integer, say, share, time } from "./words.js";

const LABELS = ["abusive", "fine", "unsure"];
let found = null;

export function prepare() {
  $("review-start").addEventListener("click", look);
}

export function render() {
  show($("review-share"), found !== null);
  show($("review-done"), found !== null);
  show($("review-start"), found === null);
  if (found === null) return;
  write($("review-share"), told(found));
  write($("review-done"), found.waiting.length
    ? say("review.done", { labelled: integer(found.labelled), drawn: integer(found.drawn) }) : say("review.empty"));
  keep($("review"), found.waiting.slice(0, 3), (each) => each.id, newText, (card, each) => {
    write(card.head, say("review.text", { number: each.number, time: time(each.received_at) }));
    write(card.words, opened.get(each.id) ?? each.blurred);
    write(card.open, say("review.open"));
    show(card.open, !opened.has(each.id));
    for (const [label, one] of Object.entries(card.labels)) write(one, say(`review.${label}`));
  });
}

function told({ share: found, labels, mode }) {
  if (found) return say("review.share", { value: share(found.value), low: share(found.low), high: share(found.high) });
  return say("review.share.unknown", { calm: integer(labels.calm), raid: integer(labels.raid), mode: say(`review.mode.${mode}`) });
}

function newText({ id }) {
  const card = make("li", "reviewed");
  card.head = make("p", "soft");
  card.words = make("blockquote", "words");
  card.open = button("", "quiet");
  card.open.onclick = () => act(() => open(id));
  card.labels = Object.fromEntries(LABELS.map((label) => {
    const one = button("", "quiet");
    one.onclick = () => act(async () => {
      await order(`/api/v1/review/${id}`, { label });
      found = await ask("/api/v1/review");
    });
    return [label, one];
  }));
  card.append(card.head, card.words, make("div", "row", undefined, card.open, ...Object.values(card.labels)));
  return card;
}

async function look() {
  await act(async () => { found = await ask("/api/v1/review"); });
  $("review").querySelector("button")?.focus();
}

async function act(what) {
  try {
    await what();
  } catch (error) {
    tell(error.message);
  }
  render();
}
