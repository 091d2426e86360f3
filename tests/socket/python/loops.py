# SPDX-License-Identifier: MIT
"""Runs a file's tests on the event loop that its argument names: asyncio or uvloop."""
import asyncio
import importlib
import sys
import unittest


NAME = sys.argv.pop(1) if len(sys.argv) > 1 else "asyncio"


def need(module):
    """The module; where it is not installed, the test is skipped."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        print(f"skipped: {error}")
        sys.exit(77)


def main():
    if NAME == "uvloop":
        asyncio.set_event_loop_policy(need("uvloop").EventLoopPolicy())
    elif NAME != "asyncio":
        sys.exit(f"no event loop {NAME}: asyncio or uvloop")
    unittest.main()
