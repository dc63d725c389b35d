"""Whether native code gives up the interpreter lock, told by how often another thread runs meanwhile."""

import sys
import threading
import time
from collections.abc import Callable


def turns(call: Callable[[], object]) -> int:
    """How often this thread ran while another made the call.

    Threads that hold the lock are not asked for it within a minute, so a call that never gives it up lets this one run
    twice at most: before it and after it.
    """
    done, count = threading.Event(), 0

    def work() -> None:
        call()
        done.set()

    before = sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        while not done.is_set():
            count += 1
            time.sleep(0)
        thread.join()
    finally:
        sys.setswitchinterval(before)
    return count
