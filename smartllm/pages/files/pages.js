"use strict";
// Light or dark, and finding among facts. Pages say the same without it.
(() => {
  const root = document.documentElement;
  const KEY = "smartllm-theme";
  const kept = (() => { try { return localStorage.getItem(KEY); } catch { return null; } })();
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  document.getElementById("theme")?.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem(KEY, root.dataset.theme); } catch { /* a file without storage */ }
  });

  const facts = document.getElementById("facts");
  if (!facts) return;
  const find = document.getElementById("find");
  const defaults = document.getElementById("defaults");
  const nothing = facts.querySelector(".nothing");
  const rows = [...facts.querySelectorAll(".fact")];
  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const all = !defaults || defaults.checked || words.length > 0;
    facts.classList.toggle("stated-only", !all);
    let found = 0;
    for (const row of rows) {
      const fits = words.every((word) => row.dataset.find.includes(word));
      row.hidden = !fits;
      if (fits && (all || !row.classList.contains("default"))) found += 1;
    }
    for (const group of facts.querySelectorAll(".group")) {
      group.hidden = !group.querySelector(all ? ".fact:not([hidden])" : ".fact:not([hidden]):not(.default)");
    }
    nothing.hidden = found > 0 || rows.length === 0;
  };
  const reach = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row?.classList.contains("default") && defaults && !defaults.checked) {
      defaults.checked = true;
      show();
      row.scrollIntoView();
    }
  };
  find?.addEventListener("input", show);
  defaults?.addEventListener("change", show);
  addEventListener("hashchange", reach);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== find) { event.preventDefault(); find.focus(); }
    if (event.key === "Escape" && document.activeElement === find) { find.value = ""; show(); find.blur(); }
  });
  if (find) { show(); reach(); }
})();
