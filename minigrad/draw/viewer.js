// The drawing in its card: its width is the zoom, and the card scrolls. A click on a node selects it.
const picture = document.getElementById("picture"), drawing = picture.querySelector("svg");
const whole = { width: Number(drawing.dataset.width), height: Number(drawing.dataset.height) };
const data = JSON.parse(document.getElementById("data").textContent);
const groups = [...picture.querySelectorAll(".node")];
const NARROW = 0.5, CLOSE = 4, SMALL = 0.05;
let zoom = 1;

function inside() {
  const style = getComputedStyle(picture);
  return picture.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
}

// Zoom to a scale; what is at a point of the card stays there.
function zoomTo(scale, x = picture.clientWidth / 2, y = picture.clientHeight / 2) {
  const to = Math.max(SMALL, Math.min(CLOSE, scale)), by = to / zoom;
  const left = (picture.scrollLeft + x) * by - x, top = (picture.scrollTop + y) * by - y;
  zoom = to;
  drawing.style.width = `${whole.width * zoom}px`;
  picture.scrollTo(left, top);
  document.getElementById("zoom").value = `${Math.round(100 * zoom)} %`;
  picture.classList.toggle("pannable", picture.scrollWidth > picture.clientWidth || picture.scrollHeight > picture.clientHeight);
  look();
}

function fit() {
  zoomTo(Math.min(1, inside() / whole.width), 0, 0);
}

// At first, as wide as the card if that can be read.
function start() {
  const scale = Math.min(1, inside() / whole.width);
  zoomTo(scale < NARROW ? 0.8 : scale, 0, 0);
}

function center(group) {
  const here = group.getBoundingClientRect(), card = picture.getBoundingClientRect();
  picture.scrollLeft += here.left + here.width / 2 - card.left - card.width / 2;
  picture.scrollTop += here.top + here.height / 2 - card.top - card.height / 2;
}

document.getElementById("fit").addEventListener("click", fit);
document.getElementById("smaller").addEventListener("click", () => zoomTo(zoom / 1.25));
document.getElementById("larger").addEventListener("click", () => zoomTo(zoom * 1.25));
picture.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const card = picture.getBoundingClientRect();
  zoomTo(zoom * Math.exp(-event.deltaY / 300), event.clientX - card.left, event.clientY - card.top);
}, { passive: false });

// Pan by dragging with the mouse; a finger scrolls by itself. A drag is no click.
let drag = null, moved = false;
picture.addEventListener("pointerdown", (event) => {
  moved = false;
  if (event.button || event.pointerType === "touch") return;
  drag = { x: event.clientX, y: event.clientY, left: picture.scrollLeft, top: picture.scrollTop };
});
addEventListener("pointermove", (event) => {
  if (!drag) return;
  const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
  if (!moved && Math.hypot(dx, dy) < 4) return;
  moved = true;
  picture.classList.add("panning");
  picture.scrollTo(drag.left - dx, drag.top - dy);
});
addEventListener("pointerup", () => {
  drag = null;
  picture.classList.remove("panning");
});

// The overview: every node as a box, and the part that is seen.
const NAMESPACE = drawing.namespaceURI;
const overview = document.querySelector(".tools").appendChild(document.createElementNS(NAMESPACE, "svg"));
overview.id = "overview";
overview.setAttribute("aria-hidden", true);
const seen = document.createElementNS(NAMESPACE, "rect"), marks = new Map();
seen.setAttribute("class", "window");

function look() {
  const hidden = picture.scrollWidth <= picture.clientWidth + 1 && picture.scrollHeight <= picture.clientHeight + 1;
  overview.toggleAttribute("hidden", hidden);
  if (hidden) return;
  if (!marks.size) sketch();
  const part = { x: picture.scrollLeft / zoom, y: picture.scrollTop / zoom,
    width: picture.clientWidth / zoom, height: picture.clientHeight / zoom };
  for (const [name, value] of Object.entries(part)) seen.setAttribute(name, value);
}

function sketch() {
  const card = drawing.getBoundingClientRect();
  for (const group of groups) {
    const box = group.getBoundingClientRect(), mark = document.createElementNS(NAMESPACE, "rect");
    const at = { x: (box.left - card.left) / zoom, y: (box.top - card.top) / zoom,
      width: box.width / zoom, height: box.height / zoom };
    for (const [name, value] of Object.entries(at)) mark.setAttribute(name, value);
    marks.set(group, overview.appendChild(mark));
  }
  const scale = Math.min(200 / whole.width, 70 / whole.height);
  overview.setAttribute("viewBox", `0 0 ${whole.width} ${whole.height}`);
  overview.setAttribute("width", whole.width * scale);
  overview.setAttribute("height", whole.height * scale);
  overview.append(seen);
}

overview.addEventListener("pointerdown", (event) => {
  const box = overview.getBoundingClientRect();
  picture.scrollTo((event.clientX - box.left) / box.width * whole.width * zoom - picture.clientWidth / 2,
    (event.clientY - box.top) / box.height * whole.height * zoom - picture.clientHeight / 2);
});
picture.addEventListener("scroll", look);

// Search: the nodes whose text holds the words; Enter goes to the next.
const search = document.getElementById("search"), found = document.getElementById("found");
const texts = groups.map((group) => `${group.querySelector("title")?.textContent ?? ""} ${data[group.id]?.label ?? ""}`.toLowerCase());
let hits = [], hit = -1;

search.addEventListener("input", () => {
  const words = search.value.trim().toLowerCase();
  hits = words ? groups.filter((_, k) => texts[k].includes(words)) : [];
  for (const group of groups) {
    group.classList.toggle("found", hits.includes(group));
    marks.get(group)?.classList.toggle("hit", hits.includes(group));
  }
  hit = -1;
  found.value = words && !hits.length ? "none" : "";
  next(1);
});

function next(step) {
  if (!hits.length) return;
  hit = (hit + step + hits.length) % hits.length;
  found.value = `${hit + 1} of ${hits.length}`;
  center(hits[hit]);
}

search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    if (event.ctrlKey && hits.length) select(hits[hit]);
    else next(event.shiftKey ? -1 : 1);
  }
});

// Details of a node.
const panelOfDetails = document.getElementById("details");

function make(name, ...content) {
  const node = document.createElement(name);
  node.append(...content);
  return node;
}

function details(id) {
  const { label, words, rules = [], arrays = [] } = data[id];
  const close = make("button", "×");
  close.type = "button";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => {
    panelOfDetails.hidden = true;
    document.getElementById(id).focus();
  });
  const tables = arrays.flatMap(({ name, shape, rows, note }) => {
    const scroll = make("div", make("table", ...rows.map((row) => make("tr", ...row.map((text) => make("td", text))))));
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "group");
    scroll.setAttribute("aria-label", name);
    return [make("p", `${name} ${shape}${note ? `, ${note}` : ""}`), scroll];
  });
  panelOfDetails.replaceChildren(close, make("h2", label ?? words[0]), ...words.map((line) => make("p", line)),
    ...rules.map((rule) => make("p", rule)), ...tables);
  panelOfDetails.hidden = false;
  panelOfDetails.scrollIntoView({ block: "nearest" });
}

function select(group) {
  picture.dispatchEvent(new CustomEvent("selected", { detail: group.id }));
  details(group.id);
  group.focus({ preventScroll: true });
}

for (const group of groups) {
  group.setAttribute("tabindex", 0);
  group.setAttribute("role", "button");
  group.setAttribute("aria-label", (group.querySelector("title")?.textContent ?? "").split("\n")[0]);
  group.addEventListener("click", () => { if (!moved) select(group); });
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    select(group);
  });
}
start();
let width = innerWidth;
addEventListener("resize", () => {
  if (width !== innerWidth) start();
  width = innerWidth;
});
