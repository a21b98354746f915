// The columns of a table that are shown, and between which bounds the numbers in one may lie.
function columnRow(view, head, i) {
  const key = head.dataset.key;
  const name = head.textContent.trim() || key;
  const [hideKey, rangeKey] = [`${view.id}.hide`, `${view.id}.${key}`];
  const cells = [head, ...[...view.body.rows].map((row) => row.cells[i])];
  const box = make("input", { type: "checkbox", checked: !address.all(hideKey).includes(key) });
  const label = make("label", {}, box, ` ${name}`);

  function show() {
    cells.forEach((cell) => cell.classList.toggle("gone", !box.checked));
  }
  box.addEventListener("change", () => {
    show();
    const others = address.all(hideKey).filter((other) => other !== key);
    address.set(hideKey, box.checked ? others : [...others, key]);
  });
  show();
  if (i === 0) box.disabled = true; // a row has a name

  const [least, most] = address.get(rangeKey)?.split("..") ?? [];
  const from = bound(`${name}, at least`, least, changed);
  const to = bound(`${name}, at most`, most, changed);
  function ranged() {
    const bounds = [limit(from, head.dataset.scale, -Infinity), limit(to, head.dataset.scale, Infinity)];
    if (bounds.some(Number.isFinite)) view.ranges.set(i, bounds);
    else view.ranges.delete(i);
  }
  function changed() {
    ranged();
    view.update();
    address.set(rangeKey, from.value || to.value ? `${from.value}..${to.value}` : null);
  }
  if (!("scale" in head.dataset)) return [label, make("span"), make("span")];
  ranged();
  return [label, from, to];
}

function columns(view) {
  const rows = [...view.table.tHead.rows[0].cells].flatMap((head, i) => columnRow(view, head, i));
  const heads = ["Column", "at least", "at most"].map((word) => make("span", { className: "quiet" }, word));
  const panel = make("details", { className: "panel" }, make("summary", {}, "Columns and ranges"),
    make("fieldset", {}, make("div", { className: "columns" }, ...heads, ...rows)));
  one("fieldset", panel).setAttribute("aria-label", "Columns that are shown, and ranges");
  return panel;
}
