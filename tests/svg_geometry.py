"""The geometry of an SVG picture: what overlaps in it, and what runs through what."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from minigrad.draw.layout.widths import width

SVG = "{http://www.w3.org/2000/svg}"
SLACK = 0.6  # points


def text_boxes(root):
    """Left, top, right, bottom and content of each line of text, as tall as its digits."""
    boxes = []
    for t in root.iter(f"{SVG}text"):
        size, x, y = float(t.get("font-size")), float(t.get("x")), float(t.get("y"))
        room = width(t.text, size, t.get("font-weight") == "bold")
        left = x if t.get("text-anchor") == "start" else x - room / 2
        boxes.append((left, y - 0.72 * size, left + room, y, t.text))
    return boxes


def gate_boxes(root):
    """The gates of nodes, by id."""
    found = {}
    for g in root.iter(f"{SVG}g"):
        if g.get("class", "").startswith("node") and (r := g.find(f"{SVG}rect")) is not None and r.get("rx") is not None:
            x, y, w, h = (float(r.get(k)) for k in ("x", "y", "width", "height"))
            found[g.get("id")] = (x, y, x + w, y + h)
    return found


def frame_boxes(root):
    """The frames of scopes, by id."""
    found = {}
    for g in root.iter(f"{SVG}g"):
        if g.get("class", "").startswith("cluster"):
            r = g.find(f"{SVG}rect")
            x, y, w, h = (float(r.get(k)) for k in ("x", "y", "width", "height"))
            found[g.get("id")] = (x, y, x + w, y + h)
    return found


def wires(root):
    """Points along the wire of each edge, by id."""
    found = {}
    for g in root.iter(f"{SVG}g"):
        if g.get("class", "").startswith("edge"):
            found[g.get("id")] = points(g.find(f"{SVG}path").get("d"))
    return found


def points(d):
    """Points along a path of lines and cubic curves."""
    out = []
    for command, numbers in re.findall(r"([MLC])([^MLC]*)", d):
        xs = [float(n) for n in re.findall(r"-?[\d.]+", numbers)]
        if command == "C":
            x0, y0 = out[-1]
            x1, y1, x2, y2, x3, y3 = xs
            for k in range(1, 25):
                t, s = k / 24, 1 - k / 24
                a, b, c, e = s**3, 3 * s * s * t, 3 * s * t * t, t**3
                out.append((a * x0 + b * x1 + c * x2 + e * x3, a * y0 + b * y1 + c * y2 + e * y3))
        elif out:
            x0, y0 = out[-1]
            steps = max(1, int(max(abs(xs[0] - x0), abs(xs[1] - y0)) / 3))
            out += [(x0 + (xs[0] - x0) * k / steps, y0 + (xs[1] - y0) * k / steps) for k in range(1, steps + 1)]
        else:
            out.append((xs[0], xs[1]))
    return out


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > SLACK and min(a[3], b[3]) - max(a[1], b[1]) > SLACK


def inside(point, box):
    return box[0] + SLACK < point[0] < box[2] - SLACK and box[1] + SLACK < point[1] < box[3] - SLACK


def faults(svg):
    """What is wrong with a picture: text over text, wires through text or gates, gates over gates, things outside it."""
    root = ET.fromstring(svg)
    left, top, w, h = map(float, root.get("viewBox").split())
    page = (left, top, left + w, top + h)
    words, gates, frames, paths = text_boxes(root), gate_boxes(root), frame_boxes(root), wires(root)
    found = []
    for kind, boxes in (("text", words), ("gate", list(gates.values())), ("frame", list(frames.values()))):
        found += [
            f"{kind} {b} outside" for b in boxes if b[0] < page[0] or b[1] < page[1] or b[2] > page[2] or b[3] > page[3]
        ]
    for boxes in (words, list(gates.values())):
        boxes = sorted(boxes)
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                if b[0] > a[2]:
                    break
                if overlap(a, b):
                    found.append(f"{a} over {b}")
    for a in frames.values():
        for b in frames.values():
            nested = a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2] and a[3] >= b[3]
            if (
                a != b
                and overlap(a, b)
                and not nested
                and not (b[0] <= a[0] and b[1] <= a[1] and b[2] >= a[2] and b[3] >= a[3])
            ):
                found.append(f"frame {a} over {b}")
    for id, path in paths.items():
        for box in words:
            if any(inside(p, box) for p in path):
                found.append(f"{id} through {box}")
        for gate, box in gates.items():
            if any(inside(p, box) for p in path):
                found.append(f"{id} through the gate of {gate}")
    return found
