// What scrolls sideways says so; what is scrolled to does not land under the bar.
function startEdges() {
  const mark = (box) => {
    box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
    box.classList.toggle("before", box.scrollLeft > 1);
  };
  const seen = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
  all(".scroll").forEach((box) => {
    seen.observe(box);
    box.addEventListener("scroll", () => mark(box), { passive: true });
  });
  const bar = one("#bar");
  new ResizeObserver(() => { root.style.setProperty("--bar-height", `${bar.offsetHeight}px`); }).observe(bar);
  root.style.setProperty("--bar-height", `${bar.offsetHeight}px`);
}
