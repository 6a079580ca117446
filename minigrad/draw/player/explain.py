"""The chain rule along every path from a result to one of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

from minigrad.draw import SHOWN, Line
from minigrad.draw.limits import MOST_DECIMALS, check_integers
from minigrad.graph import Node

if TYPE_CHECKING:
    from minigrad.draw.player.paths import Explanation


@overload
def explain(f: Line, *, precision: int = 2) -> str: ...


@overload
def explain(
    f: Node,
    wrt: Node,
    *,
    upstream: Any = None,
    names: Mapping[str, Any] | None = None,
    max_paths: int = 10,
    precision: int = 2,
) -> Explanation: ...


def explain(
    f: Node | Line,
    wrt: Node | None = None,
    *,
    upstream: Any = None,
    names: Mapping[str, Any] | None = None,
    max_paths: int = 10,
    precision: int = 2,
) -> Explanation | str:
    """Write out the chain rule: the product along every path from a result to a tensor, and their sum.

    For arrays, each factor is a gradient rule in symbols, followed by the gradient so far. A program is written out line by
    line, forward and backward, with its values.

    Parameters
    ----------
    f : Tensor or Program
        The result; or a program, of `code` or `compile`, which takes no argument but `precision`.
    wrt : Tensor
        A tensor from which `f` was computed: a leaf, or an intermediate one.
    upstream : array_like, optional
        The gradient to start from, in the shape of `f`; 1 for a scalar.
    names : mapping, optional
        Variables, such as ``locals()``, that name the tensors without a name of their own, in lists and dictionaries too.
    max_paths : int
        How many paths are shown; all are counted, and the contributions of the rest are summed.
    precision : int
        Decimals of the numbers in the text.

    Returns
    -------
    Explanation or Code
        Prints as text; the ``.paths`` of an explanation have the same as data.

    Raises
    ------
    TypeError
        If `f` or `wrt` is not a tensor, or an argument has the wrong type.
    ValueError
        If `f` is not a scalar and `upstream` is missing or has another shape.
    RuntimeError
        If `f` or `wrt` is a constant, or the graph was freed.

    Examples
    --------
    >>> from minigrad import Tensor
    >>> x = Tensor(3.0, name="x")
    >>> print(explain(x * x + 2 * x, wrt=x))
    ∂f/∂x: 3 paths
    <BLANKLINE>
    path 1: f → x × x → x
      ∂f/∂(x × x) × ∂(x × x)/∂x
      = 1 × 3 = 3
    <BLANKLINE>
    path 2: f → x × x → x
      ∂f/∂(x × x) × ∂(x × x)/∂x
      = 1 × 3 = 3
    <BLANKLINE>
    path 3: f → 2 × x → x
      ∂f/∂(2 × x) × ∂(2 × x)/∂x
      = 1 × 2 = 2
    <BLANKLINE>
    ∂f/∂x = 3 + 3 + 2 = 8

    >>> import minigrad as mg
    >>> print(explain(mg.code(lambda x: x * x, 3.0).program))
    x              # 3
    dout           # 1
    out = x * x    # 9
    t1 = dout * x  # 3
    dx = t1 + t1   # 6
    """
    if not isinstance(f, Node) and type(f) in SHOWN:
        if wrt is not None or upstream is not None or names is not None or max_paths != 10:
            raise ValueError("explain: a program is written out whole; leave out wrt, upstream, names and max_paths")
        check_integers("explain", precision=(precision, 0, MOST_DECIMALS))
        return SHOWN[type(f)].lines(f, precision)
    from minigrad.draw.player.paths import explanation

    return explanation(f, wrt, upstream, names, max_paths, precision)
