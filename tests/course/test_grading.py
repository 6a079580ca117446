"""`minigrad grade`: the package's checks count, whatever a notebook does to its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.course.grading import grade
from minigrad.course.process import PACKAGES, THREADS, signals_as_exceptions

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("IPython")
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
    assert found == dict.fromkeys(["1.1", "1.2"], EARLY)


EARLY = "the notebook ended its process, or ran out of memory"


def runs(pid):
    """Whether a process runs; one that has been killed is there until its parent asks for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except OSError:
        return False


def until(condition):
    """Whether something comes true."""
    for _ in range(6000):
        if condition():
            return True
        time.sleep(0.01)
    return False


RUDE = {
    "closes its output": "import sys\nsys.stdout.close()\nsys.stderr.close()\nsys.stdin.close()",
    "replaces its output": "import sys\nsys.stdout = sys.stderr = sys.__stdout__ = None",
    "closes every descriptor": "import os\nos.closerange(0, 256)",
    "prints without end": "import os\nfor _ in range(300):\n    print('x' * 1_000_000)\n    os.write(1, b'x' * 1_000_000)",
    "deletes its folder": "import os, shutil\nshutil.rmtree(os.getcwd())",
    "starts a thread that never ends": "import threading, time\nthreading.Thread(target=lambda: [time.sleep(1) for _ in iter(int, 1)]).start()",
    "forks": "import os\nif hasattr(os, 'fork'):\n    os.fork()",
    "forks a child that never ends": "import os, time\nif hasattr(os, 'fork') and os.fork() == 0:\n    while True:\n        time.sleep(1)",
    "ignores signals": "import signal\nfor one in signal.valid_signals() - {9, 19}:\n    try:\n        signal.signal(one, signal.SIG_IGN)\n    except (OSError, ValueError):\n        pass",
    "exits at exit": "import atexit, sys, time\natexit.register(sys.exit, 3)\natexit.register(time.sleep, 1000)",
    "replaces the functions of its system": "import os, json, time, sys, builtins\nos._exit = os.getpid = os.replace = time.sleep = sys.exit = builtins.print = lambda *a: 0",
    "raises what is no error": "raise KeyboardInterrupt",
    "asks a question": "answer = input('Well? ')",
    "traces": "import sys\nsys.settrace(lambda *a: None)\nsys.excepthook = sys.displayhook = None",
    "has no modules": "import sys\nfor name in ('json', 'pathlib', 'numpy', 'minigrad.course'):\n    sys.modules[name] = None",
    "shows what cannot be shown": "class A:\n    def __repr__(self):\n        while True: pass\nA()\ndisplay(A())\nA()",
    "uses IPython": "%matplotlib inline\nimport asyncio\nawait asyncio.sleep(0)\nget_ipython().run_line_magic('pwd', '')\n%nothing",
    "is no Python": "def f(:",
}  # fmt: skip


def test_rude_notebooks_are_graded_on_their_merits(tmp_path, capsys):
    for k, cell in enumerate(RUDE.values()):
        cells = [
            new_markdown_cell("# 1. Gradients on a graph"),
            new_code_cell(cell),
            new_code_cell(SLOPE),
            new_code_cell(LOCAL),
        ]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{k:02}.ipynb")
    files = sorted(map(str, tmp_path.glob("*.ipynb")))
    assert main(["grade", *files, "--json", "--seconds", "100", "--jobs", "4"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["file"] for one in found] == files
    for name, one in zip(RUDE, found, strict=True):
        grades = {grade["exercise"]: grade["passed"] or grade["why"] for grade in one["grades"]}
        assert (grades["1.1"], grades["1.2"]) == (True, True), name
        assert "replace None with your answer" in grades["1.3"], name


JUPYTER = """
sys.stdout.fileno(), sys.stderr.fileno(), sys.__stdout__.fileno()
b"x".decode(sys.stdout.encoding), "é".encode(sys.stderr.encoding, sys.stdout.errors)
subprocess.run([sys.executable, "-c", "print(1)"], stdout=sys.stdout, stderr=sys.stderr, check=True)
subprocess.run([sys.executable, "-c", "print(1)"], stdin=sys.stdin, check=True)
faulthandler.enable(), faulthandler.dump_traceback(file=sys.stdout), faulthandler.disable()
sys.__stdout__.buffer.write(b"x"), sys.__stdout__.buffer.flush()
sys.stdout.write("x"), sys.stdout.writelines(["x"]), sys.stdout.flush(), sys.stdout.name
assert not sys.stdout.isatty() and sys.stdout.writable() and not sys.stdout.closed and sys.stdout is not sys.stderr
logging.basicConfig(stream=sys.stdout), logging.warning("x"), warnings.warn("x"), traceback.print_stack(), pprint.pprint(1)
os.close(os.dup(sys.stdout.fileno())), select.select([], [sys.stdout], [], 0)
multiprocessing.get_context("spawn").Pool(1).terminate(), concurrent.futures.ThreadPoolExecutor(1).submit(print).result()
IPython.display.clear_output(), IPython.display.display(1), get_ipython().run_cell_magic("time", "", "print(1)")
get_ipython().run_cell_magic("capture", "kept", "print(1)"), get_ipython().system("echo 1"), get_ipython().getoutput("echo 1")
""".strip().splitlines()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="POSIX shell and descriptors")
def test_a_line_that_runs_in_jupyter_runs_here(tmp_path):
    modules = "concurrent.futures, faulthandler, logging, multiprocessing, os, pprint, select, subprocess, sys, traceback, warnings"
    cells = [new_markdown_cell("# 1. Gradients on a graph"), new_code_cell(f"import {modules}, IPython\nran = []")]
    cells += [new_code_cell(f"{line}\nran.append({k})") for k, line in enumerate(JUPYTER)]
    cells.append(new_code_cell(f"print(*ran, file=open({str(tmp_path / 'ran')!r}, 'w'), flush=True)"))
    nbformat.write(new_notebook(cells=cells), tmp_path / "a.ipynb")
    assert len(list(grade([tmp_path / "a.ipynb"]))) == 1
    ran = (tmp_path / "ran").read_text().split()
    assert [line for k, line in enumerate(JUPYTER) if str(k) not in ran] == []


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="POSIX process groups")
@pytest.mark.parametrize(("how", "end"), [
    ("", ""), (", start_new_session=True", ""), (", start_new_session=True", "os = __import__('os'); os._exit(0)"),
])  # fmt: skip
def test_what_a_notebook_leaves_running_is_ended(graded, tmp_path, how, end):
    if how and sys.platform != "linux":
        pytest.skip("found in /proc alone")
    mark = tmp_path / "pid"
    left = f"import subprocess\nchild = subprocess.Popen(['sleep', '1000']{how})\nopen({str(mark)!r}, 'w').write(str(child.pid))"
    assert graded(f"{SLOPE}\n{left}\n{end}", "" if end else LOCAL)["1.2"] == (EARLY if end else True)
    assert until(lambda: not runs(int(mark.read_text())))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGKILL"])
def test_when_the_grader_is_ended_so_are_the_notebook_and_its_files(tmp_path, name):
    mark, path = tmp_path / "pid", tmp_path / "a.ipynb"
    loop = "import os, subprocess\nchild = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
    loop += f"print(os.getpid(), child.pid, os.getcwd(), file=open({str(mark)!r}, 'w'), flush=True)\nwhile True: pass"
    nbformat.write(new_notebook(cells=[new_markdown_cell("# 1. Gradients on a graph"), new_code_cell(loop)]), path)
    files = tmp_path / "temporary"
    files.mkdir()
    environment = {**os.environ, "PYTHONPATH": PACKAGES, "TMPDIR": str(files)}
    grader = subprocess.Popen([sys.executable, "-m", "minigrad", "grade", str(path)], env=environment)
    assert until(lambda: mark.exists() and len(mark.read_text().split()) == 3)
    *pids, folder = mark.read_text().split()
    assert all(map(runs, map(int, pids)))
    assert Path(folder).exists()
    grader.send_signal(signal.Signals[name])
    number = int(signal.Signals[name])
    assert grader.wait(60) == (-number if name == "SIGKILL" else 128 + number)
    assert until(lambda: not any(map(runs, map(int, pids))) and not list(files.glob("grade-*")))


def test_signals_are_handled_as_before_after_the_command(graded):
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    graded("pass", "pass")
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)] == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="POSIX signals")
def test_only_signals_that_nobody_handles_raise_and_only_the_first_of_them():
    kept = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with pytest.raises(SystemExit) as left, signals_as_exceptions(), ExitStack() as ending:  # noqa: PT012
            ending.callback(signal.raise_signal, signal.SIGTERM)  # one more while the notebooks are being ended
            ending.callback(signal.raise_signal, signal.SIGTERM)
            signal.raise_signal(signal.SIGHUP)
        assert left.value.code == 128 + signal.SIGTERM
        assert (signal.getsignal(signal.SIGHUP), signal.getsignal(signal.SIGTERM)) == (signal.SIG_IGN, signal.SIG_DFL)
        with ThreadPoolExecutor(1) as other:
            other.submit(lambda: signals_as_exceptions().__enter__()).result()
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, kept)


@pytest.mark.parametrize("error", ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "TypeError"])
@pytest.mark.parametrize("how", ["throw()", "A()"])
def test_an_answer_that_raises_has_not_passed_and_the_next_is_tried(graded, error, how):
    raising = f"def throw(*args, **kwargs):\n    raise {error}\nclass A:\n    __array__ = throw\nslope = lambda g, at: {how}"
    found = graded(raising, LOCAL)
    assert f"your code raised {error}: , in line 2 of your cell: raise {error}" in found["1.1"]
    assert found["1.2"] is True


def test_an_answer_of_very_many_elements_has_not_passed_and_the_next_is_tried(graded):
    found = graded("import numpy as np\nslope = lambda g, at: np.zeros(10**8)", LOCAL)
    assert "it has more than 20,000 elements" in found["1.1"]
    assert found["1.2"] is True


def test_an_answer_of_more_than_64_bits_counts(graded):
    assert (
        graded(f"{SLOPE}\nimport numpy as np\nslope = lambda g, at, f=slope: np.longdouble(f(g, at))", LOCAL)["1.1"] is True
    )


@pytest.mark.parametrize("written", ["[" * 100_000, "nothing", '[{"label": 1}]', "[1e999]", '{"a": [', "null"])
def test_forged_results_are_not_right(graded, written):
    forged = f"import json, minigrad.course.runner, sys\njson.dumps = lambda *a, **k: {written!r}"
    found = graded(f"{SLOPE}\n{forged}", LOCAL)
    assert re.search("its answers cannot be read|its results are missing", found["1.1"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_results_that_are_no_file_are_not_waited_for(graded):
    block = "import os, glob\nos.mkfifo('../results/1.2')\nos.replace = None\nos.mkdir('../results/1.partial')"
    assert graded(SLOPE, f"{LOCAL}\n{block}") == {"1.1": True, "1.2": "its answers are missing"}


def test_several_run_at_once_and_the_order_stays(tmp_path, capsys):
    for k, cell in enumerate(["import time\ntime.sleep(3)", "pass", "while True: pass", "pass"]):
        cells = [new_markdown_cell("# 1. Gradients on a graph"), new_code_cell(cell), new_code_cell(SLOPE)]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{k}.ipynb")
    files = sorted(map(str, tmp_path.glob("*.ipynb")))
    assert main(["grade", *files, "--jobs", "3", "--seconds", "30"]) == 1
    heads = [line for line in capsys.readouterr().out.splitlines() if ": lesson 1, " in line]
    assert heads == [f"{file}: lesson 1, {n} of 4 exercises passed" for file, n in zip(files, [1, 1, 0, 1], strict=True)]


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
    ({"options": ["--jobs", "0"]}, "--jobs must be at least 1"),
])  # fmt: skip
def test_what_cannot_be_graded(graded, options, says):
    assert says in graded(SLOPE, **options)


def test_files_that_are_no_notebooks(tmp_path, capsys):
    (tmp_path / "a.ipynb").write_text("[]")
    assert main(["grade", str(tmp_path / "a.ipynb")]) == 2
    assert "this is not a notebook" in capsys.readouterr().err
    assert main(["grade", str(tmp_path / "none.ipynb")]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert main(["grade", str(tmp_path)]) == 2
    assert "this is a folder; name its notebooks" in capsys.readouterr().err


def test_a_missing_package_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("minigrad.optional.found", lambda module: None)
    (tmp_path / "a.ipynb").write_text("{}")
    assert main(["grade", str(tmp_path / "a.ipynb")]) == 2
    assert 'pip install "minigrad[grade]"' in capsys.readouterr().err


def test_an_answer_without_a_value_has_not_passed(graded):
    empty = "class A:\n    def __array__(self, *a, **k):\n        return 0\ndef slope(g, at):\n    return A()"
    forged = (
        "import minigrad.course.observe as o\n"
        "o._observations = lambda label, result: [o.Observation(n) for n in (label if isinstance(label, tuple) else (label,))]"
    )
    assert "your code raised ValueError: object __array__ method not producing an array" in graded(empty, LOCAL)["1.1"]
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


@pytest.mark.parametrize("wrong", [
    {"jobs": 0}, {"jobs": -1}, {"jobs": 1.5}, {"seconds": 0}, {"seconds": float("nan")}, {"megabytes": 0}, {"megabytes": -5},
])  # fmt: skip
def test_limits_without_sense_are_refused_before_anything_runs(wrong):
    with pytest.raises(ValueError, match=f"^grade: {next(iter(wrong))} must be "):
        grade([], **wrong)


def test_a_memory_limit_beyond_the_system_is_none(graded):
    assert graded(SLOPE, LOCAL, options=["--memory", str(10**14)]) == {"1.1": True, "1.2": True}


def test_notebooks_that_run_at_once_share_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr("minigrad.course.grading.cores", lambda: 6)
    for k in range(2):
        ask = f"import os\nopen({str(tmp_path / f'{k}.txt')!r}, 'w').write(' '.join(os.environ[name] for name in {THREADS}))"
        cells = [new_markdown_cell("# 1. Gradients on a graph"), new_code_cell(ask)]
        nbformat.write(new_notebook(cells=cells), tmp_path / f"{k}.ipynb")
    for _ in grade(sorted(tmp_path.glob("*.ipynb")), jobs=2):
        pass
    assert "MINIGRAD_NUM_THREADS" in THREADS
    assert [path.read_text() for path in sorted(tmp_path.glob("*.txt"))] == [" ".join("3" for _ in THREADS)] * 2
