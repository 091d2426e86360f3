# SPDX-License-Identifier: MIT
# Whether a text holds nothing but what a person sees: seen.py FILE... fails where one does not, and
# says what it holds.
import sys
import unicodedata


def hidden(text):
    """The first character that no output may hold, of UTF-8 that was decoded with surrogateescape."""
    for c in text:
        if c != "\n" and (unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") or c == "\ufffe"):
            return c
    return None


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8", errors="surrogateescape") as file:
            content = file.read()
        if (found := hidden(content)) is not None:
            sys.exit(f"{name} holds {found!r}: {content!r:.2000}")
