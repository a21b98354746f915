// Sorting, filtering, choosing models, values on hover, dark mode. Without it all can be read.
// Text of the report is only ever read and written as text.
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // What is shown: everything of a model that is not left out, and rows that hold what is typed.
  const leftOut = new Set();
  const typed = new Map(); // body of a table -> words in lower case

  function show(element) {
    const words = typed.get(element.parentElement) ?? [];
    const text = words.length ? element.textContent.toLowerCase() : "";
    const found = words.every((word) => text.includes(word));
    element.toggleAttribute("hidden", leftOut.has(element.dataset.model) || !found);
  }

  function filter(figure) {
    const body = one("tbody", figure);
    const count = make("output");
    const box = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const update = () => {
      typed.set(body, box.value.toLowerCase().split(/\s+/).filter(Boolean));
      all("tr", body).forEach(show);
      tell();
    };
    const tell = () => {
      const rows = all("tr", body);
      count.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
    };
    box.addEventListener("input", update);
    one(".scroll", figure).before(
      make("div", { className: "filter" }, make("label", {}, "Filter", box), count),
    );
    tell();
    return tell;
  }
  const counts = all("[data-filter]").map(filter);

  // Models: one box each, in the order of the comparison.
  function choose(boxes) {
    boxes.forEach((box) => leftOut[box.checked ? "delete" : "add"](box.name));
    const shown = boxes.filter((box) => box.checked).length;
    one("#models output").value = `${shown} of ${boxes.length}`;
    all("[data-model]").forEach(show);
    counts.forEach((tell) => tell());
  }

  function offer(names) {
    const boxes = names.map((name) => make("input", { type: "checkbox", checked: true, name }));
    const labels = boxes.map((box) => make("label", {}, box, ` ${box.name}`));
    one("#choices").append(...labels);
    one("#choices").addEventListener("change", () => choose(boxes));
    all("#models button").forEach((button) => {
      button.addEventListener("click", () => {
        boxes.forEach((box) => { box.checked = Boolean(button.dataset.all); });
        choose(boxes);
      });
    });
    const panel = one("#models");
    document.addEventListener("click", (event) => {
      if (!panel.contains(event.target)) panel.open = false;
    });
    panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { panel.open = false; one("summary", panel).focus(); }
    });
    panel.hidden = boxes.length < 2;
    choose(boxes);
  }

  // Those of the first table that holds several, which is the comparison, and those with a section.
  const models = (elements) => [...new Set(elements.map((element) => element.dataset.model))];
  const compared = all("tbody").map((body) => models(all("tr[data-model]", body)));
  const own = all("section[data-model], details[data-model]");
  offer([...new Set([...(compared.find((names) => names.length > 1) ?? []), ...models(own)])]);

  // Sorting: up, down, and back to the order of the report. What is unknown stays last.
  const textOrder = new Intl.Collator("en", { numeric: true });

  const unknown = (cell) => ["", "-"].includes(cell.textContent);

  function comparison(cells, sign) {
    const numbers = cells.every((cell) => unknown(cell) || "value" in cell.dataset);
    const order = numbers
      ? (a, b) => a.dataset.value - b.dataset.value
      : (a, b) => textOrder.compare(a.textContent, b.textContent);
    return (a, b) => (unknown(a) || unknown(b) ? unknown(a) - unknown(b) : sign * order(a, b));
  }

  function sortable(table) {
    const body = table.tBodies[0];
    const order = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    if (order.length < 2) return;
    heads.forEach((head, i) => {
      if (one(".unseen", head)) return;
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.ariaSort];
        const direction = next === undefined ? "ascending" : next;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (direction) head.setAttribute("aria-sort", direction);
        const cells = order.map((row) => row.cells[i]);
        if (direction) cells.sort(comparison(cells, direction === "descending" ? -1 : 1));
        body.append(...cells.map((cell) => cell.parentElement));
      });
    });
  }
  all("table").forEach(sortable);

  // Values of points and bars. One stop of the Tab key for each figure; arrows go on from there.
  const tip = one("#tip");
  let told = null; // the point whose value is shown

  function say(group) {
    told = group;
    const box = group.getBoundingClientRect();
    tip.textContent = group.ariaLabel;
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(Math.max(box.left + box.width / 2 - width / 2, 8), root.clientWidth - width - 8);
    const above = box.top - height - 8;
    tip.style.left = `${Math.max(left, 8)}px`;
    tip.style.top = `${above < 8 ? box.bottom + 8 : above}px`;
  }

  function hush() {
    told = null;
    tip.hidden = true;
  }

  function hover(group) {
    const title = one("title", group);
    if (!title) return;
    group.setAttribute("aria-label", title.textContent);
    title.remove(); // or the browser shows it too
    group.addEventListener("pointerenter", () => say(group));
    group.addEventListener("focus", () => say(group));
    group.addEventListener("pointerleave", hush);
    group.addEventListener("blur", hush);
  }

  function figure(svg) {
    const groups = all(".tip", svg);
    groups.forEach(hover);
    groups.forEach((group, i) => group.setAttribute("tabindex", i ? "-1" : "0"));
    svg.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const shown = groups.filter((group) => !group.hasAttribute("hidden"));
      const next = shown[shown.indexOf(event.target) + step];
      if (!next) return;
      event.preventDefault();
      event.target.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  }
  all(".picture svg").forEach(figure);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hush(); });
  document.addEventListener("scroll", () => told && say(told), { capture: true, passive: true });

  // Dark mode: what the system says, until the reader says otherwise.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = one("#dark");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const press = () => button.setAttribute("aria-pressed", String(dark()));
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    press();
  });
  system.addEventListener("change", press);
  press();

  // Paper has no folds: for browsers whose style sheets cannot open them.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("main details:not([open])");
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));

  if (navigator.clipboard) {
    all(".command").forEach((command) => {
      const copy = make("button", { type: "button" }, "Copy");
      copy.ariaLive = "polite";
      copy.addEventListener("click", () => {
        navigator.clipboard.writeText(one("code", command).textContent)
          .then(() => "Copied", () => "Failed")
          .then((word) => {
            copy.textContent = word;
            setTimeout(() => { copy.textContent = "Copy"; }, 2000);
          });
      });
      command.append(copy);
    });
  }

  one("#controls").hidden = false;
})();
