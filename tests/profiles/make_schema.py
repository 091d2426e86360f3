#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes profiles/nettune-profile.schema.json from the program's own vocabulary.

usage: make_schema.py VOCABULARY FILE      VOCABULARY is what profile_vocabulary printed

Scalars may arrive as texts, as nettune reads them, or as an editor types them (16, true): both fit.
"""
import sys

if sys.argv[1:] == ["--help"]:
    sys.exit(print(__doc__))

import json
import re

# Editors show a pattern that fails, so these stay short: what stands within min(..) and max(..), and
# whether a percentage exceeds 100, only the program checks.
DIGITS = r"(0|[1-9][0-9]*)"
WHOLE = rf"-?{DIGITS}"
AMOUNT = rf"{DIGITS}(\.[0-9]+)?"
RATE = rf"{AMOUNT} *[kMG]?bit/s"
TIME = rf"{AMOUNT} *(us|ms|s|min)"
BYTE_UNIT = r"([KMG]i|[kMG])?B"
LARGEST = r"(min|max)\([^\[\]]+\)"
MEMORY = rf"(-?{AMOUNT}( *({BYTE_UNIT}|pages|% *ram))|{WHOLE}|bdp\( *{RATE} *, *{TIME} *\)|{LARGEST})"
TIMES = rf"({TIME}|{WHOLE}|{LARGEST})"
COUNT = rf"({WHOLE}|{LARGEST})"
NAME = r"[^\s,\[\]]{1,15}"


def rules(operand):
    return (rf"(keep|(at (least|most) +)?{operand}"
            rf"|(between +|one of +\[ *){operand}(( +and| *,) *{operand})* *\]?)")


KINDS = {
    "memory": {
        "title": "an amount of memory",
        "description": "One rule: a value (exactly that), at least, at most, between A and B, one of "
                       "[..], keep. Units: B KiB MiB GiB kB MB GB pages, \"4% ram\", "
                       "bdp(rate, rtt), min(..), max(..). A number without a unit is in the key's own.",
        "type": ["string", "integer"],
        "pattern": f"^{rules(MEMORY)}$",
        "examples": ["16 MiB", "at least 16 MiB", "between 4 MiB and 32 MiB", "4% ram",
                     "at least max(16 MiB, bdp(10 Gbit/s, 20 ms))", "keep"],
    },
    "time": {
        "title": "a time",
        "description": "One rule: a value (exactly that), at least, at most, between A and B, one of "
                       "[..], keep. Units: us ms s min. A number without a unit is in the key's own.",
        "type": ["string", "integer"],
        "pattern": f"^{rules(TIMES)}$",
        "examples": ["300 s", "at most 5 min", "between 60 s and 300 s", "keep"],
    },
    "flag": {
        "title": "true or false",
        "description": "true, false or the number that the kernel holds; keep leaves it as it is.",
        "type": ["string", "integer", "boolean"],
        "pattern": f"^(true|false|{rules(WHOLE)})$",
        "examples": [True, False, "keep"],
    },
    "count": {
        "title": "a number",
        "description": "One rule: a value (exactly that), at least, at most, between A and B, one of "
                       "[..], keep. This key takes no unit.",
        "type": ["string", "integer"],
        "pattern": f"^{rules(COUNT)}$",
        "examples": [8192, "at least 4096", "one of [1, 2]", "keep"],
    },
    "word": {
        "title": "a name",
        "description": "One name of at most 15 characters, \"one of [..]\" for the first that this "
                       "kernel has, or keep.",
        "type": ["string", "integer"],
        "pattern": rf"^((?!(at least|at most|between) )(?!one of ){NAME}"
                   rf"|one of +\[ *{NAME}( *, *{NAME})* *\])$",
        "examples": ["cubic", "one of [bbr, cubic]", "keep"],
    },
    "text": {
        "title": "a text",
        "description": "The text that the kernel is to hold, or keep.",
        "type": ["string", "integer", "boolean"],
        "pattern": r"^(?!(at least|at most|between) ).*\S",
        "examples": ["keep"],
    },
    "unknown": {
        "title": "a value of a key that the catalogue lacks",
        "description": "Numbers take no unit here: nettune does not know what the key counts.",
        "type": ["string", "integer"],
        "pattern": rf"^(?!(true|false)$)({rules(COUNT)}"
                   r"|(?!(at least|at most|between|one of)\b)(?!(min|max|bdp)\()[^0-9+.\s-].*"
                   r"|one of +\[[^\]]+\])$",
        "examples": [1, "at least 4096", "keep"],
    },
}

TIME_UNITS = {"seconds", "hundredths of a second", "milliseconds", "microseconds", "nanoseconds"}


def kind_of(key):
    if key["shape"] != "numbers":
        return "word" if key["shape"] == "word" else "text"
    if key["unit"] in ("bytes", "pages"):
        return "memory"
    if key["unit"] in TIME_UNITS:
        return "time"
    return "flag" if key["unit"] == "flag" else "count"


def first_sentence(text):
    return re.split(r"(?<=[a-z0-9)\"])\. (?=[A-Z])", text, maxsplit=1)[0].rstrip(".") + "."


def ref(name):
    return {"$ref": f"#/$defs/{name}"}


def value_definition(kind, fields):
    """What stands after the key: the rules, or the long form with them below `value`."""
    if fields == 1:
        return ref(kind)
    return {
        "if": {"type": "array"},
        "then": {"type": "array", "items": ref(kind), "minItems": fields, "maxItems": fields},
        "else": {"const": "keep"},
    }


def entry_definition(short):
    return {
        "if": {"type": "object"},
        "then": {
            "type": "object",
            "properties": {
                "value": short,
                "optional": ref("optional"),
                "why": ref("why"),
                "on-drift": ref("on-drift"),
            },
            "required": ["value"],
            "additionalProperties": False,
        },
        "else": short,
    }


OPTION_UNITS = {
    "flag": ({"enum": [True, False, "true", "false"]}, [True, False]),
    "bytes": ({"type": ["string", "integer"],
               "pattern": rf"^({DIGITS}|{AMOUNT} *{BYTE_UNIT})$"},
              ["16 KiB", "1 MiB"]),
    "bit/s": ({"type": "string", "pattern": rf"^{RATE}$"}, ["100 Mbit/s", "1 Gbit/s"]),
    "time": ({"type": ["string", "integer"], "pattern": rf"^({DIGITS}|{TIME})$"}, ["10 s", "2 min"]),
    "bitmap": ({"type": ["string", "integer"], "pattern": rf"^({DIGITS}|0x[0-9a-fA-F]+)$"},
               ["0x10"]),
    "": ({"type": ["string", "integer"], "pattern": rf"^{WHOLE}$"}, [3, 6]),
    "name": ({"type": "string", "pattern": rf"^{NAME}$"}, ["cubic"]),
}


def option_schema(option):
    words = option["words"].split()
    # A bare `off` is false to an editor that reads YAML 1.1.
    word_values = words + ([False] if "off" in words else [])
    described = {"description": option["meaning"]}
    unit = option["unit"]
    if unit == "mode" and words:
        return {**described, "enum": word_values, "examples": words}
    if option["name"] == "max-pacing-rate":
        unit = "bit/s"
    elif option["name"] == "congestion-control":
        unit = "name"
    elif unit in TIME_UNITS:
        unit = "time"
    elif unit not in OPTION_UNITS:
        unit = ""
    schema, examples = OPTION_UNITS[unit]
    number = dict(schema)
    if "integer" in number.get("type", ()):
        number["minimum"] = int(option["minimum"])
        number["maximum"] = int(option["maximum"])
    if words:
        number = {"anyOf": [{"enum": word_values}, number]}
    return {**described, **number, "examples": words + examples}


GROUPS = {
    "keepalive": "Probes an idle peer: off, or when and how often (SO_KEEPALIVE).",
    "fast-open": "Data in the SYN: a listener's queue, and whether connect() sends it.",
    "write-buffer": "How much unsent data a program holds before it pauses, and when it goes on: "
                    "asyncio's set_write_buffer_limits().",
}


def preset_schema(options):
    properties = {"why": ref("preset-why")}
    for option in options:
        group = next((g for g in GROUPS if option["name"].startswith(g + "-")), None)
        if group is not None:
            mapping = properties.setdefault(group, {
                "description": GROUPS[group], "type": "object", "properties": {},
                "minProperties": 1, "additionalProperties": False})
            mapping["properties"][option["name"][len(group) + 1:]] = option_schema(option)
        elif option["name"] not in GROUPS:
            properties[option["name"]] = option_schema(option)
    for option in options:
        if option["name"] in GROUPS:
            # The group as a whole takes words too: keepalive: off.
            mapping = properties[option["name"]]
            description = mapping.pop("description")
            properties[option["name"]] = {
                "description": description,
                "if": {"type": "object"}, "then": mapping,
                "else": {"enum": option["words"].split() + [False]},
                "examples": option["words"].split()}
    properties["write-buffer"]["dependentRequired"] = {"low": ["high"]}
    return {
        "description": "A named set of socket options, applied by the companion library.",
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "not": {"required": ["why"], "maxProperties": 1},
        "additionalProperties": False,
    }


def make(vocabulary):
    definitions = {name: definition for name, definition in KINDS.items()}
    definitions["optional"] = {
        "description": "No such key on this kernel: skipped, not missing.",
        "enum": [True, False, "true", "false"], "examples": [True]}
    definitions["why"] = {
        "description": "The reason for the value, with its source: shown by audit and explain.",
        "type": "string", "minLength": 1,
        "examples": ["softnet drops at 25 Gbit/s with the kernel's default of 1000"]}
    definitions["preset-why"] = {
        "description": "The reason for the preset; it silences the lint fixed-buffer.",
        "type": "string", "minLength": 1, "examples": ["a hundred thousand idle clients"]}
    definitions["on-drift"] = {
        "description": "What the service does when the live value stops being the desired one. "
                       "Default: restore.",
        "enum": ["restore", "report"], "examples": ["report"]}
    definitions["key"] = {
        "description": "A key below net., dotted or with slashes (then a component may hold a dot, "
                       "as in net/ipv4/conf/eth0.100/rp_filter). * ? [..] match within a component.",
        "pattern": r"^(net(\.[^\s.]+)+|net(/(?!\.\.?(/|$))[^\s/]+)+)$"}

    properties = {}
    patterns = {}
    for key in vocabulary["keys"]:
        kind = kind_of(key)
        fields = len(key["fields"]) if key["shape"] == "numbers" else 1
        name = kind if fields == 1 else f"{kind}-{fields}"
        if "words" == key["shape"]:
            name = "words"
            short = {"if": {"type": "array"},
                     "then": {"type": "array", "minItems": 1,
                              "items": {"type": "string", "pattern": rf"^{NAME}$"}},
                     "else": ref("text")}
        else:
            short = value_definition(kind, fields)
        definitions.setdefault(f"{name}-entry", entry_definition(short))
        meaning = first_sentence(key["meaning"])
        if fields > 1 and all(key["fields"]):
            meaning = f"[{', '.join(key['fields'])}] {meaning}"
        if key["unit"] not in ("", "flag"):
            meaning += f" Counts {key['unit']}." if key["unit"] not in ("mode", "bitmap") else ""
        entry = {"description": meaning, **ref(f"{name}-entry")}
        # In the dotted form a slash stands for a dot inside a component, and the other way round.
        parts = [re.escape(part) if part != "*" else None for part in key["pattern"].split("/")]
        slashed = "/".join(part or "[^/]+" for part in parts)
        if "*" in key["pattern"]:
            dotted = r"\.".join(part or r"[^.]+" for part in parts)
            patterns[f"^({dotted}|{slashed})$"] = entry
        else:
            properties[key["pattern"].replace("/", ".")] = entry
            patterns[f"^{slashed}$"] = ref(f"{name}-entry")
    definitions["unknown-entry"] = entry_definition({
        "if": {"type": "array"},
        "then": {"type": "array", "items": ref("unknown"), "minItems": 1},
        "else": ref("unknown"),
    })
    definitions["preset"] = preset_schema(vocabulary["options"])

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:nettune:profile:1",
        "title": "nettune profile",
        "description": "The desired values of a host's network sysctls, and socket presets: "
                       "nettune-profile(5). What depends on the host, on other files or on the order "
                       "of words is checked by \"nettunectl check\" alone.",
        "type": "object",
        "properties": {
            "nettune": {"description": "The version of the language; required, and first.",
                        "enum": [1, "1"], "examples": [1]},
            "summary": {"description": "Whom the profile is for, on one line.", "type": "string",
                        "minLength": 1,
                        "examples": ["Low request latency for HTTP and RPC servers"]},
            "inherits": {"description": "Profiles that come first, left to right; later wins, this "
                                        "file last.",
                         "type": "array", "uniqueItems": True,
                         "items": {"type": "string", "minLength": 1},
                         "examples": [["server-base"]]},
            "requires": {
                "description": "Where this does not hold, the profile is not applicable, and says why.",
                "type": "object",
                "properties": {
                    "kernel": {"description": "A comparison with the kernel's version.",
                               "type": "string",
                               "pattern": r"^(>=|<=|>|<|=) *[0-9]+\.[0-9]+(\.[0-9]+)*$",
                               "examples": [">= 5.10"]},
                    "memory": {"description": "A comparison with the size of the memory.",
                               "type": "string",
                               "pattern": rf"^(>=|<=|>|<|=) *{AMOUNT} *{BYTE_UNIT}$",
                               "examples": [">= 2 GiB"]},
                },
                "additionalProperties": False,
            },
            "on-drift": ref("on-drift"),
            "flush-metrics": {
                "description": "Whether a change that turns net.ipv4.tcp_no_metrics_save on also "
                               "forgets what the kernel remembers of peers. Default: false.",
                "enum": [True, False, "true", "false"], "examples": [True]},
            "sysctl": {
                "description": "Keys and the rule for each; a list holds one rule for each field.",
                "type": "object",
                "propertyNames": ref("key"),
                "properties": properties,
                "patternProperties": patterns,
                "additionalProperties": ref("unknown-entry"),
                "examples": [{"net.core.rmem_max": "at least 16 MiB",
                              "net.ipv4.tcp_rmem": ["keep", "128 KiB", "at least 32 MiB"]}],
            },
            "sockets": {
                "description": "Presets of socket options, by name; \"default\" is the profile's own.",
                "type": "object",
                "propertyNames": {"pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"},
                "additionalProperties": ref("preset"),
                "examples": [{"default": {"nodelay": True, "notsent-lowat": "16 KiB"}}],
            },
        },
        "required": ["nettune"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def text_of(schema):
    return json.dumps(schema, indent=1, ensure_ascii=True) + "\n"


def main(arguments):
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[1], encoding="utf-8") as file:
        vocabulary = json.load(file)
    with open(arguments[2], "w", encoding="utf-8") as file:
        file.write(text_of(make(vocabulary)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
