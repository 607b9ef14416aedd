"""A child process: llama-server with a chat template of the test's, until standard input ends."""

import json
import os
import sys

import xllamacpp


def main() -> None:
    """Serve what the first line of standard input names."""
    order = json.loads(sys.stdin.readline())
    parameters = xllamacpp.CommonParams()
    parameters.model.path = order["model"]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = order["port"]
    parameters.api_keys = [order["key"]]
    parameters.chat_template = order["template"]
    parameters.use_jinja = True
    # Its stubs leave both out.
    formats = xllamacpp.common_reasoning_format  # pyright: ignore[reportAttributeAccessIssue]
    thoughts = getattr(formats, f"COMMON_REASONING_FORMAT_{order['thoughts']}")
    parameters.reasoning_format = thoughts  # pyright: ignore[reportAttributeAccessIssue]
    parameters.ui = False
    parameters.n_parallel = 1
    parameters.n_ctx = 512
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.verbosity = 1
    _server = xllamacpp.Server(parameters)  # it serves for as long as the object lives
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
