"""The exercises of the course in ``notebooks/``: their checks, hints and grades."""

from minigrad.checks import CheckFailed
from minigrad.course.exercise import Exercise, Wrong, find, load
from minigrad.course.judge import check

__all__ = ["CheckFailed", "Exercise", "Wrong", "check", "find", "load"]
