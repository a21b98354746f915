// Parts of the page that are made of numbers which it carries.
// What others go by is built before them.
const BUILD = { network: buildNetwork, pair: buildPair, answer: buildAnswer };

function startLive() {
  const carried = JSON.parse(one("#live")?.textContent ?? "{}");
  for (const [kind, build] of Object.entries(BUILD)) {
    for (const [id, data] of Object.entries(carried)) {
      if (data.kind === kind) build(document.getElementById(id), data);
    }
  }
  if (Object.values(carried).some(({ kind }) => kind === "answer")) {
    all(".picture[data-again]").forEach((figure) => { figure.hidden = true; });
  }
}
