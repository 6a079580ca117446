// A step puts elements into cells for good, and marks cells only while it is shown. So a step looks like everything put up to
// it, with its own marks, whatever was shown before.
const panels = {};
for (const svg of document.querySelectorAll("figure svg"))
  panels[svg.id] = [...svg.querySelectorAll(".cell")].map((element) => {
    const kind = element.classList.contains("pad") ? "cell pad" : "cell";
    return { element, kind, number: element.querySelector("text"), note: element.querySelector(".note"), shown: [] };
  });
let marked = [], noted = [];

function put(cell, level, text) {
  if (cell.shown[0] !== level) cell.element.setAttribute("class", `${cell.kind} ${level}`);
  if (cell.shown[1] !== text) cell.number.textContent = text;
  cell.shown = [level, text];
}

function show(step, index) {
  for (const [element, kind] of marked) element.classList.remove(kind);
  const state = new Map();
  for (const past of steps.slice(0, index + 1))
    for (const [key, changes] of Object.entries(past.put ?? {}))
      for (const [i, ...what] of changes) state.set(panels[key][i], what);
  for (const [cell, what] of state) put(cell, ...what);

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
