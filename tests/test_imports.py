"""The house: imports point one way, in the order that CONTRIBUTING lists, and no file needs one that needs it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad

ROOT = Path(minigrad.__file__).parent
CONTRIBUTING = Path(__file__).parents[1] / ".github" / "CONTRIBUTING.md"

# An import upwards, or in a circle, that is meant: who imports which file or room, and why.
ALLOWED = {
    ("minigrad.graph", "minigrad.operation"): "for types alone: a node names the operation that made it",
    ("minigrad.graph", "minigrad.tensor"): "for types alone: here all rooms find the class that their functions return",
    ("minigrad.ops", "minigrad.ops.networks"): "the front door of both wings",
}

if not CONTRIBUTING.exists():
    pytest.skip("the order of the house stands in the repository, not in the distribution", allow_module_level=True)


def modules() -> dict[str, Path]:
    names = {".".join(("minigrad", *path.relative_to(ROOT).with_suffix("").parts)): path for path in ROOT.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in names.items()}


MODULES = modules()


def imported(name: str) -> set[str]:
    """What a module imports of this package: anywhere in its text, inside functions and for types alone too."""
    found = set()
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name}, line {node.lineno}: an import says its whole name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for full in names:
            if full.split(".")[0] == "minigrad":
                while full not in MODULES:  # a name from a module
                    full = full.rpartition(".")[0]
                found.add(full)
    return found - {name}


IMPORTS = {name: imported(name) for name in sorted(MODULES)}


def rooms() -> list[list[str]]:
    """The house from the ground up, as CONTRIBUTING lists it: the files and folders of each line."""
    block = CONTRIBUTING.read_text(encoding="utf-8").split("## The house")[1].split("\n## ")[0]
    lines = re.findall(r"^    ((?:[a-z_/]+(?:\.py|/) +)+)", block, re.M)
    return [[room.removesuffix(".py").strip("/") for room in line.split()] for line in lines]


ROOMS = rooms()
FLOOR = {
    f"minigrad.{room.replace('/', '.')}".removesuffix(".__init__"): floor
    for floor, line in enumerate(ROOMS)
    for room in line
}


def room(name: str) -> str:
    """The room of the house that a module lies in."""
    while name not in FLOOR:
        name = name.rpartition(".")[0]
    return name


def test_every_file_lies_in_a_room():
    assert len(FLOOR) == sum(map(len, ROOMS)), "a room is listed twice"
    assert set(FLOOR) <= set(MODULES)
    assert [name for name in MODULES if room(name) == "minigrad" != name] == []


def test_imports_point_downwards():
    upwards = [
        (name, other)
        for name, others in IMPORTS.items()
        for other in sorted(others)
        if room(name) != room(other) and FLOOR[room(other)] >= FLOOR[room(name)] and (name, room(other)) not in ALLOWED
    ]
    assert upwards == []


def test_no_imports_run_in_a_circle():
    """Depth first; a path that comes back to one of its own is a circle."""
    done: set[str] = set()

    def visit(path: list[str]) -> None:
        for other in sorted(IMPORTS[path[-1]]):
            if (path[-1], other) not in ALLOWED:
                assert other not in path, " → ".join([*path[path.index(other) :], other])
                if other not in done:
                    visit([*path, other])
        done.add(path[-1])

    for name in IMPORTS:
        if name not in done:
            visit([name])


def test_what_is_allowed_is_there():
    for name, other in ALLOWED:
        assert other in IMPORTS[name] | set(map(room, IMPORTS[name]))


def test_importing_minigrad_loads_no_pictures_pages_or_programs():
    code = (
        "import sys, minigrad; print(sorted(m for m in sys.modules if m.startswith(('minigrad.draw.still', 'minigrad.draw.page',"
        " 'minigrad.draw.layout', 'minigrad.program', 'minigrad.nn', 'minigrad.optim', 'minigrad.data', 'minigrad.special'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "name", [name for name, path in MODULES.items() if path.read_text(encoding="utf-8").count("\n") > 400]
)
def test_a_long_file_says_why(name: str):
    assert "The file is long because" in (ast.get_docstring(ast.parse(MODULES[name].read_text(encoding="utf-8"))) or "")
