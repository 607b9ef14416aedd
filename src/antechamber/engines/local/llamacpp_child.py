"""The child process that holds llama.cpp: started by ``host``, ends when its parent does.

Reads one line of JSON from standard input, opens llama.cpp's HTTP interface on loopback, and
lives until standard input ends. Signals do not end it: a service manager sends them to the whole
group, while the parent lets running streams finish first.
"""

import json
import os
import signal
import sys

import xllamacpp

_BATCH_TOKENS = 16
"""An abandoned request is noticed between two batches, at the latest after the second: 0.12 s at
this size, 0.4 s at 64, 11 s at the default of 2,048. Reading a prompt is a fifth slower than at 64
(docs/decisions/010)."""


def main() -> None:
    """Serve the model that the first line of standard input names."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    order = json.loads(sys.stdin.readline())
    parameters = xllamacpp.CommonParams()
    parameters.model.path = order["model"]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = order["port"]
    parameters.api_keys = [order["key"]]
    parameters.cors_origins = ""
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.endpoint_props = False  # /props stays readable; this one is about changing them
    parameters.n_parallel = order["slots"]
    parameters.n_ctx = order["context_tokens"] * order["slots"]
    parameters.n_batch = parameters.n_ubatch = _BATCH_TOKENS
    # Where a slot is given to another prompt, what it held goes there, and comes back for a prompt
    # that begins alike. Not also copies of slots that are idle: each would take the room of another
    # prompt (docs/decisions/017).
    parameters.cache_ram_mib = order["prompt_cache_mib"]
    parameters.cache_idle_slots = False
    parameters.cpuparams.n_threads = order["threads"]
    parameters.cpuparams_batch.n_threads = order["threads"]
    # For each worker: a thread for each stream that may be open, and some to tokenise beside them.
    parameters.n_threads_http = max(16, (order["slots"] + 8) * order["workers"])
    parameters.verbosity = 1
    _server = xllamacpp.Server(parameters)  # it serves for as long as the object lives
    sys.stdin.read()
    # Not by way of llama.cpp's own teardown, which waits for running generations: nobody is left
    # to read them.
    os._exit(0)


if __name__ == "__main__":
    main()
