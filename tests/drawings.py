"""What the tests of pictures share: reading an SVG back."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from minigrad import Tensor

SVG = "{http://www.w3.org/2000/svg}"


def circuit():
    """(x + y) * z, swept."""
    x, y, z = Tensor(-2.0, name="x"), Tensor(5.0, name="y"), Tensor(-4.0, name="z")
    q = x + y
    q.name = "q"
    f = q * z
    f.backward()
    return f


def groups(drawing, kind):
    """The classes of every node, edge or cluster of the SVG, by id."""
    found = {}
    for g in ET.fromstring(drawing.svg).iter(f"{SVG}g"):
        first, *classes = g.get("class", "").split() or [""]
        if first == kind:
            assert g.get("id") not in found
            found[g.get("id")] = classes
    return found


def texts(drawing):
    return ["".join(t.itertext()) for t in ET.fromstring(drawing.svg).iter(f"{SVG}text")]


def titles(drawing):
    return [t.text for t in ET.fromstring(drawing.svg).iter(f"{SVG}title")]


def by_title(drawing):
    """The nodes of a description by their titles, or the names of results."""
    return {n.name or n.title: n for n in drawing.description.nodes}
