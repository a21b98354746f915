// "At least 70 %, at most 10 ms, 30 MB": which network to ship, which is the next best, and how sure that is.
const meets = (network, { fact, value }) => {
  const own = network.values[fact.key];
  return own !== undefined && (fact.more ? own >= value - 1e-9 : own <= value * (1 + 1e-9));
};

// By which part of the limit a network misses it.
const missing = (network, { fact, value }) => Math.max(0, (fact.more ? value - network.values[fact.key] : network.values[fact.key] - value) / value);

function facts(network, known) {
  return known.filter((fact) => fact.best && fact.key in network.values).map((fact) => {
    const own = TEXT[fact.text](network.values[fact.key]);
    if (fact.key !== "latency_s") return `${own} ${fact.more ? "top-1" : `of ${fact.name}`}`;
    const between = network.low === null || network.high === null ? "" : ` (${TEXT.seconds(network.low)} to ${TEXT.seconds(network.high)})`;
    return `${own}${between}`;
  }).join(", ");
}

const apart = (a, b) => a.high !== null && b.low !== null && a.high < b.low;

function nearest(cases, limits) {
  const known = cases.filter(({ values }) => limits.every(({ fact }) => fact.key in values));
  const far = (network) => Math.max(...limits.map((limit) => missing(network, limit)));
  const [best] = known.toSorted((a, b) => far(a) - far(b));
  if (!best) return [];
  const missed = limits.filter((limit) => !meets(best, limit));
  return [" Nearest: ", [best.name], `, whose ${missed.map((limit) => `${limit.fact.name} misses it by ${TEXT.share(missing(best, limit))}`).join(" and whose ")}.`];
}

// Sentences, and who was found.
function answer(cases, known, limits, prefer) {
  const able = cases.filter((network) => prefer.key in network.values && limits.every((limit) => meets(network, limit)));
  const sign = prefer.more ? -1 : 1;
  const [best, next] = able.toSorted((a, b) => sign * (a.values[prefer.key] - b.values[prefer.key]));
  if (!best) return { said: [`None of ${cases.length} networks meets all of that.`, ...nearest(cases, limits)], doubts: [] };
  const said = ["Ship ", [best.name], `: ${facts(best, known)}.`];
  if (next) said.push(" Next best: ", [next.name], ` (${facts(next, known)}).`);
  const doubts = [`${able.length} of ${cases.length} networks meet all of that.`];
  if (next && prefer.key === "latency_s" && !apart(best, next)) doubts.push("The times of these two are not told apart.");
  const time = limits.find(({ fact }) => fact.key === "latency_s");
  if (time && !(best.high !== null && best.high <= time.value)) doubts.push("The interval of its time reaches past the limit.");
  for (const { fact } of limits) {
    const blank = cases.filter(({ values }) => !(fact.key in values)).length;
    if (blank) doubts.push(`${blank} have no known ${fact.name} and are out.`);
  }
  return { said, doubts, best, next };
}

function picker(word, options, chosen, changed) {
  const select = make("select", {}, ...options.map(({ key, name }) => make("option", { value: key, selected: key === chosen }, name)));
  select.setAttribute("aria-label", word);
  select.addEventListener("change", changed);
  return [select, make("label", {}, `${word} `, select)];
}

function buildAnswer(section, data) {
  const known = data.facts;
  const limited = known.filter((fact) => fact.best);
  const boxes = limited.map((fact) => {
    const asked = address.get(fact.key) ?? fact.least;
    const box = bound(`${fact.name}, ${fact.more ? "at least" : "at most"}, in ${fact.unit}`, asked === "any" ? "" : asked, update);
    return { fact, box, start: String(fact.least ?? "") };
  });
  const rows = boxes.map(({ fact, box }) => make("label", {}, make("span", {}, `${fact.name} at ${fact.more ? "least" : "most"}`), box, ` ${fact.unit}`));
  const fastest = limited.find(({ key }) => key === "latency_s") ?? limited[0];
  const [prefer, preferring] = picker("Prefer the", limited.map(({ key, best }) => ({ key, name: best })), address.get("prefer") ?? fastest.key, update);
  const [x, across] = picker("Across", known, address.get("x") ?? fastest.key, update);
  const [y, up] = picker("Up", known, address.get("y") ?? known[0].key, update);
  const verdict = make("p", { role: "status", className: "verdict" });
  const doubts = make("p", { className: "doubts" });
  const svg = draw("svg", { class: "live", role: "group" });
  svg.setAttribute("aria-label", "Networks by the two numbers that are chosen");
  const families = [...new Set(data.cases.map(({ family }) => family))];
  const said = (network) => `${network.name}: ${facts(network, known)}`;
  const fact = (select) => known.find(({ key }) => key === select.value) ?? known[0];

  function update() {
    const limits = boxes.map(({ fact: of, box }) => ({ fact: of, value: limit(box, of.scale, null) })).filter(({ value }) => value !== null);
    const cases = data.cases.filter(({ model }) => !leftOut.has(model));
    const found = answer(cases, known, limits, fact(prefer));
    sentence(verdict, ...found.said);
    const elsewhere = cases.filter((network) => network.elsewhere).length;
    const brought = elsewhere ? ` Times of ${elsewhere} ${elsewhere === 1 ? "network" : "networks"} are of another run, at the speed of the last one.` : "";
    sentence(doubts, `${found.doubts.join(" ")} Of ${data.about}.${brought}`);
    section.dispatchEvent(new CustomEvent("answered", { detail: found, bubbles: true }));
    const byKey = Object.fromEntries(limits.map(({ fact: of, value }) => [of.key, value]));
    chart(svg, { cases, x: fact(x), y: fact(y), limits: byKey, best: found.best, families, said });
    boxes.forEach(({ fact: of, box, start }) => address.set(of.key, box.value === start ? null : box.value || "any"));
    for (const [name, select, start] of [["prefer", prefer, fastest], ["x", x, fastest], ["y", y, known[0]]]) {
      address.set(name, select.value === start.key ? null : select.value);
    }
  }

  const ask = make("div", { className: "ask" }, make("div", { className: "limits" }, ...rows, preferring), verdict, doubts);
  one(".limits", ask).setAttribute("role", "group");
  one(".limits", ask).setAttribute("aria-label", "What the network must hold");
  const tools = make("div", { className: "axes" }, across, up, pictureButtons(() => svg, "Networks"));
  one("h2", section).after(make("div", { className: "choice" }, ask, make("figure", { className: "chart" }, svg, tools)));
  onChoice.push(update);
  new ResizeObserver(() => requestAnimationFrame(update)).observe(one(".choice", section));
}
