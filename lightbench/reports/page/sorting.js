// Sorting: up, down, and back to the order of the report. What is unknown stays last.
const textOrder = new Intl.Collator("en", { numeric: true });
const unknown = (cell) => ["", "-"].includes(cell.textContent);
const AFTER = { ascending: "descending", descending: null };

function orderOf(cells, sign) {
  const numbers = cells.every((cell) => unknown(cell) || "value" in cell.dataset);
  const order = numbers
    ? (a, b) => a.dataset.value - b.dataset.value
    : (a, b) => textOrder.compare(a.textContent, b.textContent);
  return (a, b) => (unknown(a) || unknown(b) ? unknown(a) - unknown(b) : sign * order(a, b));
}

function sortable({ table, id }) {
  const body = table.tBodies[0];
  const order = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const key = `${id}.sort`;
  if (order.length < 2) return;

  function sort(head, direction) {
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    const cells = order.map((row) => row.cells[heads.indexOf(head)]);
    if (direction) {
      head.setAttribute("aria-sort", direction);
      cells.sort(orderOf(cells, direction === "descending" ? -1 : 1));
    }
    body.append(...cells.map((cell) => cell.parentElement));
  }

  heads.forEach((head) => {
    if (one(".unseen", head)) return;
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = head.ariaSort ? AFTER[head.ariaSort] : "ascending";
      sort(head, next);
      address.set(key, next && `${head.dataset.key} ${next}`);
    });
  });
  const [column, direction] = address.get(key)?.split(" ") ?? [];
  const head = heads.find((each) => each.dataset.key === column);
  if (head && direction in AFTER) sort(head, direction);
}
