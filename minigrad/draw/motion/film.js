// A step puts elements into cells for good, and marks cells only while it is shown. So a step looks like everything put up to
// it, with its own marks, whatever was shown before.
const panels = {};
// For each cell, what is put into it and at which step: a jump looks it up, and replays nothing.
const history = new Map();
let marked = [], noted = [];

function put(cell, level, text) {
  if (cell.shown[0] !== level) cell.element.setAttribute("class", `${cell.kind} ${level}`);
  if (cell.shown[1] !== text) cell.number.textContent = text;
  cell.shown = [level, text];
}

function show(step, index) {
  for (const [element, kind] of marked) element.classList.remove(kind);
  for (const [cell, changes] of history) {
    const what = changes.findLast(([k]) => k <= index);
    if (what) put(cell, what[1], what[2]);
  }

  marked = [];
  for (const [key, kinds] of Object.entries(step.mark ?? {}))
    for (const [kind, at] of Object.entries(kinds))
      for (const i of at) marked.push([panels[key][i].element, kind]);
  for (const [element, kind] of marked) element.classList.add(kind);

  for (const note of noted) note.textContent = "";
  noted = [];
  for (const [key, notes] of Object.entries(step.note ?? {}))
    for (const [i, text] of notes) {
      const note = panels[key][i].note;
      note.textContent = text;
      noted.push(note);
    }

  for (const box of document.querySelectorAll(".slide")) {
    const at = step.box?.[box.id.slice(0, -4)];
    box.setAttribute("visibility", at ? "visible" : "hidden");
    if (!at) continue;
    const [x, y, width, height] = at;
    box.style.transform = `translate(${x}px, ${y}px)`;
    box.setAttribute("width", width);
    box.setAttribute("height", height);
  }
}

// Pointing at a cell of the output, or the focus on it, lights the elements behind it; pointing at an element, its outputs.
const behind = new Map();
let lit = [];

function light(key, i) {
  for (const element of lit) element.classList.remove("lit");
  lit = [];
  const add = (panel, cells) => { for (const at of cells ?? []) lit.push(panels[panel][at].element); };
  const output = key === "o" || key === "do", input = key === "x" || key === "dx";
  for (const [at, mark] of behind) {
    if (output ? at !== i : !input || !mark.x.on.includes(i)) continue;
    for (const panel of ["o", "do"]) if (panels[panel]) add(panel, [at]);
    if (output) for (const panel of ["x", "dx"]) if (panels[panel]) add(panel, mark.x.on);
    if (output) add(mark.flipped ? "flipped" : "w", (mark.flipped ?? mark.w)?.on);
  }
  if (input && lit.length) for (const panel of ["x", "dx"]) if (panels[panel]) add(panel, [i]);
  for (const element of lit) element.classList.add("lit");
}

// What the functions above look up in the grids and the steps.
function build() {
  for (const svg of document.querySelectorAll("figure svg"))
    panels[svg.id] = [...svg.querySelectorAll(".cell")].map((element) => {
      const kind = element.classList.contains("pad") ? "cell pad" : "cell";
      return { element, kind, number: element.querySelector("text"), note: element.querySelector(".note"), shown: [] };
    });
  history.clear();
  behind.clear();
  steps.forEach(({ put: filled, mark }, k) => {
    for (const [key, changes] of Object.entries(filled ?? {}))
      for (const [i, ...what] of changes) {
        const cell = panels[key][i];
        if (!history.has(cell)) history.set(cell, []);
        history.get(cell).push([k, ...what]);
      }
    const made = mark?.o?.out;
    if (made?.length === 1 && mark.x?.on && !behind.has(made[0])) behind.set(made[0], mark);
  });
  marked = [];
  noted = [];
  lit = [];
  for (const [key, cells] of behind.size ? Object.entries(panels) : []) {
    if (!["x", "dx", "o", "do"].includes(key)) continue;
    cells.forEach(({ element }, i) => {
      element.addEventListener("pointerenter", () => light(key, i));
      element.addEventListener("pointerleave", () => light("", -1));
      if (key !== "o") return;
      element.setAttribute("tabindex", 0);
      element.setAttribute("role", "img");
      element.addEventListener("focus", () => light(key, i));
      element.addEventListener("blur", () => light("", -1));
    });
  }
}
build();
