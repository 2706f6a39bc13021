"""Times a plain loop over ONNX Runtime's Python API: model, threads, runs, then the feed as an .npz. Prints its version and the median in ms."""
import json
import statistics
import sys
import time

import numpy
import onnxruntime

path, threads, runs, feed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.log_severity_level = 4
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
feeds = dict(numpy.load(feed))
for _ in range(10):
    session.run(None, feeds)
times = []
for _ in range(runs):
    start = time.perf_counter()
    session.run(None, feeds)
    times.append((time.perf_counter() - start) * 1000)
print(json.dumps({"version": onnxruntime.__version__, "milliseconds": statistics.median(times)}))
