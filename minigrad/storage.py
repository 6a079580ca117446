"""Saving and loading named arrays as `.npz` and `.safetensors`, whole or not at all, and never by pickle."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np

from minigrad.files import DEFLATE, check_regular, decoding, read_rest, replace_file, suffix_of
from minigrad.graph import value_of
from minigrad.optional import needed

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Saved", "load", "save"]

SUFFIXES = (".npz", ".safetensors")
METADATA = "__metadata__"  # its name in both formats
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "|b1"}
TYPES |= {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1"}
DTYPES = frozenset({*TYPES.values(), "<c8", "<c16"})
ZIP_HEADER = 30  # bytes before a member's name, at least


class Stateful(Protocol):
    """Anything with a `state_dict`: a module, an optimiser, a schedule."""

    def state_dict(self) -> Mapping[str, Any]:
        """The named arrays."""
        ...


class Saved(dict[str, np.ndarray[Any, Any]]):
    """A loaded file: a dictionary of arrays by name, with the attribute `metadata`, the strings saved with them.

    Examples
    --------
    >>> saved = Saved({"w": np.ones(2)}, {"epoch": "3"})
    >>> saved["w"], saved.metadata["epoch"]
    (array([1., 1.]), '3')
    """

    def __init__(self, arrays: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, str]) -> None:
        super().__init__(arrays)
        self.metadata = dict(metadata)


def save(
    state: Mapping[str, Any] | Stateful, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> Path:
    """Save named arrays to a file, in the format of its suffix.

    The write is atomic: the new content is written beside the file, flushed to disk, and renamed. A killed process leaves
    the old file or the new one, at worst with a draft named ``.minigrad-*.tmp`` beside it.

    Parameters
    ----------
    state : mapping of str to (Tensor, array_like or mapping), or object with a ``state_dict()``
        Such objects may be values of the mapping too. Names in nested mappings are joined by dots. Arrays of floats (16 to
        64 bits), integers, booleans or, in .npz, complex numbers are written contiguous and little-endian; a Python int
        becomes int64, a float float64.
    path : str or path
        Ends in .npz, or in .safetensors, which needs ``pip install "minigrad[safetensors]"``.
    metadata : mapping of str to str, optional
        Strings to save with the arrays.

    Returns
    -------
    pathlib.Path
        The path.

    Raises
    ------
    TypeError
        If a value is not of numbers, or the metadata are not strings.
    ValueError
        If the suffix is unknown, two arrays have the same name, or a name cannot be written.
    ImportError
        If safetensors is needed and missing.
    OSError
        If the file cannot be written; the old file is unchanged.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from minigrad import Tensor, load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save({"linear": {"weight": Tensor([1.0, 2.0])}}, pathlib.Path(folder, "model.npz"), {"epoch": "3"})
    ...     saved = load(file)
    >>> saved
    {'linear.weight': array([1., 2.])}
    >>> saved.metadata
    {'epoch': '3'}
    """
    if isinstance(state, str | os.PathLike):
        raise TypeError("save: the state comes first and the path second, as in save(model, 'model.npz')")
    suffix = suffix_of(path, SUFFIXES, "save")
    state = _state_of(state)
    if not isinstance(state, Mapping):
        raise TypeError(
            f"save: expected a mapping of names to arrays, or an object with a state_dict(), got {type(state).__name__}"
        )
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, value in _flat(state, ""):
        if name in arrays:
            raise ValueError(f"save: two arrays have the name {name!r}")
        arrays[name] = _portable(name, value)
    strings = dict(metadata or {})
    for key, text in strings.items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise TypeError(
                f"save: metadata must be strings named by strings, got {key!r}: {text!r}; json.dumps can make one"
            )
    encode = _to_npz if suffix == ".npz" else _to_safetensors
    return replace_file(path, encode(arrays, strings), "save")


def load(path: str | os.PathLike[str]) -> Saved:
    """Load the named arrays of a file.

    Parameters
    ----------
    path : str or path
        A .npz or .safetensors file, not only of `save`. Nothing in it is executed: pickled objects are refused.

    Returns
    -------
    dict of str to numpy.ndarray
        The arrays by name, writable; its attribute ``metadata`` holds the strings saved with them. bfloat16 is widened to
        float32, which is exact.

    Raises
    ------
    DamagedFileError
        If the file is damaged or holds anything but numbers, whatever is wrong with it. A file can ask for no more memory
        than its bytes can hold, 1,032 times their number if they are compressed.
    ValueError
        If the suffix is unknown.
    ImportError
        If safetensors is needed and missing.
    OSError
        If the file is missing or cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from minigrad import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save({"w": [1.0, 2.0], "step": 7}, pathlib.Path(folder, "state.npz")))
    {'w': array([1., 2.]), 'step': array(7)}
    """
    from pathlib import Path

    if suffix_of(path, SUFFIXES, "load") == ".npz":
        decode, kind = _from_npz, "a file of named arrays"
    else:
        safetensors_package("load")
        decode, kind = _from_safetensors, "a .safetensors file"
    check_regular(path, "load")
    content = Path(path).read_bytes()
    with decoding(f"load: {os.fspath(path)} is damaged or not {kind}"):
        return decode(content)


def _state_of(value: Any) -> Any:
    return value.state_dict() if hasattr(value, "state_dict") else value


def _flat(state: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Names and values of nested mappings."""
    for key, value in state.items():
        if not isinstance(key, str):
            raise TypeError(f"save: names must be strings, got {key!r} of type {type(key).__name__}")
        name, value = prefix + key, _state_of(value)
        if isinstance(value, Mapping):
            yield from _flat(value, name + ".")
        elif name == METADATA or len(name) > 10_000 or not name.isprintable():
            raise ValueError(f"save: an array cannot have the name {name[:80]!r}; names are printable and not {METADATA!r}")
        else:
            yield name, value


def _portable(name: str, value: Any) -> np.ndarray[Any, Any]:
    """A value as an array that means the same on every machine: C-contiguous and little-endian."""
    try:
        array = np.asarray(value_of(value))
    except ValueError as error:  # a ragged list
        raise TypeError(f"save: {name!r} is not an array of numbers: {error}") from None
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in DTYPES:
        raise TypeError(
            f"save: {name!r} is {_kind(array)}; only floats of up to 64 bits, complex numbers of two such "
            "floats, integers and booleans can be saved"
        )
    return np.asarray(array, dtype, order="C")


def _kind(array: np.ndarray[Any, Any]) -> str:
    return "an array of Python objects" if array.dtype.kind == "O" else f"of dtype {array.dtype}"


def _to_npz(arrays: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, str]) -> bytes:
    """The bytes of an .npz file. `numpy.savez` would take an array named 'file' for its argument, and store the time."""
    import io
    import json
    import zipfile

    members = {**arrays, METADATA: np.array(json.dumps(metadata))} if metadata else arrays
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in members.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()  # shared with the buffer, not copied


def _from_npz(content: bytes) -> Saved:
    import io
    import json
    import zipfile

    arrays: dict[str, np.ndarray[Any, Any]] = {}
    metadata: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in _members(archive):
            name = member.filename.removesuffix(".npy")
            if name in arrays or name == member.filename:
                raise ValueError(f"member {member.filename!r} is not one that numpy.savez writes, or is there twice")
            with archive.open(member) as stream:
                array = _read_npy(stream, member.file_size, name)
            if name == METADATA:
                metadata = json.loads(str(array))
            else:
                arrays[name] = array
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("its metadata are not strings")
    return Saved(arrays, metadata)


def _members(archive: Any) -> list[Any]:
    """The members of a zip file. None overlaps another, so that together they unpack to what the file can hold."""
    end = 0
    for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
        name, most = member.filename, {0: 1, 8: DEFLATE}.get(member.compress_type, 0) * member.compress_size
        if not most:
            raise ValueError(f"member {name!r} is not one that numpy.savez writes, or is empty")
        if member.file_size > most:
            raise ValueError(f"{name!r} claims {member.file_size:,} bytes in {member.compress_size:,}")
        if member.header_offset < end:
            raise ValueError(f"member {name!r} overlaps another one")
        end = member.header_offset + ZIP_HEADER + len(member.orig_filename) + member.compress_size
    if end > archive.start_dir:
        raise ValueError("the last member overlaps the directory")
    return list(archive.infolist())


def _read_npy(stream: IO[bytes], size: int, name: str) -> np.ndarray[Any, Any]:
    """One array of an .npz file. The header is checked before anything is allocated."""
    import io

    npy = np.lib.format
    start = stream.read(npy.MAGIC_LEN)
    version = npy.read_magic(io.BytesIO(start))
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"{name!r} has a header of the unsupported version {version}")
    shape, fortran, dtype = readers[version](stream)
    if dtype.newbyteorder("<").str not in DTYPES and not (name == METADATA and dtype.kind == "U" and shape == ()):
        raise ValueError(f"{name!r} is {_kind(np.empty(0, dtype))}; only numbers are loaded")
    count = 1
    for length in shape:  # Python integers do not overflow
        count *= length
    if min(shape, default=0) < 0 or count * dtype.itemsize > size:
        raise ValueError(f"{name!r} claims the shape {shape}, which does not fit into its {size:,} bytes")
    data = read_rest(stream, count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise ValueError(f"{name!r} of shape {shape} should have {count * dtype.itemsize:,} bytes of data")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    return _native(array, name)


def _native(array: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
    """A loaded array in the byte order of this machine; NumPy computes nonsense with a boolean of neither 0 nor 1."""
    if array.dtype == np.bool_ and (array.view(np.uint8) > 1).any():
        raise ValueError(f"{name!r} has booleans that are neither 0 nor 1")
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def safetensors_package(who: str) -> Any:
    """The package safetensors, or an ImportError that names `who`."""
    return needed("safetensors.numpy", "safetensors", f"{who}: a .safetensors file needs another package, unlike .npz")


def _to_safetensors(arrays: Mapping[str, np.ndarray[Any, Any]], metadata: Mapping[str, str]) -> Any:
    for name, array in arrays.items():
        if array.dtype.kind == "c":
            raise TypeError(f"save: {name!r} is of dtype {array.dtype}; complex numbers are saved as .npz")
    return safetensors_package("save").numpy.save(arrays, metadata=dict(metadata) or None)


def _from_safetensors(content: bytes) -> Saved:
    import json

    views = safetensors_package("load").deserialize(content)
    metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]).get(METADATA) or {}
    arrays = {}
    for name, view in views:
        kind = view["dtype"]
        if kind not in TYPES:
            raise ValueError(f"{name!r} is of type {kind}; {', '.join(TYPES)} can be loaded")
        array = np.frombuffer(view["data"], TYPES[kind]).reshape(view["shape"])
        if kind == "BF16":  # the upper half of a float32
            array = (array.astype("<u4") << 16).view("<f4")
        arrays[name] = _native(array, name)
    return Saved(arrays, metadata)
