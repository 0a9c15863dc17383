"use strict";
(() => {
  const form = document.querySelector(".filters");
  const folds = [...document.querySelectorAll("details")].map((fold) => ({ fold, open: fold.open }));
  addEventListener("beforeprint", () => folds.forEach(({ fold }) => (fold.open = true)));
  if (!form) return;

  const rows = [...document.querySelectorAll("li[data-kind]")].map((row) => {
    const groups = [];
    for (let above = row.closest("[data-group]"); above; ) {
      groups.push(above);
      above = above.parentElement.closest("[data-group]");
    }
    return { row, groups, text: row.textContent.toLowerCase() };
  });
  const groups = [...document.querySelectorAll("[data-group]")];
  const told = form.querySelector("output");
  const number = new Intl.NumberFormat("en");

  const names = new Set(rows.map(({ row }) => row.dataset.domain).filter(Boolean));
  const list = document.createElement("datalist");
  list.id = "domains";
  list.append(...[...names].sort().map((name) => Object.assign(document.createElement("option"), { value: name })));
  form.append(list);
  form.elements.domain.setAttribute("list", list.id);

  const show = () => {
    const asked = Object.fromEntries(new FormData(form));
    const words = asked.search.toLowerCase().split(/\s+/).filter(Boolean);
    const domain = asked.domain.trim().toLowerCase();
    const all = !(words.length || domain || asked.kind || asked.action);
    const alive = new Set();
    let count = 0;
    for (const { row, groups, text } of rows) {
      const fits =
        (!asked.kind || row.dataset.kind === asked.kind) &&
        (!asked.action || row.dataset.action === asked.action) &&
        (!domain || row.dataset.domain.toLowerCase().includes(domain)) &&
        words.every((word) => text.includes(word));
      row.hidden = !fits;
      if (fits) {
        count += 1;
        for (const group of groups) alive.add(group);
      }
    }
    for (const group of groups) group.hidden = !(all || alive.has(group));
    for (const { fold, open } of folds) fold.open = all ? open : alive.has(fold) && count <= 200;
    told.value = all ? "" : `Shows ${number.format(count)} of ${number.format(rows.length)}`;
  };

  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
})();
