"""NumPy's and SciPy's functions, all of them: a tensor in each place is differentiated, a documented constant, or refused.

The calls are in `numpy_calls`.
"""

from __future__ import annotations

import ast
import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy_calls
import pytest
import scipy.special

import minigrad as mg
from minigrad import Tensor, numpy_protocol
from minigrad.border import GradientLost
from minigrad.graph import value_of

MODULES: dict[str, Any] = {"": np, "linalg.": np.linalg, "fft.": np.fft, "special.": scipy.special}

# Of NumPy's functions, those for which ours is plain code.
PLAIN = {np.argmax, np.argmin, np.argsort, np.argpartition, np.any, np.all}

# NumPy's function may come to another one, or to a conversion, which then refuses.
REFUSALS = ("gradient would be lost", "has no gradient rule", "cannot be recorded", "is not differentiated", "not recorded")


TENSOR, ANY = Tensor(0.0), object()


class Call(NamedTuple):
    """A call of one of the functions, by a form of its arguments: as written, by name, or by position."""

    name: str
    tree: ast.Call
    form: str

    def __str__(self) -> str:
        return f"{ast.unparse(self.tree)} {self.form}".strip()

    @property
    def function(self) -> Any:
        return named(self.name)


def named(name: str) -> Any:
    """The function that a table calls so; None if this version has none."""
    lead, dot, last = name.rpartition(".")
    return getattr(MODULES[lead + dot], last, None)


def table(text: str) -> dict[str, list[str]]:
    """The lines of a table: the arguments of the calls of each function."""
    lines = (line.partition(":") for line in text.splitlines() if line)
    return {
        name: [arguments.strip() for arguments in rest.split(" | ")] for names, _, rest in lines for name in names.split()
    }


def calls(text: str) -> Iterator[Call]:
    """The calls of a table in all their forms."""
    for name, examples in table(text).items():
        if named(name) is None:
            continue
        for arguments in examples:
            root = "scipy." if name.startswith("special.") else "np."
            tree = ast.parse(f"{root}{name}({arguments})", mode="eval").body
            assert isinstance(tree, ast.Call)
            yield Call(name, tree, "")
            yield from (Call(name, other, form) for form, other in forms(named(name), tree).items())


def each(text: str) -> Any:
    return pytest.mark.parametrize("call", [pytest.param(call, id=str(call)) for call in calls(text)])


@cache
def parameters(function: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError:  # an older NumPy does not tell the arguments of its compiled functions
        return []


def forms(function: Any, tree: ast.Call) -> dict[str, ast.Call]:
    """The same call with its arguments by name, and by position, as far as that goes."""
    positional = [p for p in parameters(function) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters(function)) or len(tree.args) > len(positional):
        return {}
    given = dict(zip((p.name for p in positional), tree.args, strict=False))
    fixed = sum(p.kind is p.POSITIONAL_ONLY for p in positional)
    by_name = [ast.keyword(p.name, given[p.name]) for p in positional[fixed:] if p.name in given] + tree.keywords
    given |= {k.arg: k.value for k in tree.keywords if k.arg}
    last = max((i for i, p in enumerate(positional) if p.name in given), default=-1)
    leading = [given.pop(p.name, None) or ast.Name(f"default_{p.name}", ast.Load()) for p in positional[: last + 1]]
    by_position = ast.Call(tree.func, leading, [k for k in tree.keywords if k.arg in given])
    found = {"by name": ast.Call(tree.func, tree.args[:fixed], by_name), "by position": by_position}
    return {form: other for form, other in found.items() if ast.dump(other) != ast.dump(tree)}


class Places(ast.NodeTransformer):
    """Finds the places of a call, and gives each a name instead: PLACE0, PLACE1, ..."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.hidden: list[bool] = []  # in d(...)
        self._hidden = False

    def visit_Call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("c", "t"):
            return node
        self._hidden = name == "d"
        node = self.generic_visit(node)  # type: ignore[assignment]
        self._hidden = False
        return node

    def visit_Name(self, node: ast.Name) -> Any:
        return self.found(node, numpy_calls.SPACE.get(node.id))

    def visit_Constant(self, node: ast.Constant) -> Any:
        return self.found(node, node.value)

    def found(self, node: ast.expr, value: Any) -> Any:
        if not isinstance(value, float | complex) and not (isinstance(value, np.ndarray) and value.dtype.kind in "fc"):
            return node
        self.values.append(value)
        self.hidden.append(self._hidden)
        return ast.Name(f"PLACE{len(self.values) - 1}", ast.Load())


class Function(NamedTuple):
    """A call as a function of what stands in its places."""

    at: Callable[..., Any]
    values: list[Any]
    hidden: list[bool]

    def one_by_one(self) -> Iterator[tuple[Callable[[Any], Any], Any, bool]]:
        """For each place, the call as a function of what stands in this one."""
        for i, value in enumerate(self.values):
            yield lambda x, i=i: self.at(*self.values[:i], x, *self.values[i + 1 :]), value, self.hidden[i]


def as_function(call: Call, ours: bool = False) -> Function:
    """The call of NumPy's function, or of the one that answers for it on tensors."""
    found = Places()
    tree = found.visit(ast.parse(ast.unparse(call.tree), mode="eval"))
    if ours:
        tree.body.func = ast.Name("OURS", ast.Load())
    code = compile(ast.fix_missing_locations(tree), str(call), "eval")
    space = numpy_calls.SPACE | {f"default_{p.name}": p.default for p in parameters(call.function)}
    names = [f"PLACE{i}" for i in range(len(found.values))]

    def at(*values: Any) -> Any:
        return eval(code, space | {"OURS": answering(call.function), "ANY": ANY} | dict(zip(names, values, strict=True)))

    return Function(at, found.values, found.hidden)


def answering(function: Any) -> Callable[..., Any]:
    """What a tensor answers with when it is given to a function, as a function."""
    if isinstance(function, np.ufunc):
        return lambda *args, **options: numpy_protocol.ufunc(TENSOR, function, "__call__", *args, **options)
    return lambda *args, **options: numpy_protocol.function(TENSOR, function, (), args, options)


def leaves(result: Any) -> list[Any]:
    """The arrays of a result."""
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def part(f: Callable[..., Any], i: int) -> Callable[..., Any]:
    return lambda *values: leaves(f(*values))[i]


def tracked(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def direction(x: Any) -> Any:
    d = np.cos(np.arange(np.size(x), dtype=float)).reshape(np.shape(x))
    return d * (1 + 0.5j) if np.iscomplexobj(x) else d


def differences(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of a function of arrays in a direction."""
    h = 1e-6 * direction(x)
    return np.subtract(f(x + h), f(x - h)) / 2e-6


@each(numpy_calls.RECORDED)
@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")  # since NumPy 2.5
def test_recorded(call: Call):
    function = as_function(call)
    for f, x, hidden in function.one_by_one():
        if hidden:
            refused(call, f, x)
            continue
        for i, (there, here) in enumerate(zip(leaves(f(x)), leaves(f(Tensor(x))), strict=True)):
            np.testing.assert_allclose(value_of(here), there, rtol=1e-9, atol=1e-12)
            assert np.shape(here) == np.shape(there)
            if call.form:
                continue
            slope = differences(part(f, i), x)
            if tracked(here):
                _, ours = mg.jvp(part(f, i), (x,), (direction(x),))
                np.testing.assert_allclose(value_of(ours), slope, rtol=1e-5, atol=1e-7)
            else:
                assert not np.any(slope), f"{call}: result {i} lost its gradient"
    if call.function in numpy_protocol.RECORDED:
        for there, here in zip(
            leaves(function.at(*function.values)), leaves(as_function(call, ours=True).at(*function.values)), strict=True
        ):
            assert not isinstance(here, Tensor)
            np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-12)
    for i, here in enumerate(leaves(function.at(*map(Tensor, function.values)))):
        if not tracked(here):
            assert np.asarray(here).dtype.kind in "iub" or call.name in numpy_calls.PARTS, f"{call}: result {i} is plain"
        elif not call.form:
            assert mg.gradcheck(in_a_plane(part(function.at, i), function.values, 1 + direction(here)), 0.0, 0.0, order=2)


def in_a_plane(f: Callable[..., Any], values: list[Any], weights: Any) -> Callable[[Any, Any], Any]:
    """A weighted sum of a result, while all arguments move in two directions."""
    ways = [(direction(v), np.sin(2.0 + 3.0 * direction(v))) for v in values]

    def weighted(s: Any, t: Any) -> Any:
        return mg.real(mg.sum(weights * f(*(v + s * a + t * b for v, (a, b) in zip(values, ways, strict=True)))))

    return weighted


@pytest.mark.parametrize("name", [name for name in table(numpy_calls.RECORDED) if named(name)])
def test_every_argument_is_in_a_call_or_refused_by_name(name: str):
    function = named(name)
    if isinstance(function, np.ufunc):
        return  # they have the same ones, tested in test_numpy
    made = list(calls(f"{name}: " + " | ".join(table(numpy_calls.RECORDED)[name])))
    used = {k.arg for call in made if call.form != "by position" for k in call.tree.keywords}
    by_position = [p.name for p in parameters(function)][: max(len(call.tree.args) for call in made)]
    for p in parameters(function):
        if p.name in used or p.name in by_position or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        tree = ast.Call(made[0].tree.func, made[0].tree.args, [ast.keyword(p.name, ast.Name("ANY", ast.Load()))])
        f = as_function(Call(name, tree, ""))
        with pytest.raises(TypeError, match=rf"{p.name}="):
            f.at(*map(Tensor, f.values))


@each(numpy_calls.CONSTANT)
def test_constant(call: Call):
    assert call.function in numpy_protocol.CONSTANT | numpy_protocol.LOSING.keys() | PLAIN  # of integers, those lose nothing
    for f, x, _ in as_function(call).one_by_one():
        expected, found = f(x), f(Tensor(x))
        assert not any(isinstance(leaf, Tensor) for leaf in leaves(found))
        np.testing.assert_equal(found, expected)
        for i, leaf in enumerate(leaves(found)):
            if isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind in "fc":
                assert not np.any(differences(part(f, i), x)), f"{call} is not constant"


@each(numpy_calls.REFUSED)
def test_refused(call: Call):
    for f, x, _ in as_function(call).one_by_one():
        refused(call, f, x)


def refused(call: Call, f: Callable[[Any], Any], x: Any) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            f(Tensor(x))
        except (TypeError, ValueError) as error:
            said = str(error.__cause__ or error)
            assert any(text in said for text in (call.name.rpartition(".")[2], *REFUSALS)), said
            return
    assert any(w.category is GradientLost for w in seen), f"{call} makes plain numbers of a tensor in silence"


KNOWN = {named(name) for text in (numpy_calls.RECORDED, numpy_calls.CONSTANT, numpy_calls.REFUSED) for name in table(text)}
KNOWN |= {named(name) for name in numpy_calls.ELSEWHERE.split()}
UNKNOWN = {
    lead + name: getattr(module, name)
    for lead, module in MODULES.items()
    for name in sorted(dir(module))
    if name[0] != "_" and callable(getattr(module, name)) and not isinstance(getattr(module, name), type)
    and getattr(module, name) not in KNOWN
}  # fmt: skip


def test_every_function_is_in_a_table():
    missing = [name for name in UNKNOWN if not name.startswith("special.")]
    assert not missing, (
        f"nobody has decided about {', '.join(missing)}: add an example call to RECORDED in tests/numpy_calls.py, and a "
        "function to minigrad/ops; or to CONSTANT, and the function to that list in minigrad/numpy_protocol.py; or to REFUSED"
    )


@pytest.mark.parametrize("name", [name for name in UNKNOWN if name.startswith("special.")])
def test_other_functions_of_scipy_lose_no_gradient(name: str):
    """Refused, or composed of functions that record."""
    function = UNKNOWN[name]
    if isinstance(function, np.ufunc):
        count = function.nin
    else:
        count = sum(p.default is p.empty and p.kind is not p.VAR_KEYWORD for p in parameters(function))
    for i in range(count):
        arguments: list[Any] = [2] * count
        arguments[i] = Tensor(0.5)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                found = leaves(function(*arguments))
            except (TypeError, ValueError, AttributeError, IndexError):
                continue
        if not any(w.category is GradientLost for w in seen):
            assert any(map(tracked, found)), f"{name} makes plain numbers of a tensor in silence"
