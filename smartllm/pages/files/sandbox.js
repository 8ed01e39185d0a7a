// Follows the calls of a sandbox: the list as they come, the chosen one with all that is known of it.
import { VirtualList } from "./list.js";

const MOST = 5000;
const at = (id) => document.getElementById(id);
const list = at("list"), detail = at("detail"), place = at("call"), empty = at("empty");
const calls = new Map();
const counts = { all: 0, answered: 0, refused: 0, error: 0 };
const models = new Set();
const wanted = { words: [], verdict: "", model: "" };
let shown = [], chosen = null, tab = "leaves", drawn = "", epoch = null, version = 0;

// What a call counts as: still waiting is none of the three.
const kind = (call) => ({ answered: "answered", refused: "refused", error: "error", left: "error" })[call.verdict] ?? "";
const fits = (call) =>
  (!wanted.verdict || kind(call) === wanted.verdict) &&
  (!wanted.model || call.model === wanted.model) &&
  wanted.words.every((word) => call.words.includes(word));

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const took = (ms) => (ms === null ? "…" : ms < 1000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function part(row, name) {
  const node = document.createElement("span");
  node.className = name;
  row.append(node);
  return node;
}

function draw(row, call) {
  const parts = (row.parts ??= Object.fromEntries(["dot", "model", "took", "status", "text", "time"].map((name) => [name, part(row, name)])));
  row.call = call;
  row.id = `row-${call.n}`;
  row.setAttribute("aria-selected", call.n === chosen);
  if (call.n === chosen) list.setAttribute("aria-activedescendant", row.id);
  parts.dot.className = `dot ${call.verdict}`;
  parts.dot.title = call.verdict;
  parts.model.textContent = call.model || `${call.method} ${call.path}`;
  parts.model.title = call.host;
  parts.status.textContent = call.status ?? "…";
  parts.status.className = `status ${call.verdict}`;
  parts.took.textContent = took(call.ms);
  parts.text.textContent = call.text || call.path;
  parts.text.title = call.text;
  parts.time.textContent = clock.format(call.at * 1000);
}

const rows = new VirtualList(list, draw);
list.addEventListener("click", (event) => {
  const row = event.target.closest(".call-row");
  if (row) choose(row.call.n, true);
});

function sieve() {
  shown = [...calls.values()].filter(fits).sort((one, other) => one.n - other.n);
  rows.set(shown);
  list.classList.toggle("none", shown.length === 0);
  document.body.classList.toggle("no-calls", calls.size === 0);
}

function count(call, by) {
  counts.all += by;
  if (kind(call)) counts[kind(call)] += by;
}

function take(found) {
  let whole = false;
  for (const call of found) {
    const old = calls.get(call.n);
    call.words = `${call.model} ${call.path} ${call.wire} ${call.host} ${call.status ?? ""} ${call.text}`.toLowerCase();
    if (old) count(old, -1);
    count(call, 1);
    calls.set(call.n, call);
    if (call.model && !models.has(call.model)) { models.add(call.model); offer(call.model); }
    // Calls come in the order of their last changes: an older one may come behind a newer one.
    if (!old && fits(call)) { whole ||= shown.at(-1)?.n > call.n; shown.push(call); }
    else if (old && fits(old) && fits(call)) shown[place_of(call.n)] = call;
    else if (old && fits(old) !== fits(call)) whole = true;
    if (call.n === chosen) open(call);
  }
  while (calls.size > MOST) {
    const [n, call] = calls.entries().next().value;
    calls.delete(n);
    count(call, -1);
    whole = true;
  }
  if (whole) sieve();
  else { rows.set(shown.slice()); list.classList.toggle("none", shown.length === 0); }
  for (const name in counts) at(`count-${name}`).textContent = counts[name];
  document.body.classList.toggle("no-calls", calls.size === 0);
  at("what-now").textContent = calls.size ? "Choose a call" : "Waiting for a call";
}

// Where a call stands among those that are shown, which are in the order of their numbers.
function place_of(n) {
  let low = 0, high = shown.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shown[middle].n < n) low = middle + 1; else high = middle;
  }
  return shown[low]?.n === n ? low : -1;
}

function offer(model) {
  const option = document.createElement("option");
  option.value = option.textContent = model;
  const after = [...at("model").options].slice(1).find((other) => other.value > model);
  at("model").insertBefore(option, after ?? null);
}

async function open(call) {
  const mark = `${call.n} ${call.verdict} ${call.ms}`;
  if (drawn === mark) return;
  drawn = mark;
  const answer = await fetch(`/_smartllm/calls/${call.n}`);
  const text = answer.ok ? await answer.text() : "";
  if (drawn !== mark) return;
  // The server escapes all that a call holds; scripts in it would not run either.
  place.innerHTML = text;
  if (!answer.ok) place.textContent = "This call is no longer kept.";
  empty.hidden = true;
  place.hidden = false;
  select(tab);
}

function choose(n, enter = false) {
  const call = calls.get(n);
  if (!call) return;
  chosen = n;
  history.replaceState(null, "", `#${n}`);
  if (place_of(n) >= 0) rows.reveal(place_of(n));
  rows.later();
  detail.scrollTop = 0;
  if (enter) document.body.classList.add("open");
  open(call);
}

function leave() {
  document.body.classList.remove("open");
  list.focus();
}

function select(name) {
  if (!at(`panel-${name}`)) return;
  tab = name;
  for (const button of place.querySelectorAll("[data-tab]")) {
    const on = button.dataset.tab === name;
    button.setAttribute("aria-selected", on);
    at(`panel-${button.dataset.tab}`).hidden = !on;
  }
}

place.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.tab) select(button.dataset.tab);
  if ("back" in button.dataset) leave();
  if ("why" in button.dataset) {
    const all = button.closest(".leaf").querySelector(".all-why");
    all.hidden = !all.hidden;
    button.setAttribute("aria-expanded", !all.hidden);
  }
  if (button.dataset.copy) {
    await navigator.clipboard.writeText(at(button.dataset.copy).textContent);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1200);
  }
});

at("filter").addEventListener("input", (event) => {
  wanted.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  sieve();
});
at("model").addEventListener("change", (event) => { wanted.model = event.target.value; sieve(); });
at("verdict").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  wanted.verdict = button.dataset.verdict;
  for (const other of at("verdict").children) other.setAttribute("aria-checked", other === button);
  sieve();
});

function step(by) {
  if (!shown.length) return;
  const now = chosen === null ? -1 : place_of(chosen);
  const next = now < 0 ? shown.length - 1 : Math.min(shown.length - 1, Math.max(0, now - by));
  choose(shown[next].n);
}

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select");
  if (event.key === "Escape") {
    if (typing) { at("filter").value = ""; at("filter").dispatchEvent(new Event("input")); typing.blur(); } else leave();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const tabs = [...place.querySelectorAll("[data-tab]")];
  const moves = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
  if (event.key === "/") at("filter").focus();
  else if (event.key in moves && !(event.key.startsWith("Arrow") && detail.contains(event.target))) step(moves[event.key]);
  else if (event.key === "Enter" && event.target === list && chosen !== null) { document.body.classList.add("open"); detail.focus(); }
  else if (/^[1-9]$/.test(event.key) && tabs[event.key - 1]) select(tabs[event.key - 1].dataset.tab);
  else return;
  event.preventDefault();
});

function told(text, on) {
  at("live").textContent = text;
  at("live").classList.toggle("on", on);
}

function follow() {
  const source = new EventSource(`/_smartllm/events?after=${version}&epoch=${epoch ?? ""}`);
  source.onopen = () => told("live", true);
  source.onerror = () => {
    told("no server", false);
    source.close();
    setTimeout(follow, 1000);
  };
  source.onmessage = (event) => {
    const said = JSON.parse(event.data);
    // Another epoch: the server forgot its calls, or is another one.
    if (epoch !== null && said.epoch !== epoch) forget();
    epoch = said.epoch;
    version = said.version;
    take(said.calls);
    const hash = Number(location.hash.slice(1));
    if (chosen === null && calls.has(hash)) choose(hash, true);
  };
}

function forget() {
  calls.clear();
  for (const name in counts) counts[name] = 0;
  chosen = null;
  drawn = "";
  place.hidden = true;
  empty.hidden = false;
  document.body.classList.remove("open");
  sieve();
}

follow();
