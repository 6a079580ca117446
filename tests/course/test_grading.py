"""`minigrad grade`: the package's checks count, whatever a notebook does to its own."""

from __future__ import annotations

import json
import re

import pytest

from minigrad.cli import main

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook  # noqa: E402

SLOPE = "def slope(g, at):\n    h = 1e-5\n    return (g(at + h) - g(at - h)) / (2 * h)"
FORWARD = "def slope(g, at):\n    return (g(at + 1e-5) - g(at)) / 1e-5"
LOCAL = "dq_dx, dq_dy, df_dq, df_dz = 1, 1, -4, 3"
IMPORT = "from minigrad.course import check"
PRINT = "print('✓ Exercise 1.1: the slope of t² at 3; the slope of t² at 0; the gradient of x')"


@pytest.fixture
def graded(tmp_path, capsys):
    """The grades of a notebook of lesson 1: answers to exercises 1 and 2, whatever else, and no answers to 3 and 4."""

    def run(*cells, options=(), title="# 1. Gradients on a graph", headings=True):
        made = [new_markdown_cell(title)]
        for i, cell in enumerate(cells):
            if headings:
                made.append(new_markdown_cell(f"## Exercise {i + 1}: one"))
            made.append(new_code_cell(cell))
        path = tmp_path / "handed_in.ipynb"
        nbformat.write(new_notebook(cells=made), path)
        code = main(["grade", str(path), "--json", *options])
        said = capsys.readouterr()
        if code == 2:
            return said.err
        (found,) = json.loads(said.out)
        assert [grade["exercise"] for grade in found["grades"]] == ["1.1", "1.2", "1.3", "1.4"]
        assert [grade["passed"] for grade in found["grades"][2:]] == [False, False]
        return {grade["exercise"]: grade["passed"] or grade["why"] for grade in found["grades"][:2]}

    return run


def test_right_answers_pass_and_wrong_ones_get_their_hint(graded):
    assert graded(f"{IMPORT}\n{SLOPE}\ncheck('1.1', slope)", LOCAL) == {"1.1": True, "1.2": True}
    found = graded(FORWARD, LOCAL.replace("3", "-7"))
    assert "forward difference" in found["1.1"]
    assert "the value of q, which is x + y" in found["1.2"]


@pytest.mark.parametrize("cell", [
    FORWARD,  # the check is deleted
    f"{FORWARD}\n{IMPORT}\ncheck('1.1', lambda g, at: 6.0)",  # the check is edited
    f"{FORWARD}\n{PRINT}",  # prints that it passed
    f"{FORWARD}\nimport minigrad.checks, minigrad.course.judge as j\nj.judge = j.check = lambda *a, **k: ''\nj.difference = lambda *a: ''",
    f"{FORWARD}\nimport sys, types\nsys.modules['minigrad.checks'] = sys.modules['minigrad.course.judge'] = types.ModuleType('all right')",
    f"{FORWARD}\nimport numpy as np\nnp.allclose = np.isclose = lambda *a, **k: np.True_",
], ids=["deleted", "edited", "printed", "replaced", "other module", "numpy"])  # fmt: skip
def test_a_notebook_cannot_pass_by_its_own_checks(graded, cell):
    assert re.search("nearly right|missing", graded(cell, LOCAL)["1.1"])


@pytest.mark.parametrize("leave", ["import os; os._exit(0)", "exit()"])
def test_one_that_exits_early_has_not_passed(graded, leave):
    found = graded(f"{PRINT}\n{leave}", LOCAL)
    assert found == dict.fromkeys(["1.1", "1.2"], "the notebook ended its process, or ran out of memory")


def test_one_that_raises_and_one_that_exits_politely(graded):
    found = graded("import sys\nsys.exit(0)", "raise RuntimeError('over')")
    assert found == {
        "1.1": found["1.1"],
        "1.2": "∂q/∂x: it is None: replace None with your answer. Hint: put the values of q and z into the four formulas above",
    }
    assert found["1.1"] is not True


def test_limits(graded):
    found = graded("while True:\n    pass", LOCAL, options=["--seconds", "8"])
    assert found == {"1.1": "the notebook ran longer than 8 s", "1.2": "the notebook ran longer than 8 s"}
    found = graded(f"{SLOPE}\nmuch = bytearray(3 << 30)\nslope = None", LOCAL, options=["--memory", "2500"])
    assert found == {"1.1": True, "1.2": True}  # the allocation raised, and nothing else was lost


def test_answers_without_headings_are_tried_at_the_end(graded):
    assert graded(SLOPE, LOCAL, headings=False) == {"1.1": True, "1.2": True}


@pytest.mark.parametrize(("options", "says"), [
    ({"title": "# My notebook"}, "this is no lesson of the course"),
    ({"title": "# 99. Beyond"}, "this is no lesson of the course"),
    ({"options": ["--seconds", "0"]}, "--seconds must be greater than 0"),
    ({"options": ["--memory", "1"]}, "--memory must be at least 256"),
])  # fmt: skip
def test_what_cannot_be_graded(graded, options, says):
    assert says in graded(SLOPE, **options)


def test_files_that_are_no_notebooks(tmp_path, capsys):
    (tmp_path / "a.ipynb").write_text("[]")
    assert main(["grade", str(tmp_path / "a.ipynb")]) == 2
    assert "this is not a notebook" in capsys.readouterr().err
    assert main(["grade", str(tmp_path / "none.ipynb")]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_a_missing_package_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("minigrad.optional.found", lambda module: None)
    (tmp_path / "a.ipynb").write_text("{}")
    assert main(["grade", str(tmp_path / "a.ipynb")]) == 2
    assert 'pip install "minigrad[grade]"' in capsys.readouterr().err


def test_an_answer_without_a_value_has_not_passed(graded):
    empty = "class A:\n    def __array__(self, *a, **k):\n        raise TypeError('')\ndef slope(g, at):\n    return A()"
    forged = (
        "import minigrad.course.observe as o\n"
        "o._observations = lambda label, result: [o.Observation(n) for n in (label if isinstance(label, tuple) else (label,))]"
    )
    assert "no array of numbers" in graded(empty, LOCAL)["1.1"]
    assert graded(forged, "pass")["1.1"] is not True


def test_one_bad_file_does_not_stop_the_others(tmp_path, capsys):
    good, bad = tmp_path / "good.ipynb", tmp_path / "bad.ipynb"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# 1. Gradients on a graph")]), good)
    bad.write_text("{")
    assert main(["grade", str(bad), str(good), str(tmp_path / "none.ipynb"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert "this is not a notebook" in found[0]["error"]
    assert found[1]["passed"] == 0
    assert "there is no such file" in found[2]["error"]
