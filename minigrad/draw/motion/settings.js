// The fields for stride, padding and dilation: the film is recorded again, and its grids are drawn anew, as in grid.py.
const LEVELS = 20, READABLE = 16, FEW = 8, SIDE = 38, SMALLER = 28, DIGIT = 7.3, NOTE_DIGIT = 5.7, BARS = 44, ROOM = 360;
const shade = (x, most) => Math.min(LEVELS, Math.max(Math.ceil(Math.abs(x) / (most || 1) * LEVELS - 1e-9), x === 0 ? 0 : 1));
function level(x, most) {
  if (!Number.isFinite(x)) return "x0";
  if (Math.abs(x) <= 16 * Number.EPSILON * most) return "p0";
  return `${x < 0 ? "n" : "p"}${shade(x, most)}`;
}

// The content of a panel before the first step.
const stillOf = ({ shape: [rows, cols], most, values }) => [...Array(rows * cols).keys()]
  .map((i) => values ? [i, level(values[i], most), short(values[i])] : [i, "p0", ""]);

function gridsOf(panels, steps, columns) {
  const shown = columns.flat(), grids = {};
  const readable = shown.every((key) => Math.max(...panels[key].shape) <= READABLE) ? READABLE : FEW;
  for (const key of shown) {
    const [rows, cols] = panels[key].shape, numbers = Math.max(rows, cols) <= readable;
    const put = [stillOf(panels[key]), ...steps.map((step) => step.put[key] ?? [])].flat();
    const note = Math.max(0, ...steps.flatMap((step) => (step.note[key] ?? []).map(([, text]) => text.length)));
    const longest = put.reduce((most, [, , text]) => Math.max(most, text.length), 0);
    let height = Math.max(rows, cols) <= FEW ? SIDE : SMALLER;
    let width = Math.max(height, longest * DIGIT + 9, note * NOTE_DIGIT + 8);
    if (!numbers) {
      width = Math.min(Math.max(Math.floor(ROOM / Math.max(rows, 0.6 * cols)), 3), 20);
      height = rows > 1 ? width : 14;
    }
    const has = (sign) => data.signal && cols > 1 && put.some(([, kind]) => kind[0] === sign);
    grids[key] = { rows, cols, width, height, numbers, notes: note > 0, up: has("p") ? BARS : 0, down: has("n") ? BARS : 0 };
  }
  for (const column of columns) {
    const width = Math.max(...column.map((key) => grids[key].width));
    for (const key of column) grids[key].width = width;
  }
  return grids;
}

const boxOf = (grid, [row, col, rows, cols]) =>
  [col * grid.width, grid.up + row * grid.height, cols * grid.width, rows * grid.height].map((v) => Math.round(v * 100) / 100);

function cellOf(grid, key, [i, kind, text], pad) {
  const [x, y] = boxOf(grid, [Math.floor(i / grid.cols), i % grid.cols, 1, 1]), { width, height } = grid;
  const gap = grid.numbers ? 1.5 : width >= 8 ? 0.5 : 0;
  const box = `x="${x + gap}" y="${y + gap}" width="${width - 2 * gap}" height="${height - 2 * gap}"`;
  const start = `id="${key}-${i}" class="cell ${kind}${pad ? " pad" : ""}"`;
  if (!(grid.numbers || grid.up || grid.down)) return `<rect ${start} ${box}/>`;
  const middle = x + width / 2, broad = `stroke-width="${width * 0.6}" pathLength="${LEVELS}"`;
  let inside = `<rect ${box}/>`;
  if (grid.numbers) inside += `<text x="${middle}" y="${y + height * (grid.notes ? 0.5 : 0.62)}">${text}</text>`;
  if (grid.numbers && grid.notes) inside += `<text class="note" x="${middle}" y="${y + height * 0.84}"></text>`;
  if (grid.up) inside += `<path class="up" ${broad} d="M${middle} ${y}v${4 - grid.up}"/>`;
  if (grid.down) inside += `<path class="down" ${broad} d="M${middle} ${y + height}v${grid.down - 4}"/>`;
  return `<g ${start}>${inside}</g>`;
}

function draw(key, panel, grid, caption) {
  const svg = document.getElementById(key), padding = new Set(panel.padding);
  const wide = grid.cols * grid.width + 4, high = grid.up + grid.rows * grid.height + grid.down + 4;
  svg.setAttribute("viewBox", `-2 -2 ${wide} ${high}`);
  svg.setAttribute("width", wide);
  svg.setAttribute("height", high);
  svg.setAttribute("style", `min-width: ${grid.numbers ? Math.floor(0.7 * wide) : 0}px`);
  const title = svg.querySelector("title").outerHTML, slide = `<rect id="${key}-box" class="slide" visibility="hidden"/>`;
  const cells = stillOf(panel).map((cell) => cellOf(grid, key, cell, padding.has(cell[0]))).join("");
  svg.innerHTML = `${title}<desc></desc>${cells}${slide}`;
  const scale = grid.numbers ? "" : `, to ±${short(panel.most)}, blue and round if negative`;
  svg.parentElement.querySelector("small").textContent = svg.querySelector("desc").textContent = caption + scale;
}

// The steps as film.js shows them: without numbers where a grid has none, boxes in pixels.
function shownSteps(steps, grids) {
  const only = (part) => Object.entries(part).filter(([key]) => key in grids);
  return steps.map(({ text, put, mark, note, box }) => ({
    text,
    put: Object.fromEntries(only(put).map(([key, cells]) => [key, grids[key].numbers ? cells : cells.map((c) => c.slice(0, 2))])),
    mark: Object.fromEntries(only(mark)),
    note: Object.fromEntries(only(note).filter(([key]) => grids[key].numbers)),
    box: Object.fromEntries(only(box).map(([key, at]) => [key, boxOf(grids[key], at)])),
  }));
}

const NAMES = ["stride", "padding", "dilation"];
const drawn = document.querySelector(".columns"), said = document.getElementById("changed");
const first = { setting: JSON.stringify(data.setting), markup: drawn.innerHTML, steps: [...steps] };
let setting = data.setting, refusal = "";

// What JSON cannot hold is spelled out.
const real = (a) => a.map(Number);
data.channels = data.channels.map((pair) => pair.map(real));
data.filters = data.filters.map(real);
data.images = data.images.map(real);
if (data.bias !== null) data.bias = Number(data.bias);
if (data.upstream) for (const kind of ["filters", "images"]) data.upstream[kind] = data.upstream[kind].map(real);

// The same number for both axes; a signal has only columns.
function withNumber(name, n) {
  const usual = name === "padding" ? [0, 0] : 1, one = name === "padding" ? [n, n] : n;
  return { ...setting, [name]: data.signal ? [usual, one] : [one, one] };
}

// Why a film cannot be recorded, or nothing.
function refused({ padded, reach, out }) {
  const [x, w] = data.names, size = ([rows, cols]) => rows * cols, cells = size(padded) + size(data.kernel);
  if (Math.min(...out) < 1)
    return `${w} spans ${shapeOf(reach)}, more than ${x} with its padding, ${shapeOf(padded)}: choose more padding or less dilation.`;
  const all = (cells + size(out)) * (data.phase === "forward" ? 1 : 2), work = size(out) * size(data.kernel);
  if (all > data.most.cells || Math.max(...padded) > data.most.axis || work > data.most.products)
    return `${x} with its padding, ${shapeOf(padded)}, is too large to be shown.`;
  return "";
}

function listSteps(texts) {
  document.querySelector("details ol").replaceChildren(...texts.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
}

function record(next) {
  const end = index === steps.length - 1, found = convolution(next);
  let fresh = first.steps;
  if (JSON.stringify(next) === first.setting) drawn.innerHTML = first.markup;
  else {
    const columns = [...drawn.querySelectorAll(".column")].map((c) => [...c.querySelectorAll("svg")].map((svg) => svg.id));
    const grids = gridsOf(found.panels, found.steps, columns), { padded, out } = found.how;
    const plain = shapeOf(data.size), whole = shapeOf(padded), kernel = shapeOf(data.kernel);
    const x = plain === whole ? plain : `${plain}, padded to ${whole}`, o = shapeOf(out);
    const shapes = { x, dx: x, w: kernel, dw: kernel, flipped: kernel, o, do: o };
    for (const key of columns.flat())
      draw(key, found.panels[key], grids[key], [shapes[key], ...data.sizes[key]].filter(Boolean).join(", "));
    fresh = shownSteps(found.steps, grids);
  }
  setting = next;
  steps.splice(0, steps.length, ...fresh);
  listSteps(steps.map(({ text }) => text));
  build();
  slider.max = steps.length - 1;
  go(end ? steps.length - 1 : 0);
  said.value = `O is ${shapeOf(found.how.out)}.` + (found.asked ? "" : " The given upstream gradient has another shape: here it is 1 everywhere.");
}

for (const name of NAMES) {
  const field = document.getElementById(name), least = Number(field.min);
  field.addEventListener("input", () => {
    const n = Number(field.value), right = field.value !== "" && Number.isInteger(n) && n >= least && n <= data.most.axis;
    const next = right ? withNumber(name, n) : null;
    const why = right ? refused(sizes(next)) : `${name} is an integer from ${least} to ${data.most.axis}.`;
    field.setAttribute("aria-invalid", why !== "");
    refusal = why;
    if (why) { said.value = why; return; }
    pause();
    record(next);
  });
  // What was refused gives way to what is shown, and 1e1 to 10; an arrow key changes the field too, and the sentence stays.
  field.addEventListener("change", () => {
    field.value = uniform(setting[name][1]);
    field.setAttribute("aria-invalid", "false");
  });
  field.addEventListener("blur", () => {
    if (refusal) said.value = refusal = "";
  });
}
