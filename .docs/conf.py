"""The site: the README, the course, a gallery, the API, and how the engine works.

    pip install ".[docs]" && sphinx-build -W .docs .docs/site

Sphinx, since numpydoc reads the docstrings as they are, MyST-NB shows the course's notebooks with their outputs and runs the
gallery's code, and the search works from files. Nothing is loaded from the network, the formulas neither.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import minigrad

MODULES = ("nn", "optim", "data", "linalg", "fft", "special", "stats")
HERE = Path(__file__).parent
ROOT = HERE.parent

project = "minigrad"
author = copyright = "the authors of minigrad"
release = minigrad.__version__
extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx_copybutton", "sphinx-mathjax-offline"]
exclude_patterns = ["site", "jupyter_execute", "notebooks/exercises"]
templates_path: list[str] = []
html_theme = "furo"
html_title = "minigrad"
html_show_copyright = False
html_theme_options = {"source_repository": "", "top_of_page_buttons": []}
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_excludepatterns = ["notebooks/solutions/*"]  # the course keeps the outputs that it was built with
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_ipywidgets_js = {}  # from another host
suppress_warnings = ["mystnb.unknown_mime_type", "misc.highlighting_failure"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


INDEX = """
```{toctree}
:hidden:

notebooks/README
gallery
engine
coming-from
api
limits
github/CHANGELOG
github/CONTRIBUTING
```
"""
COURSE = """
```{toctree}
:hidden:
:glob:

solutions/*
```
"""
TEXTS = {  # the texts, where they stand here, and what is added; `github` has no dot, for servers leave out hidden folders
    "README.md": ("index.md", INDEX),
    "notebooks/README.md": ("notebooks/README.md", COURSE),
    ".github/CHANGELOG.md": ("github/CHANGELOG.md", ""),
    ".github/CONTRIBUTING.md": ("github/CONTRIBUTING.md", ""),
}


def gather() -> None:
    """Copy the texts and the course here, laid out as in the repository, and write a page of the API for each subject."""
    for folder in ("notebooks", "github"):
        shutil.rmtree(HERE / folder, ignore_errors=True)
    for folder in ("solutions", "exercises"):
        shutil.copytree(ROOT / "notebooks" / folder, HERE / "notebooks" / folder)
    shutil.copytree(ROOT / ".github", HERE / "github", ignore=lambda _, names: [n for n in names if not n.endswith(".svg")])
    for source, (page, end) in TEXTS.items():
        text = re.sub(r"\]\((\.\./)?\.github/", r"](\1github/", (ROOT / source).read_text(encoding="utf-8"))
        text = re.sub(r"\[exercises\]\((exercises/.*?\.ipynb)\)", r"{download}`exercises <\1>`", text)
        (HERE / page).write_text(text + end, encoding="utf-8")
    api = HERE / "api"
    shutil.rmtree(api, ignore_errors=True)
    api.mkdir()
    pages = {heading: _functions(names) for heading, names in minigrad._SUBJECTS.items()}
    pages |= {f"minigrad.{name}": _module(f"minigrad.{name}") for name in MODULES}
    for i, (heading, body) in enumerate(pages.items()):
        text = f"# {heading}\n\n```{{eval-rst}}\n{body}\n```\n"
        (api / f"{i:02}.md").write_text(text, encoding="utf-8")


def _functions(names: list[str]) -> str:
    lines = []
    for name in names:
        thing = getattr(minigrad, name)
        if isinstance(thing, type):
            lines.append(f".. autoclass:: minigrad.{name}\n   :members:\n   :inherited-members: Exception")
        elif not hasattr(thing, "__path__") and type(thing).__name__ != "module":
            lines.append(f".. autofunction:: minigrad.{name}")
    return "\n\n".join(lines)


def _module(name: str) -> str:
    return f".. automodule:: {name}\n   :members:\n   :imported-members:"


def escape_bars(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Keep the bars of |x| from being read as a substitution; not in examples."""
    example = False
    for i, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if not example and "``" not in line:
            lines[i] = line.replace("|", r"\|")


def setup(app: Any) -> None:
    """Read docstrings as above."""
    app.connect("autodoc-process-docstring", escape_bars)


gather()
