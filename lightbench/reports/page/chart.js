// One number of each network against another, with the front and the limits that were asked for.
const MARKS = [ // of families: told apart without colours, too
  "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0", "M-4,-4H4V4H-4Z", "M0,-5.5L5,4H-5Z", "M0,-6L5,0L0,6L-5,0Z",
  "M0,5.5L5,-4H-5Z", "M-1.7,-5.5H1.7V-1.7H5.5V1.7H1.7V5.5H-1.7V1.7H-5.5V-1.7H-1.7Z",
  "M0,-6L1.5,-2H5.7L2.3,0.8L3.6,5L0,2.4L-3.6,5L-2.3,0.8L-5.7,-2H-1.5Z", "M-5.5,-2.5L-2.5,-5.5H2.5L5.5,-2.5V2.5L2.5,5.5H-2.5L-5.5,2.5Z",
];
const MARGIN = { left: 56, right: 14, top: 10, bottom: 40 };

function frontOf(points) {
  let best = -Infinity;
  return points.toSorted((a, b) => a.u - b.u || b.v - a.v).filter(({ v }) => v > best && ((best = v), true));
}

function axes(frame, x, y, [across, up]) {
  const parts = [];
  for (const tick of across.ticks) {
    parts.push(draw("line", { class: "grid", x1: across(tick), x2: across(tick), y1: frame.top, y2: frame.bottom }));
    parts.push(draw("text", { x: across(tick), y: frame.bottom + 15, "text-anchor": "middle" }, TEXT[x.text](tick, 1)));
  }
  for (const tick of up.ticks) {
    parts.push(draw("line", { class: "grid", x1: frame.left, x2: frame.right, y1: up(tick), y2: up(tick) }));
    parts.push(draw("text", { x: frame.left - 6, y: up(tick) + 4, "text-anchor": "end" }, TEXT[y.text](tick, 1)));
  }
  parts.push(draw("text", { class: "title", x: frame.right, y: frame.bottom + 33, "text-anchor": "end" }, x.name));
  parts.push(draw("text", { class: "title", x: frame.left + 6, y: frame.top + 12 }, y.name));
  return parts;
}

// What lies beyond a limit is shaded.
function beyond(frame, fact, at, limit, horizontal) {
  if (limit === undefined) return [];
  const place = at(limit);
  const [least, most] = horizontal ? [frame.top, frame.bottom] : [frame.left, frame.right];
  if (place <= least || place >= most) return [];
  const box = horizontal
    ? { x: frame.left, width: frame.right - frame.left, y: fact.more ? place : frame.top,
        height: fact.more ? frame.bottom - place : place - frame.top }
    : { y: frame.top, height: frame.bottom - frame.top, x: fact.more ? frame.left : place,
        width: fact.more ? place - frame.left : frame.right - place };
  const line = horizontal
    ? { x1: frame.left, x2: frame.right, y1: place, y2: place } : { y1: frame.top, y2: frame.bottom, x1: place, x2: place };
  return [draw("rect", { class: "beyond", ...box }), draw("line", { class: "limit", ...line })];
}

function pointOf(point, families, best) {
  const { case: network, x, y } = point;
  const place = families.indexOf(network.family);
  const mark = draw("path", { d: MARKS[place] ?? MARKS[0], class: `mark family-${MARKS[place] ? place : "other"}` });
  const ring = network === best ? [draw("circle", { r: 9, class: "ring" })] : [];
  return draw("g", { class: "tip", role: "img", transform: `translate(${x} ${y})`, "aria-label": point.said }, ...ring, mark);
}

function legend(families, frame, y) {
  let x = frame.left;
  return families.slice(0, MARKS.length).flatMap((name, i) => {
    const wide = widthOf(name) + 26;
    if (x + wide > frame.right && x > frame.left) { x = frame.left; y += 16; }
    const parts = [
      draw("path", { d: MARKS[i], class: `mark family-${i}`, transform: `translate(${x + 6} ${y - 4})` }),
      draw("text", { x: x + 15, y }, name),
    ];
    x += wide;
    return parts;
  });
}

// The same chart anew: `cases` that are chosen, `x` and `y` facts, `limits` by key, `best` the case that is ringed.
function chart(svg, { cases, x, y, limits, best, families, said }) {
  const width = Math.max(svg.parentElement.clientWidth, 280);
  const height = Math.max(300, Math.min(430, width * 0.75));
  const frame = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const known = cases.filter(({ values }) => x.key in values && y.key in values);
  const rows = legend(families, frame, height + 12);
  const more = Math.max(height, ...rows.map((part) => Number(part.getAttribute("y")))) + 8;
  svg.setAttribute("viewBox", `0 0 ${width} ${more}`);
  if (!known.length) { svg.replaceChildren(draw("text", { x: 20, y: 40 }, "None of the chosen networks has both numbers.")); return; }
  const across = scale(x, known.map(({ values }) => values[x.key]), frame.left, frame.right);
  const up = scale(y, known.map(({ values }) => values[y.key]), frame.bottom, frame.top);
  const points = known.map((network) => {
    const [u, v] = [network.values[x.key], network.values[y.key]];
    return { case: network, name: network.name, u, v, x: across(u), y: up(v), said: said(network) };
  });
  const front = y.more && !x.more ? frontOf(points) : [];
  const steps = front.map((point, i) => `${i ? `H${point.x}` : `M${point.x},${frame.bottom}`}V${point.y}`).join("");
  const first = [best, ...front.map((point) => point.case)];
  points.forEach((point) => { point.bold = first.includes(point.case); });
  const order = points.toSorted((a, b) => b.bold - a.bold);
  const names = places(order, frame);
  svg.replaceChildren(
    ...axes(frame, x, y, [across, up]),
    ...beyond(frame, x, across, limits[x.key], false), ...beyond(frame, y, up, limits[y.key], true),
    ...(front.length ? [draw("path", { class: "front", d: `${steps}H${frame.right}` })] : []),
    ...intervals(points, x, across),
    ...names.flatMap((at, i) => (at ? [draw("text", { x: at.x, y: at.y, "text-anchor": at.anchor,
      class: order[i].bold ? "name on" : "name" }, order[i].name)] : [])),
    ...points.toSorted((a, b) => a.x - b.x).map((point) => pointOf(point, families, best)),
    ...rows,
  );
  tipped(svg);
}

function intervals(points, x, across) {
  if (x.key !== "latency_s") return [];
  return points.filter((point) => point.case.low !== null && point.case.high !== null).map((point) => (
    draw("line", { class: "interval", x1: across(point.case.low), x2: across(point.case.high), y1: point.y, y2: point.y })));
}
