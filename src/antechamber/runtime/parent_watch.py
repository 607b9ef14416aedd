"""A worker process ends with the process that started it, however that one ended."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess


def end_with_parent() -> None:
    """Send this process SIGTERM when its parent is gone; in a process of its own do nothing.

    A parent that was killed can tell nobody, and its workers would keep the port.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(
            target=_wait_and_end, args=(parent,), name="parent-watch", daemon=True
        ).start()


def _wait_and_end(parent: BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
