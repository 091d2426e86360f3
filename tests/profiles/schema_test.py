#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds profiles/nettune-profile.schema.json against the program and against all profiles.

usage: schema_test.py VOCABULARY_PROGRAM SOURCE_DIR [--update]

--update writes the schema anew; without it, a schema that is out of date fails.
"""
import sys

if sys.argv[1:] == ["--help"]:
    sys.exit(print(__doc__))

import json
import re
import subprocess
from pathlib import Path

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error}; apt-get install python3-jsonschema python3-yaml")
    sys.exit(77)

import make_schema


class EditorLoader(yaml.SafeLoader):
    """Types scalars as YAML 1.2 has it, and with it the editors."""


EditorLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in (("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
                            ("int", r"^(?:[-+]?[0-9]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
                            ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$",
                             "-+0123456789."),
                            ("null", r"^(?:~|null|Null|NULL|)$", "~nN")):
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern),
                                       [*first, ""] if tag == "null" else list(first))

LOADERS = {"as nettune reads it": yaml.BaseLoader, "as an editor types it": EditorLoader}

failures = []


def fail(text):
    failures.append(text)
    print(f"FAILED: {text}")


def load(path, loader):
    with open(path, "rb") as file:
        return yaml.load(file, Loader=loader)


def first_error(validator, document):
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    return None if error is None else f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


def check_schema_is_current(program, schema_path, update):
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    made = make_schema.text_of(make_schema.make(json.loads(printed)))
    if update:
        schema_path.write_text(made, encoding="utf-8")
    elif made != schema_path.read_text(encoding="utf-8"):
        fail(f"{schema_path.name} does not fit the program's vocabulary; make it anew with\n"
             f"  {sys.argv[0]} {sys.argv[1]} {sys.argv[2]} --update")
    return json.loads(made)


def check_described(node, place):
    """Every word has a description; every place where a person writes a value has examples."""
    for name, word in node.get("properties", {}).items():
        definition = node_of(word)
        where = f"{place}/{name}"
        if "description" not in word and "description" not in definition:
            fail(f"the schema's {where} has no description")
        if place != "/sysctl" and definition.get("type") != "object" and \
                "examples" not in word and "examples" not in definition:
            fail(f"the schema's {where} has no examples")
        check_described(definition, where)


def node_of(word):
    if "$ref" in word:
        return SCHEMA["$defs"][word["$ref"].rsplit("/", 1)[1]]
    return word


def check_good(validator, files):
    for path in files:
        for how, loader in LOADERS.items():
            error = first_error(validator, load(path, loader))
            if error is not None:
                fail(f"the schema refuses {path.name}, {how}: {error}")


def check_bad(validator, files):
    seen = {"rejects": 0, "cannot see": 0}
    for path in files:
        first_line = path.read_bytes().split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        marker = re.fullmatch(r"# schema: (rejects|cannot see)", first_line)
        if marker is None:
            fail(f"the first line of {path.name} is neither \"# schema: rejects\" nor "
                 "\"# schema: cannot see\"")
            continue
        seen[marker[1]] += 1
        if marker[1] == "cannot see":
            continue
        try:
            document = load(path, yaml.BaseLoader)
        except yaml.YAMLError:
            continue  # no editor gets as far as the schema
        if first_error(validator, document) is None:
            fail(f"the schema takes {path.name}, whose fault it should see")
    if min(seen.values()) < 10:
        fail(f"too few bad profiles: {seen}")


# One value for each pattern that is easy to get wrong: key, value, whether the schema takes it.
PROBES = [
    ("net.core.rmem_max", "16 MiB", True),
    ("net.core.rmem_max", "16MiB", True),
    ("net.core.rmem_max", "16 Mib", False),
    ("net.core.rmem_max", 16777216, True),
    ("net.core.rmem_max", "at least bdp(10 Gbit/s, 20 ms)", True),
    ("net.core.rmem_max", "at least bdp(10 Gbit, 20 ms)", False),
    ("net.core.rmem_max", "min(1 MiB, max(2 MiB, 1% ram), 3 pages)", True),
    ("net.core.rmem_max", "atleast 1 MiB", False),
    ("net.core.rmem_max", "at  least 1 MiB", False),
    ("net.core.rmem_max", ["1 MiB"], False),
    ("net.core.rmem_max", {"value": "1 MiB", "because": "x"}, False),
    ("net.core.rmem_max", {"why": "x"}, False),
    ("net/core/rmem_max", "16 ms", False),
    ("net.ipv4.tcp_rmem", ["keep", "128 KiB", "at least 32 MiB"], True),
    ("net.ipv4.tcp_rmem", ["keep", "128 KiB"], False),
    ("net.ipv4.tcp_rmem", "keep", True),
    ("net.ipv4.tcp_rmem", "4096 131072 6291456", False),
    ("net.ipv4.tcp_mem", ["4% ram", "6.5% ram", "100% ram"], True),
    ("net.ipv4.tcp_mem", ["4%", "6% ram", "9% ram"], False),
    ("net.ipv4.tcp_no_metrics_save", True, True),
    ("net.ipv4.tcp_no_metrics_save", "true", True),
    ("net.ipv4.tcp_no_metrics_save", "yes", False),
    ("net.ipv4.tcp_keepalive_time", "5 min", True),
    ("net.ipv4.tcp_keepalive_time", "5 h", False),
    ("net.core.somaxconn", "at least 4096", True),
    ("net.core.somaxconn", "4 KiB", False),
    ("net.ipv4.tcp_congestion_control", "one of [bbr, cubic]", True),
    ("net.ipv4.tcp_congestion_control", "at least bbr", False),
    ("net.ipv4.conf.*.rp_filter", 2, True),
    ("net/ipv4/conf/eth0.100/rp_filter", "2 ms", False),
    ("net.vendor.some_key", "at least 5", True),
    ("net.vendor.some_key", "5 MiB", False),
    ("net.vendor.some_key", "fast", True),
    ("kernel.sysrq", 1, False),
    ("net.../etc/passwd", 1, False),
    ("net", 1, False),
]


OPTION_PROBES = [
    ("nodelay", "true", True),
    ("nodelay", "on", False),
    ("quickack", "every-read", True),
    ("quickack", "1", False),
    ("notsent-lowat", "kernel", True),
    ("notsent-lowat", "16K", False),
    ("keepalive", "off", True),
    ("keepalive", {"idle": "60 s", "probes": 3}, True),
    ("keepalive", {"idle": "60 s", "tries": 3}, False),
    ("keepalive", "60 s", False),
    ("keepalive-idle", "60 s", False),
    ("write-buffer", {"low": "4 KiB"}, False),
    ("priority", -1, False),
    ("tos", "0x10", True),
    ("tos", 256, False),
    ("max-pacing-rate", "100 Mbit/s", True),
    ("max-pacing-rate", "100 MB", False),
    ("cork", "true", False),
]


def check_probes(validator):
    for key, value, takes in PROBES:
        error = first_error(validator, {"nettune": 1, "sysctl": {key: value}})
        if takes and error is not None:
            fail(f"the schema refuses {key}: {value}: {error}")
        elif not takes and error is None:
            fail(f"the schema takes {key}: {value}")
    for option, value, takes in OPTION_PROBES:
        error = first_error(validator, {"nettune": 1, "sockets": {"default": {option: value}}})
        if takes and error is not None:
            fail(f"the schema refuses the socket option {option}: {value}: {error}")
        elif not takes and error is None:
            fail(f"the schema takes the socket option {option}: {value}")


def main():
    program, source = sys.argv[1], Path(sys.argv[2])
    global SCHEMA
    SCHEMA = check_schema_is_current(program, source / "profiles/nettune-profile.schema.json",
                                     "--update" in sys.argv[3:])
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)

    check_described(SCHEMA, "")
    shipped = sorted((source / "profiles").glob("*.yaml"))
    good = sorted((source / "tests/profiles/good").glob("*.yaml"))
    bad = sorted((source / "tests/profiles/bad").glob("*.yaml"))
    if len(shipped) < 7 or len(good) < 10 or len(bad) < 60:
        fail(f"profiles are missing: {len(shipped)} shipped, {len(good)} good, {len(bad)} bad")
    check_good(validator, shipped + good)
    check_bad(validator, bad)
    check_probes(validator)
    if failures:
        return 1
    print(f"{len(shipped)} shipped, {len(good)} good and {len(bad)} bad profiles, "
          f"{len(PROBES) + len(OPTION_PROBES)} probes: as expected")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main())
