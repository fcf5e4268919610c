"""Frames come back as they were sent, and nothing malformed gets past `recv`."""

import contextlib
import json
import math
import socket
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from w2s import wire
from w2s.bounds import FRAME_BYTES, HEADER_BYTES

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
headers = st.dictionaries(st.text().filter(lambda key: key != "arrays"), plain, max_size=5)
arrays = st.dictionaries(
    st.text(max_size=10),
    st.sampled_from(sorted(wire.DTYPES)).flatmap(
        lambda name: hnp.arrays(
            wire.DTYPES[name], hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
        )
    ),
    max_size=4,
)


def frame(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + data


def received(data: bytes, *, max_bytes: int = FRAME_BYTES):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        return wire.recv(ours, max_bytes=max_bytes, deadline=time.monotonic() + 5)


@given(headers, arrays)
def test_a_frame_comes_back_as_it_was_sent(header, sent):
    got_header, got = received(wire.encode(header, sent))
    assert got_header == header
    assert list(got) == list(sent)
    for name, array in sent.items():
        assert got[name].dtype == array.dtype
        assert got[name].shape == array.shape
        assert got[name].tobytes() == array.tobytes()


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_are_a_frame(data):
    try:
        header, got = wire.decode(data)
    except wire.WireError:
        return
    assert wire.decode(wire.encode(header, got))[0] == header


@given(headers, arrays, st.data())
def test_a_frame_cut_anywhere_is_refused(header, sent, data):
    whole = wire.encode(header, sent)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(wire.WireError):
        received(whole[:cut])


@given(headers, arrays, st.data())
def test_a_flipped_byte_never_raises_anything_else(header, sent, data):
    whole = bytearray(wire.encode(header, sent))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(wire.WireError):
        received(bytes(whole))


def entry(**changes):
    return {"name": "a", "dtype": "f8", "shape": [1], **changes}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (struct.pack(">I", HEADER_BYTES + 1), "header of"),
        (struct.pack(">I", 0), "header of"),
        (frame([1]), "not an object"),
        (frame(b"{]"), "strict JSON"),
        (frame(b'{"a":NaN}'), "strict JSON"),
        (frame(b'{"a":1e999}'), "strict JSON"),
        (frame(b'{"a":1,"a":2}'), "given twice"),
        (frame(b"\xff\xfe"), "strict JSON"),
        (frame(b"[" * 60_000), "strict JSON"),
        (frame({"arrays": 3}), "not a list"),
        (frame({"arrays": [entry()] * 65}), "not a list"),
        (frame({"arrays": [entry(extra=1)]}), "exactly name"),
        (frame({"arrays": [entry(dtype="O")]}), "dtype"),
        (frame({"arrays": [entry(dtype=["f8"])]}), "dtype"),
        (frame({"arrays": [entry(name=1)]}), "dtype"),
        (frame({"arrays": [entry(shape=[-1])]}), "shape"),
        (frame({"arrays": [entry(shape=[1.0])]}), "shape"),
        (frame({"arrays": [entry(shape=[True])]}), "shape"),
        (frame({"arrays": [entry(shape=[1] * 5)]}), "shape"),
        (frame({"arrays": [entry(shape=[2**63, 2])]}), "shape"),
        (frame({"arrays": [entry(shape=[2**26, 2**26])]}), "bytes of arrays"),
        (frame({"arrays": [entry(), entry()]}, bytes(16)), "same name"),
        (frame({"arrays": [entry(dtype="b1")]}, b"\x02"), "neither 0 nor 1"),
        (frame({"arrays": [entry()]}, bytes(7)), "stopped after 7"),
    ],
)
def test_a_malformed_frame_is_refused_with_its_fault(data, words):
    with pytest.raises(wire.WireError, match=words):
        received(data)


def test_a_frame_over_the_callers_bound_is_refused_before_it_is_read():
    with pytest.raises(wire.WireError, match="at most 8"):
        received(wire.encode({}, {"a": np.zeros(2)}), max_bytes=8)


def test_the_end_of_a_connection_between_frames_is_told_apart():
    with pytest.raises(wire.Closed):
        received(b"")


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1, 2}, b"x"])
def test_a_header_that_is_not_plain_json_is_not_sent(value):
    with pytest.raises(wire.WireError, match="plain JSON"):
        wire.encode({"a": value})


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([1], dtype=object), np.zeros(1, dtype="c16")])
def test_an_array_of_another_dtype_is_not_sent(array):
    with pytest.raises(wire.WireError, match="dtype"):
        wire.encode({}, {"a": array})


def test_a_peer_that_trickles_bytes_cannot_outlast_the_deadline():
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def trickle():
        for byte in wire.encode({"op": "x" * 1000}):
            if stop.wait(0.02):
                return
            theirs.send(bytes([byte]))

    thread = threading.Thread(target=trickle)
    with ours, theirs:
        thread.start()
        with pytest.raises(TimeoutError):  # long before the last byte has come
            wire.recv(ours, deadline=time.monotonic() + 0.2)
        assert thread.is_alive()
        stop.set()
        thread.join()


def test_sending_to_a_peer_that_left_says_so():
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours, pytest.raises(wire.Closed):
        wire.send(ours, {"op": "x"}, {"a": np.zeros(100_000)})
