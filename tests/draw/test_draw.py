"""The picture of a graph: what is in it, that it is safe and well-formed, and how it is rendered."""

from __future__ import annotations

import base64
import copy
import re
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib

import numpy as np
import pytest
from drawings import circuit, groups, texts, titles

import minigrad as mg
from minigrad import Tensor, scope
from minigrad.draw import draw
from minigrad.draw.inline import apart
from minigrad.draw.still import pdf, png, render
from minigrad.draw.text import summary
from minigrad.graph import topological_order
from minigrad.operation import OPS, elementwise
from minigrad.text import number, printable, shorten

# What is in it


def test_description_of_the_circuit():
    picture = draw(circuit()).description
    shown = {n.name or n.title: (n.kind, n.title, n.value, n.gradient) for n in picture.nodes}
    assert shown == {
        "x": ("leaf", "x", ("-2",), ("-4",)),
        "y": ("leaf", "y", ("5",), ("-4",)),
        "q": ("op", "+", ("3",), ("-4",)),
        "z": ("leaf", "z", ("-4",), ("3",)),
        "×": ("op", "×", ("-12",), ("1",)),
    }
    assert [(e.id, e.tail, e.head, e.local) for e in picture.edges] == [
        ("n2-0", "n0", "n2", ("1",)),
        ("n2-1", "n1", "n2", ("1",)),
        ("n4-0", "n2", "n4", ("-4",)),
        ("n4-1", "n3", "n4", ("3",)),
    ]


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_svg_has_every_node_and_edge_once(direction):
    drawing = draw(circuit(), direction=direction)
    assert groups(drawing, "node") == {"n0": ["leaf"], "n1": ["leaf"], "n2": ["op"], "n3": ["leaf"], "n4": ["op", "result"]}
    assert groups(drawing, "edge") == {id: ["local"] for id in ("n2-0", "n2-1", "n4-0", "n4-1")}
    assert {"x", "-2", "-4", "q", "3", "-12", "local"} <= set(texts(drawing))
    assert "f" not in texts(drawing)
    assert "q\nadd\nvalue 3.0\ngradient -4.0" in titles(drawing)


def test_ids_and_dot_are_the_same_on_every_run():
    assert draw(circuit()).dot == draw(circuit()).dot


def test_x_times_x_draws_two_edges():
    x = Tensor(3.0, name="x")
    drawing = draw(x * x)
    assert [(e.tail, e.head, e.local) for e in drawing.description.edges] == [("n0", "n1", ("3",)), ("n0", "n1", ("3",))]
    assert set(groups(drawing, "edge")) == {"n1-0", "n1-1"}


@pytest.mark.parametrize(("fused", "operations"), [(False, ["−x", "exp", "+", "/"]), (True, ["sigmoid"])])
def test_sigmoid_by_its_gates_and_as_one(fused, operations):
    u = Tensor(1.0, name="u")
    f = mg.sigmoid(u) if fused else 1 / (1 + mg.exp(-u))
    f.backward()
    nodes = draw(f).description.nodes
    gates = [n for n in nodes if n.kind == "op"]
    assert [n.title for n in gates] == operations
    assert gates[-1].value == ("0.73",)
    assert nodes[0].gradient == ("0.20",)
    if not fused:
        assert [n.gradient for n in gates] == [("-0.20",), ("-0.53",), ("-0.53",), ("1",)]


def test_constants_are_drawn_as_their_values_without_local_gradient():
    x, named = Tensor(3.0, name="x"), Tensor([1.0, 2.0], requires_grad=False, name="mask")
    picture = draw(2 * x + named + np.arange(30.0)[:2] + Tensor(np.int64(7))).description
    constants = {n.id: n for n in picture.nodes if n.kind == "constant"}
    assert [n.title for n in constants.values()] == ["2", "mask", "[0, 1]", "7"]
    assert [n.value for n in constants.values() if n.title == "mask"] == [("[1, 2]",)]
    assert all(not e.local for e in picture.edges if e.tail in constants)
    assert all(e.local for e in picture.edges if e.tail not in constants)


def test_absent_inputs_are_not_drawn():
    assert len(draw(mg.clip(Tensor(1.0), 0.0)).description.edges) == 2


def test_arrays_show_shape_dtype_and_a_summary():
    x = Tensor(np.arange(12, dtype=np.float32).reshape(3, 4), name="x")
    f = mg.sum(x * x, axis=0)
    leaf, gate, total = draw(f).description.nodes
    assert (leaf.detail, leaf.value) == ("(3, 4) float32", ("0 … 11", "mean 5.50"))
    assert total.arguments == "axis=0"
    assert gate.detail == "(3, 4) float32"
    first, _, last = draw(f).description.edges
    assert first.local == ("0 … 11", "mean 5.50")
    assert last.local == ()  # a sum has a Jacobian, not a number for each number


def test_local_gradients_are_those_of_the_rule_with_upstream_one():
    x = Tensor([1.0, 4.0])
    assert draw(mg.sqrt(x)).description.edges[0].local == ("[0.50, 0.25]",)
    assert draw(mg.leaky_relu(Tensor(-1.0), 0.1)).description.edges[0].local == ("0.10",)
    assert draw(mg.sqrt(Tensor(0.0))).description.edges[0].local == ("inf",)


def test_a_users_operation_is_drawn():
    @elementwise
    def twice(x, /):
        return 2 * x

    twice.rules(lambda g, out, x: 2 * g)
    try:
        assert draw(twice(Tensor(1.0))).description.nodes[-1].title == "twice"
    finally:
        del OPS["twice"]


def test_what_is_left_out():
    picture = draw(circuit(), values=False, gradients=False, local_gradients=False)
    assert not any(n.value or n.gradient for n in picture.description.nodes)
    assert not any(e.local for e in picture.description.edges)
    assert len(groups(picture, "node")) == 5
    assert not draw(Tensor(1.0) * 2).description.nodes[-1].gradient


def test_a_single_tensor_is_a_picture():
    assert groups(draw(Tensor(1.0, name="x")), "node") == {"n0": ["leaf", "result"]}
    assert groups(draw(Tensor(True, name="x")), "node") == {"n0": ["constant", "result"]}


def test_gradients_that_are_tensors():
    x = Tensor(3.0, name="x")
    f = x**3
    f.backward(create_graph=True)
    assert draw(f).description.nodes[0].gradient == ("27",)
    x.grad = f.grad = None


def test_scopes_are_nested_clusters():
    x = Tensor(1.0)
    with scope("net"):
        y = x * 2
        with scope("layer"):
            y = y + x
    drawing = draw(y * x)
    assert [n.scope for n in drawing.description.nodes if n.kind == "op"] == [("net",), ("net", "layer"), ()]
    assert groups(drawing, "cluster") == {"s0": ["scope"], "s1": ["scope"]}
    assert {"net", "layer"} <= set(texts(drawing))


def test_scopes_nested_without_end():
    with scope("/".join("abc" * 1000)):
        y = Tensor(1.0) * 2
    assert len(groups(draw(y), "cluster")) == 20


def test_drawing_changes_nothing():
    f = circuit()
    before = [(n, n.op, n.inputs, n.value, n.grad, n.name, n.static) for n in topological_order(f)]
    saved = copy.deepcopy([n.grad for n in topological_order(f)])
    draw(f).svg  # noqa: B018
    after = [(n, n.op, n.inputs, n.value, n.grad, n.name, n.static) for n in topological_order(f)]
    assert all(a is b for old, new in zip(before, after, strict=True) for a, b in zip(old, new, strict=True))
    assert saved == [n.grad for n in topological_order(f)]


# Numbers and names as text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (-0.5276, "-0.53"),
        (-12.0, "-12"),
        (0.0, "0"),
        (-0.0, "0"),
        (1e-05, "1e-05"),
        (0.0664, "0.066"),
        (0.999, "1.00"),
        (1234.5678, "1234.57"),
        (12345678.9, "1.23e+07"),
        (1e300, "1.00e+300"),
        (np.nan, "nan"),
        (-np.inf, "-inf"),
        (np.float32(0.1), "0.10"),
        (np.int64(7), "7"),
        (True, "True"),
        (np.bool_(False), "False"),
    ],
)
def test_numbers_are_for_reading(x, text):
    assert number(x, 2) == text


@pytest.mark.parametrize(
    ("array", "lines"),
    [
        ([], ("empty",)),
        (np.zeros((2, 0)), ("empty",)),
        ([[1, 2], [3, 4]], ("[1, 2]", "[3, 4]")),
        (np.full(9, 0.5), ("all 0.50",)),
        (np.arange(9) > 2, ("6 of 9 true",)),
        ([np.nan] * 9, ("9 of 9 not finite",)),
        ([np.inf, 1, 2, 3, 4, 5, 6, 7], ("1 … 7", "1 of 8 not finite")),
        (np.full(100, 6e4, np.float16), ("all 60000",)),
        (np.ones((1, 1, 1)), ("all 1",)),
    ],
)
def test_summaries(array, lines):
    assert summary(array, 2) == lines


def test_precision():
    x = Tensor(1 / 3, name="x")
    assert [draw(x, precision=p).description.nodes[0].value[0] for p in (0, 2, 5)] == ["0", "0.33", "0.33333"]


def test_printable_and_shorten():
    assert printable("a\x00\u202e\ud800") == r"a\x00\u202e\ud800"
    assert shorten("x" * 10_000, 5) == "xxxx…"


HOSTILE = [
    'a "quoted" name',
    "<script>alert(1)</script>",
    "x & y &amp; z",
    "two\nlines",
    "back\\slash\\",
    r"\N \G \E \l \n",
    "😀 数 é",
    "x" * 10_000,
    "<b>bold</b>",
    "]]>",
    "-->",
    "\x00\x1b\ud800",
    "%s {0} $x",
    "a:b:c",
    "node",
    ";}{",
    " ",
    "&#60;script&#62;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_text(name):
    with scope(name):
        f = Tensor(2.0, name=name) * 3
    f.name = name
    drawing = draw(f)
    root = ET.fromstring(drawing.svg)
    assert not [e for e in root.iter() if e.tag.rpartition("}")[2] in ("script", "a", "foreignObject", "image")]
    assert not [key for e in root.iter() for key in e.keys() if key.startswith("on") or key.endswith("href")]  # noqa: SIM118
    shown = [t.replace("\u00a0", " ") for t in texts(drawing)]
    if "/" not in name:
        assert shown.count(shorten(name)) >= 3
    assert shown.count(shorten(name)) >= 2
    full = shorten(name, 500)
    assert {f"{full}\nleaf\nvalue 2.0", f"{full}\nmultiply\nvalue 6.0"} <= set(titles(drawing))
    assert len(drawing.svg) < 20_000


# Bad arguments


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"f": np.ones(2)}, TypeError, "expected a Tensor, got ndarray; build the expression from Tensors"),
        ({"f": 3.0}, TypeError, "expected a Tensor, got float"),
        ({"f": mg.sigmoid}, TypeError, "expected a Tensor, got Op; call it with tensors"),
        ({"direction": "RL"}, ValueError, "direction is 'LR'"),
        ({"precision": 2.0}, TypeError, "precision is an integer from 0 to 17, got float"),
        ({"precision": -1}, ValueError, "precision is an integer from 0 to 17, got -1"),
        ({"precision": 100}, ValueError, "precision is an integer from 0 to 17, got 100"),
        ({"max_nodes": 0}, ValueError, "max_nodes is an integer, 1 or more, got 0"),
        ({"max_nodes": True}, TypeError, "max_nodes is an integer, 1 or more, got bool"),
        ({"depth": -1}, ValueError, "depth is an integer, 0 or more, got -1"),
        ({"depth": 1.5}, TypeError, "depth is an integer, 0 or more, got float"),
        ({"precision": "d"}, ValueError, "a format of a float such as '.3e', got 'd'"),
        ({"precision": "999999999f"}, ValueError, "got '999999999f'"),
        ({"expand": 3}, TypeError, "expand is True, False or names of operations, or tensors, got int"),
        ({"collapse": [1]}, TypeError, "collapse is True, False or names of scopes, got int"),
        ({"theme": "blue"}, ValueError, "theme is 'auto', 'light' or 'dark', got 'blue'"),
        ({"engine": "neato"}, ValueError, r"engine is 'minigrad' or 'dot' \(Graphviz\), got 'neato'"),
        ({"names": ["x"]}, TypeError, r"names is a mapping such as locals\(\), got list"),
        ({"expand": "exp"}, ValueError, "expand does not know 'exp'; it expands add, batch_norm.*softsign"),
        ({"expand": [Tensor(1.0)]}, ValueError, "expand does not know 'a leaf'"),
        ({"f": Tensor([1.0, 2.0]) * 2, "backward": True}, ValueError, "backward=True starts from a scalar"),
        ({"f": Tensor(1.0, requires_grad=False), "backward": True}, RuntimeError, "is a constant"),
        ({"f": KeyError("x")}, ValueError, "the KeyError does not come from an operation"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        draw(**{"f": Tensor(1.0), **arguments})


def test_a_freed_graph_is_refused():
    f = Tensor(1.0) * 2
    f.backward(retain_graph=False)
    with pytest.raises(RuntimeError, match="freed"):
        draw(f)


# Showing and saving


def test_notebooks_and_repr():
    drawing = draw(circuit())
    assert repr(drawing) == "<minigrad graph of multiply: 5 nodes, 4 edges>"
    shown = drawing._repr_mimebundle_()
    assert {kind: text for kind, text in shown.items() if kind != "image/png"} == {
        "image/svg+xml": apart(drawing.svg), "text/plain": repr(drawing),
    }  # fmt: skip
    assert drawing.svg.startswith("<svg")
    assert drawing.svg is drawing.svg


@pytest.mark.parametrize(
    ("suffix", "start"),
    [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".dot", b"digraph"), (".SVG", b"<svg")],
)
def test_save(tmp_path, suffix, start):
    file = tmp_path / f"graph{suffix}"
    draw(circuit()).save(file)
    draw(circuit()).save(str(file))
    assert file.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [file]


def test_save_into_a_missing_folder_names_the_target(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder '.*nowhere' to write 'graph.svg' in"):
        mg.draw(Tensor(1.0) * 2).save(tmp_path / "nowhere" / "graph.svg")


@pytest.mark.parametrize("name", ["graph.jpg", "graph", ".svg"])
def test_save_refuses_other_suffixes(tmp_path, name):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot or \.html"):
        draw(circuit()).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_failed_picture_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "graph.png"
    file.write_bytes(b"old")
    monkeypatch.setattr(png, "_family", lambda: "")
    with pytest.raises(RuntimeError, match="no fonts"):
        draw(circuit()).save(file)
    monkeypatch.undo()

    def full(handle):
        raise OSError(28, "disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        draw(circuit()).save(tmp_path / "graph.png")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


# Images without other programs


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_pictures_need_no_program(no_dot, tmp_path, suffix, capfd):
    draw(circuit()).save(tmp_path / f"graph{suffix}")
    assert (tmp_path / f"graph{suffix}").stat().st_size > 1000
    assert capfd.readouterr() == ("", "")


def test_a_png_is_as_large_as_its_picture_at_192_dots_per_inch():
    drawing = draw(circuit())
    width, height = (float(ET.fromstring(drawing.svg).get(side)[:-2]) for side in ("width", "height"))
    image = png.png(drawing.svg)
    size = [int.from_bytes(image[k : k + 4]) for k in (16, 20)]
    assert size == pytest.approx([width * 192 / 72, height * 192 / 72], abs=1)


def test_a_png_whose_text_could_not_be_read_says_so_and_what_to_do(tmp_path):
    y = Tensor(1.0, name="x")
    for _ in range(200):
        y = mg.tanh(y)
    with pytest.warns(UserWarning, match=r"pixels high and could not be read\. Save it as \.svg or \.pdf, or as") as found:
        draw(y, direction="TB").save(tmp_path / "tall.png")
    assert found[0].filename == __file__
    for suffix in (".svg", ".pdf", ".html"):
        draw(y, direction="TB").save(tmp_path / f"tall{suffix}")  # without a warning, which would be an error
    draw(y, max_nodes=20, direction="TB").save(tmp_path / "short.png")


def test_a_notebook_that_is_not_trusted_gets_a_small_png_beside_the_svg():
    pytest.importorskip("PIL")
    pytest.importorskip("resvg_py")
    shown = draw(circuit())._repr_mimebundle_()
    data = base64.b64decode(shown["image/png"])
    wide, high = struct.unpack(">II", data[16:24])
    size = re.search(r'width="(\d+)pt" height="(\d+)pt"', shown["image/svg+xml"])
    assert abs(wide - float(size[1]) * 4 / 3) <= 1
    assert abs(high - float(size[2]) * 4 / 3) <= 1
    assert len(shown["image/png"]) < 2 * len(shown["image/svg+xml"])
    y = Tensor(1.0)
    for _ in range(300):
        y = mg.tanh(y)
    assert "image/png" not in draw(y, max_nodes=1000)._repr_mimebundle_()  # it would be heavy


def test_without_fonts_a_png_is_refused_since_its_text_would_be_missing(monkeypatch):
    resvg = png._resvg()

    class Bare:
        @staticmethod
        def svg_to_bytes(**options):
            return resvg.svg_to_bytes(**options, skip_system_fonts=True)

    monkeypatch.setattr(png, "_resvg", lambda: Bare)
    png._family.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="no fonts; install one, such as the package fonts-liberation"):
            png.png(draw(circuit()).svg)
    finally:
        png._family.cache_clear()


def test_a_png_has_its_text_in_the_first_font_that_there_is(monkeypatch):
    drawing = draw(Tensor(3.0, name="x"), theme="light")
    blank = re.sub(r"<text.*?</text>", "", drawing.svg)
    here = png._family()
    assert here
    for families in (("no such font", here), ("no such font",)):
        monkeypatch.setattr(png, "FAMILIES", families)
        png._family.cache_clear()
        assert png._family() in (here, "sans-serif", "")
        if png._family():
            assert png.png(drawing.svg) != png.png(blank)
    monkeypatch.undo()
    png._family.cache_clear()


def test_without_resvg_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match="pip install resvg-py"):
        png.png(draw(circuit()).svg)


def test_a_pdf_has_every_line_of_text(tmp_path):
    x = Tensor(2.0, name="σ数")
    drawing = draw(-mg.exp(x) * [1.0, -np.inf], names={"y": x}, backward=False)
    document = pdf.pdf(drawing.svg)
    assert document.startswith(b"%PDF-1.4")
    assert document.endswith(b"%%EOF\n")
    for k in range(1, 5):  # the table of contents points at the objects
        place = int(re.search(rb"xref\n0 5\n(?:\d{10} \d{5} \w \n){%d}(\d{10})" % k, document)[1])
        assert document[place:].startswith(b"%d 0 obj" % k)
    length = int(re.search(rb"/Length (\d+)", document)[1])
    start = document.index(b"stream\n") + 7
    content = zlib.decompress(document[start : start + length]).decode()
    written = [
        "".join(bytes.fromhex(run).decode("cp1252") for run in re.findall("<([0-9a-f]*)> Tj", line))
        for line in re.findall("BT.*?ET", content, re.DOTALL)
    ]
    expected = [t.replace("\N{MINUS SIGN}", "-").replace("σ", "s").replace("数", r"\u6570") for t in texts(drawing)]
    assert written == expected
    assert content.count(" re") == 0
    assert len(re.findall(r"^\S+ \S+ m$", content, re.MULTILINE)) > 10


# Graphviz


def fake_dot(folder, code):
    """A program `dot` that runs a line of Python."""
    dot = folder / "dot"
    dot.write_text(f"#!{sys.executable}\nimport sys\n{code}\n")
    dot.chmod(0o755)


needs_scripts = pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")


@needs_scripts
def test_graphviz_draws_where_it_is_asked_for(no_dot, tmp_path):
    fake_dot(tmp_path, "print('<?xml?><svg>', sys.argv[1], len(sys.stdin.read()))")
    drawing = draw(circuit(), engine="dot")
    assert drawing.svg == f"<svg> -Tsvg {len(drawing.dot)}\n"
    assert drawing._repr_mimebundle_()["image/svg+xml"] == drawing.svg
    drawing.save(tmp_path / "graph.pdf")
    assert "-Tpdf" in (tmp_path / "graph.pdf").read_text()
    assert draw(circuit()).svg.startswith('<svg id="mg')


def test_without_graphviz_the_error_says_what_to_install(no_dot):
    drawing = draw(circuit(), engine="dot")
    with pytest.raises(RuntimeError, match=r"engine='dot' needs Graphviz: install it from https://graphviz\.org/download"):
        drawing.svg  # noqa: B018
    assert drawing.dot.startswith("digraph")


@needs_scripts
@pytest.mark.parametrize(
    ("code", "message"),
    [("sys.exit('no plugin')", "`dot` failed: no plugin"), ("", "`dot` failed: exit code 0")],
)
def test_a_dot_that_fails(no_dot, tmp_path, code, message):
    fake_dot(tmp_path, code)
    with pytest.raises(RuntimeError, match=message):
        render.render("digraph {}", "png")


@needs_scripts
def test_a_dot_that_cannot_start(no_dot, tmp_path):
    (tmp_path / "dot").write_text("#!/nowhere/at/all\n")
    (tmp_path / "dot").chmod(0o755)
    with pytest.raises(RuntimeError, match="`dot` does not start"):
        render.render("digraph {}", "png")


@needs_scripts
def test_a_dot_that_takes_too_long_is_stopped(no_dot, tmp_path, monkeypatch):
    fake_dot(tmp_path, "import time; time.sleep(60)")
    monkeypatch.setattr(render, "TIMEOUT", 0.05)
    with pytest.raises(TimeoutError, match=r"more than 0\.05 s"):
        render.render("digraph { a -> b }", "svg")


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_what_dot_draws(direction):
    drawing = draw(circuit(), direction=direction, engine="dot")
    assert groups(drawing, "node") == {"n0": ["leaf"], "n1": ["leaf"], "n2": ["op"], "n3": ["leaf"], "n4": ["op", "result"]}
    assert groups(drawing, "edge") == {id: ["local"] for id in ("n2-0", "n2-1", "n4-0", "n4-1")}
    assert {"x", "-2", "-4", "q", "3", "-12", "local"} <= set(texts(drawing))


def test_importing_minigrad_imports_no_renderer():
    code = "import sys, minigrad.draw; print([m for m in ('graphviz', 'resvg_py', 'subprocess') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
