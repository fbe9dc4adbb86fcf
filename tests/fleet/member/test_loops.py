"""A member ends when it is told to, whichever of its threads is told."""

from __future__ import annotations

import signal
import threading
import time

from tui.fleet.member.loops import Loops

_LATE_S = 60.0


def test_a_signal_that_another_thread_got_ends_the_loops() -> None:
    loops, is_over = Loops(lambda _: None), threading.Event()
    main, began = threading.get_ident(), time.monotonic()

    def tell() -> None:
        time.sleep(0.5)  # the main thread waits by then
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        if not is_over.wait(_LATE_S):  # so that this test ends at all
            signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: loops.stop())
    teller = threading.Thread(target=tell)
    teller.start()
    try:
        loops.wait(60)
    finally:
        is_over.set()
        teller.join()
        signal.signal(signal.SIGUSR1, before)
    assert time.monotonic() - began < _LATE_S
