// On paper: the summary, unless all of it is asked for, with its folds opened.
function startPaper() {
  let opened = [];
  one("#print-all").addEventListener("click", () => {
    root.dataset.print = "all";
    opened = all("main details:not([open], .panel)");
    opened.forEach((details) => { details.open = true; });
    print();
  });
  addEventListener("afterprint", () => {
    delete root.dataset.print;
    opened.forEach((details) => { details.open = false; });
    opened = [];
  });
}
