"""Simplifies many models with OnnxSlim, each in a process forked for it, and prints a line of JSON for each.

The files come from standard input: `file<tab>path` a line. A file that takes longer than the limit counts as failed.
"""
import json
import os
import signal
import sys
import time

import onnx
import onnxslim

limit = 120


def count(graph):
    total = 0
    for node in graph.node:
        total += 1
        for attribute in node.attribute:
            if attribute.HasField("g"):
                total += count(attribute.g)
            total += sum(count(each) for each in attribute.graphs)
    return total


def simplify(path):
    start = time.time()
    model = onnxslim.slim(path)
    return {"nodes": count(model.graph), "seconds": time.time() - start}


def in_child(path):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(limit)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        try:
            answer = simplify(path)
        except BaseException as error:  # SystemExit, too
            answer = {"failed": f"{type(error).__name__}: {error}"[:200]}
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    answer = b""
    while piece := os.read(reader, 65536):
        answer += piece
    os.close(reader)
    _, status = os.waitpid(child, 0)
    return json.loads(answer) if answer else {"failed": f"the process ended with {status}"}


for line in sys.stdin:
    file, path = line.rstrip("\n").split("\t")
    print(json.dumps({"file": file, **in_child(path)}), flush=True)
