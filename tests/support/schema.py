# SPDX-License-Identifier: MIT
# Holds JSON against a schema: schema.py SCHEMA FILE [whole]. The file is one answer, or one on each
# line. A member that the schema does not name is a fault as well; with "whole" so is one that it
# names and that is not there.
import json
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed; nothing is held against a schema")
    sys.exit()


def close(schema):
    """Objects have no other members than those that are named."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and "type" in schema:
            schema["additionalProperties"] = False
            if "whole" in sys.argv[3:]:
                schema["required"] = list(schema["properties"])
        for part in schema.values():
            close(part)


def answers(text):
    decoder = json.JSONDecoder()
    while text := text.strip():
        answer, end = decoder.raw_decode(text)
        yield answer
        text = text[end:]


with open(sys.argv[1], encoding="utf-8") as schema_file, open(sys.argv[2], encoding="utf-8") as file:
    schema, text = json.load(schema_file), file.read()
jsonschema.Draft202012Validator.check_schema(schema)
close(schema)
count = 0
for answer in answers(text):
    jsonschema.Draft202012Validator(schema).validate(answer)
    count += 1
assert count > 0, f"{sys.argv[2]} is empty"
