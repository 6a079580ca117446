"""SVG as PDF: one page of vector shapes, with text in the fonts that every reader has, Helvetica and Symbol."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import groupby
from xml.etree.ElementTree import Element

from minigrad.draw.layout.widths import width

LARGEST = 14_400.0  # points of a side; a larger page is scaled down
ROUND = 0.5523  # how far the handles of a curve reach that is a quarter of a circle

# What Helvetica lacks: the codes of Symbol, and what is written instead.
_SYMBOLS = dict(
    zip(
        "−→←∞√∂∇≤≥∘⟨⟩ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω",
        b"\x2d\xae\xac\xa5\xd6\xb6\xd1\xa3\xb3\xb0\xe1\xf1ABGDEZHQIKLMNXOPRSTUFCYWabgdezhqiklmnxoprstufcyw",
        strict=True,
    )
)
_INSTEAD = str.maketrans({"‖": "||", "⚠": "!", "ᵀ": "T", "⊙": "×", "\u00a0": " "})


def pdf(svg: str) -> bytes:
    """An SVG picture of ours as PDF.

    Characters that neither Helvetica nor Symbol has are written as escapes.

    Examples
    --------
    >>> from minigrad import Tensor, draw
    >>> pdf(draw(Tensor(3.0, name="x")).svg)[:8]
    b'%PDF-1.4'
    """
    from xml.etree import ElementTree

    root = ElementTree.fromstring(svg)  # noqa: S314 - our own
    left, top, w, h = map(float, root.get("viewBox", "").split())
    scale = min(1.0, LARGEST / max(w, h))
    lines = [f"{scale:.6g} 0 0 {scale:.6g} 0 0 cm 1 0 0 -1 {-left:g} {h + top:g} cm"]
    lines += [line for element in root.iter() for line in _drawn(element)]
    content = zlib.compress("\n".join(lines).encode("latin-1"))
    fonts = " ".join(
        f"/F{k} << /Type /Font /Subtype /Type1 /BaseFont /{name}{encoding} >>"
        for k, (name, encoding) in enumerate(
            [("Helvetica", " /Encoding /WinAnsiEncoding"), ("Helvetica-Bold", " /Encoding /WinAnsiEncoding"), ("Symbol", "")]
        )
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {w * scale:g} {h * scale:g}] /Contents 4 0 R "
        f"/Resources << /Font << {fonts} >> >> >>".encode(),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    return _document(objects)


def _document(objects: list[bytes]) -> bytes:
    """The objects as a file, the first as its root."""
    out, places = bytearray(b"%PDF-1.4\n"), []
    for k, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (k, body)
    start, count = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
    return bytes(out)


def _drawn(element: Element) -> Iterator[str]:
    """One element as operators of PDF."""
    kind = element.tag.rpartition("}")[2]
    if kind == "text":
        yield from _written(element)
        return
    if kind == "rect":
        path = _rectangle(*(float(element.get(key, "0")) for key in ("x", "y", "width", "height", "rx")))
    elif kind == "polygon":
        path = "M" + element.get("points", "").replace(" ", "L") + "z"
    elif kind == "path":
        path = element.get("d", "")
    else:
        return
    fill, stroke = element.get("fill", "none"), element.get("stroke", "none")
    if fill != "none":
        yield f"{_color(fill)} rg"
    if stroke != "none":
        yield f"{_color(stroke)} RG {element.get('stroke-width', '1')} w"
    yield from _path(path)
    yield {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}[fill != "none", stroke != "none"]


def _rectangle(x: float, y: float, w: float, h: float, r: float) -> str:
    """The path of a rectangle with round corners."""
    r = min(r, w / 2, h / 2)
    if not r:
        return f"M{x},{y}h{w}v{h}h{-w}z"
    k = r * (1 - ROUND)
    right, low = x + w, y + h
    return (
        f"M{x + r},{y}H{right - r}C{right - k},{y} {right},{y + k} {right},{y + r}V{low - r}"
        f"C{right},{low - k} {right - k},{low} {right - r},{low}H{x + r}C{x + k},{low} {x},{low - k} {x},{low - r}"
        f"V{y + r}C{x},{y + k} {x + k},{y} {x + r},{y}z"
    )


def _path(d: str) -> Iterator[str]:
    """A path; of the relative commands those that heatmaps use."""
    x = y = 0.0
    for command, text in re.findall(r"([MLCHVhvlmz])([^MLCHVhvlmz]*)", d):
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?", text)]
        if command == "C":
            yield " ".join(f"{n:g}" for n in numbers) + " c"
            x, y = numbers[-2:]
            continue
        if command == "z":
            yield "h"
            continue
        across = numbers[0] if command in "MLHhlm" else 0.0
        down = numbers[-1] if command in "MLVvlm" else 0.0
        relative = command.islower()
        x = x + across if relative else x if command == "V" else across
        y = y + down if relative else y if command == "H" else down
        yield f"{x:g} {y:g} {'m' if command in 'Mm' else 'l'}"


def _written(element: Element) -> Iterator[str]:
    """A line of text."""
    text = (element.text or "").translate(_INSTEAD)
    size, bold = float(element.get("font-size", "12")), element.get("font-weight") == "bold"
    x, y = float(element.get("x", "0")), float(element.get("y", "0"))
    if element.get("text-anchor") != "start":
        x -= width(text, size, bold) / 2
    yield f"BT {_color(element.get('fill', '#000000'))} rg 1 0 0 -1 {x:g} {y:g} Tm"
    for symbol, run in groupby(text, lambda c: c in _SYMBOLS and not _has(c)):
        chars = list(run)
        code = bytes(_SYMBOLS[c] for c in chars) if symbol else b"".join(map(_encoded, chars))
        yield f"/F{2 if symbol else int(bold)} {size:g} Tf <{code.hex()}> Tj"
    yield "ET"


def _has(c: str) -> bool:
    """True if Helvetica has the character."""
    return c.isascii() or bool(c.encode("cp1252", "ignore"))


def _encoded(c: str) -> bytes:
    return c.encode("cp1252") if _has(c) else c.encode("ascii", "backslashreplace")


def _color(text: str) -> str:
    """A colour as three parts of 1."""
    if text == "white":
        return "1 1 1"
    return " ".join(f"{int(text[k : k + 2], 16) / 255:.3g}" for k in (1, 3, 5))
