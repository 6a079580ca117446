"""The notebooks of the course: none is stale, and the script that makes them refuses what would not teach."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

pytest.importorskip("jupytext")

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
spec = importlib.util.spec_from_file_location("build", NOTEBOOKS / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
LESSONS = build.lessons([])

LESSON = """\
# %% [markdown]
# # A lesson

# %%
from minigrad import checks


# %%
def double(x):
    # solution
    return 2 * x
    # end


# %%
checks.equal("twice 4", lambda: double(4), 8)

# %%
answer = (
    # solution
    16.0
    # stub
    # None
    # end
)

# %%
checks.equal("the answer", answer, 16.0)
answer
"""


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_no_notebook_is_stale(lesson):
    assert build.stale_sources(lesson) == []


def test_no_notebook_is_without_a_lesson():
    assert build.orphans() == []
    assert len(LESSONS) >= 6


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_what_every_lesson_has(lesson):
    cells = build.read(lesson)
    number = int(lesson.stem[:2])
    assert cells[0].source.startswith(f"# {number}. ")
    headings = re.findall(r"^## (.*)", "\n".join(c.source for c in cells if c.cell_type == "markdown"), re.M)
    assert [h for h in headings if h.startswith("Exercise")]
    assert headings[-1] == "Something to play with"
    assert all(build.exercise_text(c.source) == c.source for c in cells if c.cell_type == "markdown")
    page = (NOTEBOOKS / "README.md").read_text()
    assert f"(exercises/{lesson.stem}.ipynb)" in page
    assert f"(solutions/{lesson.stem}.ipynb)" in page


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_the_files_that_a_lesson_names_exist(lesson):
    named = re.findall(r"minigrad/[\w/]+\.py", lesson.read_text())
    assert [name for name in named if not (NOTEBOOKS.parent / name).exists()] == []


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one lesson, in a folder of its own."""
    (tmp_path / "lessons").mkdir()
    monkeypatch.setattr(build, "HERE", tmp_path)
    path = tmp_path / "lessons" / "01_double.py"
    path.write_text(LESSON)
    return path


def test_a_solution_gives_way_to_its_stub(course):
    cells = [build.exercise_text(cell.source) for cell in build.read(course)]
    assert cells[2] == 'def double(x):\n    raise NotImplementedError("your code here")'
    assert cells[4] == "answer = (\n    None\n)"
    solved = [build.solution_text(cell.source) for cell in build.read(course)]
    assert solved[2] == "def double(x):\n    return 2 * x"
    assert solved[4] == "answer = (\n    16.0\n)"


@pytest.mark.parametrize(("old", "new", "says"), [
    ("# end", "# and", r"01_double.py, cell 3: write '# solution'"),
    ('checks.equal("twice 4", lambda: double(4), 8)', "double(4)", "cell 3: the next cell must check the solution"),
])  # fmt: skip
def test_a_lesson_that_is_marked_wrongly_is_refused(course, old, new, says):
    course.write_text(LESSON.replace(old, new))
    with pytest.raises(build.LessonError, match=says):
        build.read(course)


def test_the_same_text_up_to_what_a_processor_may_change():
    assert build._same_text("error 1.2e-11, loss 0.5000", "error 3.4e-11, loss 0.5001")
    assert build._same_text("nan", "nan")
    assert not build._same_text("loss 0.50", "loss 0.51")
    assert not build._same_text("loss 0.5", "less 0.5")


@pytest.fixture
def kernel():
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")


@pytest.mark.parametrize(("output", "says"), [
    ({"output_type": "stream", "name": "stderr", "text": "careful"}, "writes to stderr: careful"),
    ({"output_type": "execute_result", "metadata": {}, "execution_count": 1, "data": {"text/plain": "<object at 0x7f0a>"}}, "shows an address"),
])  # fmt: skip
def test_an_output_that_does_not_belong_into_a_notebook_is_refused(course, output, says):
    cell = build.new_code_cell("cell()", outputs=[build.nbformat.from_dict(output)])
    with pytest.raises(build.LessonError, match=says):
        build._refuse_outputs(course, cell)


@pytest.mark.usefixtures("kernel")
def test_building_and_checking(course, capsys):
    assert build.main(["--check"]) == 1
    assert "exercises/01_double.ipynb is missing" in capsys.readouterr().err
    assert build.main([]) == 0
    assert build.main(["--check"]) == 0
    exercises, solutions = build.notebook_paths(course)
    before = solutions.read_bytes()
    assert build.main(["01"]) == 0
    assert solutions.read_bytes() == before
    assert "2 * x" not in exercises.read_text()
    assert "✓ twice 4" in solutions.read_text()
    solutions.write_text(before.decode().replace("✓ twice 4", "✓ twice 5"))
    assert build.main(["--check"]) == 1
    assert "the outputs differ" in capsys.readouterr().err
    course.write_text(LESSON.replace("A lesson", "Another"))
    assert len(build.stale_sources(course)) == 2
    course.rename(course.with_name("02_double.py"))
    assert len(build.orphans()) == 2


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize(("old", "new", "says"), [
    ("    # None\n", "    # 16.0\n", "with the stub in place of the solution, this check passed"),
    ("\nanswer\n", "\nimport warnings; warnings.warn('old')\n", "UserWarning.*old"),
    ("\nanswer\n", "\nsocket\n", "NameError"),
    ("\nanswer\n", "\nimport socket; socket.create_connection(('localhost', 80))\n", "a lesson uses no network"),
])  # fmt: skip
def test_a_lesson_that_would_not_teach_is_refused(course, old, new, says):
    assert old in LESSON
    course.write_text(LESSON.replace(old, new))
    with pytest.raises(build.LessonError, match=re.compile(says, re.S)):
        build.build(course)
    assert not any(path.exists() for path in build.notebook_paths(course))
