// Values of NumPy's where JavaScript's differ.
const pow = (a, b) => (a === 1 || b === 0 || (a === -1 && Math.abs(b) === Infinity)) ? 1 : Math.pow(a, b);
const mod = (a, b) => { const r = a % b; return r !== 0 && (r < 0) !== (b < 0) ? r + b : r; };
const logaddexp = (a, b) => a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
const round = a => { const f = Math.floor(a), d = a - f; return d < 0.5 ? f : d > 0.5 ? f + 1 : f % 2 === 0 ? f : f + 1; };

const number = x => numberText(x, page.precision);
const $ = id => document.getElementById(id);
const texts = (id, name) => [...($(id)?.querySelectorAll("text." + name) ?? [])];
let state = page.leaves.map(leaf => leaf.value), playing = null;

// Text in the room that the drawing has for it, which was laid out for the first values.
const rooms = new Map();
function write(text, words) {
  if (!rooms.has(text)) rooms.set(text, Math.max(ROOM, text.getComputedTextLength()));
  text.removeAttribute("textLength");
  text.textContent = words;
  if (text.getComputedTextLength() > rooms.get(text)) {
    text.setAttribute("textLength", rooms.get(text));
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}
const ROOM = 34;  // units of the drawing between a box and the next label

function evaluate(x) {
  const out = run(x), v = {}, g = {}, local = {};
  page.outputs.forEach(([kind, id], i) => { ({ value: v, gradient: g, local })[kind][id] = out[i]; });
  return { v, g, local };
}

function show() {
  const now = evaluate(state), flow = edge => (now.g[edge.to] ?? 0) * now.local[edge.id];
  const largest = Math.max(1e-300, ...page.edges.map(edge => Math.abs(flow(edge))).filter(Number.isFinite));
  for (const [kind, values] of [["value", now.v], ["gradient", now.g]])
    for (const id in values) for (const text of texts(id, kind).slice(0, 1)) write(text, number(values[id]));
  for (const edge of page.edges) {
    const label = texts(edge.id, "local").pop(), path = $(edge.id)?.querySelector("path");
    if (label) write(label, number(now.local[edge.id]));
    if (path) {
      const d = flow(edge), share = Math.abs(d) / largest;
      path.style.strokeWidth = 1 + 5 * Math.sqrt(Math.min(1, Number.isFinite(share) ? share : 1));
      path.style.stroke = d === 0 || Number.isNaN(d) ? "var(--rim)" : d < 0 ? "var(--minus)" : "var(--plus)";
      path.setAttribute("data-sign", Math.sign(d));
    }
    $("step-" + edge.id).textContent =
      `to ${edge.label}: local × upstream = ${number(now.local[edge.id])} × ${number(now.g[edge.to] ?? 0)} = ${number(d_(edge, now))}`;
  }
  for (const node of page.nodes) $("title-" + node.id).textContent =
    `${node.label} = ${number(now.v[node.id])}, upstream ${number(now.g[node.id] ?? 0)}`;
  page.leaves.forEach((leaf, i) => {
    for (const input of [$("field-" + i), $("slider-" + i)]) if (document.activeElement !== input || input.type === "range") input.value = Number.isFinite(state[i]) ? Number(state[i].toPrecision(7)) : "";
    $("gradient-" + i).value = number(now.g[leaf.id] ?? 0);
  });
  $("status").textContent = `${page.result} = ${number(now.v[page.root])}`;
  window.now = now;
}
const d_ = (edge, now) => (now.g[edge.to] ?? 0) * now.local[edge.id];

function descend() {
  const { g } = evaluate(state), rate = Number($("rate").value);
  state = state.map((x, i) => x - rate * (g[page.leaves[i].id] ?? 0));
  show();
}
function play() {
  playing = playing ? clearInterval(playing) : setInterval(descend, 200);
  $("play").textContent = playing ? "Pause" : "Play";
}

page.leaves.forEach((leaf, i) => {
  const set = event => { const x = Number(event.target.value); if (event.target.value !== "" && !Number.isNaN(x)) { state[i] = x; show(); } };
  $("field-" + i).addEventListener("input", set);
  $("slider-" + i).addEventListener("input", set);
  const lit = on => () => { for (const id of leaf.paths) $(id)?.classList.toggle("lit", on); };
  for (const element of [$(leaf.id), $("row-" + i)]) {
    element?.addEventListener("mouseenter", lit(true));
    element?.addEventListener("mouseleave", lit(false));
  }
});
for (const node of page.nodes) $(node.id)?.addEventListener("click", () => {
  document.querySelector(".chosen")?.classList.remove("chosen");
  $("item-" + node.id).classList.add("chosen");
  $("item-" + node.id).scrollIntoView({ block: "nearest" });
});
$("descend").addEventListener("click", descend);
$("play").addEventListener("click", play);
$("reset").addEventListener("click", () => { state = page.leaves.map(leaf => leaf.value); show(); });
window.set = x => { state = x; show(); };
show();
