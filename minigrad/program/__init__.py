"""Programs: a traced function as a straight line of steps: read as code, run without the graph, drawn, touched in a page."""

from minigrad.program import picture as picture  # tells `draw` and `explain` of programs
from minigrad.program.code import Code, code, op, rule
from minigrad.program.compile import compile
from minigrad.program.live import live
from minigrad.program.program import Program
from minigrad.tracing import Untraceable

__all__ = ["Code", "Program", "Untraceable", "code", "compile", "live", "op", "rule"]
