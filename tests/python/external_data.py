"""Writes a model again with its weights in another file, as torch's exporter does.

usage: external_data.py MODEL OUT
"""
import sys

import onnx

model = onnx.load(sys.argv[1])
onnx.save_model(model, sys.argv[2], save_as_external_data=True, all_tensors_to_one_file=True, location="weights.data", size_threshold=0, convert_attribute=True)
assert all(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer)
