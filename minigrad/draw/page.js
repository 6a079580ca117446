// The controls of a page: buttons, slider and keys that select a step.
// The script of the page defines `show(step, index)` before this.
const at = (id) => document.getElementById(id);
const slider = at("slider"), play = at("play"), speed = at("speed");
let index = 0, timer = 0;

function go(to) {
  index = Math.max(0, Math.min(steps.length - 1, to));
  slider.value = index;
  slider.setAttribute("aria-valuetext", steps[index].text);
  at("count").value = `${index + 1} of ${steps.length}`;
  for (const id of ["first", "back"]) at(id).setAttribute("aria-disabled", index === 0);
  for (const id of ["next", "last"]) at(id).setAttribute("aria-disabled", index === steps.length - 1);
  at("status").textContent = steps[index].text;
  const focused = document.activeElement;
  show(steps[index], index);
  if (!focused.isConnected) slider.focus({ preventScroll: true });
}

// What has the focus may need a key itself: a field, or a part of the page that scrolls.
function needs(event) {
  const { target, key } = event;
  if (target.closest("select, textarea, input:not([type=range])")) return true;
  if (key === " ") return target.closest("button, summary, [role=button]") !== null;
  for (let part = target; part && part !== document.body && part !== document.documentElement; part = part.parentElement) {
    const across = key === "ArrowLeft" || key === "ArrowRight";
    const scrolls = across ? part.scrollWidth > part.clientWidth + 1 : part.scrollHeight > part.clientHeight + 1;
    if (scrolls && /auto|scroll/.test(getComputedStyle(part)[across ? "overflowX" : "overflowY"])) return true;
  }
  return false;
}

function pause() {
  clearTimeout(timer);
  timer = 0;
  play.textContent = "▶";
  play.setAttribute("aria-label", "Play");
}

function tick() {
  go(index + 1);
  if (index === steps.length - 1) pause();
  else timer = setTimeout(tick, 1200 / speed.value);
}

function toggle() {
  if (timer) return pause();
  if (index === steps.length - 1) go(0);
  play.textContent = "❚❚";
  play.setAttribute("aria-label", "Pause");
  timer = setTimeout(tick, 600 / speed.value);
}

const moves = {
  first: () => go(0), back: () => go(index - 1), next: () => go(index + 1), last: () => go(steps.length - 1),
};
for (const [id, move] of Object.entries(moves)) at(id).addEventListener("click", () => { pause(); move(); });
play.addEventListener("click", toggle);
slider.addEventListener("input", () => { pause(); go(Number(slider.value)); });

const keys = { ArrowLeft: moves.back, ArrowRight: moves.next, Home: moves.first, End: moves.last };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (needs(event)) return;
  if (event.key === " ") toggle();
  else if (event.key in keys) { pause(); keys[event.key](); }
  else return;
  event.preventDefault();
});
go(0);
