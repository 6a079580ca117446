"""The contrast of text with its ground in a page, by WCAG's formula."""

_SCRIPT = """
const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
const light = (color) => numbers(color).slice(0, 3).map((c) => c / 255)
  .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const color = getComputedStyle(node).backgroundColor;
    if (numbers(color)[3] !== 0) return color;
  }
  return "rgb(255, 255, 255)";
};
return [...document.querySelectorAll("SELECTOR")].filter((node) => node.textContent.trim() && (CONDITION)
  && [...node.childNodes].some((child) => child.nodeType === 3)).map((node) => {
    const ink = node.ownerSVGElement ? getComputedStyle(node).fill : getComputedStyle(node).color;
    const [a, b] = [light(ink), light(ground(node))].sort((p, q) => q - p);
    return [(a + 0.05) / (b + 0.05), node.textContent.trim().slice(0, 40), ink, ground(node)];
  });"""


def contrast(selector: str, condition: str) -> str:
    """The script that gives ratio, text and colours of each selected node with a text in it that meets a condition."""
    return _SCRIPT.replace("SELECTOR", selector).replace("CONDITION", condition)
