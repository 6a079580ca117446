// Shows one frame of a training run: cells on canvases, the cursor on the curve, the bars of the gradients.
const shades = known.colors.map((rgb) => (rgb ? [...rgb, 255] : [0, 0, 0, 0]));

function paint(id, cells) {
  const canvas = document.getElementById(id), pen = canvas.getContext("2d");
  const image = pen.createImageData(canvas.width, canvas.height);
  const several = known.planes.includes(id);  // a letter for the class and a digit for its probability
  for (let i = 0; i < canvas.width * canvas.height; i++) {
    if (several) {
      const rgb = known.classes[cells.charCodeAt(2 * i) - 97], part = 0.25 + 0.55 * Number(cells[2 * i + 1]) / 9;
      image.data.set([...rgb.map((c) => Math.round(246 + (c - 246) * part)), 255], 4 * i);
    } else image.data.set(shades[cells.charCodeAt(i) - 97], 4 * i);
  }
  pen.putImageData(image, 0, 0);
}

for (const [id, cells] of Object.entries(known.still)) paint(id, cells);

function show(step) {
  for (const [id, cells] of Object.entries(step.cells)) paint(id, cells);
  const [x, y] = step.at;
  document.getElementById("cursor").setAttribute("transform", `translate(${x},0)`);
  document.getElementById("dot").setAttribute("cx", x);
  document.getElementById("dot").setAttribute("cy", y);
  document.querySelectorAll("rect.norm").forEach((bar, i) => {
    const length = step.norms[i];
    bar.setAttribute("width", length === null ? 0 : Math.max(length, 1));
  });
}

// A click or a drag on the curve goes to the nearest frame; the slider does the same by key.
const curve = document.getElementById("curve");
function jump(event) {
  if (event.type === "pointermove" && !event.buttons) return;
  const box = curve.getBoundingClientRect(), x = (event.clientX - box.left) * curve.viewBox.baseVal.width / box.width;
  let best = 0;
  steps.forEach((step, i) => { if (Math.abs(step.at[0] - x) < Math.abs(steps[best].at[0] - x)) best = i; });
  pause();
  go(best);
}
for (const kind of ["pointerdown", "pointermove"]) curve.addEventListener(kind, jump);
