"""Serves GGUF weights by llama.cpp's own server, out of the wheel of `xllamacpp`; run by the Python of that environment.

    VENV/bin/python bench/llama_server.py WEIGHTS PORT ['{"n_ctx": 2048, "cache_type_k": "q4_0"}']

It prints its address when it listens, and ends when its standard input does.
"""

import json
import sys

import xllamacpp

weights, port, given = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3] if len(sys.argv) > 3 else "{}")
params = xllamacpp.CommonParams()
params.model.path = weights
params.model_alias = ["smollm2"]
params.hostnames = ["127.0.0.1"]
params.port = port
params.n_ctx = 2048
params.n_parallel = 1
params.cpuparams.n_threads = 1
params.use_jinja = True
params.verbosity = 0
for name, value in given.items():
    kind = xllamacpp.ggml_type
    setattr(params, name, getattr(kind, f"GGML_TYPE_{value.upper()}") if name.startswith("cache_type") else value)
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
