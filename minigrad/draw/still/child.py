"""A program that lays out DOT from stdin with pygraphviz and writes the picture to stdout.

It runs in a process of its own, since the layout holds the GIL and bypasses Python to print warnings to stderr.
"""

from __future__ import annotations

import sys


def main(suffix: str, *settings: str) -> None:
    """Lay out and write one picture; the settings are attributes of the graph, such as dpi=72."""
    from pygraphviz import AGraph

    graph = AGraph(string=sys.stdin.buffer.read().decode())
    graph.graph_attr.update(setting.split("=") for setting in settings)
    sys.stdout.buffer.write(graph.draw(format=suffix, prog="dot"))


if __name__ == "__main__":
    main(*sys.argv[1:])
