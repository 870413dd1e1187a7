#!/usr/bin/python3
"""results - the tool results in a log of fake-model.mjs, each once, in order. usage: results.py LOG"""
import json
import sys


def texts(x):
    if isinstance(x, str):
        return x
    if isinstance(x, list):
        return "\n".join(texts(i) for i in x)
    if isinstance(x, dict):
        return texts(x.get("text", x.get("output", x.get("error", x.get("content", json.dumps(x))))))
    return ""


def walk(x, found):
    if isinstance(x, list):
        for i in x:
            walk(i, found)
    elif isinstance(x, dict):
        kind = x.get("type", "")
        if kind == "tool_result":
            found.append(texts(x.get("content")))
        elif kind.endswith("_call_output"):
            found.append(texts(x.get("output")))
        elif "functionResponse" in x:
            found.append(texts(x["functionResponse"].get("response")))
        else:
            for v in x.values():
                walk(v, found)


seen = []
for line in open(sys.argv[1], errors="replace"):
    try:
        row = json.loads(line)
    except ValueError:
        continue
    if "answer" in row:
        continue
    found = []
    walk(row, found)
    seen += [f for f in found if f not in seen]
print("\n--\n".join(seen))
