// What the reader has chosen stands in the address, behind the #, which is sent to no server: a copied link
// shows the same. It is #PLACE?key=value&key=value; whatever stands there is only ever compared and shown as text.
const address = (() => {
  const cut = () => {
    const [anchor, ...rest] = location.hash.slice(1).split("?");
    return [anchor, new URLSearchParams(rest.join("?"))];
  };
  let [anchor, chosen] = cut();

  function write(how = "replaceState") {
    const words = chosen.toString();
    const hash = anchor || words ? `#${anchor}${words ? `?${words}` : ""}` : "#";
    try { history[how](null, "", hash); } catch { /* too often, or not here: the page works without */ }
  }

  function visit(id, how) {
    const target = document.getElementById(id);
    if (!target) return;
    for (let fold = target; fold; fold = fold.parentElement?.closest("details")) {
      if (fold.tagName === "DETAILS") fold.open = true;
    }
    target.scrollIntoView();
    if (!target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
    if (how) { anchor = id; write(how); }
  }

  addEventListener("popstate", () => {
    const [place, words] = cut();
    if (words.size && words.toString() !== chosen.toString()) location.reload(); // a link that was typed over this one
    else visit(anchor = place);
  });

  return {
    get: (key) => chosen.get(key),
    all: (key) => chosen.getAll(key),
    // null, "" and [] are what a page shows by itself, and are not said
    set(key, value) {
      chosen.delete(key);
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== null && each !== "") chosen.append(key, each);
      }
      write();
    },
    visit: (id) => visit(id, "pushState"),
    start() {
      document.addEventListener("click", (event) => {
        const link = event.target.closest?.("a[href^='#']");
        if (!link) return;
        event.preventDefault();
        visit(link.getAttribute("href").slice(1), "pushState");
      });
      if (anchor) visit(anchor);
    },
  };
})();
