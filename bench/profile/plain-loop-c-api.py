"""The loop of plain-loop.py over the C API of a given ONNX Runtime library: model, threads, the feed, the library.

Python's package and Node's are built apart; this tells what the build makes of a ratio from what Opscope does. Functions
are found by their place in OrtApi, which only grows: https://onnxruntime.ai/docs/api/c/struct_ort_api.html
"""
import ctypes
import json
import sys
import time

import numpy

path, threads, feed, library = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

ERROR_MESSAGE, CREATE_ENV, CREATE_SESSION, RUN, CREATE_OPTIONS = 2, 3, 7, 9, 10
SET_LEVEL, SET_THREADS, OUTPUT_COUNT, OUTPUT_NAME = 23, 24, 31, 37
CREATE_TENSOR, CPU_MEMORY, DEFAULT_ALLOCATOR, RELEASE_VALUE = 49, 69, 78, 96
FATAL, ALL_OPTIMIZATIONS = 4, 99
ELEMENT_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}
API_VERSION = 20

base = ctypes.CDLL(library).OrtGetApiBase
base.restype = ctypes.POINTER(ctypes.c_void_p)
get_api = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)(base()[0])
api = ctypes.cast(get_api(API_VERSION), ctypes.POINTER(ctypes.c_void_p))


def check(status):
    if status:
        raise RuntimeError(ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)(api[ERROR_MESSAGE])(status).decode())


def call(place, *given):
    types = [type(each) if isinstance(each, ctypes._SimpleCData) else ctypes.c_void_p for each in given]
    check(ctypes.CFUNCTYPE(ctypes.c_void_p, *types)(api[place])(*given))


def create(place, *given):
    made = ctypes.c_void_p()
    call(place, *given, ctypes.byref(made))
    return made


def tensor(array, memory):
    dims = (ctypes.c_int64 * array.ndim)(*array.shape)
    size, rank = ctypes.c_size_t(array.nbytes), ctypes.c_size_t(array.ndim)
    kind = ctypes.c_int(ELEMENT_TYPES[str(array.dtype)])
    return create(CREATE_TENSOR, memory, ctypes.c_void_p(array.ctypes.data), size, dims, rank, kind)


environment = create(CREATE_ENV, ctypes.c_int(FATAL), ctypes.c_char_p(b"plain-loop"))
options = create(CREATE_OPTIONS)
call(SET_LEVEL, options, ctypes.c_int(ALL_OPTIMIZATIONS))
call(SET_THREADS, options, ctypes.c_int(threads))
session = create(CREATE_SESSION, environment, ctypes.c_char_p(path.encode()), options)
count = ctypes.c_size_t()
call(OUTPUT_COUNT, session, ctypes.byref(count))
allocator = create(DEFAULT_ALLOCATOR)
outputs = [create(OUTPUT_NAME, session, ctypes.c_size_t(at), allocator).value for at in range(count.value)]
arrays = {name: numpy.ascontiguousarray(array) for name, array in numpy.load(feed).items()}
memory = create(CPU_MEMORY, ctypes.c_int(0), ctypes.c_int(0))
values = [tensor(array, memory).value for array in arrays.values()]

input_names = (ctypes.c_char_p * len(arrays))(*[name.encode() for name in arrays])
input_values = (ctypes.c_void_p * len(values))(*values)
output_names = (ctypes.c_void_p * len(outputs))(*outputs)
output_values = (ctypes.c_void_p * len(outputs))()
pointer, size = ctypes.c_void_p, ctypes.c_size_t
run = ctypes.CFUNCTYPE(pointer, pointer, pointer, pointer, pointer, size, pointer, size, pointer)(api[RUN])
release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(api[RELEASE_VALUE])


def timed():
    start = time.perf_counter()
    status = run(session, None, input_names, input_values, len(values), output_names, len(outputs), output_values)
    elapsed = (time.perf_counter() - start) * 1000
    check(status)
    for at in range(len(outputs)):
        release(output_values[at])
        output_values[at] = None
    return elapsed


for line in sys.stdin:
    print(json.dumps({"times": [timed() for _ in range(int(line))]}), flush=True)
