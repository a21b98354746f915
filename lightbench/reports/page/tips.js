// Values of points and bars. One stop of the Tab key for each figure; arrows go on from there.
const tip = one("#tip");
let told = null; // the point whose value is shown

function say(group) {
  told = group;
  const box = group.getBoundingClientRect();
  tip.textContent = group.ariaLabel;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max(box.left + box.width / 2 - width / 2, 8), root.clientWidth - width - 8);
  const above = box.top - height - 8;
  tip.style.left = `${Math.max(left, 8)}px`;
  tip.style.top = `${above < 8 ? box.bottom + 8 : above}px`;
}

function hush() {
  told = null;
  tip.hidden = true;
}

function hover(group) {
  const title = one("title", group);
  if (title) {
    group.setAttribute("aria-label", title.textContent);
    title.remove(); // or the browser shows it too
  }
  group.addEventListener("pointerenter", () => say(group));
  group.addEventListener("focus", () => say(group));
  group.addEventListener("pointerleave", hush);
  group.addEventListener("blur", hush);
}

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function tipped(svg) {
  const groups = all(".tip", svg);
  groups.forEach(hover);
  groups.forEach((group, i) => group.setAttribute("tabindex", i ? "-1" : "0"));
  svg.addEventListener("keydown", (event) => {
    const next = groups[groups.indexOf(event.target) + STEPS[event.key]];
    if (!next) return;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}

function startTips() {
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hush(); });
  document.addEventListener("scroll", () => told && say(told), { capture: true, passive: true });
}
