// A number that a reader types, in a unit.
function bound(named, typed, changed) {
  const box = make("input", { type: "text", inputMode: "decimal", value: typed ?? "", size: 6 });
  box.setAttribute("aria-label", named);
  box.addEventListener("input", changed);
  return box;
}

// In the unit of the heading, of which a cell's value is a multiple; "" is no bound, and what is no number neither.
function limit(box, scale, none) {
  const value = box.value.trim() === "" ? NaN : Number(box.value.replace(",", "."));
  box.setAttribute("aria-invalid", String(box.value.trim() !== "" && !Number.isFinite(value)));
  return Number.isFinite(value) ? value * scale : none;
}
