// Rows that hold what is typed and lie within ranges, of models that are not left out; columns that are wanted.
const tables = []; // how each table is brought up to date

// Every word must be there; of "v2|v3" one of them.
const wordsOf = (typed) => typed.toLowerCase().split(/\s+/).filter(Boolean).map((word) => word.split("|").filter(Boolean));

function holds(row, words) {
  const text = words.length ? row.textContent.toLowerCase() : "";
  return words.every((any) => !any.length || any.some((word) => text.includes(word)));
}

// A bar is a part of the longest that is shown.
function bars(body) {
  const cells = all("td[style]", body).filter((cell) => !cell.parentElement.hidden);
  for (const i of new Set(cells.map((cell) => cell.cellIndex))) {
    const column = cells.filter((cell) => cell.cellIndex === i);
    const largest = Math.max(...column.map((cell) => Number(cell.dataset.value)));
    column.forEach((cell) => cell.style.setProperty("--bar", `${(100 * cell.dataset.value) / largest || 0}%`));
  }
}

function within(row, ranges) {
  return [...ranges].every(([i, [least, most]]) => {
    const { value } = row.cells[i].dataset;
    return value !== undefined && Number(value) >= least && Number(value) <= most;
  });
}

function watched(figure) {
  const body = one("tbody", figure);
  const view = { id: one("figcaption", figure).id, figure, table: one("table", figure), body, words: [], ranges: new Map(), told: [] };
  view.update = () => {
    [...body.rows].forEach((row) => {
      row.hidden = leftOut.has(row.dataset.model) || !holds(row, view.words) || !within(row, view.ranges);
    });
    bars(body);
    view.told.forEach((tell) => tell());
  };
  tables.push(view.update);
  return view;
}

function filter(view) {
  const key = `${view.id}.filter`;
  const count = make("span", { role: "status", className: "count" });
  const box = make("input", { type: "search", autocomplete: "off", spellcheck: false, placeholder: "v2|v3" });
  view.told.push(() => {
    const rows = [...view.body.rows];
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  });
  box.value = address.get(key) ?? "";
  view.words = wordsOf(box.value);
  box.addEventListener("input", () => {
    view.words = wordsOf(box.value);
    view.update();
    address.set(key, box.value.trim());
  });
  return [make("label", {}, "Filter", box), count];
}
