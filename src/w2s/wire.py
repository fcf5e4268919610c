"""Frames between a method and the student service: a JSON header and plain arrays, strict and bounded.

A frame is a 4-byte big-endian header length, a JSON object whose key `arrays` lists name, dtype and
shape, and then the raw little-endian bytes of the arrays in that order. Nothing in a frame can name
code or a class, so reading one from an untrusted peer runs nothing.

Guards against: oversized frames, unknown dtypes, negative or wrapping shapes, deep or repeated JSON
keys, NaN written as JSON, booleans that are neither 0 nor 1, peers that stop in the middle (with a
deadline). Does not guard against: wrong values; the receiver of a frame checks its meaning.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s.bounds import FRAME_BYTES, HEADER_BYTES
from w2s.errors import W2SError

Array = npt.NDArray[Any]
Header = dict[str, Any]

DTYPES: Mapping[str, np.dtype[Any]] = {
    "f8": np.dtype("<f8"),
    "f4": np.dtype("<f4"),
    "i8": np.dtype("<i8"),
    "u8": np.dtype("<u8"),
    "u1": np.dtype("u1"),
    "b1": np.dtype("?"),
}
_NAMES = {(dtype.kind, dtype.itemsize): name for name, dtype in DTYPES.items()}
_MAX_ARRAYS = 64
_MAX_DIMENSIONS = 4
_LENGTH = struct.Struct(">I")


class WireError(W2SError):
    """The peer sent what is not a frame, or stopped in the middle of one."""


class Closed(WireError):
    """The peer closed the connection between two frames."""


def encode(header: Mapping[str, Any], arrays: Mapping[str, Array] | None = None) -> bytes:
    """Bytes of one frame.

    Raises `WireError` if the header or the arrays are too large, not plain JSON, or of another dtype.

    >>> decode(encode({"op": "predict"}, {"ids": np.array([7], dtype=np.uint64)}))
    ({'op': 'predict'}, {'ids': array([7], dtype=uint64)})
    """
    body = dict(header)
    listed: list[dict[str, Any]] = []
    blocks: list[bytes] = []
    for name, array in (arrays or {}).items():
        dtype = _NAMES.get((array.dtype.kind, array.dtype.itemsize))
        if dtype is None:
            raise WireError(f"array {name!r} has dtype {array.dtype}; frames carry {', '.join(DTYPES)}")
        listed.append({"name": name, "dtype": dtype, "shape": list(array.shape)})
        blocks.append(np.ascontiguousarray(array, dtype=DTYPES[dtype]).tobytes())
    if listed:
        body["arrays"] = listed
    try:
        text = json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"the header is not plain JSON: {error}") from None
    size = sum(len(block) for block in blocks)
    if len(text) > HEADER_BYTES or size > FRAME_BYTES or len(listed) > _MAX_ARRAYS:
        raise WireError(
            f"frame of {len(text)} header bytes, {len(listed)} arrays and {size} array bytes; at most "
            f"{HEADER_BYTES}, {_MAX_ARRAYS} and {FRAME_BYTES} are allowed"
        )
    return b"".join([_LENGTH.pack(len(text)), text, *blocks])


def decode(frame: bytes) -> tuple[Header, dict[str, Array]]:
    """Header and arrays of one whole frame; `WireError` on anything malformed, or bytes left over."""
    if len(frame) < _LENGTH.size:
        raise WireError(f"frame of {len(frame)} bytes is shorter than its length field")
    end = _LENGTH.size + _header_length(frame[: _LENGTH.size])
    header, specs = _parse(frame[_LENGTH.size : end] if end <= len(frame) else b"", FRAME_BYTES)
    if len(frame) != end + sum(_size(dtype, shape) for _, dtype, shape in specs):
        raise WireError(f"frame of {len(frame)} bytes does not have the length that its header gives")
    return header, _arrays(specs, memoryview(frame)[end:])


def send(
    sock: socket.socket,
    header: Mapping[str, Any],
    arrays: Mapping[str, Array] | None = None,
    *,
    deadline: float | None = None,
) -> None:
    """Write one frame; `deadline` on `time.monotonic`, after which `TimeoutError` is raised."""
    frame = encode(header, arrays)
    _arm(sock, deadline)
    try:
        sock.sendall(frame)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Closed("the peer closed the connection") from error


def recv(
    sock: socket.socket, *, max_bytes: int = FRAME_BYTES, deadline: float | None = None
) -> tuple[Header, dict[str, Array]]:
    """Read one frame of at most `max_bytes` of arrays.

    Raises `Closed` if the peer is gone before a frame begins, `WireError` on anything malformed or cut
    off, `TimeoutError` after `deadline` (on `time.monotonic`), however slowly the bytes trickle in.
    """
    length = _header_length(bytes(_read(sock, _LENGTH.size, deadline, first=True)))
    header, specs = _parse(bytes(_read(sock, length, deadline)), max_bytes)
    total = sum(_size(dtype, shape) for _, dtype, shape in specs)
    return header, _arrays(specs, memoryview(_read(sock, total, deadline)))


def _arm(sock: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        sock.settimeout(None)
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the peer did not answer before the deadline")
    sock.settimeout(left)


def _read(sock: socket.socket, size: int, deadline: float | None, *, first: bool = False) -> bytearray:
    buffer = bytearray(size)
    view, got = memoryview(buffer), 0
    while got < size:
        _arm(sock, deadline)
        try:
            count = sock.recv_into(view[got:])
        except ConnectionResetError:
            count = 0
        if count == 0:
            if first and got == 0:
                raise Closed("the peer closed the connection")
            raise WireError(f"the peer stopped after {got} of {size} bytes")
        got += count
    return buffer


def _header_length(field: bytes) -> int:
    length: int = _LENGTH.unpack(field)[0]
    if not 2 <= length <= HEADER_BYTES:
        raise WireError(f"header of {length} bytes; a frame has between 2 and {HEADER_BYTES}")
    return length


def _parse(text: bytes, max_bytes: int) -> tuple[Header, list[tuple[str, np.dtype[Any], tuple[int, ...]]]]:
    try:
        header = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_distinct,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise WireError(f"the header is not strict JSON: {error}") from None
    if not isinstance(header, dict):
        raise WireError(f"the header is a JSON {type(header).__name__}, not an object")
    listed = header.pop("arrays", [])
    if not isinstance(listed, list) or len(listed) > _MAX_ARRAYS:
        raise WireError(f"`arrays` is not a list of at most {_MAX_ARRAYS} entries")
    specs = [_spec(entry) for entry in listed]
    if len({name for name, _, _ in specs}) != len(specs):
        raise WireError("two arrays of a frame have the same name")
    total = sum(_size(dtype, shape) for _, dtype, shape in specs)
    if total > max_bytes:
        raise WireError(f"{total} bytes of arrays; at most {max_bytes} are allowed here")
    return header, specs


def _spec(entry: object) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    if not isinstance(entry, dict) or set(entry) != {"name", "dtype", "shape"}:
        raise WireError("an entry of `arrays` is not exactly name, dtype and shape")
    name, dtype, shape = entry["name"], entry["dtype"], entry["shape"]
    if not isinstance(name, str) or not isinstance(dtype, str) or dtype not in DTYPES:
        raise WireError(f"array {name!r} has dtype {dtype!r}; frames carry {', '.join(DTYPES)}")
    is_shape = isinstance(shape, list) and all(type(n) is int and 0 <= n <= FRAME_BYTES for n in shape)
    if not is_shape or len(shape) > _MAX_DIMENSIONS:
        raise WireError(f"array {name!r} has a shape that is not at most {_MAX_DIMENSIONS} whole numbers")
    return name, DTYPES[dtype], tuple(shape)


def _size(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    return dtype.itemsize * math.prod(shape)


def _arrays(specs: list[tuple[str, np.dtype[Any], tuple[int, ...]]], data: memoryview) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    start = 0
    for name, dtype, shape in specs:
        end = start + _size(dtype, shape)
        raw = np.frombuffer(data[start:end], dtype=np.uint8)
        if dtype.kind == "b" and (raw > 1).any():
            raise WireError(f"array {name!r} holds booleans that are neither 0 nor 1")
        arrays[name] = raw.view(dtype).reshape(shape).copy()
        start = end
    return arrays


def _distinct(pairs: Iterable[tuple[str, Any]]) -> Header:
    header: Header = {}
    for key, value in pairs:
        if key in header:
            raise ValueError(f"key {key!r} is given twice")
        header[key] = value
    return header


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value
