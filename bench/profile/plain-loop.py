"""Times plain loops over ONNX Runtime's Python API: model, threads, the feed as an .npz. Reads how many runs to make, prints their times in ms, and so on."""
import json
import sys
import time

import numpy
import onnxruntime

path, threads, feed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.log_severity_level = 4
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
feeds = dict(numpy.load(feed))
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        session.run(None, feeds)
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"version": onnxruntime.__version__, "times": times}), flush=True)
