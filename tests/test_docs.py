"""Every public name is documented, and every example runs: in the docstrings and in the README."""

from __future__ import annotations

import codeop
import doctest
import importlib
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.operation import OPS, Op

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
NAMES = {**vars(mg), "mg": mg, "np": np}
MODULES = sorted(m.name for m in pkgutil.walk_packages(mg.__path__, "minigrad.") if not m.name.endswith("__main__"))


@pytest.fixture(autouse=True)
def registry():
    """Take out of the registry what an example has declared."""
    before = dict(OPS)
    yield
    for name in OPS.keys() - before.keys():
        del OPS[name]


def run(text: str, name: str, scope: dict[str, Any]) -> int:
    """Run the examples in a text, and return how many there were."""
    test = doctest.DocTestParser().get_doctest(text, scope, name, None, None)
    messages: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=messages.append)
    assert not messages, "".join(messages)
    return len(test.examples)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    if name == "minigrad.fast.compiled" or name.endswith("_loops"):
        pytest.importorskip("numba", reason="the fast extra is not installed")
    if name == "minigrad.course.runner":
        pytest.importorskip("IPython", reason="the grade extra is not installed")
    module = importlib.import_module(name)
    texts = {t.name: t.docstring for t in doctest.DocTestFinder(recurse=True).find(module, name) if t.examples}
    texts |= {f"{name}.{k}": v.__doc__ for k, v in vars(module).items() if isinstance(v, Op) and v.__module__ == name}
    for where, text in texts.items():
        if text:
            run(text, where, {**NAMES, **vars(module)})


@pytest.mark.parametrize("name", [
    *(n for n in mg.__all__ if n not in ("Tensor", "fft", "linalg")), *(f"linalg.{n}" for n in mg.linalg.__all__),
    *(f"fft.{n}" for n in mg.fft.__all__ if not n.endswith("freq")),  # those are NumPy's own
])  # fmt: skip
def test_docstrings_are_complete(name: str):
    function = attrgetter(name)(mg)
    doc = function.__doc__
    assert len(doc.strip().splitlines()[0]) < 126
    assert re.search(r"\n *>>> ", doc)
    if isinstance(function, type) and issubclass(function, Exception):
        return  # it is raised, not called
    if function.__module__.startswith("minigrad.ops."):
        return  # NumPy's and PyTorch's names: they tell the parameters
    if name not in ("detect_anomaly", "no_grad"):
        assert "Parameters\n" in doc
    assert "Returns\n" in doc
    assert re.search(r"Examples\n *-+\n *>>>", doc)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.M | re.S)


def test_readme_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert run("\n".join(blocks("python")), "README.md", {}) >= 10


def test_readme_examples_paste_into_a_plain_interpreter():
    """Each statement is complete where the next one begins: an indented block ends with an empty line."""
    for statement in "\n".join(blocks("python")).split(">>> ")[1:]:
        first, *others = statement.split("\n")
        source = "\n".join([first, *(line[4:] for line in others if line.startswith("..."))])
        assert codeop.compile_command(source, symbol="single") is not None, source


def test_readme_names_files_that_exist():
    named = re.findall(r"[(\s](\.github/[\w./]+|notebooks/[\w./]+)", README.read_text())
    assert len(named) >= 5
    assert all((README.parent / name).exists() for name in named)


def test_readme_commands_print_what_it_shows(tmp_path: Path):
    shown = [block for block in blocks("console") if block.startswith("$ minigrad")]
    assert shown
    for block in shown:
        command, _, expected = block[2:].partition("\n")
        words = shlex.split(command)
        found = subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
        assert (found.stdout + found.stderr).rstrip() == expected.rstrip()


def test_help_is_a_table_of_contents_by_subject():
    names = [name for line in mg.__doc__.split("\n") if line.startswith("    ") for name in line.strip(" ,").split(", ")]
    assert sorted(names) == sorted({*mg.__all__, "nn", "optim", "data", "special", "stats"})
    headings = [line for line in mg.__doc__.split("\n")[1:] if line and not line.startswith(" ")]
    assert headings[:2] == ["Tensors", "Gradients of functions"]
    assert "Exponentials, logarithms and trigonometry, elementwise" in headings
    assert len(headings) == len(set(headings))


def test_dir_has_the_public_names_and_no_module_that_leaks():
    assert set(dir(mg)) == {*mg.__all__, "nn", "optim", "data", "special", "stats", "__version__"}


def test_the_version_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert mg.__version__ == project["version"]
    assert f"\nversion: {project['version']}\n" in (ROOT / ".github/CITATION.cff").read_text()
    changelog = (ROOT / ".github/CHANGELOG.md").read_text()
    assert f"\n## {project['version']}" in changelog


def test_the_workflows_run_the_commands_that_are_written_elsewhere():
    check = (ROOT / ".github/workflows/check.yml").read_text()
    command = re.search(r'^pip install -e "\.\[test\]" && (pytest.*)$', README.read_text(), re.M)
    assert command
    assert f"- run: {command[1]}\n" in check
    assert "bash .ci/run" in check
    site = re.search(r'pip install "\.\[docs\]" && (.*)$', README.read_text(), re.M)
    assert site
    for file in (".github/workflows/site.yml", ".docs/conf.py"):
        assert f'pip install ".[docs]" && {site[1]}' in (ROOT / file).read_text()
