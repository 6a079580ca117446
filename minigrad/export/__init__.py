"""Export of models to ONNX, from what a model computed rather than from how it is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike

OLDEST = 18  # since this opset, all reductions take their axes as an input


def export_onnx(
    model: Callable[..., Any],
    input_shape: Sequence[int] | Sequence[Sequence[int]],
    path: str | os.PathLike[str],
    *,
    dtype: DTypeLike | Sequence[DTypeLike] | None = None,
    opset: int = OLDEST,
    dynamic_batch: bool = True,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Path:
    """Write a model as an ONNX file, which other programs can run.

    The model runs three times in evaluation mode, on random data and with different batch sizes, and the recorded graph is
    translated: any function of recorded operations can be exported, not only a Module. What grows linearly with the batch
    is computed from the input's size in the file; anything else that differs between the runs was computed from the data
    without being recorded, as a comparison is, and is refused. What depends on parameters alone is computed here.

    Parameters
    ----------
    model : Module or callable
        Takes one tensor for each shape; returns a tensor, or tuples and lists of them.
    input_shape : sequence of int, or sequence of such sequences
        The shape of the input, batch axis included; several for several inputs.
    path : str or path
        The file. It is written whole, or, if anything fails, not at all.
    dtype : dtype_like or sequence of dtype_like, optional
        The dtype of the inputs; by default that of the first parameter, or float32. An Embedding needs an integer one; such
        an input is run with 0 and 1 and must be used as it is, since nothing computed from integers is recorded.
    opset : int
        The version of ONNX's operators, at least 18.
    dynamic_batch : bool
        Whether the first axis of the inputs may have any length, called "batch"; if False, the shapes are fixed.
    input_names, output_names : sequence of str, optional
        By default "input" and "output", numbered from 0 if there are several.

    Returns
    -------
    pathlib.Path
        The path.

    Raises
    ------
    NotImplementedError
        If ONNX has no counterpart of an operation; the message names it, with its scope.
    ValueError
        If the result depends on data or batch in a way that was not recorded, or an argument has a wrong value.
    TypeError
        If the model is not callable or returns something other than tensors, or a shape is not a sequence.
    ImportError
        If the package onnx is missing.
    OSError
        If the file cannot be written.

    Notes
    -----
    Parameters keep the names of the ``state_dict`` where an operation uses them directly. Batch normalisation in evaluation
    mode is a product and a sum, and is written as such.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from minigrad import export_onnx, nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> import onnx, onnx.reference
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = onnx.load(export_onnx(model, (1, 4), pathlib.Path(folder, "model.onnx")))
    >>> [node.op_type for node in written.graph.node]
    ['Gemm', 'Relu', 'Gemm']
    >>> x = np.ones((5, 4), np.float32)
    >>> (found,) = onnx.reference.ReferenceEvaluator(written).run(None, {"input": x})
    >>> np.allclose(found, model(x).data)
    True
    """
    from minigrad.export.build import build
    from minigrad.export.trace import trace
    from minigrad.files import replace_file
    from minigrad.optional import needed

    onnx = needed("onnx.checker", "onnx", "export_onnx: it needs the package onnx")
    if not callable(model):
        raise TypeError(f"export_onnx: the model comes first and is called with tensors, got {type(model).__name__}")
    newest = onnx.defs.onnx_opset_version()
    if not isinstance(opset, int) or not OLDEST <= opset <= newest:
        raise ValueError(f"export_onnx: opset is from {OLDEST} to {newest}, got {opset!r}")
    recorded = trace(model, input_shape, dtype, dynamic_batch)
    proto = build(onnx, recorded, opset, input_names, output_names)
    if proto.ByteSize() >= 2**31:
        raise ValueError(f"export_onnx: the model has {proto.ByteSize():,} bytes, and an ONNX file holds less than 2 GB")
    onnx.checker.check_model(proto, full_check=True)
    return replace_file(path, proto.SerializeToString(), "export_onnx")
