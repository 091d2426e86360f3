#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Presets and reports of the Python module, on real sockets."""
import sys

if sys.argv[1:] == ["--help"]:
    sys.exit(print(__doc__))

import copy
import ctypes
import errno
import gc
import os
import pickle
import socket
import subprocess
import tempfile
import threading
import unittest

import nettune
from nettune import _library

LINE = "nodelay=1,notsent-lowat=16KiB,user-timeout=30s,keepalive-idle=61s,keepalive=1"
TCP_NOTSENT_LOWAT = 25


def options(sock):
    """What LINE is about, as the kernel has it."""
    return [sock.getsockopt(level, option) for level, option in (
        (socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT),
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE))]


IN_FORCE = [1, 16384, 30000, 61, 1]


def resident_kib():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


class Layout(unittest.TestCase):
    def test_structs_are_those_of_the_header(self):
        self.assertEqual(ctypes.sizeof(_library.Result), 112)
        self.assertEqual(_library.Result.requested.offset, 16)
        self.assertEqual(_library.Result.restore.offset, 72)
        self.assertEqual(ctypes.sizeof(_library.Hints), 32)

    def test_roles_are_the_librarys(self):
        self.assertEqual(nettune._ROLES, {"auto": 0, "listener": 1, "client": 2, "accepted": 3,
                                          "datagram": 4})

    def test_a_missing_library_is_an_import_error_that_names_it(self):
        code = ("import ctypes\n"
                "def lacking(name, *_, **__): raise OSError(name + ': cannot open')\n"
                "ctypes.CDLL = lacking\n"
                "import nettune")
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("ImportError: nettune needs libnettune.so.0", result.stderr)


class Making(unittest.TestCase):
    def test_a_line_is_read_and_written(self):
        preset = nettune.Preset.line(LINE)
        self.assertEqual(str(nettune.Preset.line(str(preset))), str(preset))
        self.assertIn("notsent-lowat=16KiB", str(preset))
        self.assertEqual(repr(preset), f"<nettune.Preset {preset}>")

    def test_faults_of_a_line_are_value_errors_that_name_the_word(self):
        for line, word in (("", "empty"), ("nodelay", "nodelay"), ("nodelay=2", "2"),
                           ("cork=1", "cork"), ("notsent-lowat=16M", "16")):
            with self.subTest(line), self.assertRaises(ValueError) as caught:
                nettune.Preset.line(line)
            self.assertIn(word, str(caught.exception))

    def test_wrong_types(self):
        for line in (None, 1, b"nodelay=1"):
            with self.subTest(line), self.assertRaises(TypeError):
                nettune.Preset.line(line)
        with self.assertRaises(ValueError):
            nettune.Preset.line("nodelay=1\0,cork=1")
        with self.assertRaises(TypeError):
            nettune.Preset.load(None)
        with self.assertRaises(TypeError):
            nettune.Preset()

    def test_named_presets_are_those_of_the_profiles(self):
        preset = nettune.Preset.named("latency", "server-base")
        self.assertIn("quickack=every-read", str(preset))
        self.assertEqual(preset.hints, nettune.Hints(16384, 4096, 65536))

    def test_what_is_not_there_is_file_not_found(self):
        with self.assertRaises(FileNotFoundError) as caught:
            nettune.Preset.named("no-such-preset", "server-base")
        self.assertIn("no-such-preset", str(caught.exception))
        with self.assertRaises(FileNotFoundError):
            nettune.Preset.load("/nonexistent/profile.yaml")

    def test_without_any_profile_the_package_is_named(self):
        with tempfile.TemporaryDirectory(prefix="nettune-profiles-") as folder:
            answer = subprocess.run(
                [sys.executable, "-c", "import nettune; nettune.Preset.named('latency')"],
                env=os.environ | {"NETTUNE_PROFILE_PATH": folder}, capture_output=True, text=True)
        self.assertIn("FileNotFoundError: [Errno 2] no profiles are installed: they are in the "
                      "package nettune; needed for the preset \"latency\"", answer.stderr)

    def test_a_fault_that_lies_in_no_file_is_one_line(self):
        with self.assertRaises(FileNotFoundError) as caught:
            nettune.Preset.named("latency", "no-such-profile")
        self.assertRegex(caught.exception.strerror,
                         '^no profile is called "no-such-profile"; searched: [^\n]+$')

    def test_hints_that_a_preset_lacks_are_none(self):
        self.assertEqual(nettune.Preset.line("nodelay=1").hints, nettune.Hints(None, None, None))
        self.assertEqual(nettune.Preset.line("write-buffer-high=0,write-buffer-low=0").hints,
                         nettune.Hints(0, 0, None))

    def test_copies_and_pickles_own_handles_of_their_own(self):
        preset = nettune.Preset.line(LINE)
        others = [copy.copy(preset), copy.deepcopy(preset), pickle.loads(pickle.dumps(preset))]
        text = str(preset)
        del preset
        gc.collect()
        for other in others:
            self.assertEqual(str(other), text)

    def test_presets_and_reports_are_freed(self):
        with socket.socket() as sock:
            def use(count):
                for _ in range(count):
                    nettune.Preset.line(LINE).apply(sock).entries
                gc.collect()
            use(2000)
            before = resident_kib()
            use(20000)
            # A leak of one preset alone, above 500 bytes each, would be 10 MiB.
            self.assertLess(resident_kib() - before, 2048)


class Applying(unittest.TestCase):
    def setUp(self):
        self.preset = nettune.Preset.line(LINE)

    def test_on_a_socket_a_descriptor_and_anything_with_fileno(self):
        class Wrapped:
            def __init__(self, sock):
                self.fileno = sock.fileno

        for wrap in (lambda sock: sock, lambda sock: sock.fileno(), Wrapped):
            with socket.socket() as sock:
                report = self.preset.apply(wrap(sock), "client")
                self.assertTrue(report.ok)
                report.raise_for_error()
                self.assertEqual(options(sock), IN_FORCE)

    def test_rows_say_what_was_done(self):
        with socket.socket() as sock:
            before = options(sock)
            entries = {entry.option: entry for entry in self.preset.apply(sock).entries}
            self.assertEqual(len(entries), 5)
            lowat = entries["notsent-lowat"]
            self.assertEqual((lowat.outcome, lowat.reason, lowat.errno), ("applied", "", 0))
            self.assertEqual((lowat.requested, lowat.before, lowat.effective),
                             (16384, before[1], 16384))
            self.assertIn("notsent-lowat", lowat.text)
            again = self.preset.apply(sock)
            self.assertEqual({entry.outcome for entry in again.entries}, {"already"})
            self.assertIs(again.entries, again.entries)

    def test_text_values_are_text(self):
        with socket.socket() as sock:
            entry, = nettune.Preset.line("congestion-control=reno").apply(sock).entries
            self.assertEqual((entry.requested, entry.effective), ("reno", "reno"))
            now = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
            self.assertEqual(now.rstrip(b"\0"), b"reno")

    def test_accepted_sockets_inherit(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.assertTrue(self.preset.apply(listener).ok)
            listener.listen()
            with socket.create_connection(listener.getsockname()):
                accepted, _ = listener.accept()
                with accepted:
                    self.assertEqual(options(accepted), IN_FORCE)

    def test_flags(self):
        with socket.socket() as sock:
            before = options(sock)
            report = self.preset.apply(sock, audit=True)
            self.assertFalse(report.ok)
            self.assertIn("differs", {entry.outcome for entry in report.entries})
            self.assertEqual(options(sock), before)
            self.assertTrue(self.preset.apply(sock, verify=False).ok)
            self.assertEqual(options(sock), IN_FORCE)
            self.assertEqual({e.outcome for e in self.preset.apply(sock, force=True).entries},
                             {"applied"})

    def test_what_is_not_in_force_is_an_os_error_with_the_report(self):
        preset = nettune.Preset.line("nodelay=1,congestion-control=nosuch")
        with socket.socket() as sock:
            report = preset.apply(sock)
            self.assertFalse(report.ok)
            with self.assertRaises(nettune.NotApplied) as caught:
                report.raise_for_error()
            error = caught.exception
            self.assertIsInstance(error, OSError)
            self.assertEqual(error.errno, errno.ENOENT)
            self.assertIs(error.report, report)
            self.assertIn("congestion-control", str(error))
            self.assertNotIn("nodelay", str(error))
            self.assertEqual(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 1)

    def test_atomic_puts_all_back(self):
        preset = nettune.Preset.line("keepalive=1,syn-count=4,mark=7,congestion-control=nosuch")
        with socket.socket() as sock:
            self.assertFalse(preset.apply(sock, atomic=True).ok)
            self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 0)

    def test_undo(self):
        with socket.socket() as sock:
            before = options(sock)
            report = self.preset.apply(sock)
            self.assertEqual(options(sock), IN_FORCE)
            self.assertEqual(self.preset.undo(report), 0)
            self.assertEqual(options(sock), before)
        with self.assertRaises(OSError) as caught:
            self.preset.undo(report)
        self.assertEqual(caught.exception.errno, errno.EBADF)

    def test_plan_touches_nothing_and_knows_what_is_inherited(self):
        preset = nettune.Preset.line("nodelay=1,priority=3")
        outcomes = {role: {e.option: e.outcome for e in preset.plan(role)}
                    for role in ("listener", "client", "accepted")}
        self.assertEqual(outcomes["accepted"], {"nodelay": "inherited", "priority": "planned"})
        self.assertEqual(outcomes["client"], {"nodelay": "planned", "priority": "planned"})
        self.assertEqual(outcomes["listener"]["nodelay"], "planned")
        with self.assertRaises(ValueError):
            preset.plan("auto")

    def test_unusable_descriptors(self):
        closed = socket.socket()
        closed.close()
        for sock in (closed, -1, 999999):
            with self.subTest(sock), self.assertRaises(OSError) as caught:
                self.preset.apply(sock)
            self.assertEqual(caught.exception.errno, errno.EBADF)
        with open("/dev/null", encoding="ascii") as file, self.assertRaises(OSError) as caught:
            self.preset.apply(file)
        self.assertEqual(caught.exception.errno, errno.ENOTSOCK)
        for number in (1 << 31, (1 << 32) + 1, -2):
            with self.subTest(number), self.assertRaises(OverflowError):
                self.preset.apply(number)

    def test_wrong_arguments(self):
        with socket.socket() as sock:
            for wrong in (None, "1", 1.5, object()):
                with self.subTest(wrong), self.assertRaisesRegex(TypeError, "fileno"):
                    self.preset.apply(wrong)
            for role in ("server", 1, None, ["client"]):
                with self.subTest(role), self.assertRaisesRegex(ValueError, "listener"):
                    self.preset.apply(sock, role)
            with self.assertRaises(OSError) as caught:
                self.preset.apply(sock, "datagram")
            self.assertEqual(caught.exception.errno, errno.EINVAL)

    def test_a_unix_socket_has_rows_that_do_not_apply(self):
        one, other = socket.socketpair()
        with one, other:
            report = self.preset.apply(one)
            self.assertTrue(report.ok)
            self.assertEqual([entry.outcome for entry in report.entries], ["not-applicable"] * 5)

    def test_threads_share_a_preset(self):
        faults = []

        def work():
            for _ in range(200):
                with socket.socket() as sock:
                    report = self.preset.apply(sock)
                    if not report.ok or options(sock) != IN_FORCE:
                        faults.append(report.entries)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])

    def test_a_preset_works_after_fork(self):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with socket.socket() as sock:
                    status = 0 if self.preset.apply(sock).ok and options(sock) == IN_FORCE else 2
                self.preset = None  # frees the child's copy
            finally:
                os._exit(status)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        with socket.socket() as sock:
            self.assertTrue(self.preset.apply(sock).ok)


if __name__ == "__main__":
    unittest.main()
