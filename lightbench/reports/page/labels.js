// Names beside points, where they find room: no name covers a point or another name.
const ruler = document.createElement("canvas").getContext("2d");

function widthOf(text, weight = 400) {
  ruler.font = `${weight} 11px Verdana, 'DejaVu Sans', sans-serif`;
  return ruler.measureText(text).width;
}

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

// Of points {x, y, name, bold}, those first that matter most; {x, y, anchor} or null for each.
function places(points, frame) {
  const taken = points.map(({ x, y }) => ({ x: x - 5, y: y - 5, w: 10, h: 10 }));
  return points.map(({ x, y, name, bold }) => {
    const w = widthOf(name, bold ? 600 : 400) + 2;
    const tried = [[9, 4, "start"], [-9, 4, "end"], [0, -9, "middle"], [0, 17, "middle"], [8, -7, "start"], [-8, -7, "end"],
      [8, 15, "start"], [-8, 15, "end"]];
    for (const [dx, dy, anchor] of tried) {
      const left = x + dx - { start: 0, middle: w / 2, end: w }[anchor];
      const box = { x: left, y: y + dy - 10, w, h: 12 };
      const inside = box.x >= frame.left && box.x + w <= frame.right && box.y >= frame.top && box.y + 12 <= frame.bottom;
      if (inside && !taken.some((other) => overlap(box, other))) {
        taken.push(box);
        return { x: x + dx, y: y + dy, anchor };
      }
    }
    return null;
  });
}
