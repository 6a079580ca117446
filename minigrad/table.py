"""Text in columns."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], left: int = 0) -> str:
    r"""Rows of cells in columns: the first `left` columns flush left, the others flush right.

    A cell may have several lines; they stay aligned with each other.

    Examples
    --------
    >>> print(table([["name", "value"], ["w", "12"], ["bias", "[1,\n 20]"]], left=1))
    name  value
    w        12
    bias   [1,
            20]
    """
    blocks = [[cell.split("\n") for cell in row] for row in rows]
    widths = [max(len(line) for block in column for line in block) for column in zip(*blocks, strict=True)]
    lines = []
    for row in blocks:
        height = max(map(len, row))
        columns = []
        for i, (block, width) in enumerate(zip(row, widths, strict=True)):
            inner = width if i < left else max(map(len, block))
            columns.append([line.ljust(inner).rjust(width) for line in block + [""] * (height - len(block))])
        lines += ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]
    return "\n".join(lines)
