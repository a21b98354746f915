// Models: one box each, in the order of the comparison. What is left out is in nothing that can leave it out.
const leftOut = new Set();
const onChoice = []; // called whenever the choice changes

function choose(boxes) {
  boxes.forEach((box) => leftOut[box.checked ? "delete" : "add"](box.name));
  const shown = boxes.filter((box) => box.checked).length;
  one("#models .count").textContent = `${shown} of ${boxes.length}`;
  all("main :is(section, details)[data-model]").forEach((part) => { part.hidden = leftOut.has(part.dataset.model); });
  all(".picture > .whole").forEach((said) => { said.hidden = !leftOut.size; });
  onChoice.forEach((tell) => tell());
}

function offer(names) {
  const without = new Set(address.all("not"));
  const boxes = names.map((name) => make("input", { type: "checkbox", checked: !without.has(name), name }));
  const changed = () => { choose(boxes); address.set("not", [...leftOut]); };
  one("#choices").append(...boxes.map((box) => make("label", {}, box, ` ${box.name}`)));
  one("#choices").addEventListener("change", changed);
  all("#models button").forEach((button) => {
    button.addEventListener("click", () => {
      boxes.forEach((box) => { box.checked = Boolean(button.dataset.all); });
      changed();
    });
  });
  one("#models").hidden = boxes.length < 2;
  choose(boxes);
}

// Those of the first table that holds several, which is the comparison, and those with a section.
function startModels() {
  const models = (elements) => [...new Set(elements.map((element) => element.dataset.model))];
  const compared = all("tbody").map((body) => models(all("tr[data-model]", body)));
  const own = all("section[data-model], details[data-model]");
  offer([...new Set([...(compared.find((names) => names.length > 1) ?? []), ...models(own)])]);
}

// A panel that opens below its button closes by Escape or a click elsewhere.
function panels() {
  document.addEventListener("click", (event) => {
    all("details.panel[open]").forEach((panel) => { if (!panel.contains(event.target)) panel.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    const panel = event.key === "Escape" && event.target.closest?.("details.panel[open]");
    if (panel) { panel.open = false; one("summary", panel).focus(); }
  });
}
