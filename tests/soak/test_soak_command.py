"""The command under a fuzzer: whatever is typed, it computes or says what is wrong, without a traceback or an escape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from minigrad.cli import main
from minigrad.expression import OPERATIONS

pytestmark = pytest.mark.slow
Rounds = Callable[[int, int], int]
Capture = pytest.CaptureFixture[str]

PIECES = [
    *"xyvW", "1", "2.5", "-3", "0", "1e400", "10**9", "9" * 30, "pi", "inf", "nan", "[1, 2]", "[[1, 2], [3, 4]]", "[]", "True", "None",
    "'same'", "...", "axis=0", "axis=-1", "axis=9", "keepdims=True", "x[0]", "v[::-1]", "W[0, 1]", "v[[0, 0]]", "W[True]", "é", "²",
    "√x", "|x|", "2x", "x^2", "\x1b[31m", "\0", "\udcff", "\u200b", "x.real", "lambda: x", "x if y else v", "max(x, 0)", "f(x)(y)",
]  # fmt: skip
BINARY = ["+", "-", "*", "/", "//", "%", "**", "@", "<", "==", "·", " ", ",", "^", "|"]


def expression(rng: np.random.Generator, depth: int = 3) -> str:
    """An expression that often is one, and sometimes only looks like one."""
    kind = rng.integers(8) if depth else 0
    if kind < 2:
        return str(rng.choice(PIECES))
    if kind < 4:
        return f"{expression(rng, depth - 1)}{rng.choice(BINARY)}{expression(rng, depth - 1)}"
    arguments = ", ".join(expression(rng, max(0, depth - 1 - int(kind == 7))) for _ in range(rng.integers(1, 4)))
    called = f"{rng.choice(list(OPERATIONS))}({arguments})"
    return f"sum({called})" if kind == 6 else called


def complaint(capsys: Capture, argv: list[str]) -> tuple[int, str]:
    """The exit status and what was printed to standard error, once nothing in it can be a fault of ours."""
    try:
        status = main(argv)
    except SystemExit as stop:  # as after --help
        status = int(stop.code or 0)
    out, err = capsys.readouterr()
    for text in (out, err):
        assert "Traceback" not in text, argv
        assert "fault in minigrad" not in text, (argv, err)
        assert all(c == "\n" or c.isprintable() for c in text), (argv, text)
        assert max(map(len, text.splitlines()), default=0) < 20_000, argv
    assert status == 0 or err, argv
    assert status or argv[0] == "train" or not err, (argv, err)  # training shows its progress
    return status, err


def test_expressions(rounds: Rounds, capsys: Capture):
    rng = np.random.default_rng(16)
    statuses = []
    for _ in range(rounds(2000, 150)):
        source = f"sum({expression(rng)})" if rng.random() < 0.7 else expression(rng)
        argv = [
            source,
            "x=2",
            "y=-0.5",
            "v=[1, 2, 3]",
            "W=[[1, 2], [3, 4]]",
            *rng.choice(["--json", "--explain=x", "--wrt=x"], rng.integers(2)),
        ]
        statuses.append(complaint(capsys, [str(word) for word in argv])[0])
    assert {0, 2} <= set(statuses)


WORDS = [
    "x", "x*y", "x=1", "y=[1,2]", "y=\x1b]0;title\x07", "=", "==", "x=", "\x1b[2J=1", "--check", "--json", "--wrt", "--explain", "--svg", "--dot", "--play", "--png",
    "", " ", "-", "--", "---", "-x", "-h", "--version", "\udcff", "\x9b31m", "no/such/x.svg", "/dev/null", "/dev/null/x.svg", ".", "..", "x.svg", "d.svg", "link.svg",
    "--direction", "TB", "--theme", "dark", "--expand", "9" * 5000, "a" * 5000, "train", "predict", "--help", "\0", "x\0.svg", "é" * 300 + ".svg",
]  # fmt: skip
TRAIN = [
    "--model", "--data", "--path", "--epochs", "--batch-size", "--optimizer", "--lr", "--smoothing", "--clip", "--seed", "--save", "--figures",
    "--checkpoint", "--resume", "--quiet", "--no-augment", "mnist", "digits", "cifar10", "resnet", "softmax", "adam", "0", "-1", "1", "nan", "inf", "1e-400",
    "9" * 400, "0.5", ".", "x.npz", "d.npz", "link.npz", "loop.npz", "x.safetensors", "no/x.npz", "\x1b[31m.npz", "\udcff.npz", "\0.npz", "", "/dev/full", "/dev/zero.npz",
]  # fmt: skip
PREDICT = ["x.npz", "d.npz", "link.npz", "loop.npz", "x.svg", "d.svg", "--top", "0", "-1", "9" * 30, "--invert", "yes", "\x1b[31m.npz", "\0.npz", "\udcff.npz", "--help", ""]  # fmt: skip


def test_arguments(rounds: Rounds, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("d.svg").mkdir()
    Path("d.npz").mkdir()
    Path("link.svg").symlink_to("x.svg")
    Path("link.npz").symlink_to("/dev/zero")
    Path("loop.npz").symlink_to("loop.npz")
    rng = np.random.default_rng(17)
    for _ in range(rounds(2000, 150)):
        words = [str(word) for word in rng.choice(WORDS, rng.integers(0, 6))]
        complaint(capsys, words if words[:1] not in (["train"], ["predict"]) else words[1:])
        words = [str(word) for word in rng.choice(TRAIN, rng.integers(1, 7))]
        complaint(capsys, ["train", "--data=mnist", "--path=nowhere", *[word for word in words if word != "digits"]])
        complaint(capsys, ["predict", *[str(word) for word in rng.choice(PREDICT, rng.integers(0, 5))]])
