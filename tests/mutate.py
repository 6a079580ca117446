"""Mutation testing: which small changes to the code do the tests detect?

    python tests/mutate.py [FILE ...] [--sample N] [--seed S] [--timeout SECONDS] [--list]

Each mutant is a copy of the code with one change: an operator, a constant, a comparison, a dropped factor or keyword, a negated
rule. The tests that touch its file run on it, in a child process; if none fails, it survives and is listed with its place, to
be killed by a new test or judged: some mutants are equivalent. One that runs out of time may be an endless loop or only slow:
it is listed apart and counts neither as killed nor as a survivor. Without files it mutates `minigrad/backward.py` and all of
`minigrad/ops/`. Not part of CI: a mutant costs seconds if it is killed and up to a minute if it survives. POSIX only (it forks).
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import itertools
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
OPERATORS: dict[type, list[type]] = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult], ast.FloorDiv: [ast.Mult],
    ast.Mod: [ast.Mult], ast.Pow: [ast.Mult], ast.BitOr: [ast.BitAnd], ast.BitAnd: [ast.BitOr],
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt], ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn], ast.NotIn: [ast.In],
    ast.And: [ast.Or], ast.Or: [ast.And],
}  # fmt: skip
PAIRS = (
    ("minimum", "maximum"), ("min", "max"), ("floor", "ceil"), ("any", "all"), ("zeros", "ones"), ("sin", "cos"),
    ("sinh", "cosh"), ("logical_or", "logical_and"), ("isposinf", "isneginf"), ("argmin", "argmax"), ("left", "right"),
)  # fmt: skip
BROAD = [
    "tests/test_operands.py", "tests/test_recorded.py", "tests/test_complex_tensors.py", "tests/special",
    "tests/test_worked_examples.py", "tests/nn/test_layers.py", "tests/nn/test_nn_torch.py", "tests/test_whole_numpy.py",
    "tests/test_border.py",
]  # fmt: skip
OUTPUT = "pytest.txt"
OTHERS = dict(PAIRS) | {b: a for a, b in PAIRS}


class Mutant(NamedTuple):
    file: str
    line: int
    start: int  # first byte that is replaced
    end: int  # first byte after it
    old: str
    new: str

    def __str__(self) -> str:
        old, new = (textwrap.shorten(text, 90, placeholder=" …") for text in (self.old, self.new))
        return f"{self.file}:{self.line}: {old} → {new}"


def mutants(file: str) -> list[Mutant]:
    """Every mutant of a file."""
    source = (ROOT / file).read_bytes()
    tree = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    inside = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr | ast.stmt) or _exempt(node, inside):
            continue
        replaced = node.test if isinstance(node, ast.If) else node
        start = starts[replaced.lineno - 1] + replaced.col_offset
        end = starts[replaced.end_lineno - 1] + replaced.end_col_offset  # type: ignore[operator]
        old = source[start:end].decode()
        for new in _changes(node):
            text = ast.unparse(new)
            text = (
                f"({text})"
                if isinstance(new, ast.expr) and not isinstance(new, ast.Name | ast.Constant | ast.Call)
                else text
            )
            if text not in (old, f"({old})"):
                found[start, end, text] = Mutant(file, node.lineno, start, end, old, text)
    return list(found.values())


def _exempt(node: ast.AST, inside: dict[ast.AST, ast.AST]) -> bool:
    """Whether no test has to detect a change of a node: in an annotation, a message, an import, a raise, an overload, a strict=."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    while node in inside:
        parent = inside[node]
        if isinstance(parent, ast.FunctionDef) and any(ast.unparse(name) == "overload" for name in parent.decorator_list):
            return True
        if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Raise):
            return True
        if isinstance(parent, ast.keyword) and parent.arg == "strict":
            return True
        if isinstance(parent, ast.arg | ast.AnnAssign | ast.FunctionDef) and node in (
            getattr(parent, "annotation", None), getattr(parent, "returns", None)
        ):  # fmt: skip
            return True
        if isinstance(parent, ast.If) and ast.unparse(parent.test) == "TYPE_CHECKING":
            return True
        node = parent
    return False


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """What replaces a node, one mutant each."""
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            for other in OPERATORS.get(type(op), []):
                yield ast.BinOp(left, other(), right)
            if isinstance(op, ast.Mult | ast.Div | ast.Add | ast.Sub | ast.Pow | ast.BitOr | ast.BitAnd):
                yield left
            if isinstance(op, ast.Mult | ast.Add | ast.BitOr | ast.BitAnd):
                yield right
            if isinstance(op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
                yield ast.BinOp(right, op, left)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert(), operand=operand):
            yield operand
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            for other in OPERATORS[type(op)]:
                yield ast.Compare(left, [other()], [right])
        case ast.BoolOp(op=op, values=[first, *rest]):
            yield ast.BoolOp(OPERATORS[type(op)][0](), [first, *rest])
            yield first
            yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Call(func=func, args=args, keywords=keywords):
            for i, keyword in enumerate(keywords):
                if keyword.arg != "strict":
                    yield ast.Call(func, args, keywords[:i] + keywords[i + 1 :])
        case ast.Name(id=name, ctx=ast.Load()) if name in OTHERS:
            yield ast.Name(OTHERS[name])
        case ast.Attribute(value=value, attr=name, ctx=ast.Load()) if name in OTHERS:
            yield ast.Attribute(value, OTHERS[name])
        case ast.Lambda(args=arguments, body=body):
            yield ast.Lambda(arguments, ast.UnaryOp(ast.USub(), body))
            yield from (ast.Lambda(arguments, new) for new in _swaps(arguments, body))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.If(test=test):  # its condition is replaced
            yield ast.UnaryOp(ast.Not(), test)
            yield ast.Constant(False)
        case ast.AugAssign() | ast.Expr(value=ast.Call()) | ast.Continue():
            yield ast.Pass()


def _swaps(arguments: ast.arguments, body: ast.expr) -> Iterator[ast.expr]:
    """A rule's body with two inputs swapped."""
    inputs = [a.arg for a in arguments.args[2:]]
    for a, b in itertools.pairwise(inputs):

        class Swap(ast.NodeTransformer):
            to = {a: b, b: a}  # noqa: RUF012

            def visit_Name(self, node: ast.Name) -> ast.Name:
                return ast.Name(self.to.get(node.id, node.id), node.ctx)

        yield Swap().visit(ast.parse(ast.unparse(body), mode="eval").body)


def _functions(file: Path) -> set[str]:
    """The functions of a module, without underscores around."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name.strip("_") for node in tree.body if isinstance(node, ast.FunctionDef)}


def _users(file: Path) -> list[Path]:
    """The module itself if it has functions with samples, else those of `minigrad/ops/` that import from it too."""
    samples = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("samples*.py"))
    if any(re.search(rf'[".]{name}":', samples) for name in _functions(file)):
        return [file]
    imported = f"from {'.'.join(file.relative_to(ROOT).with_suffix('').parts)} import"
    return [file, *(p for p in (ROOT / "minigrad/ops").rglob("*.py") if imported in p.read_text(encoding="utf-8"))]


def stages(file: str) -> list[list[str]]:
    """The runs of pytest for a file, the quickest first; its arguments."""
    everywhere = ["tests/test_tensor.py", "tests/test_errors.py", "tests/test_numpy.py", "tests/draw/player/test_symbols.py"]
    if not file.startswith("minigrad/ops/"):
        room = Path(file).relative_to("minigrad")
        walks = [
            "tests/test_recorded.py",
            "tests/ops/test_ops.py",
            "tests/transforms/test_transforms.py",
            "tests/draw/player",
        ]
        return [[f"tests/{room.parent}/test_{room.name}"], [*walks, *everywhere]]
    users = _users(ROOT / file)
    names = sorted(set().union(*map(_functions, users)))
    selected = " or ".join([*names, "declared", *(user.stem for user in users)])
    walks = ["tests/ops/test_ops.py", "tests/ops/test_traits.py", "tests/transforms/test_transforms.py"]
    words = re.compile(rf"\b({'|'.join(names)})\b")
    known = sorted(
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests/ops").rglob("test_*.py")
        if words.search(path.read_text(encoding="utf-8"))
    )
    return [[*walks, "-k", selected], [path for path in known if path not in walks] + everywhere, BROAD]


def _run(copy: str, arguments: list[str]) -> None:
    """Run the tests on the copy and exit with pytest's status; for a child process."""
    os.chdir(copy)
    sys.path.insert(0, copy)
    os.environ["MINIGRAD_FAST"] = "0"  # it is NumPy's code that was changed; a kernel in front would hide it
    import pytest

    with Path(OUTPUT).open("w") as output, contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = pytest.main(["-x", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", *arguments])
    os._exit(int(status))


def outcome(copy: str, runs: list[list[str]], seconds: float) -> str:
    """Run the tests on the copy: killed, out of time or survived."""
    fork = multiprocessing.get_context("fork")
    for arguments in runs:
        child = fork.Process(target=_run, args=(copy, arguments))
        child.start()
        child.join(seconds)
        if child.exitcode is None:
            child.kill()
            child.join()
            return "out of time"
        if child.exitcode not in (0, 5):  # 5: no test was selected
            return "killed"
    return "survived"


def _write(path: Path, code: bytes) -> None:
    """Write a module and drop its compiled file, which Python takes for current if second and size are the same."""
    path.write_bytes(code)
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--sample", type=int, metavar="N", help="only N mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="for each run of tests (300)")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    options = parser.parse_args()
    every = ["minigrad/backward.py", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "minigrad/ops").rglob("*.py"))]
    files = options.files or [file for file in every if not file.endswith("__init__.py")]
    chosen = [mutant for file in files for mutant in mutants(file)]
    if options.sample is not None and options.sample < len(chosen):
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    if options.list:
        print(*chosen, sep="\n")
        return
    import hypothesis.extra.numpy  # noqa: F401  imported once for all children
    import pytest  # noqa: F401
    import scipy.signal
    import scipy.special  # noqa: F401

    outcomes: dict[str, list[Mutant]] = {"killed": [], "survived": [], "out of time": []}
    with tempfile.TemporaryDirectory() as copy:
        for part in ("minigrad", "tests", "README.md", "pyproject.toml"):
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, Path(copy, part))
        relevant = {path for mutant in chosen for run in stages(mutant.file) for path in run if path.startswith("tests/")}
        if (sound := outcome(copy, [sorted(relevant)], 10 * options.timeout)) != "survived":
            sys.exit(f"{Path(copy, OUTPUT).read_text()}\nthe tests of the unchanged code are {sound}")
        for k, mutant in enumerate(chosen, 1):
            path, begin = Path(copy, mutant.file), time.perf_counter()
            original = path.read_bytes()
            _write(path, original[: mutant.start] + mutant.new.encode() + original[mutant.end :])
            result = outcome(copy, stages(mutant.file), options.timeout)
            _write(path, original)
            print(f"{k}/{len(chosen)} {result} in {time.perf_counter() - begin:.0f} s: {mutant}", flush=True)
            outcomes[result].append(mutant)
    killed, survived, unknown = outcomes.values()
    known = len(killed) + len(survived)
    print(f"\n{len(killed)} of {known} killed, {100 * len(killed) / max(known, 1):.1f} %; {len(unknown)} ran out of time")
    for title, found in (("survived", survived), ("out of time, so unknown", unknown)):
        print(f"\n{title}:", *found, sep="\n")


if __name__ == "__main__":
    main()
