// Two networks side by side: what each kind of operator, stage or layer takes in one and in the other.
const GROUPS = [
  { key: "kind", name: "kind of operator", of: (op) => op[2] },
  { key: "stage", name: "stage", of: (op) => op[0].split(".")[0] || "(network)" },
  { key: "layer", name: "layer", of: (op) => op[0] || "(network)" },
];

function grouped(ops, { of }) {
  const found = new Map();
  for (const op of ops) found.set(of(op), [...(found.get(of(op)) ?? []), op]);
  return found;
}

function pairCells(ops, measure) {
  if (!ops) return [[], undefined];
  const value = sum(ops, measure);
  return [measure.text(value), value];
}

function pairRow(name, ops, measures) {
  const cells = measures.flatMap((measure) => {
    const [a, b] = ops.map((of) => pairCells(of, measure));
    const ratio = a[1] && b[1] !== undefined ? b[1] / a[1] : undefined;
    return [a, b, ratio === undefined ? [[], undefined] : [TEXT.factor(ratio), ratio]];
  });
  return make("tr", {}, make("th", { scope: "row" }, make("span", {}, name)), ...cells.map(([text, value]) => {
    const cell = make("td", { className: "n" }, text.length ? text : "-");
    if (value !== undefined) cell.dataset.value = value;
    return cell;
  }));
}

function pairTable(two, group, measures) {
  const parts = two.map(({ ops }) => grouped(ops, group));
  const names = [...new Set(parts.flatMap((found) => [...found.keys()]))];
  const heads = measures.flatMap(({ key, name }) => [[`${key}_a`, `${name}, A`], [`${key}_b`, `${name}, B`], [`${key}_ratio`, "B / A"]]);
  const head = make("tr", {}, make("th", { scope: "col" }, group.name), ...heads.map(([, words]) => make("th", { scope: "col", className: "n" }, words)));
  [...head.cells].forEach((cell, i) => { cell.dataset.key = i ? heads[i - 1][0] : group.key; });
  const body = make("tbody", {}, pairRow("all", two.map(({ ops }) => ops), measures),
    ...names.map((name) => pairRow(name, parts.map((found) => found.get(name)), measures)));
  const table = make("table", {}, make("thead", {}, head), body);
  const caption = make("figcaption", { id: "pair-table" }, `A: ${two[0].name}; B: ${two[1].name}`);
  const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region" }, table);
  [scroll, table].forEach((element) => element.setAttribute("aria-labelledby", caption.id));
  const figure = make("figure", { className: "table" }, caption, scroll);
  scroll.before(make("div", { className: "filter" }, tableButton(figure)));
  sortable({ table, id: "pair" });
  return figure;
}

// The same measure of both, on one scale.
function pairDrawings(two, measure) {
  const whole = Math.max(...two.map(({ ops }) => sum(ops, measure)));
  const each = two.map(({ name }) => drawing({ ...measure, title: `${name}: ${measure.name}` }, `${name} by ${measure.name}, on one scale`));
  twinned(each.map(({ svg }) => svg));
  const show = () => each.forEach(({ svg }, i) => icicle(svg, treeOf(two[i].name, two[i].ops), measure, { enter: () => {}, whole }));
  return { box: make("div", { className: "beside" }, ...each.map(({ box }) => box)), show };
}

function buildPair(section) {
  const known = [...NETWORKS.values()].filter(({ ops }) => ops.length);
  if (known.length < 2) return;
  const options = known.map(({ name }) => ({ key: name, name }));
  const [first, second] = address.all("pair");
  const [a, left] = picker("A", options, first ?? options[0].key, update);
  const [b, right] = picker("B", options, second ?? options[1].key, update);
  const [by, rows] = picker("Rows by", GROUPS, address.get("pair.by") ?? "kind", update);
  const shown = make("div", {});
  const panel = make("details", { className: "inner pair", id: "pair", open: first !== undefined },
    make("summary", {}, make("h3", {}, "Two networks side by side")), make("div", { className: "axes" }, left, right, rows), shown);

  function update() {
    if (!panel.open) return;
    const two = [a, b].map((select) => known.find(({ name }) => name === select.value) ?? known[0]);
    const measures = measured(two[0].ops).filter((measure) => measured(two[1].ops).includes(measure));
    if (!measures.length) { shown.replaceChildren("They have no number in common."); return; }
    const drawn = pairDrawings(two, measures[0]);
    shown.replaceChildren(pairTable(two, GROUPS.find(({ key }) => key === by.value) ?? GROUPS[0], measures), drawn.box, kindsSaid());
    drawn.show();
    address.set("pair", [a.value, b.value]);
    address.set("pair.by", by.value === "kind" ? null : by.value);
  }
  panel.addEventListener("toggle", update);
  one("h2", section).after(panel);
  update();

  section.ownerDocument.addEventListener("answered", ({ detail: { best, next } }) => {
    const names = [best, next].map((network) => known.find(({ name, model }) => network && (name === network.name || model === network.model))?.name);
    const at = one(".doubts");
    if (!names.every(Boolean)) return;
    const link = make("a", { href: "#pair" }, "See these two side by side.");
    link.addEventListener("click", () => {
      [a.value, b.value] = names;
      panel.open = true;
      update();
    });
    at.append(" ", link);
  });
}
