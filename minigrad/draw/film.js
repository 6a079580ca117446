// A step says what it puts in cells for good, and what it marks as long as it is shown. So the stage in any step is all that
// the steps up to it have put, with the marks of its own; nothing depends on what was shown before.
const cells = new Map();
let marked = [], noted = [];

function cell(key, i) {
  const id = `${key}-${i}`;
  if (!cells.has(id)) cells.set(id, { element: document.getElementById(id), level: "", text: "" });
  return cells.get(id);
}

function put(at, level, text = "") {
  if (at.level !== level) {
    const kept = [...at.element.classList].filter((name) => !/^[pn]\d/.test(name));
    at.element.setAttribute("class", [...kept, level].join(" "));
    at.level = level;
  }
  if (at.text !== text) at.element.querySelector("text").textContent = text;
  at.text = text;
}

function show(step, index) {
  const state = new Map();
  for (const past of steps.slice(0, index + 1))
    for (const [key, changes] of Object.entries(past.put ?? {}))
      for (const [i, ...what] of changes) state.set(cell(key, i), what);
  for (const [at, what] of state) put(at, ...what);

  for (const [element, kind] of marked) element.classList.remove(kind);
  marked = [];
  for (const [key, kinds] of Object.entries(step.mark ?? {}))
    for (const [kind, at] of Object.entries(kinds))
      for (const i of at) marked.push([cell(key, i).element, kind]);
  for (const [element, kind] of marked) element.classList.add(kind);

  for (const note of noted) note.textContent = "";
  noted = [];
  for (const [key, notes] of Object.entries(step.note ?? {}))
    for (const [i, text] of notes) {
      const note = cell(key, i).element.querySelector(".note");
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
