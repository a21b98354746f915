// From numbers to places on an axis, and where its ticks stand.
function nice(least, most, wanted) {
  const raw = (most - least) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((by) => by * power >= raw);
  const first = Math.ceil(least / step);
  return Array.from({ length: Math.floor(most / step) - first + 1 }, (_, i) => (first + i) * step);
}

function decades(least, most, wanted) {
  const found = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power++) {
    for (const by of [1, 2, 5]) found.push(by * 10 ** power);
  }
  const within = found.filter((tick) => tick >= least && tick <= most);
  return within.length > 1 ? within.filter((_, i) => i % Math.ceil(within.length / wanted) === 0) : nice(least, most, wanted);
}

// Accuracy is linear; what spans orders of magnitude is logarithmic.
function scale(fact, values, from, to) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (fact.more) {
    const room = 0.06 * (most - least) || 1;
    const [low, high] = [least - room, most + room];
    const at = (value) => from + ((value - low) / (high - low)) * (to - from);
    return Object.assign(at, { ticks: nice(low, high, 6) });
  }
  const [low, high] = [Math.log(least / 1.15), Math.log(most * 1.15)];
  const at = (value) => from + ((Math.log(value) - low) / (high - low)) * (to - from);
  return Object.assign(at, { ticks: decades(least / 1.15, most * 1.15, Math.abs(to - from) / 75) });
}
