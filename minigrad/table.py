"""Text in columns."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], left: int = 0) -> str:
    """Rows of cells in columns: the first `left` columns flush left, the others flush right.

    Examples
    --------
    >>> print(table([["name", "size"], ["w", "12"], ["bias", "3"]], left=1))
    name  size
    w       12
    bias     3
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(w) if i < left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
