"""yaml: a configuration written out as block YAML, enough for bascule.yaml.

Every scalar is written as JSON, which YAML takes as it is; keys stay plain
where they may.
"""
import json
import re

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*$")
WORDS = {"yes", "no", "true", "false", "null", "on", "off", "y", "n"}


def key(text):
    return text if PLAIN.match(text) and text.lower() not in WORDS else json.dumps(text)


def write(value, indent=0):
    pad = "  " * indent
    if isinstance(value, dict):
        if not value:
            return " {}\n"
        return "\n" + "".join(f"{pad}{key(k)}:{write(v, indent + 1)}" for k, v in value.items())
    if isinstance(value, list):
        if not value:
            return " []\n"
        return "\n" + "".join(f"{pad}- {json.dumps(v, ensure_ascii=False)}\n" for v in value)
    return " " + json.dumps(value, ensure_ascii=False) + "\n"


def merge(base, over):
    """A copy of base with over laid upon it, mappings joined key by key; None takes a key away."""
    merged = dict(base)
    for k, v in over.items():
        if v is None:
            merged.pop(k, None)
        elif isinstance(v, dict) and isinstance(merged.get(k), dict):
            merged[k] = merge(merged[k], v)
        else:
            merged[k] = v
    return merged


def text(settings):
    return write(settings).lstrip("\n")
