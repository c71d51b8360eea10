// The console. What was texted is hostile: it reaches the page through textContent alone.
"use strict";

const $ = (id) => document.getElementById(id);
let token = sessionStorage.getItem("token") || "";

function element(tag, words, name) {
  const made = document.createElement(tag);
  if (words !== undefined) made.textContent = words;
  if (name) made.className = name;
  return made;
}

async function ask(path, order) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const options = { headers, cache: "no-store", credentials: "omit" };
  if (order !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(order);
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, options);
  if (answer.status === 401) $("door").hidden = false;
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.error ? `${found.error}: ${found.do}` : `HTTP ${answer.status}`);
  return found;
}

function showHealth(health) {
  const waits = Math.round(health.oldest_ready_seconds);
  const why = health.because.join(", ");
  $("status").textContent = health.status === "ok" ? `answering${why ? ` (${why})` : ""}`
    : `stalled: a text waits ${waits} s${why ? ` because ${why}` : ""}`;
  const rows = Object.entries(health.queue).flatMap(([state, count]) =>
    [element("dt", state.replace("_", " ")), element("dd", count)]);
  rows.push(element("dt", "oldest ready text"), element("dd", `${waits} s`));
  $("queue").replaceChildren(...rows);
}

function account(one) {
  const box = element("div", undefined, "account");
  box.append(element("h3", one.name), element("span", one.state.replace("_", " "), `state ${one.state}`));
  const notes = [one.provider, one.reason, one.code, one.operator && `operator: ${one.operator}`,
    one.in_doubt && `${one.in_doubt} in doubt`, one.balance && `${one.balance.amount} ${one.balance.unit}`,
    ...one.senders.map((sender) => `${sender.name} is ${sender.state}`)];
  box.append(element("p", notes.filter(Boolean).join(" · "), "note"));
  const row = element("div", undefined, "row");
  for (const order of one.operator ? ["restore"] : ["cut", "restore", "pin"]) {
    const button = element("button", order);
    button.addEventListener("click", () => give(`/api/v1/accounts/${encodeURIComponent(one.name)}/${order}`));
    row.append(button);
  }
  box.append(row);
  return box;
}

async function give(path) {
  try {
    await ask(path, {});
  } catch (error) {
    $("status").textContent = error.message;
    return;
  }
  setTimeout(refresh, 1100); // what is shown is read at most once a second
}

function showMoney(budget) {
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const title of ["purse", "limit", "reserved", "spent", budget.currency]) head.append(element("th", title));
  const body = table.createTBody();
  for (const purse of budget.purses) {
    const row = body.insertRow();
    const limit = purse.limit === null ? "unlimited" : Number(purse.limit).toFixed(2);
    const amounts = [limit, Number(purse.reserved).toFixed(2), Number(purse.spent).toFixed(2)];
    for (const words of [purse.name, ...amounts, purse.period]) row.append(element("td", words));
  }
  $("money").replaceChildren(table);
}

async function refresh() {
  if (document.hidden) return;
  try {
    const [health, accounts, budget] = await Promise.all(
      ["health", "accounts", "budget"].map((name) => ask(`/api/v1/${name}`)));
    $("door").hidden = true;
    showHealth(health);
    if (!$("accounts").contains(document.activeElement)) {
      $("accounts").replaceChildren(...accounts.accounts.map(account));
    }
    showMoney(budget);
  } catch (error) {
    $("status").textContent = error.message;
  }
}

// The demo's telephone.

function anotherTexter() {
  // Fictional numbers, which are nobody's telephone.
  const digits = String(crypto.getRandomValues(new Uint16Array(1))[0] % 10000).padStart(4, "0");
  $("sender").value = `+3363998${digits}`;
  $("conversation").replaceChildren();
}

async function converse() {
  if ($("phone").hidden || document.hidden || !$("sender").checkValidity()) return;
  const sender = $("sender").value;
  try {
    const { bubbles } = await ask(`/api/v1/conversations?number=${encodeURIComponent(sender)}`);
    if (sender !== $("sender").value || bubbles.length === $("conversation").childElementCount) return;
    $("conversation").replaceChildren(...bubbles.map((one) => element("li", one.text, one.direction)));
    $("conversation").lastElementChild?.scrollIntoView({ block: "nearest" });
  } catch (error) {
    $("said").textContent = error.message;
  }
}

async function openPhone() {
  const { numbers } = await ask("/api/v1/numbers").catch(() => ({ numbers: [] }));
  if (!numbers.length) return;
  $("to").replaceChildren(...numbers.map((one) => {
    const choice = element("option", `${one.number} (${one.name}, ${one.account})`);
    choice.value = one.number;
    return choice;
  }));
  anotherTexter();
  $("phone").hidden = false;
}

$("send").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("said").textContent = "";
  try {
    await ask("/api/v1/texts", { to: $("to").value, sender: $("sender").value, text: $("text").value });
    await converse();
  } catch (error) {
    $("said").textContent = error.message;
  }
});
$("another").addEventListener("click", anotherTexter);
$("door").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("token").value;
  sessionStorage.setItem("token", token);
  openPhone();
  refresh();
});
openPhone();
refresh();
setInterval(refresh, 2000);
setInterval(converse, 1000);
