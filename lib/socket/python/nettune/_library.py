# SPDX-License-Identifier: MIT
"""libnettune.so.0 as ctypes sees it: nettune.h, and nothing more.

The library is loaded by its soname, as the dynamic linker finds it: find_library() would start a
compiler. Argument types are prepared once, here.
"""
import ctypes
from ctypes import (POINTER, Structure, Union, c_char, c_char_p, c_int, c_int32, c_int64, c_size_t,
                    c_uint, c_void_p)
from typing import Any

SONAME = "libnettune.so.0"
CONGESTION_CONTROL = 8  # the one option whose value is text
ATOMIC, AUDIT, NO_VERIFY, FORCE, FORCE_BUFFERS = 1, 2, 4, 8, 16
MOST_RESULTS = 64


class Value(Union):
    """nettune_value"""
    _fields_ = [("number", c_int64), ("text", c_char * 16)]


class Result(Structure):
    """nettune_result: 112 bytes in every version"""
    _fields_ = [("option", c_int32), ("outcome", c_int32), ("reason", c_int32),
                ("error", c_int32), ("requested", Value), ("before", Value),
                ("effective", Value), ("detail", c_int64), ("restore", c_int64),
                ("reserved", c_int64 * 4)]


class Hints(Structure):
    """nettune_hints"""
    _fields_ = [("struct_size", c_size_t), ("write_high", c_int64), ("write_low", c_int64),
                ("read_limit", c_int64)]


try:
    _library = ctypes.CDLL(SONAME)
except OSError as error:
    raise ImportError(f"nettune needs {SONAME} (Debian: libnettune0): {error}") from error


def _function(name: str, result: Any, *arguments: Any) -> Any:
    function = _library[name]
    function.restype = result
    function.argtypes = arguments
    return function


# A handle is an integer here, so that no object stands between it and the call.
preset_line = _function("nettune_preset_line", c_int, c_char_p, POINTER(c_void_p), c_char_p,
                        c_size_t)
preset_named = _function("nettune_preset_named", c_int, c_char_p, c_char_p, POINTER(c_void_p),
                         c_char_p, c_size_t)
preset_load = _function("nettune_preset_load", c_int, c_char_p, c_char_p, POINTER(c_void_p),
                        c_char_p, c_size_t)
preset_unref = _function("nettune_preset_unref", None, c_void_p)
preset_text = _function("nettune_preset_text", c_int, c_void_p, c_char_p, c_size_t)
apply = _function("nettune_apply", c_int, c_void_p, c_int, c_int, c_uint, POINTER(Result),
                  c_size_t, POINTER(c_size_t))
plan = _function("nettune_plan", c_int, c_void_p, c_int, POINTER(Result), c_size_t,
                 POINTER(c_size_t))
undo = _function("nettune_undo", c_int, c_int, POINTER(Result), c_size_t)
buffer_hints = _function("nettune_buffer_hints", c_int, c_void_p, POINTER(Hints))
option_name = _function("nettune_option_name", c_char_p, c_int)
outcome_name = _function("nettune_outcome_name", c_char_p, c_int)
reason_name = _function("nettune_reason_name", c_char_p, c_int)
role_name = _function("nettune_role_name", c_char_p, c_int)
result_text = _function("nettune_result_text", c_int, POINTER(Result), c_char_p, c_size_t)
