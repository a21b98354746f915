// A network by itself: its modules by time and by memory beside one another; a click goes in.
const NETWORKS = new Map(); // by the id of their sections, in the order of the report

function drawing(measure, words) {
  const svg = draw("svg", { class: "live icicle", role: "group", "aria-label": words });
  const box = make("figure", { className: "chart" }, make("figcaption", {}, measure.title, " ", pictureButtons(() => svg, words)), svg);
  return { svg, box, measure };
}

function buildNetwork(section, data) {
  NETWORKS.set(section.id, data);
  const measures = measured(data.ops);
  if (!measures.length) return;
  const shown = measures.length > 2 ? measures.slice(0, 2) : measures.toReversed();
  const top = treeOf(data.name, data.ops);
  let drawn = null;

  function enter(path) {
    const way = wayTo(top, path);
    const here = way.at(-1);
    drawn.way.replaceChildren(...way.flatMap((node, i) => {
      const step = make("button", { type: "button", className: "small", disabled: node === here }, node.label);
      step.addEventListener("click", () => enter(node.path));
      return i ? [" / ", step] : [step];
    }));
    drawn.each.forEach(({ svg, measure }) => icicle(svg, here, measure, { enter }));
    hush();
    address.set(`${section.id}.in`, here.path);
  }

  function build() {
    if (drawn || !section.open) return;
    const each = shown.map((measure) => drawing(measure, `${data.name} by ${measure.name}`));
    const way = make("nav", { className: "way" });
    way.setAttribute("aria-label", "Where in the network");
    drawn = { each, way };
    one("summary", section).after(make("div", { className: "modules" }, way,
      make("div", { className: "beside" }, ...each.map(({ box }) => box)), kindsSaid()));
    twinned(each.map(({ svg }) => svg));
    way.parentElement.addEventListener("keydown", (event) => {
      if (event.key !== "Backspace") return;
      event.preventDefault();
      all("button:not(:disabled)", way).at(-1)?.click();
    });
    enter(address.get(`${section.id}.in`) ?? "");
  }
  section.addEventListener("toggle", build);
  build();
}
