"""Copies GGUF weights with fewer levels for each weight, in the same format, so that one server serves all of them.

    VENV/bin/python bench/requantise.py WEIGHTS OUT LEVELS

Each block of 32 weights of a Q4_1 tensor is rounded to so many levels between its least and its largest: 16 are the
weights as they are, 8 are three bits, 4 are two. Run by the Python of the environment that has `gguf`.
"""

import shutil
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader
from gguf.quants import dequantize, quantize

source, out, levels = sys.argv[1], sys.argv[2], int(sys.argv[3])
shutil.copyfile(source, out)
changed = 0
for tensor in GGUFReader(out, "r+").tensors:
    if tensor.tensor_type != GGMLQuantizationType.Q4_1:
        continue
    values = dequantize(tensor.data, tensor.tensor_type)
    blocks = values.reshape(-1, 32)
    low, high = blocks.min(axis=1, keepdims=True), blocks.max(axis=1, keepdims=True)
    step = np.where(high > low, (high - low) / (levels - 1), 1)
    rounded = low + np.round((blocks - low) / step) * step
    tensor.data[:] = quantize(rounded.reshape(values.shape).astype(np.float32), tensor.tensor_type)
    changed += 1
print(f"{changed} tensors")
