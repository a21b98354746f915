// Without any of this all of the report can be read.
all(".picture").forEach((figure) => {
  const svg = one("svg", figure);
  tipped(svg);
  figure.append(pictureButtons(() => svg, one("figcaption", figure).textContent));
});
all(".table").forEach((figure) => {
  const view = watched(figure);
  sortable(view);
  const tools = make("div", { className: "filter" });
  if ("filter" in figure.dataset) tools.append(...filter(view), columns(view));
  tools.append(tableButton(figure));
  one(".scroll", figure).before(tools);
});
startLive();
onChoice.push(() => tables.forEach((update) => update()));
startModels();
panels();
startTips();
startTheme();
startPaper();
startEdges();
startCommands();
one("#controls").hidden = false;
address.start();
