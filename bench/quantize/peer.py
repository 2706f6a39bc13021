"""Quantizes a model with ONNX Runtime's Python tools at their best settings, on the data that Opscope used.

usage: peer.py MODEL SCHEME DATA_FOLDER OUTPUT [full|reduced]

reduced: weights of 7 bits, which suits processors whose sums of 8-bit products saturate.
"""
import os
import sys
import tempfile

import numpy as np
import onnx
import onnx.version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

model, scheme, data, output = sys.argv[1:5]
reduce_range = sys.argv[5:] == ["reduced"]


class Reader(CalibrationDataReader):
    def __init__(self):
        self.files = sorted(os.path.join(data, name) for name in os.listdir(data) if name.endswith(".npz"))
        self.at = 0

    def get_next(self):
        if self.at == len(self.files):
            return None
        self.at += 1
        return dict(np.load(self.files[self.at - 1]))


with tempfile.TemporaryDirectory() as folder:
    model, data, output = (os.path.abspath(each) for each in (model, data, output))
    # Shape inference leaves files in the working folder.
    os.chdir(folder)
    prepared = os.path.join(folder, "prepared.onnx")
    # Scales for each channel need opset 13, and the quantizer does not raise it: it would write an invalid model.
    loaded = onnx.load(model)
    if next(each.version for each in loaded.opset_import if each.domain in ("", "ai.onnx")) < 13:
        model = os.path.join(folder, "opset13.onnx")
        onnx.save(onnx.version_converter.convert_version(loaded, 13), model)
    del loaded
    quant_pre_process(model, prepared, auto_merge=True)
    if scheme == "dynamic-int8":
        quantize_dynamic(prepared, output, weight_type=QuantType.QInt8, per_channel=True, reduce_range=reduce_range)
    else:
        quantize_static(
            prepared,
            output,
            Reader(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=reduce_range,
            calibrate_method=CalibrationMethod.MinMax,
        )
    os.chdir(os.path.dirname(output))
