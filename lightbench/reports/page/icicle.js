// Modules beside the modules that they hold, each as high as what it takes.
const LINE = 13;
const SHADES = {
  "dense conv": 0, "grouped conv": 5, "pointwise conv": 2, "depthwise conv": 1, linear: 3, matmul: 3, attention: 3,
  norm: 4, activation: 4, "element-wise": 4, pooling: 6, "data movement": 7,
};

function depth(node) {
  return node.children.length ? 1 + Math.max(...node.children.map(depth)) : 1;
}

// The kind of operator that takes the most of a module.
function most({ ops }, measure) {
  const kinds = [...new Set(ops.map((op) => op[2]))].map((kind) => [kind, sum(ops.filter((op) => op[2] === kind), measure)]);
  return kinds.toSorted((a, b) => b[1] - a[1])[0][0];
}

function cut(text, width) {
  const most = Math.floor((width - 8) / 6.6);
  return text.length <= most ? text : most > 2 ? `${text.slice(0, most - 1)}\u2026` : "";
}

// `whole` is what the full height stands for; two drawings of one scale share it.
function icicle(svg, node, measure, { enter, whole, height = 420 }) {
  const width = Math.max(svg.parentElement.clientWidth, 240);
  const levels = Math.min(depth(node), width > 500 ? 5 : 3);
  const step = width / levels;
  const total = whole ?? sum(node.ops, measure);
  const cells = [];
  function cell(at, level, top) {
    const own = sum(at.ops, measure);
    const high = total ? (own / total) * height : 0;
    if (level >= levels || high < 0.7) return;
    const inside = level === levels - 1 && at.children.length ? most(at, measure) : at.kind; // what is not seen any more
    const shade = inside === undefined ? "module" : `family-${SHADES[inside] ?? "other"}`;
    const group = draw("g", { class: "tip cell", role: "button", "data-path": at.path,
      "aria-label": `${at.path || at.label}${at.kind ? `, ${at.kind}` : ""}: ${measure.text(own)}, ${TEXT.share(total ? own / total : 0)}` },
    draw("rect", { class: shade, x: level * step, y: top, width: step - 1, height: Math.max(high - 0.6, 0.5) }));
    if (high >= LINE - 2) group.append(draw("text", { x: level * step + 5, y: top + Math.min(high / 2 + 4, 15) }, cut(at.label, step)));
    if (at.children.length && level) {
      group.classList.add("deep");
      group.addEventListener("click", () => enter(at.path));
      group.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); enter(at.path); }
      });
    }
    cells.push(group);
    let next = top;
    for (const child of at.children) {
      cell(child, level + 1, next);
      next += total ? (sum(child.ops, measure) / total) * height : 0;
    }
  }
  cell(node, 0, 0);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...cells);
  tipped(svg);
}

// What is pointed at in one drawing stands out in the others.
function twinned(svgs) {
  const mark = (event) => {
    const path = event.target.closest?.(".cell")?.dataset.path;
    svgs.forEach((svg) => all(".cell", svg).forEach((group) => group.classList.toggle("same", group.dataset.path === path)));
  };
  svgs.forEach((svg) => ["pointerover", "focusin", "pointerleave"].forEach((kind) => svg.addEventListener(kind, mark)));
}

function kindsSaid() {
  const shown = [["dense conv", 0], ["grouped", 5], ["pointwise", 2], ["depthwise", 1], ["linear, matmul", 3],
    ["norm, activation, element-wise", 4], ["pooling", 6], ["data movement", 7]];
  return make("p", { className: "kinds" }, ...shown.map(([name, shade]) => (
    make("span", {}, make("i", { className: `swatch shade-${shade}` }), ` ${name}`))));
}
