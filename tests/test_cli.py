"""The command ``minigrad``."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import minigrad
from minigrad import Tensor
from minigrad.cli import main
from minigrad.draw import Drawing
from minigrad.expression import Expression, evaluate

EXAMPLE = ["(x + y) * z", "x=-2", "y=5", "z=-4"]
Capture = pytest.CaptureFixture[str]


def table(capsys: Capture, *argv: str, status: int = 0) -> dict[str, list[str]]:
    """The rows of the table that the command prints, by their labels."""
    assert main(argv) == status
    rows = [re.split(r" {2,}", line) for line in capsys.readouterr().out.splitlines()]
    return {row[0]: row[1:] for row in rows}


def refused(capsys: Capture, *argv: str) -> str:
    """What the command says of a mistake."""
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("minigrad: ")
    assert "Traceback" not in err
    return err


# The table


def test_table(capsys: Capture) -> None:
    assert main(EXAMPLE) == 0
    assert capsys.readouterr().out == (
        "             value  gradient\n"
        "x               -2        -4\n"
        "y                5        -4\n"
        "z               -4         3\n"
        "x + y            3        -4\n"
        "(x + y) * z    -12         1\n"
    )


def test_arrays(capsys: Capture) -> None:
    assert main(["sum(W @ x * 0.25)", "W=[[1,2],[3,4]]", "x=[1, -10]"]) == 0
    assert capsys.readouterr().out == (
        "                            value        gradient\n"
        "W                        [[1, 2],  [[0.25, -2.5],\n"
        "                          [3, 4]]   [0.25, -2.5]]\n"
        "x                      [  1, -10]      [  1, 1.5]\n"
        "W @ x                  [-19, -37]    [0.25, 0.25]\n"
        "W @ x * 0.25       [-4.75, -9.25]          [1, 1]\n"
        "sum(W @ x * 0.25)             -14               1\n"
    )


def test_large_arrays_are_summarised(capsys: Capture) -> None:
    assert main(["sum(tile(x, 1000))", "x=1.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "[1.5, 1.5, 1.5, ..., 1.5, 1.5, 1.5]" in lines[2]


def test_constants_have_no_gradient(capsys: Capture) -> None:
    rows = table(capsys, "where(x > 0, x * 3, 0)", "x=2")
    assert rows["x > 0"] == ["True", "-"]
    assert rows["x * 3"] == ["6", "1"]


def test_a_name_that_is_not_used_has_gradient_0(capsys: Capture) -> None:
    assert table(capsys, "x * 2", "x=1", "y=[1,2]")["y"] == ["[1, 2]", "[0, 0]"]


def test_a_value_cut_off_from_the_result_has_gradient_0(capsys: Capture) -> None:
    assert table(capsys, "where(y * 2 > 0, x, 0)", "x=1", "y=3")["y * 2"] == ["6", "0"]


def test_long_labels_are_cut(capsys: Capture) -> None:
    assert main([" + ".join(["x"] * 60), "x=1"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) < 80


def test_a_bare_name_is_one_row(capsys: Capture) -> None:
    assert main(["x", "x=3"]) == 0
    assert capsys.readouterr().out == "   value  gradient\nx      3         1\n"


@pytest.mark.parametrize(
    "argv", [["-x", "x=2"], ["-x * 1", "x=2"], ["-2*x/2", "x=2"], ["--", "-x", "x=2"], ["x=2", "-x"][::-1]]
)
def test_an_expression_may_start_with_a_minus(capsys: Capture, argv: list[str]) -> None:
    assert table(capsys, *argv)["x"] == ["2", "-1"]


def test_options_stand_anywhere(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "f.dot"
    assert table(capsys, "x * y", "x=2", "--dot", str(file), "y=3", "--check")["x"][:2] == ["2", "3"]
    assert file.exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-2", "-2"),
        ("+2", "2"),
        ("1e-3", "0.001"),
        (".5", "0.5"),
        ("1/3", "0.3333"),
        ("-pi/2", "-1.5708"),
        ("sqrt(2)", "1.4142"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("nan", "nan"),
        ("-0.0", "0"),
        ("123456", "123456"),
        ("1e300", "1e+300"),
        ("0.00001234567", "1.235e-05"),
        ("[]", "[]"),
        ("[1]", "[1]"),
        ("[1.5, -20]", "[1.5, -20]"),
        ("tile([1, 2], 2)", "[1, 2, 1, 2]"),
    ],
)
def test_values(capsys: Capture, text: str, shown: str) -> None:
    assert re.sub(r" +", " ", table(capsys, "sum(x * 1)", f"x={text}")["x"][0]) == re.sub(r" +", " ", shown)


def test_names_in_any_letters(capsys: Capture) -> None:
    assert table(capsys, "θ ** 2 + ﬁ", "θ=3", "fi=1")["θ"] == ["3", "6"]


def test_names_of_constants_can_be_taken(capsys: Capture) -> None:
    assert table(capsys, "e * x", "e=3", "x=2")["x"] == ["2", "3"]


def test_nan_and_infinity_are_shown_without_warnings(capsys: Capture) -> None:
    assert main(["log(x) + y / 0 + mean([])", "x=-1", "y=1"]) == 0
    out, err = capsys.readouterr()
    assert "nan" in out
    assert "inf" in out
    assert err == ""


# Options


def test_wrt(capsys: Capture) -> None:
    rows = table(capsys, *EXAMPLE, "--wrt", "z, x")
    assert list(rows) == ["", "z", "x", "(x + y) * z"]


def test_check(capsys: Capture) -> None:
    assert main(["sum(tanh(W @ x)) * y", "W=[[1,2],[3,4]]", "x=[0.1,-0.1]", "y=3", "--check"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert re.split(r" {2,}", heading) == ["", "value", "gradient", "numeric", "relative error"]
    y = next(row for row in rows if row.startswith("y")).split()
    assert y[2] == y[3]
    assert float(y[4]) < 1e-9


def test_a_check_evaluates_twice_for_each_element(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0

    def counted(expression: Expression, names: Mapping[str, Tensor]) -> Any:
        nonlocal count
        count += expression.source == "sum(x * y)"
        return evaluate(expression, names)

    monkeypatch.setattr("minigrad.commands.calculation.evaluate", counted)
    assert main(["sum(x * y)", "x=[1,2,3]", "y=2", "--check"]) == 0
    assert count == 2 + 2 * 4


def test_check_of_some_names() -> None:
    assert main(["relu(x) * y", "x=0", "y=2", "--check"]) == 1
    assert main(["relu(x) * y", "x=0", "y=2", "--check", "--wrt", "y"]) == 0


def test_check_fails_on_a_kink(capsys: Capture) -> None:
    assert main(["relu(x)", "x=0", "--check"]) == 1
    out, err = capsys.readouterr()
    assert "0.5         1.0e+00" in out
    assert err.startswith("minigrad: the check failed: ")
    assert "kink" in err


def test_json(capsys: Capture) -> None:
    assert main([*EXAMPLE, "--json", "--check"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["expression"] == "(x + y) * z"
    assert report["value"] == -12
    assert report["values"] == {"x": -2, "y": 5, "z": -4}
    assert report["gradients"] == {"x": -4, "y": -4, "z": 3}
    assert report["steps"][0] == {"expression": "x + y", "value": 3, "gradient": -4}
    assert report["check"]["passed"] is True
    assert report["check"]["numeric"]["z"] == pytest.approx(3)


def test_json_of_arrays_and_of_what_is_not_finite(capsys: Capture) -> None:
    assert main(["sum(W * [1, inf]) + (x > 0)", "W=[[1,2],[3,nan]]", "x=1", "--json", "--wrt", "W"]) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert report["values"] == {"W": [[1, 2], [3, "nan"]]}
    assert report["gradients"] == {"W": [[1, "inf"], [1, "inf"]]}


def test_json_of_a_failed_check(capsys: Capture) -> None:
    assert main(["relu(x - 1)", "x=1", "--json", "--check"]) == 1
    check = json.loads(capsys.readouterr().out)["check"]
    assert check["passed"] is False
    assert check["relative_error"]["x"] == pytest.approx(1)


def test_pictures(capsys: Capture, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"graph.{kind}" for kind in ("svg", "png", "pdf", "dot")}
    assert main([*EXAMPLE, *(word for kind, file in files.items() for word in (f"--{kind}", str(file)))]) == 0
    assert "<svg" in files["svg"].read_text(encoding="utf-8")
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    assert files["pdf"].read_bytes().startswith(b"%PDF")
    assert "digraph" in files["dot"].read_text(encoding="utf-8")


def test_a_picture_of_ones_own_taste(tmp_path: Path) -> None:
    file = tmp_path / "graph.dot"
    assert main(["sigmoid(x)", "x=1", "--dot", str(file), "--expand", "--direction", "TB", "--theme", "dark"]) == 0
    text = file.read_text(encoding="utf-8")
    assert "rankdir=TB" in text
    assert "cluster_s0" in text
    assert 'bgcolor="#0d1117"' in text
    assert main(["x", "x=1", "--theme", "blue"]) == 2


def test_a_picture_that_cannot_be_drawn(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(drawing: Drawing, path: Path) -> None:
        raise RuntimeError("this system has no fonts")

    monkeypatch.setattr(Drawing, "save", refuse)
    assert main([*EXAMPLE, "--svg", str(tmp_path / "graph.svg")]) == 2
    out, err = capsys.readouterr()
    assert "(x + y) * z" in out
    assert "this system has no fonts" in err


def test_a_page_that_plays(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "play.html"
    assert main([*EXAMPLE, "--play", str(file)]) == 0
    assert "-4 × 1 = -4" in file.read_text(encoding="utf-8")


def test_explain(capsys: Capture) -> None:
    assert main(["x * x + y", "x=3", "y=1", "--explain", "x,y"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("           value  gradient\n")
    assert "\n\n∂f/∂x: 2 paths\n" in out
    assert "∂f/∂x = 3 + 3 = 6\n\n∂f/∂y: 1 path\n" in out
    assert main(["x * x", "x=3", "--explain", "x", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["explained"]["x"].endswith("∂f/∂x = 3 + 3 = 6")


# Help


def test_the_examples_of_the_help_work(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    examples = [shlex.split(line) for line in text.splitlines() if line.startswith("  minigrad ")]
    assert len(examples) == 2
    monkeypatch.chdir(tmp_path)
    for program, *argv in examples:
        assert program == "minigrad"
        assert main(argv) == 0
    assert (tmp_path / "graph.svg").exists()


def test_version(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"minigrad {minigrad.__version__}\n"


# Mistakes


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "the expression is missing"),
        (["--check"], "the expression is missing"),
        (["x", "x=1", "--foo"], "unrecognized arguments: --foo"),
        (["x", "x=1", "--sv", "a.svg"], "unrecognized arguments"),
        (["x", "x=1", "--svg"], "expected one argument"),
        (["x", "x=1", "--svg", "a.txt"], "--svg: the file name ends in .svg, got 'a.txt'"),
        (["x", "x=1", "--svg", ""], "--svg: the file name ends in .svg, got ''"),
        (["x", "x=1", "--svg", "/no/such/folder/a.svg"], "--svg: there is no folder"),
        (["x * 2", "x"], "name=value"),
        (["x * 2", "x", "=", "2"], "name=value"),
        (["x * 2", "2x=1"], "'2x' cannot be a name"),
        (["x * 2", "=1"], "'' cannot be a name"),
        (["x * 2", "a b=1"], "'a b' cannot be a name"),
        (["x * 2", "lambda=1"], "'lambda' cannot be a name"),
        (["x * 2", "None=1"], "'None' cannot be a name"),
        (["x * 2", "sum=1"], "'sum' is the name of an operation"),
        (["x * 2", "x=1", "x=2"], "'x' is given two values"),
        (["fi * 2", "fi=1", "ﬁ=2"], "'fi' is given two values"),
        (["x * 2", "x="], "the value of x: the expression is empty"),
        (["x * 2", "x=abc"], "the value of x: 'abc' is not a number"),
        (["x * 2", "y=1", "x=y"], "the value of x: 'y' is not a number"),
        (["x * 2", "x==2"], "the value of x"),
        (["x * 2", "x=1,2"], "written as a list in brackets, such as [1, 2], and decimals with a point"),
        (["x * 2", "x=[1,2"], "the value of x"),
        (["x * 2", "x=[[1,2],[3]]"], "the elements of a list need the same shape"),
        (["x * 2", "x='a'"], "numbers are real; text"),
        (["x * 2", "x=True"], "numbers are real; text"),
        (["x * 2", "x=1j"], "numbers are real"),
        (["x * 2", "x=__import__('os')"], "unknown operation"),
        (["x * 2", "x=tile(1, 999999999)"], "too large"),
        (["x * 2", "x=tile(1, 9999999)", "y=tile(1, 9999999)"], "too many elements in total"),
        (["x * 2", "x=1", "--wrt", "y"], "--wrt: 'y' is not one of the names that have a value (x)"),
        (["x * 2", "x=1", "--wrt", ""], "--wrt: ''"),
        (["x * 2", "x=1", "--explain", "y"], "--explain: 'y' is not one of the names that have a value (x)"),
        (["x * 2", "x=1", "--play", "a.svg"], "--play: the file name ends in .html, got 'a.svg'"),
        (["1 + 2"], "the result is a constant"),
        (["argmax(x)", "x=[1,2]"], "the result is a constant"),
        (["x * 2", "x=[1,2]"], "the result is an array of shape (2,)"),
        (["[x]", "x=1"], "wrap it in sum(...)"),
        (["mean(tile(x, 20000))", "x=[1]", "y=tile(1, 20000)", "--check"], "select at most 10,000 with --wrt"),
    ],
)
def test_mistakes(capsys: Capture, argv: list[str], message: str) -> None:
    assert message in refused(capsys, *argv)


def test_an_error_points_at_its_place(capsys: Capture) -> None:
    assert refused(capsys, "(x + y) * w", "x=1", "y=2") == (
        "minigrad: unknown name 'w' in the expression; give it a value: w=1.0\n  (x + y) * w\n            ^\n"
    )


def test_ctrl_c(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("minigrad.commands.calculation.evaluate", interrupt)
    assert main(EXAMPLE[:1]) == 130
    assert capsys.readouterr().err == "minigrad: interrupted\n"


# As a process


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "minigrad", *argv], capture_output=True, text=True, timeout=60, encoding="utf-8", check=False
    )


def test_as_a_module() -> None:
    done = run(*EXAMPLE)
    assert done.returncode == 0
    assert "x + y            3        -4" in done.stdout
    assert done.stderr == ""


def test_a_mistake_ends_with_status_2_and_no_traceback() -> None:
    done = run("x.real", "x=2")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-2:] == ["  x.real", "  ^^^^^^"]
    assert "Traceback" not in done.stderr


def test_importing_minigrad_does_not_import_the_command() -> None:
    code = (
        "import sys, minigrad; print([m for m in ('argparse', 'minigrad.cli', 'minigrad.expression') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
