"""Style rules as attributes, for readers of SVG without style sheets; and drawings that never meet in one page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from minigrad.draw.theme import LIGHT, PAGES, style

SVG = "http://www.w3.org/2000/svg"
CELL, LEGIBLE = 625.0, 1250.0  # points of a notebook's cell, and of a drawing that can be read at half its size
OWN = {"rx", "opacity"}  # properties that are not inherited
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_HEAD = re.compile(r"<svg [^>]*>\s*(<title>[^<]*</title>\s*)?(<desc>[^<]*</desc>\s*)?")

Declarations = dict[str, str]


class _Rule(NamedTuple):
    """A selector, as the tag and the classes of an element and of those around it, and what it declares."""

    parts: tuple[tuple[str, frozenset[str]], ...]
    declared: Declarations

    @property
    def weight(self) -> tuple[int, int]:
        return sum(len(classes) for _, classes in self.parts), sum(bool(tag) for tag, _ in self.parts)

    def matches(self, around: list[tuple[str, frozenset[str]]]) -> bool:
        """True for the last of the elements `around`, outermost first."""
        if not _fits(self.parts[-1], around[-1]):
            return False
        outer = iter(around[-2::-1])
        return all(any(_fits(part, element) for element in outer) for part in self.parts[-2::-1])


def _fits(part: tuple[str, frozenset[str]], element: tuple[str, frozenset[str]]) -> bool:
    return part[0] in ("", element[0]) and part[1] <= element[1]


def _rules(css: str) -> list[_Rule]:
    """The rules of a style sheet: selectors of tags, classes and descendants, the strongest last."""
    found = []
    for selectors, body in _RULE.findall(css):
        declared: Declarations = {}
        for line in filter(None, map(str.strip, body.split(";"))):
            name, _, value = line.partition(":")
            declared |= _longhand(name.strip(), value.strip())
        for selector in selectors.split(","):
            parts = [word.partition(".") for word in selector.split()]
            found.append(_Rule(tuple((tag, frozenset(filter(None, kinds.split(".")))) for tag, _, kinds in parts), declared))
    return sorted(found, key=lambda rule: rule.weight)


def _longhand(name: str, value: str) -> Declarations:
    if name != "font":
        return {name: value}
    size, _, family = value.partition(" ")
    return {"font-size": size.removesuffix("px"), "font-family": family}


def inlined(body: str, css: str) -> str:
    """The content of an SVG with its style as attributes, in the colours of a light screen.

    Parameters
    ----------
    body : str
        Elements.
    css : str
        Rules of tags, classes and descendants, with the colours as variables.

    Returns
    -------
    str

    Examples
    --------
    >>> inlined('<g class="cell"><rect/></g>', ".cell rect { fill: var(--ink); }")
    '<g class="cell"><rect fill="#1f2328" /></g>'
    """
    by_end: dict[str, list[tuple[int, _Rule]]] = defaultdict(list)
    for order, rule in enumerate(_rules(css)):
        tag, classes = rule.parts[-1]
        by_end[min(classes) if classes else tag].append((order, rule))
    ET.register_namespace("", SVG)
    root = ET.fromstring(f'<svg xmlns="{SVG}">{body}</svg>')  # noqa: S314  (our own)
    known = {f"--{name}": color for name, color in LIGHT._asdict().items()} | {
        f"--{n}": pair[0] for n, pair in PAGES.items()
    }
    for child in root:
        _paint(child, by_end, [], known)
    text = ET.tostring(root, encoding="unicode")
    return text[text.index(">") + 1 : text.rindex("</svg>")]


def _paint(
    element: ET.Element,
    by_end: Mapping[str, list[tuple[int, _Rule]]],
    around: list[tuple[str, frozenset[str]]],
    inherited: Mapping[str, str],
) -> None:
    tag, classes = element.tag.rpartition("}")[2], frozenset(element.get("class", "").split())
    around.append((tag, classes))
    candidates = sorted((pair for key in (tag, *classes) for pair in by_end.get(key, ())), key=lambda pair: pair[0])
    declared: Declarations = {}
    for _, rule in candidates:
        if rule.matches(around):
            declared |= rule.declared
    known = {**inherited, **{name: element.get(name, "") for name in inherited if element.get(name)}}
    custom = {name: _value(value, known) for name, value in declared.items() if name.startswith("--")}
    known |= custom
    for name, value in declared.items():
        text = _value(value, known)
        if not name.startswith("--") and element.get(name) is None and (name in OWN or known.get(name) != text):
            element.set(name, text)
        if name not in OWN:
            known[name] = text
    for child in element:
        _paint(child, by_end, around, known)
    around.pop()


def _value(value: str, known: Mapping[str, str]) -> str:
    return re.sub(r"var\((--[\w-]+)\)", lambda found: known[found[1]], value)


def isolated(svg: str, theme: str, rules: str = "") -> str:
    """A drawing whose style applies to itself alone: the id of its root is made from its content.

    Parameters
    ----------
    svg : str
        Starts with ``<svg``; without a style element.
    theme : {'auto', 'light', 'dark'}
        'auto' follows the reader's screen.
    rules : str
        More style rules, with ``ROOT`` where the id stands.

    Returns
    -------
    str
    """
    from hashlib import sha256

    root = "mg" + sha256(f"{theme}{rules}{svg}".encode()).hexdigest()[:10]
    sheet = style(theme, f"#{root}") + rules.replace("ROOT", root)
    head = _HEAD.match(svg)
    assert head, "a drawing begins with its svg element"
    start = head[0].replace("<svg ", f'<svg id="{root}" ', 1)
    return start + (f"<style>\n{sheet}</style>\n" if sheet else "") + svg[head.end() :]


def apart(svg: str) -> str:
    """An isolated drawing with its root's id before each of its ids, for a page with several drawings."""
    root = re.match(r'<svg id="([^"]+)"', svg)
    assert root, "the drawing is isolated first"
    head, rest = svg[: root.end()], svg[root.end() :]
    return head + re.sub(r'(?<= id=")(?=[^"]+")', f"{root[1]}-", rest)


def fitted(svg: str) -> str:
    """A drawing no wider than the cell of a notebook, which would scroll; one that could not be read then stays as it is.

    Examples
    --------
    >>> fitted('<svg width="1250pt" height="100pt" viewBox="0 0 1250 100">')
    '<svg width="625pt" height="50pt" viewBox="0 0 1250 100">'
    """
    size = re.search(r' width="([\d.]+)(pt)?" height="([\d.]+)(pt)?"', svg)
    wide, high = (float(size[k]) * (1 if size[2] else 0.75) for k in (1, 3)) if size else (0.0, 0.0)
    if not size or not CELL < wide <= LEGIBLE:
        return svg
    return svg.replace(size[0], f' width="{CELL:g}pt" height="{high * CELL / wide:.0f}pt"', 1)
