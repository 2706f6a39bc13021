"""Compares models before and after simplification, each pair in a process forked for it; one line of JSON for each.

A line of standard input is `{before, after, sizes, inputs, expected}`: paths of both models, sizes of free dimensions,
and files with the official inputs and outputs, if there are any. Knows nothing of Opscope.
"""
import itertools
import json
import os
import re
import resource
import signal
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

limit = 180
# Bytes a comparison may ask for: some models of a corpus ask for all there are, and the system would end the process.
memory = 12 << 30
levels = [
    ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
]
types = {
    "float": np.float32, "double": np.float64, "float16": np.float16, "bool": np.bool_, "string": np.object_,
    **{f"{sign}int{bits}": np.dtype(f"{sign}int{bits}").type for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip
# How floats are drawn, and the bound of integers: the first that the original takes is enough to go on.
distributions = [
    (lambda random, shape: random.random(shape), 2),
    (lambda random, shape: random.normal(0, 3, shape), 10),
    (lambda random, shape: random.random(shape) * 255, 1),
]


def session(path, level):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def size_of(dim, name, axis, sizes):
    if isinstance(dim, int):
        return dim
    key = dim if dim and dim.strip() else f"{name}[{axis}]"
    if key in sizes:
        return sizes[key]
    text = re.sub(r"[A-Za-z_][\w.:/]*", lambda found: str(sizes.get(found[0], 1)), key)
    return int(eval(text)) if re.fullmatch(r"[\d\s+*()/-]+", text) else 1


def make_feed(inputs, sizes, index, seed, bound=None):
    random = np.random.default_rng(seed)
    draw, usual_bound = distributions[index]
    bound = bound or usual_bound
    feed = {}
    for each in inputs:
        kind = re.fullmatch(r"tensor\((\w+)\)", each.type)
        if not kind or kind[1] not in types:
            return None
        shape = [size_of(dim, each.name, axis, sizes) for axis, dim in enumerate(each.shape)]
        dtype = types[kind[1]]
        if kind[1] == "string":
            feed[each.name] = np.array([f"text {n}" for n in random.integers(0, 9, shape).ravel()], object).reshape(shape)
        elif kind[1] == "bool":
            feed[each.name] = np.asarray(random.random(shape) < 0.5)
        elif np.issubdtype(dtype, np.integer):
            feed[each.name] = random.integers(0, bound, shape).astype(dtype)
        else:
            feed[each.name] = np.asarray(draw(random, shape)).astype(dtype)
    return feed


def feeds_of(inputs, sizes):
    """Distributions, each at two sizes of what is free."""
    other = {name: 2 if size <= 1 else size - 1 if size < 64 else -(-size // 2) for name, size in sizes.items()}
    for index in range(len(distributions)):
        for shift, chosen in enumerate([sizes, other] if sizes else [sizes]):
            feed = make_feed(inputs, chosen, index, 1000 + 10 * index + shift)
            if feed is not None:
                yield feed


def feeds_for_the_choosy(inputs, sizes):
    """For an original that refused all of `feeds_of`: smaller and larger sizes, and indices that are all 0."""
    for change in (lambda size: 1, lambda size: max(1, size // 8), lambda size: 16 * size if size > 1 else size, lambda size: size):
        for bound in (1, 2):
            chosen = {name: change(size) for name, size in sizes.items()}
            feed = make_feed(inputs, chosen, 0, 2000 + bound, bound)
            if feed is not None:
                yield feed


def flat(values):
    for value in values:
        if isinstance(value, list):
            yield from flat(value)
        elif isinstance(value, dict):
            yield from flat(value.values())
        else:
            yield None if value is None else np.asarray(value)


def differences(one, other):
    """For each output what differs: a sentence, or (largest difference, elements that differ, scale, precision)."""
    one, other = list(flat(one)), list(flat(other))
    if len(one) != len(other):
        return [f"{len(other)} values instead of {len(one)}"]
    found = []
    for a, b in zip(one, other):
        if a is None or b is None:
            found.append((0, 0, 0, 0) if a is b else "a value is missing")
        elif a.dtype != b.dtype or a.shape != b.shape:
            found.append(f"{b.dtype} {list(b.shape)} instead of {a.dtype} {list(a.shape)}")
        elif a.dtype.kind != "f":
            found.append((0, int(np.sum(a != b)), 0, 0))
        else:
            x, y = a.astype(np.float64), b.astype(np.float64)
            finite = np.isfinite(x)
            if not np.array_equal(x[~finite], y[~finite], equal_nan=True) or not np.all(np.isfinite(y[finite])):
                found.append("infinities or NaN elsewhere")
                continue
            delta = np.abs(x[finite] - y[finite])
            scale = float(np.max(np.abs(x[finite]), initial=0))
            found.append((float(np.max(delta, initial=0)), int(np.sum(delta > 0)), scale, float(np.finfo(a.dtype).eps)))
    return found


def beyond_noise(found, noise):
    for index, each in enumerate(found):
        own = noise[index] if len(noise) == len(found) else (0, 0, 0, 0)
        if isinstance(each, str):
            if not isinstance(own, str):
                return f"output {index}: {each}"
            continue
        if isinstance(own, str):
            continue
        delta, count, scale, precision = each
        if precision == 0 and count > 10 * own[1]:
            return f"output {index}: {count} elements differ, {own[1]} by noise"
        if precision > 0 and delta > max(64 * precision * scale, 10 * own[0]):
            return f"output {index}: off by {delta:.3g} at scale {scale:.3g}, noise {own[0]:.3g}"
    return None


def meets(expected, got):
    got = list(flat(got))
    if len(expected) != len(got):
        return False
    for a, b in zip(expected, got):
        if b is None or a.shape != b.shape or a.dtype != b.dtype:
            return False
        if a.dtype.kind != "f":
            if not np.array_equal(a, b):
                return False
        elif not np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True):
            return False
    return True


def read_tensor(path):
    tensor = onnx.TensorProto()
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return numpy_helper.to_array(tensor)


def first_line(error):
    return re.sub(r"/\S+/|\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error).split("\n")[0])[:160]


def compare(job):
    before = None
    for level in levels:
        try:
            before = session(job["before"], level)
            break
        except Exception as error:
            reason = first_line(error)
    if before is None:
        return {"outcome": "original does not run", "why": reason}
    try:
        after = session(job["after"], level)
    except Exception as error:
        return {"outcome": "not loadable", "why": first_line(error)}
    inputs = before.get_inputs()
    expected = [read_tensor(path) for path in job["expected"]]
    if job["inputs"]:
        feeds = [dict(zip([each.name for each in inputs], map(read_tensor, job["inputs"])))]
    else:
        feeds = itertools.chain(feeds_of(inputs, job["sizes"]), feeds_for_the_choosy(inputs, job["sizes"]))
    optimized = None
    runs = 0
    official = False
    reason = "its inputs are no tensors that can be made here"
    names = [each.name for each in before.get_outputs()]
    for index, feed in enumerate(feeds):
        if runs > 0 and index >= 2 * len(distributions):
            break
        try:
            want = before.run(names, feed)
        except Exception as error:
            reason = first_line(error)
            continue
        known = {each.name for each in after.get_inputs()}
        try:
            got = after.run(names, {name: value for name, value in feed.items() if name in known})
        except Exception as error:
            return {"outcome": "wrong", "why": f"does not run: {first_line(error)}", "runs": runs}
        runs += 1
        if expected and meets(expected, want):
            official = True
            if not meets(expected, got):
                return {"outcome": "wrong", "why": "not the official outputs", "runs": runs}
        found = differences(want, got)
        if beyond_noise(found, []) is None:
            continue
        if beyond_noise(differences(want, before.run(names, feed)), []) is not None:
            return {"outcome": "random"}
        try:
            optimized = optimized or session(job["before"], levels[-1])
            noise = differences(want, optimized.run(names, feed))
        except Exception:
            noise = []
        wrong = beyond_noise(found, noise)
        if wrong:
            return {"outcome": "wrong", "why": wrong, "runs": runs}
    if runs == 0:
        return {"outcome": "original does not run", "why": reason}
    return {"outcome": "right", "runs": runs, **({"official": True} if official else {})}


def in_child(job):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(limit)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        try:
            answer = compare(job)
        except BaseException as error:
            answer = {"outcome": "original does not run", "why": f"{type(error).__name__}: {first_line(error)}"}
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    answer = b""
    while piece := os.read(reader, 65536):
        answer += piece
    os.close(reader)
    _, status = os.waitpid(child, 0)
    if not answer and os.WTERMSIG(status) == signal.SIGALRM:
        return {"outcome": "original does not run", "why": f"takes more than {limit} s"}
    return json.loads(answer) if answer else {"outcome": "wrong", "why": f"the comparing process ended with {status}"}


for line in sys.stdin:
    print(json.dumps(in_child(json.loads(line))), flush=True)
