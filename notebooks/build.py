"""Build the notebooks of the course from its lessons, or check that the committed ones are up to date.

    python notebooks/build.py                 build all notebooks
    python notebooks/build.py 03 08           build those of two lessons
    python notebooks/build.py --check         change nothing; fail if a notebook is stale
    python notebooks/build.py --check --short the same with short training runs, as in CI
    python notebooks/build.py --assign FOLDER write the exercise notebooks for nbgrader

A lesson is a file in notebooks/lessons, in jupytext's percent format; notebooks/README.md describes how it marks exercises.
Each lesson gives an exercise notebook, without outputs, and a solution notebook, executed. The execution runs the check of
every exercise twice: with the stub it must fail with a message, and with the solution it must pass. Before that, each wrong
answer that minigrad.course lists for the exercise is tried: it must get its hint.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from minigrad.course import load
from minigrad.course.judge import judge
from minigrad.course.observe import quietly

HERE = Path(__file__).parent
LIMIT = 120  # seconds of processor time for a lesson
WAIT = 600  # seconds for a cell, on a busy machine
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
BLOCK = re.compile(
    r"^(?P<indent> *)# solution\n(?P<solution>.*?)(?:^ *# stub\n(?P<stub>.*?))?^ *# end(?:\n|\Z)", re.M | re.S
)
HEADING = re.compile(r"^## Exercise (\d+): ", re.M)
CHECK = re.compile(r'^check\("(\d+\.\d+)", ([\w, ]+)\)', re.M)
SHORT = re.compile(r"^( *[\w, ]+ = )(.+?)  # in CI: (.+)$", re.M)
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?|[-+]?\bnan\b|[-+]?\binf\b")

# Runs before a lesson. Warnings are errors, the network is refused, and drawings have a PNG too, because JupyterLab shows no
# SVG in an untrusted notebook, and GitHub does not always.
# One thread computes: on a busy machine, several threads spend most of their time waiting for each other.
PREAMBLE = """
def prepare():
    import os
    import socket
    import warnings
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from minigrad.draw import Drawing

    def png(drawing):
        from io import BytesIO
        from PIL import Image
        drawing.save("still.png")
        small = BytesIO()
        with Image.open("still.png") as image:
            image.convert("RGB").quantize(64).save(small, "png", optimize=True)
            return small.getvalue(), {"width": image.width // 2, "height": image.height // 2}

    def refuse(*args):
        raise OSError("a lesson uses no network")

    get_ipython().display_formatter.formatters["image/png"].for_type(Drawing, png)
    socket.socket.connect = socket.getaddrinfo = refuse
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", module="ipykernel")  # the kernel's own warnings at shutdown

prepare()
del prepare  # a lesson imports what it uses
"""


class LessonError(Exception):
    """A fault in a lesson or its notebooks; the message says where."""


def lessons(chosen: list[str]) -> list[Path]:
    """The lessons whose names begin with a chosen prefix, or all lessons."""
    found = sorted((HERE / "lessons").glob("*.py"))
    for name in chosen:
        if not any(path.name.startswith(name) for path in found):
            raise LessonError(f"no lesson begins with {name!r}; there are {', '.join(path.stem for path in found)}")
    return [path for path in found if not chosen or any(path.name.startswith(name) for name in chosen)]


def exercise_text(source: str) -> str:
    """A cell of the exercise notebook: stubs in place of solutions."""

    def stub(block: re.Match[str]) -> str:
        indent, lines = block["indent"], block["stub"]
        if lines is None:
            return f'{indent}raise NotImplementedError("your code here")\n'
        return re.sub(r"^( *)# ?", r"\1", lines, flags=re.M)

    return BLOCK.sub(stub, source + "\n").rstrip("\n")


def solution_text(source: str) -> str:
    """A cell of the solution notebook: without marks and stubs."""
    return BLOCK.sub(lambda block: block["solution"], source + "\n").rstrip("\n")


def read(path: Path, short: bool = False) -> list[Any]:
    """The cells of a lesson, with their marks; raise if a mark is misplaced or a solution has no check.

    A line such as ``epochs = 8  # in CI: 2`` gives a short run; without `short`, its comment is removed.
    """
    text = SHORT.sub(r"\1\3" if short else r"\1\2", path.read_text(encoding="utf-8"))
    cells = jupytext.reads(text, fmt="py:percent").cells
    exercise = ""
    for i, cell in enumerate(cells):
        if cell.cell_type == "markdown" and (found := HEADING.search(cell.source)):
            exercise = f"{number_of(path)}.{found[1]}"
        marks = re.findall(r"^ *# (solution|stub|end)$", cell.source, re.M)
        where = f"{path.name}, cell {i + 1}"
        if cell.cell_type == "code" and marks:
            if re.search(r"^ *# (solution|stub|end)$", solution_text(cell.source), re.M):
                raise LessonError(f"{where}: write '# solution', then optionally '# stub', then '# end'; found {marks}")
            check = CHECK.search(cells[i + 1].source) if i + 1 < len(cells) else None
            wanted = next((one.answers for one in load(number_of(path)) if one.name == exercise), ("…",))
            if check is None or check[1] != exercise or tuple(check[2].split(", ")) != wanted:
                raise LessonError(f'{where}: the next cell must begin with check("{exercise}", {", ".join(wanted)})')
    return cells


def number_of(path: Path) -> int:
    """The number of a lesson."""
    return int(path.stem.split("_")[0])


def rehearse(path: Path) -> None:
    """Try each wrong answer that is listed for the exercises of a lesson; raise unless it gets its hint."""
    for one in load(number_of(path)):
        for wrong in one.wrong:
            said = judge(one, quietly(one.probe, {**one.right, **wrong.answers}))
            if not said.endswith(f"Hint: {wrong.hint}"):
                raise LessonError(f"{path.name}: exercise {one.name} answers {said!r} where the hint is {wrong.hint!r}")


def _made(cells: list[Any], text: Any) -> Any:
    """A notebook without outputs. It is deterministic: cell ids are counted."""
    new = []
    for i, cell in enumerate(cells):
        make = new_markdown_cell if cell.cell_type == "markdown" else new_code_cell
        tags = cell.metadata.get("tags")
        new.append(make(text(cell.source), id=f"cell-{i + 1}", metadata={"tags": tags} if tags else {}))
    return new_notebook(cells=new, metadata=METADATA, nbformat_minor=5)


def execute(path: Path, short: bool = False) -> Any:
    """The solution notebook with outputs; raise unless every stub fails its check and every solution passes."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    rehearse(path)
    cells = read(path, short)
    solutions = _made(cells, solution_text)
    run, stubs = [new_code_cell(PREAMBLE)], []
    for i, (cell, solved) in enumerate(zip(cells, solutions.cells, strict=True)):
        if cell.cell_type == "code" and BLOCK.search(cell.source + "\n"):
            check = new_code_cell(solution_text(cells[i + 1].source), metadata={"tags": ["raises-exception"]})
            stubs.append(check)
            run += [new_code_cell(exercise_text(cell.source)), check]
        run.append(solved)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            new_notebook(cells=run, metadata=METADATA),
            timeout=WAIT,
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute()
        except CellExecutionError as error:
            raise LessonError(f"{path.name}: {error}") from None
    for check in stubs:
        _check_fails_on_stub(path, check)
    count = 0
    for cell in solutions.cells:
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            _refuse_outputs(path, cell)
            for output in cell.outputs:
                output.pop("transient", None)
                if "image/png" in output.get("data", {}):
                    output.data.pop("image/svg+xml", None)
                if "execution_count" in output:
                    output.execution_count = count
    return solutions


def _check_fails_on_stub(path: Path, check: Any) -> None:
    """Raise unless the check failed on the stub, with a message of its own."""
    failure = next((o for o in check.outputs if o.output_type == "error"), None)
    if failure is None or failure.ename != "CheckFailed" or len(failure.evalue.split()) < 4:
        found = "passed" if failure is None else f"failed with {failure.ename}: {failure.evalue}"
        raise LessonError(f"{path.name}: with the stub in place of the solution, this check {found}:\n{check.source}")


def _refuse_outputs(path: Path, cell: Any) -> None:
    """Raise if a cell writes to stderr or prints a memory address, which changes from run to run."""
    for output in cell.outputs:
        if output.get("name") == "stderr":
            raise LessonError(f"{path.name}: a cell writes to stderr: {output.text}\n{cell.source}")
        if re.search(r" at 0x[0-9a-f]+", _text(output)):
            raise LessonError(f"{path.name}: a cell shows an address: {_text(output)}\n{cell.source}")


def _text(output: Any) -> str:
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return text if isinstance(text, str) else "".join(text)


def _same_text(old: str, new: str) -> bool:
    """Whether two texts agree: words exactly, numbers up to the rounding of another processor."""
    if NUMBER.split(old) != NUMBER.split(new):
        return False
    pairs = zip(map(float, NUMBER.findall(old)), map(float, NUMBER.findall(new)), strict=True)
    return all(a == b or abs(a - b) <= 1e-6 + 1e-3 * abs(b) or (a != a and b != b) for a, b in pairs)


def _same_outputs(old: Any, new: Any) -> bool:
    """Whether two cells have the same text and pictures of the same types."""
    if "varies" in new.metadata.get("tags", []):
        return bool(old.outputs) == bool(new.outputs)
    if len(old.outputs) != len(new.outputs):
        return False
    return all(
        a.output_type == b.output_type
        and set(a.get("data", ())) == set(b.get("data", ()))
        and _same_text(_text(a), _text(b))
        for a, b in zip(old.outputs, new.outputs, strict=True)
    )


def _without_outputs(notebook: Any) -> Any:
    plain = json.loads(json.dumps(notebook))
    for cell in plain["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return plain


def notebook_paths(path: Path) -> tuple[Path, Path]:
    """The exercise notebook and the solution notebook of a lesson."""
    return HERE / "exercises" / f"{path.stem}.ipynb", HERE / "solutions" / f"{path.stem}.ipynb"


def stale_sources(path: Path) -> list[str]:
    """Differences between a lesson and its two notebooks, outputs aside. Nothing is executed."""
    exercises, solutions = notebook_paths(path)
    cells = read(path)
    wanted = _made(cells, exercise_text), _made(cells, solution_text)
    stale = []
    for file, made, plain in zip((exercises, solutions), wanted, (lambda n: n, _without_outputs), strict=True):
        if not file.exists():
            stale.append(f"{file.relative_to(HERE)} is missing")
        elif plain(json.loads(json.dumps(nbformat.read(file, 4)))) != json.loads(json.dumps(made)):
            stale.append(f"{file.relative_to(HERE)} does not match {path.name}")
    return stale


def orphans() -> list[str]:
    """Notebooks without a lesson."""
    made = {file for path in lessons([]) for file in notebook_paths(path)}
    return [f"{file.relative_to(HERE)} has no lesson" for file in sorted(HERE.glob("*/*.ipynb")) if file not in made]


def stale_outputs(path: Path, executed: Any, short: bool = False) -> list[str]:
    """Cells of the committed solution notebook whose outputs differ from a new execution.

    After a short run, the numbers of a lesson that was shortened may differ.
    """
    if short and SHORT.search(path.read_text(encoding="utf-8")):
        return []
    file = notebook_paths(path)[1]
    committed = nbformat.read(file, 4)
    return [
        f"{file.relative_to(HERE)}, cell {i + 1}: the outputs differ from a new execution:\n{new.source}\n"
        + "\n".join(f"was: {_text(a)}\nnow: {_text(b)}" for a, b in zip(old.outputs, new.outputs, strict=False))
        for i, (old, new) in enumerate(zip(committed.cells, executed.cells, strict=True))
        if new.cell_type == "code" and not _same_outputs(old, new)
    ]


def build(path: Path) -> None:
    """Write both notebooks of a lesson; if the lesson fails, write neither."""
    executed = execute(path)
    for file, notebook in zip(notebook_paths(path), (_made(read(path), exercise_text), executed), strict=True):
        file.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, file)


def check(path: Path, short: bool = False) -> list[str]:
    """Everything stale in the notebooks of a lesson; outputs are compared only if the sources match."""
    return stale_sources(path) or stale_outputs(path, execute(path, short), short)


def assign(path: Path, folder: Path) -> None:
    """Write the exercise notebook of a lesson with nbgrader's marks: each check is a test of one point."""
    cells, notebook = read(path), _made(read(path), exercise_text)
    for before, cell, made in zip(cells, cells[1:], notebook.cells[1:], strict=False):
        found = CHECK.search(cell.source)
        if cell.cell_type == "code" and found and BLOCK.search(before.source + "\n"):
            made.metadata["nbgrader"] = {
                "schema_version": 3,
                "grade_id": f"exercise-{found[1].replace('.', '-')}",
                "grade": True,
                "locked": True,
                "points": 1,
                "solution": False,
                "task": False,
            }
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{path.stem}.ipynb")


def _seconds() -> float:
    """Processor time of the kernels that have ended, or the time of day where the system does not tell it."""
    try:
        import resource
    except ImportError:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str] | None = None) -> int:
    """Run the command. The exit status is 1 if a notebook is stale or a lesson fails."""
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("lesson", nargs="*", help="the start of a lesson's name, such as 03 (default: all lessons)")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a notebook is stale")
    parser.add_argument("--short", action="store_true", help="with --check: shorten the training runs that say how")
    parser.add_argument(
        "--assign", metavar="FOLDER", type=Path, help="write exercise notebooks for nbgrader; execute nothing"
    )
    options = parser.parse_args(arguments)
    try:
        complaints = orphans() if options.check and not options.lesson else []
        for path in lessons(options.lesson):
            print(f"{path.stem} … ", end="", flush=True)
            start = _seconds()
            if options.assign:
                found = assign(path, options.assign)
            else:
                found = check(path, options.short) if options.check else build(path)
            seconds = _seconds() - start
            if seconds > LIMIT:
                found = [*(found or ()), f"{path.name} took {seconds:.0f} s; the limit is {LIMIT} s"]
            print(f"{'stale' if found else 'ok'}, {seconds:.1f} s")
            complaints += found or []
    except LessonError as error:
        print(f"failed\n{error}", file=sys.stderr)
        return 1
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if options.check and complaints:
        print("rebuild them with: python notebooks/build.py", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
