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
  at("first").disabled = at("back").disabled = index === 0;
  at("next").disabled = at("last").disabled = index === steps.length - 1;
  at("status").textContent = steps[index].text;
  show(steps[index], index);
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
  const on = event.target.tagName;
  if (event.key === " " && !["BUTTON", "SELECT", "SUMMARY"].includes(on)) toggle();
  else if (event.key in keys && on !== "SELECT") { pause(); keys[event.key](); }
  else return;
  event.preventDefault();
});
go(0);
