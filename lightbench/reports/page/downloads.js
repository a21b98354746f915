// What is shown as a file: a table as CSV in raw values, a figure as SVG or PNG. Nothing leaves the machine.
function hand(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = make("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const fileName = (words, suffix) => `${words.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "").slice(0, 60) || "lightbench"}.${suffix}`;

// As lightbench/formats/csv.py: a quote before what a spreadsheet would run.
const FORMULA = /^['\s]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const quoted = (text) => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

function csvOf(table) {
  const seen = (cell) => !cell.classList.contains("gone");
  const heads = [...table.tHead.rows[0].cells].filter(seen);
  const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const value = (cell) => cell.dataset.value ?? (cell.textContent === "-" ? "" : quoted(cell.textContent));
  const lines = rows.map((row) => [...row.cells].filter(seen).map(value));
  return [heads.map((head) => quoted(head.dataset.key)), ...lines].map((line) => `${line.join(",")}\n`).join("");
}

// A drawing of this page takes its colours from the style sheet, which a file has not.
const STYLED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size",
  "font-weight", "text-anchor", "dominant-baseline", "paint-order", "stroke-linejoin"];

function svgOf(svg) {
  const copy = svg.cloneNode(true);
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  if (svg.classList.contains("live")) {
    const copies = all("*", copy);
    all("*", svg).forEach((element, i) => {
      const style = getComputedStyle(element);
      STYLED.forEach((name) => copies[i].style.setProperty(name, style.getPropertyValue(name)));
    });
    const paper = getComputedStyle(document.body).backgroundColor;
    copy.prepend(draw("rect", { width: "100%", height: "100%", style: `fill: ${paper}` }));
  }
  return new XMLSerializer().serializeToString(copy);
}

async function pngOf(svg) {
  const { width, height } = svg.viewBox.baseVal;
  const scale = Math.max(2, 2000 / width);
  const image = new Image(width * scale, height * scale);
  image.src = `data:image/svg+xml,${encodeURIComponent(svgOf(svg))}`;
  await image.decode();
  const canvas = make("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

function button(word, what, act) {
  const made = make("button", { type: "button", className: "small" }, word);
  made.setAttribute("aria-label", `Download ${what} as ${word}`);
  made.addEventListener("click", act);
  return made;
}

function pictureButtons(svg, words) {
  return make("span", { className: "downloads" },
    button("SVG", words, () => hand(fileName(words, "svg"), svgOf(svg()), "image/svg+xml")),
    button("PNG", words, async () => hand(fileName(words, "png"), await pngOf(svg()))));
}

function tableButton(figure) {
  const words = one("figcaption", figure).textContent;
  return button("CSV", words, () => hand(fileName(words, "csv"), csvOf(one("table", figure)), "text/csv"));
}
