"""The form of what a method sends: fields and arrays of the right type, or the run ends with `WireError`.

Covered: types of header fields, dtypes and dimensions of arrays, text that is not UTF-8, names of errors that may leave
the service. Our own client never sends anything that is refused here. Not covered: values, which are checked by
`w2s.contract` and refused with an error that the method may catch.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from w2s import errors
from w2s.wire import Array, Header, WireError

T = TypeVar("T")


def field(header: Header, name: str, kind: type[T]) -> T:
    """Field `name` of a request, exactly of type `kind` and, if text, UTF-8; `WireError` otherwise."""
    value = header.get(name)
    if type(value) is not kind:
        raise WireError(f"request {header.get('op')!r} needs {name!r} as {kind.__name__}")
    if isinstance(value, str) and not _is_utf8(value):
        raise WireError(f"{name!r} of request {header.get('op')!r} is not UTF-8; leave out lone surrogates")
    return value


def words(header: Header, name: str) -> str:
    """Field `name` of a request as UTF-8 text: an exception's own words may hold anything, and are cleaned."""
    value = header.get(name)
    if type(value) is not str:
        raise WireError(f"request {header.get('op')!r} needs {name!r} as str")
    return value.encode("utf-8", "replace").decode()


def number(header: Header, name: str) -> float:
    """Field `name` of a request as a finite float; `WireError` otherwise."""
    value: Any = header.get(name)
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise WireError(f"request {header.get('op')!r} needs {name!r} as a number")
    return float(value)


def vector(arrays: Mapping[str, Array], name: str, dtype: str) -> Array:
    """Array `name` of a request, one-dimensional and exactly of `dtype`; `WireError` otherwise."""
    array = arrays.get(name)
    if array is None or array.dtype != np.dtype(dtype) or array.ndim != 1:
        raise WireError(f"the request needs the array {name!r}, one-dimensional, of dtype {dtype}")
    return array


def public_error(name: str) -> str:
    """Name of an error as it may leave the service: Python's own or one of `w2s.errors`, else `Exception`."""
    kind = getattr(builtins, name, None) or getattr(errors, name, None)
    return name if isinstance(kind, type) and issubclass(kind, BaseException) else "Exception"


def public_name(kind: type[BaseException]) -> str:
    """Name of the nearest base of `kind` that may leave the service."""
    return next(base.__name__ for base in kind.__mro__ if public_error(base.__name__) == base.__name__)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
