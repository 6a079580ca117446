"""Saving and loading: what goes in comes out, on any failure the old file stays, and nothing hostile gets in."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import minigrad as mg
from minigrad import Tensor

SUFFIXES = [".npz", ".safetensors"]
DTYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
both = pytest.mark.parametrize("suffix", SUFFIXES)


def same(found: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    assert found.dtype == expected.dtype.newbyteorder("=")
    assert found.dtype.isnative
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


# What goes in comes out


@both
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout_comes_back(suffix: str, dtype: str, tmp_path: Path):
    x = (np.arange(24) % 2 if dtype == "?" else np.arange(24)).astype(dtype).reshape(2, 3, 4)
    state = {
        "plain": x, "transposed": x.T, "strided": x[:, ::2, ::-1], "fortran": np.asfortranarray(x), "scalar": x[0, 0, 1],
        "0-d": np.asarray(x[0, 0, 1]), "empty": x[:, :0], "big-endian": x.astype(x.dtype.newbyteorder(">")),
        "broadcast": np.broadcast_to(x[0, 0], (5, 4)),
    }  # fmt: skip
    saved = mg.load(mg.save(state, tmp_path / f"x{suffix}"))
    assert saved.keys() == state.keys()
    for name, array in state.items():
        same(saved[name], array)
        saved[name][...] = 0  # writable


@both
@pytest.mark.parametrize(
    "name",
    ["a/b", "/abs", "../up", "a\\b", "file", "args", "w.npy", "arr_0", "", " ", "é中𝄞", "a.b", "self", "allow_pickle"],
)
def test_any_printable_name_comes_back(suffix: str, name: str, tmp_path: Path):
    saved = mg.load(mg.save({name: [1.5], "w": [2.5]}, tmp_path / f"x{suffix}"))
    assert {k: float(v[0]) for k, v in saved.items()} == {name: 1.5, "w": 2.5}
    assert os.listdir(tmp_path) == [f"x{suffix}"]


@both
def test_tensors_numbers_and_lists(suffix: str, tmp_path: Path):
    saved = mg.load(
        mg.save({"t": Tensor([1, 2]), "s": Tensor(2.0), "i": 3, "f": 0.5, "b": True, "l": [[1.0]]}, tmp_path / f"x{suffix}")
    )
    for name, expected in {"t": [1.0, 2.0], "s": 2.0, "i": np.int64(3), "f": 0.5, "b": True, "l": [[1.0]]}.items():
        same(saved[name], expected)


@pytest.mark.parametrize("dtype", ["c8", "c16", ">c16"])
def test_complex_numbers_come_back_from_npz(dtype: str, tmp_path: Path):
    z = np.array([[1 + 2j, -0.5j], [np.inf, 3.0]], dtype)
    saved = mg.load(mg.save({"z": Tensor(z), "t": z.T, "s": 1j}, tmp_path / "x.npz"))
    same(saved["z"], z)
    same(saved["t"], z.T)
    same(saved["s"], np.complex128(1j))


@both
def test_nested_mappings_and_objects_with_a_state_dict(suffix: str, tmp_path: Path):
    class Model:
        def state_dict(self) -> dict[str, Any]:
            return {"conv.weight": np.ones((2, 1, 3), np.float32)}

    file = tmp_path / f"x{suffix}"
    assert list(mg.load(mg.save(Model(), file))) == ["conv.weight"]
    nested = {"model": Model(), "optim": {"m": {"0": [1.0]}, "none": {}}}
    assert sorted(mg.load(mg.save(nested, file))) == ["model.conv.weight", "optim.m.0"]


@both
def test_metadata_and_nothing_at_all(suffix: str, tmp_path: Path):
    file = tmp_path / f"x{suffix}"
    words = {"epoch": "3", "": "", "é\n\0": '{"a": "中𝄞"}'}
    assert mg.load(mg.save({"w": [1.0]}, file, words)).metadata == words
    assert mg.load(mg.save({}, file, words)).metadata == words
    saved = mg.load(mg.save({}, file))
    assert saved == {}
    assert saved.metadata == {}


@settings(deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), max_size=8), arrays(st.sampled_from(DTYPES), array_shapes(min_dims=0, min_side=0)), max_size=4))  # fmt: skip
def test_any_arrays_come_back(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Any]):
    for suffix in SUFFIXES:
        saved = mg.load(mg.save(state, tmp_path_factory.getbasetemp() / f"any{suffix}"))
        assert saved.keys() == state.keys()
        for name, array in state.items():
            same(saved[name], array)


@both
def test_the_same_state_gives_the_same_bytes(suffix: str, tmp_path: Path):
    a, b = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    for file in (a, b):
        mg.save({"w": np.arange(5.0), "b": [1.0]}, file, {"k": "v"})
    assert a.read_bytes() == b.read_bytes()


def test_the_libraries_of_the_formats_agree(tmp_path: Path):
    from safetensors.numpy import load_file, save_file

    state = {"w": np.arange(6.0).reshape(2, 3).T, "b/c": np.ones(3, np.float32)}
    with np.load(mg.save(state, tmp_path / "x.npz", {"k": "v"}), allow_pickle=False) as archive:
        for name, array in state.items():
            same(archive[name], array)
    for name, array in load_file(mg.save(state, tmp_path / "x.safetensors", {"k": "v"})).items():
        same(array, state[name])
    np.savez_compressed(tmp_path / "theirs.npz", **state)
    save_file({k: np.ascontiguousarray(v) for k, v in state.items()}, tmp_path / "theirs.safetensors")
    for suffix in SUFFIXES:
        saved = mg.load(tmp_path / f"theirs{suffix}")
        for name, array in state.items():
            same(saved[name], array)


def safetensors_file(header: dict[str, Any], data: bytes) -> bytes:
    """A file in the format of safetensors, written by hand."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_bfloat16_and_float16_of_pytorch(tmp_path: Path):
    # torch.tensor([1.0, -2.5, 3.140625, inf, 1e-40], dtype=torch.bfloat16), the last of which is subnormal
    data = np.array([0x3F80, 0xC020, 0x4049, 0x7F80, 0x0001], "<u2").tobytes() + np.array([1.5], "<f2").tobytes()
    header = {
        "half": {"dtype": "F16", "shape": [], "data_offsets": [10, 12]},
        "brain": {"dtype": "BF16", "shape": [5], "data_offsets": [0, 10]},
    }
    (tmp_path / "x.safetensors").write_bytes(safetensors_file(header, data))
    saved = mg.load(tmp_path / "x.safetensors")
    same(saved["brain"], np.array([1.0, -2.5, 3.140625, np.inf, 9.183549615799121e-41], np.float32))
    same(saved["half"], np.float16(1.5))


# What is refused


@pytest.mark.parametrize(
    ("state", "path", "kind", "message"),
    [
        ("x.npz", {}, TypeError, r"save\(model, 'model.npz'\)"),
        ([1.0], "x.npz", TypeError, "expected a mapping of names to arrays, or an object with a state_dict.., got list"),
        (Tensor(1.0), "x.npz", TypeError, "expected a mapping.*got Tensor"),
        ({"w": [1.0]}, "x.pt", ValueError, "ends in .npz or .safetensors, got 'x.pt'"),
        ({"w": [1.0]}, "x", ValueError, "ends in .npz or .safetensors, got 'x'"),
        ({1: [1.0]}, "x.npz", TypeError, "names must be strings, got 1 of type int"),
        ({"w": None}, "x.npz", TypeError, "'w' is an array of Python objects"),
        ({"w": [object()]}, "x.npz", TypeError, "'w' is an array of Python objects"),
        ({"w": 2**70}, "x.npz", TypeError, "'w' is an array of Python objects"),
        ({"w": "text"}, "x.npz", TypeError, "'w' is of dtype <U4"),
        ({"w": 1j}, "x.safetensors", TypeError, "'w' is of dtype complex128; complex numbers are saved as .npz"),
        ({"w": np.ones(2, "i4,f4")}, "x.npz", TypeError, "'w' is of dtype"),
        ({"w": np.ones(2, "M8[s]")}, "x.npz", TypeError, "'w' is of dtype datetime64"),
        ({"w": [[1.0], [1.0, 2.0]]}, "x.npz", TypeError, "'w' is not an array of numbers"),
        ({"a": {"b": 1}, "a.b": 2}, "x.npz", ValueError, "two arrays have the name 'a.b'"),
        ({"__metadata__": 1}, "x.npz", ValueError, "an array cannot have the name '__metadata__'"),
        ({"a\0b": 1}, "x.npz", ValueError, "names are printable"),
        ({"\ud800": 1}, "x.npz", ValueError, "names are printable"),
        ({"a" * 70_000: 1}, "x.npz", ValueError, "names are printable"),
        ({"w": 1}, "nowhere/x.npz", FileNotFoundError, "there is no folder .*nowhere"),
    ],
)  # fmt: skip
@both
def test_what_cannot_be_saved(
    state: Any, path: Any, kind: type[Exception], message: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=message):
        mg.save(state, path.replace(".npz", suffix) if isinstance(path, str) else path)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(np.dtype("g").itemsize == 8, reason="long double is double here")
def test_long_double_is_refused(tmp_path: Path):
    with pytest.raises(TypeError, match=r"'w' is of dtype .*only floats of up to 64 bits"):
        mg.save({"w": np.ones(2, "g")}, tmp_path / "x.npz")


@both
@pytest.mark.parametrize("metadata", [{"epoch": 3}, {3: "epoch"}])
def test_metadata_that_are_no_strings(suffix: str, metadata: Any, tmp_path: Path):
    with pytest.raises(TypeError, match="metadata must be strings"):
        mg.save({}, tmp_path / f"x{suffix}", metadata)


@both
def test_a_folder_in_the_place_of_the_file(suffix: str, tmp_path: Path):
    (tmp_path / f"x{suffix}").mkdir()
    with pytest.raises(OSError, match=r"save: .*the old file is unchanged"):
        mg.save({"w": 1}, tmp_path / f"x{suffix}")
    assert os.listdir(tmp_path) == [f"x{suffix}"]
    with pytest.raises(FileNotFoundError):
        mg.load(tmp_path / f"none{suffix}")


def test_without_safetensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'save: .*pip install "minigrad\[safetensors\]"'):
        mg.save({"w": 1}, tmp_path / "x.safetensors")
    with pytest.raises(ImportError, match=r'load: .*pip install "minigrad\[safetensors\]"'):
        mg.load(tmp_path / "x.safetensors")
    mg.load(mg.save({"w": 1}, tmp_path / "x.npz"))


class Evil:
    def __reduce__(self) -> Any:
        return (os.mkdir, ("pickle-was-executed",))


def npz(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def npy(shape: Any, descr: str = "'<f8'", data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """An .npy file written by hand, so that it may lie."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H" if version[:1] == b"\x01" else "<I", len(header)) + header + data


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, w=np.array([Evil()], object))
    return buffer.getvalue()


HOSTILE_NPZ = {
    "pickle": (pickled(), "'w' is an array of Python objects"),
    "a bare pickle": (b"\x80\x04\x95.", "not a zip file"),
    "empty": (b"", "not a zip file"),
    "text": (npz(("w.npy", npy("(1,)", "'<U1'", b"abcd"))), "'w' is of dtype <U1"),
    "dates": (npz(("w.npy", npy("(1,)", "'<M8[s]'", bytes(8)))), "'w' is of dtype datetime64"),
    "records": (npz(("w.npy", npy("(1,)", "[('a', '<f8')]", bytes(8)))), "'w' is of dtype"),
    "no npy": (npz(("w.txt", b"hello")), "'w.txt' is not one that numpy.savez writes"),
    "nonsense in npy": (npz(("w.npy", b"hello, hello, hello")), "magic string"),
    "another version": (npz(("w.npy", npy("(1,)", data=bytes(8), version=b"\x03\x00"))), r"version \(3, 0\)"),
    "huge shape": (npz(("w.npy", npy("(10**6, 10**6, 10**6)".replace("10**6", "1000000")))), "does not fit into its 128 bytes"),
    "overflowing shape": (npz(("w.npy", npy((2**32, 2**32)))), "does not fit"),
    "negative shape": (npz(("w.npy", npy((-2, -3)))), "does not fit"),
    "too few numbers": (npz(("w.npy", npy("(20,)", data=bytes(152)))), "should have 160 bytes"),
    "too many numbers": (npz(("w.npy", npy("(3,)", data=bytes(32)))), "should have 24 bytes"),
    "metadata of numbers": (npz(("__metadata__.npy", npy("()", "'<f8'", bytes(8)))), "its metadata are not strings"),
    "metadata with numbers": (npz(("__metadata__.npy", npy("()", "'<U8'", '{"a": 1}'.encode("utf-32-le")))), "metadata are not strings"),
    "a compression of its own": (npz(("w.npy", npy("(1,)", data=bytes(8))), method=zipfile.ZIP_BZIP2), "not one that numpy.savez writes"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE_NPZ)
def test_hostile_npz(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    data, message = HOSTILE_NPZ[case]
    Path("x.npz").write_bytes(data)
    with pytest.raises(ValueError, match=f"load: x.npz is damaged or not a file of named arrays: .*{message}"):
        mg.load("x.npz")
    assert os.listdir() == ["x.npz"]


def test_a_name_that_is_there_twice(tmp_path: Path):
    with pytest.warns(UserWarning, match="Duplicate"):
        data = npz(*[("w.npy", npy("(1,)", data=bytes(8)))] * 2)
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(ValueError, match="or is there twice"):
        mg.load(tmp_path / "x.npz")


def test_a_size_that_no_deflate_stream_reaches(tmp_path: Path):
    data = bytearray(npz(("w.npy", npy((2**37,))), method=zipfile.ZIP_DEFLATED))
    entry = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 2**32 - 2)  # the uncompressed size, in the archive's directory
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(ValueError, match=r"'w.npy' claims 4,294,967,294 bytes in \d+"):
        mg.load(tmp_path / "x.npz")


HOSTILE_SAFETENSORS = {
    "empty": (b"", "header"),
    "nonsense": (b"hello, hello, hello", "header"),
    "pickle": (b"\x80\x04\x95" + bytes(20), "header"),
    "huge header": (struct.pack("<Q", 2**62) + b"{}", "header"),
    "no JSON": (struct.pack("<Q", 4) + b"{{{{", "header"),
    "beyond the end": (safetensors_file({"w": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}}, bytes(8)), ""),
    "huge shape": (safetensors_file({"w": {"dtype": "F64", "shape": [2**40, 2**40], "data_offsets": [0, 8]}}, bytes(8)), ""),
    "overlapping": (safetensors_file({k: {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]} for k in "ab"}, bytes(8)), ""),
    "unclaimed data": (safetensors_file({}, bytes(8)), ""),
    "unknown type": (safetensors_file({"w": {"dtype": "PY", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE_SAFETENSORS)
def test_hostile_safetensors(case: str, tmp_path: Path):
    data, message = HOSTILE_SAFETENSORS[case]
    (tmp_path / "x.safetensors").write_bytes(data)
    with pytest.raises(ValueError, match=f"load: .*x.safetensors is damaged or not a .safetensors file: .*{message}"):
        mg.load(tmp_path / "x.safetensors")


@pytest.mark.parametrize(("dtype", "size"), [("F8_E4M3", 1), ("C64", 8)])
def test_types_that_numpy_or_a_tensor_lacks(dtype: str, size: int, tmp_path: Path):
    header = {"w": {"dtype": dtype, "shape": [1], "data_offsets": [0, size]}}
    (tmp_path / "x.safetensors").write_bytes(safetensors_file(header, bytes(size)))
    with pytest.raises(
        ValueError, match=f"load: .*x.safetensors is damaged or not a .safetensors file: 'w' is of type {dtype}; F64, F32"
    ):
        mg.load(tmp_path / "x.safetensors")


@both
def test_no_damage_escapes_as_another_error(suffix: str, tmp_path: Path):
    """Cut anywhere, or with a byte changed, a file loads or is refused with a ValueError."""
    file = tmp_path / f"x{suffix}"
    mg.save({"w": np.arange(6.0).reshape(2, 3), "b": np.ones(3, np.float32)}, file, {"k": "v"})
    whole = file.read_bytes()
    for cut in range(len(whole)):
        file.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="damaged"):
            mg.load(file)
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(3000):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        file.write_bytes(damaged)
        try:
            mg.load(file)
        except ValueError:
            refused += 1
    assert refused > 500


def central(data: bytearray) -> list[int]:
    """Where the entries of a zip file's directory begin."""
    return [i for i in range(len(data)) if data[i : i + 4] == b"PK\x01\x02"]


def test_members_that_overlap(tmp_path: Path):
    """Many entries of one compressed member: a small file that claims all of them."""
    one = bytearray(npz(("a.npy", npy("(1000000,)", data=bytes(8_000_000))), method=zipfile.ZIP_DEFLATED))
    start = central(one)[0]
    entry, end = one[start : start + 46 + 5], bytearray(one[start + 46 + 5 :])
    entries = b"".join(bytes(entry[:46]) + f"{i:05}"[-1:].encode() + b".npy" for i in range(9))
    struct.pack_into("<HHI", end, 8, 9, 9, len(entries))
    (tmp_path / "x.npz").write_bytes(bytes(one[:start]) + entries + bytes(end))
    with pytest.raises(mg.DamagedFileError, match="overlaps another one"):
        mg.load(tmp_path / "x.npz")


@pytest.mark.parametrize(
    "header", ["(((", "{'a': ", "['x'] * 9", "{'descr': {}, 'fortran_order': 0, 'shape': None}", "(" * 500]
)
def test_headers_that_are_no_headers(header: str, tmp_path: Path):
    text = header.encode().ljust(117) + b"\n"
    data = npz(("w.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text))
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(mg.DamagedFileError, match=r"x\.npz is damaged"):
        mg.load(tmp_path / "x.npz")


@both
def test_booleans_that_are_neither(suffix: str, tmp_path: Path):
    file = mg.save({"w": np.array([2], np.uint8).view(bool)}, tmp_path / f"x{suffix}")
    with pytest.raises(mg.DamagedFileError, match="'w' has booleans that are neither 0 nor 1"):
        mg.load(file)


@both
def test_what_is_no_file(suffix: str, tmp_path: Path):
    (tmp_path / f"d{suffix}").mkdir()
    with pytest.raises(IsADirectoryError, match=r"load: .* is a folder"):
        mg.load(tmp_path / f"d{suffix}")
    (tmp_path / f"x{suffix}").symlink_to("/dev/zero")
    with pytest.raises(OSError, match=r"load: .* is a device or a pipe"):
        mg.load(tmp_path / f"x{suffix}")
