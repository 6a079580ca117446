// How a step looks: the values and gradients known by then, the active node, the gradients on its wires, the arithmetic.
// It depends only on the index; only the tokens in motion depend on the step before.
const SVG = drawing.namespaceURI;
const panel = document.getElementById("panel");
const graph = picture.querySelector("svg > g");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const arrivals = [];
let motion = 0, shown = -1;

function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function svg(name, attributes, parent) {
  return parent.appendChild(set(document.createElementNS(SVG, name), attributes));
}

function html(name, style, ...content) {
  const node = document.createElement(name);
  if (style) node.className = style;
  node.append(...content);
  return node;
}

// The slots of gradients, as wide as the drawing left room for.
const nodes = [...picture.querySelectorAll(".node")].map((group) => ({
  id: group.id,
  group,
  box: group.classList.contains("scope"),
  values: [...group.querySelectorAll("text.value")],
  gradients: [...group.querySelectorAll("text.gradient")].map((text) => {
    const room = text.getComputedTextLength();
    return { text, room: Math.max(room, 34) };
  }),
}));
// n2-0 leads to input 0 of n2, n0-n2 to the box n2.
function headOf(id) {
  const [first, last] = [id.slice(0, id.lastIndexOf("-")), id.slice(id.lastIndexOf("-") + 1)];
  return last.startsWith("n") ? last : first;
}

const edges = [...picture.querySelectorAll(".edge")].map((group) => ({
  id: group.id,
  head: headOf(group.id),
  group,
  locals: [...group.querySelectorAll("text.local")],
  gradients: [...group.querySelectorAll("text.gradient")],
}));
const marker = svg("g", { id: "marker" }, graph);
const frame = svg("rect", { rx: 9 }, marker), pointer = svg("text", {}, marker);
const tokens = svg("g", { id: "tokens" }, graph);

function write(slots, lines) {
  slots.forEach(({ text, room }, k) => {
    const rest = k === slots.length - 1 ? lines.slice(k) : lines.slice(k, k + 1);
    text.textContent = rest.join(" · ");
    text.classList.toggle("pending", rest.length === 0);
    text.removeAttribute("textLength");
    if (text.getComputedTextLength() > room) {
      set(text, { textLength: room, lengthAdjust: "spacingAndGlyphs" });
    }
  });
}

function hide(texts, hidden) {
  for (const text of texts) text.classList.toggle("pending", hidden);
}

// For each node and edge, the steps at which something becomes known: a jump looks them up, and replays nothing.
const known = new Map(), crossed = new Map(), gradients = new Map(), swept = new Map();
const forward = new Map(), backward = new Map();
steps.forEach((step, k) => {
  for (const id of step.known) if (!known.has(id)) known.set(id, k);
  for (const { edge } of step.flows) if (!crossed.has(edge)) crossed.set(edge, k);
  for (const [id, lines] of Object.entries(step.gradients)) {
    if (!gradients.has(id)) gradients.set(id, []);
    gradients.get(id).push([k, lines]);
  }
  if (step.kind === "backward") swept.set(step.node, k);
  if (step.kind === "forward") forward.set(step.node, k);
  if (step.kind === "seed" || step.kind === "backward") backward.set(step.node, k);
});

function before(changes, index) {
  return changes?.findLast(([k]) => k <= index)?.[1] ?? [];
}

picture.addEventListener("selected", ({ detail: id }) => {
  const done = steps[shown].kind === "seed" || steps[shown].kind === "backward" || steps[shown].kind === "end";
  const first = gradients.get(id)?.[0][0];
  const step = done ? backward.get(id) ?? first ?? forward.get(id) : forward.get(id) ?? known.get(id);
  if (step !== undefined) { pause(); go(step); }
});

function show(step, index) {
  const going = new Set(step.flows.map((flow) => flow.edge));
  for (const node of nodes) {
    hide(node.values, !(known.get(node.id) <= index));
    if (node.box) hide(node.gradients.map(({ text }) => text), !(swept.get(node.id) <= index));
    else write(node.gradients, before(gradients.get(node.id), index));
    node.group.classList.toggle("active", node.id === step.node);
  }
  for (const edge of edges) {
    hide(edge.locals, !(known.get(edge.head) <= index));
    hide(edge.gradients, !(crossed.get(edge.id) <= index));
    edge.group.classList.toggle("going", going.has(edge.id));
    edge.group.classList.toggle("coming", step.kind === "forward" && edge.head === step.node);
  }
  mark(step);
  panel.replaceChildren(...arithmetic(step));
  const ahead = index > shown;
  shown = index;
  cancelAnimationFrame(motion);
  tokens.replaceChildren();
  for (const arrival of arrivals.splice(0)) arrival.cancel();
  if (ahead && index && !still.matches) travel(step);
}

// The frame of the active node, and an arrow in the direction of the pass.
function mark(step) {
  const node = nodes.find(({ id }) => id === step.node), down = picture.dataset.direction === "TB";
  marker.setAttribute("visibility", node ? "visible" : "hidden");
  pointer.textContent = !node ? "" : step.kind === "forward" ? (down ? "▼" : "▶") : (down ? "▲" : "◀");
  if (!node) return;
  const shapes = [...node.group.querySelectorAll("rect")];
  const gate = shapes[0] ?? node.group, { x, y, width, height } = gate.getBBox();
  marker.setAttribute("class", step.kind === "forward" ? "forth" : "back");
  set(frame, { x, y, width, height });
  set(pointer, down ? { x: x - 10, y: y + height / 2 + 5 } : { x: x + width / 2, y: y - 4 });
  center(gate);
}

function travel({ flows, gradients: arrived }) {
  const length = 900 / document.getElementById("speed").value, begin = performance.now();
  const moving = flows.filter((flow) => flow.edge).map((flow) => {
    const group = svg("g", { class: "token" }, tokens);
    const room = svg("rect", { rx: 9, height: 18 }, group), text = svg("text", { y: 4 }, group);
    text.textContent = flow.token;
    const width = text.getComputedTextLength() + 12;
    set(room, { x: -width / 2, y: -9, width });
    const path = edges.find(({ id }) => id === flow.edge).group.querySelector("path");
    return { group, path, total: path.getTotalLength() };
  });
  // A gradient is first visible on the wire, and at its end when it arrives.
  for (const node of flows.length ? nodes : []) {
    if (node.box || !(node.id in arrived)) continue;
    for (const { text } of node.gradients) {
      arrivals.push(text.animate([{ opacity: 0 }, { opacity: 0, offset: 0.85 }, { opacity: 1 }], length));
    }
  }
  function frameAt(now) {
    const t = Math.min(1, Math.max(0, now - begin) / length), eased = t * t * (3 - 2 * t);
    for (const { group, path, total } of moving) {
      const { x, y } = path.getPointAtLength(total * (1 - eased));
      group.setAttribute("transform", `translate(${x} ${y})`);
    }
    if (t < 1) motion = requestAnimationFrame(frameAt);
    else tokens.replaceChildren();
  }
  frameAt(begin);
}

const HEADINGS = { start: "Start", forward: "Forward", seed: "The seed", backward: "Backward", end: "Done" };

function arithmetic(step) {
  const heading = html("h2", "", step.label ? `${HEADINGS[step.kind]}: ${step.label}` : HEADINGS[step.kind]);
  const arrays = heatmaps(step.arrays);
  if (step.kind === "forward") return [heading, html("p", "forward", step.computation), ...arrays];
  if (step.kind !== "backward") return [heading, html("p", step.kind === "seed" ? "back" : "", step.text), ...arrays];
  const flows = step.flows.map((flow) => html("div", "flow",
    html("p", "", `to ${flow.label}`, html("span", "faint", `   ${flow.rule}`)),
    html("p", "faint", flow.caption),
    html("p", "back", flow.product),
    ...(flow.broadcast ? [html("p", "faint", "broadcast, so its gradient is"), html("p", "back", flow.broadcast)] : []),
    ...(flow.sum ? [html("p", "faint", "branch: so far + this"), html("p", "back sum", flow.sum)] : []),
    ...heatmaps(flow.arrays)));
  return [heading, html("p", "", "upstream ", html("span", "back", step.upstream)), ...arrays, html("div", "flows", ...flows)];
}

// The cells of a heatmap: numbers in a small one, else a dash on negative elements.
function sign(level) {
  return level > 8 ? "×" : level < -1 ? "−" : "";
}

function table({ rows, texts }) {
  return html("table", "heat", ...rows.map((row, i) => html("tr", "", ...row.map((level, j) => {
    const cell = html("td", texts.length ? "number" : "", texts[i]?.[j] ?? sign(level));
    cell.dataset.level = level;
    return cell;
  }))));
}

function heatmaps(arrays) {
  if (!arrays.length) return [];
  return [html("div", "arrays", ...arrays.map((array) => html("figure", "",
    html("figcaption", "", `${array.name} ${array.shape}`),
    html("div", "planes", ...array.planes.map(table)),
    html("figcaption", "", array.colours),
    ...(array.note ? [html("figcaption", "", array.note)] : []))))];
}
