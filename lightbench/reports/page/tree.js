// The modules of a network as a tree; each node has what it takes by every measure, and its operators.
const MEASURES = [
  { key: "time", name: "time", of: 5, text: TEXT.seconds, title: "Time of operators" },
  { key: "mem", name: "memory access", of: 3, text: TEXT.size, title: "Memory access" },
  { key: "madds", name: "MAdds", of: 4, text: TEXT.count, title: "MAdds" },
];

const measured = (ops) => MEASURES.filter(({ of }) => ops.some((op) => op[of]));
const sum = (ops, { of }) => ops.reduce((total, op) => total + (op[of] ?? 0), 0);

function treeOf(name, ops) {
  const node = (label, path) => ({ label, path, ops: [], children: [], named: new Map() });
  const top = node(name, "");
  for (const op of ops) {
    let at = top;
    const parts = op[0] ? op[0].split(".") : [];
    at.ops.push(op);
    parts.forEach((part, i) => {
      if (!at.named.has(part)) {
        const made = node(part, parts.slice(0, i + 1).join("."));
        at.named.set(part, made);
        at.children.push(made);
      }
      at = at.named.get(part);
      at.ops.push(op);
    });
    at.children.push({ label: op[1], path: `${op[0]}:${op[1]}`, ops: [op], children: [], kind: op[2] });
  }
  return folded(top);
}

// A module of one operator is that operator.
function folded(node) {
  if (node.ops.length === 1 && node.path) return { ...node, kind: node.ops[0][2], children: [] };
  return { ...node, children: node.children.map(folded) };
}

// The node of a path, and those on the way to it.
function wayTo(top, path) {
  const way = [top];
  for (let at = top; at.path !== path; way.push(at)) {
    const next = at.children.find((child) => path === child.path || path.startsWith(`${child.path}.`));
    if (!next) return [top];
    at = next;
  }
  return way;
}
