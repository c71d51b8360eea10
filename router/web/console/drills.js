// Drills that were played on the router's machine: what came of each, and its page.

import { $, keep, make, show, write } from "./pieces.js";
import { ask } from "./router.js";
import { current, day, precise, say } from "./words.js";

const KEPT = 5;
const EVERY = 10_000;
let drills = [];
let looking = false;

// Once the router has let us in.
export function open() {
  if (looking) return;
  looking = true;
  look();
  setInterval(look, EVERY);
}

async function look() {
  if (document.hidden) return;
  try {
    drills = (await ask("/api/v1/drills")).drills;
  } catch {
    return;
  }
  render();
}

// A drill's page is kept under its scenario, seed and scale.
function called(name) {
  const [, scenario, seed, scale] = name.match(/^(.+)-seed-(\d+)-scale-([\d.]+)$/) || [];
  return scenario ? say("drills.name", { scenario, seed, scale: precise(Number(scale)) }) : name.replaceAll("-", " ");
}

export function render() {
  show($("drills-none"), drills.length === 0);
  keep($("drills"), drills.slice(0, KEPT), (each) => each.name, (each) => {
    const item = make("li", "drill");
    item.link = make("a");
    Object.assign(item.link, { target: "_blank", rel: "noopener" });
    item.says = make("p", "soft");
    item.append(item.link, item.says);
    return item;
  }, (item, each) => {
    item.link.href = `${each.page}#${current()}`;
    write(item.link, `${called(each.name)}, ${day(each.at)}`);
    const french = current() === "fr" && each.headline_fr;
    item.says.lang = french ? "fr" : "en";
    write(item.says, french || each.headline);
  });
}
