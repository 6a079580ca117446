"""The notebooks of the course: none is stale, and the script that makes them refuses what would not teach."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import types
from pathlib import Path

import pytest

from minigrad.course import CheckFailed, find, load

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
from minigrad.course import check

# %% [markdown]
# ## Exercise 1: a slope


# %%
def slope(g, at):
    # solution
    return (g(at + 1e-5) - g(at - 1e-5)) / 2e-5
    # end


# %%
check("1.1", slope)

# %% [markdown]
# ## Exercise 2: four numbers

# %%
dq_dx, dq_dy, df_dq, df_dz = (
    # solution
    1.0, 1.0, -4.0, 3.0
    # stub
    # None, None, None, None
    # end
)

# %%
check("1.2", dq_dx, dq_dy, df_dq, df_dz)
turns = 8  # in CI: 2
turns
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


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_answers_keep_their_names_until_they_are_graded(lesson):
    """The grader tries the answers at the end of their section, under the names that the check takes."""
    cells, answers = build.read(lesson), {}
    for cell in cells:
        if cell.cell_type == "markdown" and build.HEADING.search(cell.source):
            answers = {}
        elif cell.cell_type == "code":
            bound = {
                node.id
                for node in ast.walk(ast.parse(cell.source))
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            bound |= {node.name for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.FunctionDef)}
            assert not bound & answers.keys(), cell.source
            if found := build.CHECK.search(cell.source):
                answers = dict.fromkeys(found[2].split(", "))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_exercise_of_the_package_is_in_its_lesson(lesson):
    found = [
        check[1] for cell in build.read(lesson) if cell.cell_type == "code" and (check := build.CHECK.search(cell.source))
    ]
    assert found == [one.name for one in load(build.number_of(lesson))]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one lesson, in a folder of its own."""
    (tmp_path / "lessons").mkdir()
    monkeypatch.setattr(build, "HERE", tmp_path)
    path = tmp_path / "lessons" / "01_slope.py"
    path.write_text(LESSON)
    return path


def test_a_solution_gives_way_to_its_stub(course):
    cells = [build.exercise_text(cell.source) for cell in build.read(course)]
    assert cells[3] == 'def slope(g, at):\n    raise NotImplementedError("your code here")'
    assert cells[6] == "dq_dx, dq_dy, df_dq, df_dz = (\n    None, None, None, None\n)"
    solved = [build.solution_text(cell.source) for cell in build.read(course)]
    assert solved[3] == "def slope(g, at):\n    return (g(at + 1e-5) - g(at - 1e-5)) / 2e-5"
    assert solved[6] == "dq_dx, dq_dy, df_dq, df_dz = (\n    1.0, 1.0, -4.0, 3.0\n)"


def test_a_long_run_is_short_in_ci(course):
    assert "turns = 8\n" in build.read(course)[7].source
    assert "turns = 2\n" in build.read(course, short=True)[7].source


@pytest.mark.parametrize(("old", "new", "says"), [
    ("# end", "# and", r"01_slope.py, cell 4: write '# solution'"),
    ('check("1.1", slope)', "slope", r'cell 4: the next cell must begin with check\("1.1", slope\)'),
    ('check("1.1", slope)', 'check("1.2", slope)', "cell 4: the next cell must begin"),
    ("dq_dy, df_dq, df_dz)", "df_dq, dq_dy, df_dz)", "cell 7: the next cell must begin"),
    ("Exercise 2", "Exercise 9", "cell 7: the next cell must begin"),
])  # fmt: skip
def test_a_lesson_that_is_marked_wrongly_is_refused(course, old, new, says):
    assert old in LESSON
    course.write_text(LESSON.replace(old, new))
    with pytest.raises(build.LessonError, match=says):
        build.read(course)


def test_wrong_answers_are_tried(course, monkeypatch):
    build.rehearse(course)
    monkeypatch.setattr(build, "judge", lambda *answers: "Hint: something else")
    with pytest.raises(build.LessonError, match=r"exercise 1.1 answers 'Hint: something else' where the hint is"):
        build.rehearse(course)


def test_nbgrader_finds_one_locked_test_for_each_exercise(course, tmp_path):
    """The schema of nbgrader 0.9: a test cell is graded, locked, and has an identifier of its own and points."""
    assert build.main(["--assign", str(tmp_path / "ps1"), "01"]) == 0
    made = build.nbformat.read(tmp_path / "ps1" / "01_slope.ipynb", 4)
    tests = [cell for cell in made.cells if "nbgrader" in cell.metadata]
    assert [cell.source.splitlines()[0] for cell in tests] == [
        'check("1.1", slope)',
        'check("1.2", dq_dx, dq_dy, df_dq, df_dz)',
    ]
    for number, cell in enumerate(tests, 1):
        assert cell.metadata["nbgrader"] == {
            "schema_version": 3, "grade_id": f"exercise-1-{number}", "grade": True, "locked": True, "points": 1, "solution": False, "task": False,
        }  # fmt: skip


def test_the_example_for_otter_grader_passes_and_fails(monkeypatch):
    """Otter calls a test with the names of the notebook; an exception is a failure."""
    page = (NOTEBOOKS / "README.md").read_text()
    example = next(block for block in re.findall(r"```python\n(.*?)```", page, re.S) if "otter" in block)
    made = types.ModuleType("otter.test_files")
    made.test_case = lambda **options: lambda f: f
    monkeypatch.setitem(sys.modules, "otter", types.ModuleType("otter"))
    monkeypatch.setitem(sys.modules, "otter.test_files", made)
    names = {}
    exec(example, names)
    names["test_answers"](dict(find("3.1").right))
    with pytest.raises(CheckFailed, match="this answer is missing"):
        names["test_answers"]({})


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
    assert "exercises/01_slope.ipynb is missing" in capsys.readouterr().err
    assert build.main([]) == 0
    assert build.main(["--check"]) == 0
    exercises, solutions = build.notebook_paths(course)
    before = solutions.read_bytes()
    assert build.main(["01"]) == 0
    assert solutions.read_bytes() == before
    assert "2e-5" not in exercises.read_text()
    assert "✓ Exercise 1.1" in solutions.read_text()
    assert build.main(["--check", "--short"]) == 0
    solutions.write_text(before.decode().replace("✓ Exercise 1.1", "✓ Exercise 1.5"))
    assert build.main(["--check"]) == 1
    assert "the outputs differ" in capsys.readouterr().err
    course.write_text(LESSON.replace("A lesson", "Another"))
    assert len(build.stale_sources(course)) == 2
    course.rename(course.with_name("02_slope.py"))
    assert len(build.orphans()) == 2


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize(("old", "new", "says"), [
    ("    # None, None, None, None\n", "    # 1, 1, -4, 3\n", "with the stub in place of the solution, this check passed"),
    ("\nturns\n", "\nimport warnings; warnings.warn('old')\n", "UserWarning.*old"),
    ("\nturns\n", "\nsocket\n", "NameError"),
    ("\nturns\n", "\nimport socket; socket.create_connection(('localhost', 80))\n", "a lesson uses no network"),
])  # fmt: skip
def test_a_lesson_that_would_not_teach_is_refused(course, old, new, says):
    assert old in LESSON
    course.write_text(LESSON.replace(old, new))
    with pytest.raises(build.LessonError, match=re.compile(says, re.S)):
        build.build(course)
    assert not any(path.exists() for path in build.notebook_paths(course))
