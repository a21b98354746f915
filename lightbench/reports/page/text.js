// Numbers become text here and nowhere else in the page, as lightbench/units.py writes them.
function significant(value, digits) {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(digits));
  const decimals = Math.max(digits - 1 - Math.floor(Math.log10(Math.abs(rounded))), 0);
  return rounded.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function scaled(value, digits, scales, smallest) {
  const size = Math.abs(Number(value.toPrecision(digits)));
  const [scale, unit] = scales.find(([least]) => size >= least) ?? smallest;
  return [significant(value / scale, digits), unit];
}

const SI = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
const TIMES = [[1, "s"], [1e-3, "ms"], [1e-6, "us"]];

function countText(value, digits = 4) {
  if (value < 1000 && Number.isInteger(value)) return String(value);
  return scaled(value, digits, SI, [1, ""]).join(" ").trim();
}

const TEXT = {
  count: (value, digits) => countText(value, digits),
  size: (value) => (value < 1000 ? `${value.toFixed(0)} B` : `${countText(value, 3)}B`),
  seconds: (value) => (value === 0 ? "0 s" : scaled(value, 3, TIMES, [1e-9, "ns"]).join(" ")),
  percent: (value) => `${significant(value, 3)} %`,
  share: (value) => `${(value * 100).toFixed(Math.abs(value) >= 0.001 || value === 0 ? 1 : 2)} %`,
  factor: (value) => (value >= 0.095 && value < 9.995 ? value.toFixed(2) : significant(value, 3)),
};
