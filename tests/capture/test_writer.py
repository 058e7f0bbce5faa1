"""The queue before the writing thread: bounded, counted, and never felt by whoever puts events in."""

import statistics
import threading
import time

import pytest

from recordings.capture.writer import GROUP_BYTES, LONGEST_HOLD_SECONDS, QUEUE_BYTES, Group, Writer


class Sink:
    """Keeps what it is given; `gate` can be shut, `fault` is raised by the next write."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.flushes = 0
        self.gate = threading.Event()
        self.gate.set()
        self.fault: Exception | None = None

    def write(self, group: Group) -> None:
        self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.groups.append(group)

    def flush(self) -> None:
        self.flushes += 1


@pytest.fixture
def sink() -> Sink:
    return Sink()


def test_what_comes_close_together_under_one_code_is_one_event(sink: Sink) -> None:
    writer = Writer(sink)
    for moment, code, data in [
        (1.000, "o", b"a"), (1.009, "o", b"b"), (1.011, "o", b"c"), (1.012, "i", b"d"), (1.013, "o", b"e"),
    ]:  # fmt: skip
        writer.put(moment, code, data)
    writer.start()
    assert writer.close(1)
    found = [(group.moment, group.code, bytes(group.data)) for group in sink.groups]
    assert found == [(1.000, "o", b"ab"), (1.011, "o", b"c"), (1.012, "i", b"d"), (1.013, "o", b"e")]
    assert sink.flushes


def test_events_are_bounded_in_size(sink: Sink) -> None:
    writer = Writer(sink)
    for _ in range(40):
        writer.put(1.0, "o", b"x" * 4096)
    writer.start()
    assert writer.close(1)
    assert sum(len(group.data) for group in sink.groups) == 40 * 4096
    assert max(len(group.data) for group in sink.groups) < GROUP_BYTES + 4096


def test_events_are_written_soon_and_without_being_asked(sink: Sink) -> None:
    writer = Writer(sink)
    writer.start()
    for number in range(3):
        writer.put(float(number), "o", b"x")
        deadline = time.monotonic() + 5
        while len(sink.groups) == number:
            assert time.monotonic() < deadline
            time.sleep(0.001)
    assert writer.close(1)


def test_a_disk_that_stands_still_holds_nobody_up_and_what_is_lost_is_counted(sink: Sink) -> None:
    sink.gate.clear()
    writer = Writer(sink)
    writer.start()
    waits = []
    count = 2 * QUEUE_BYTES // 4096
    for number in range(count):
        before = time.perf_counter()
        writer.put(number * 1.0, "o", b"x" * 4096)
        waits.append(time.perf_counter() - before)
        if writer.dropped_events > 20:
            break
    assert 20 < writer.dropped_events < count / 2
    # Half of them: a busy machine may let any one of them wait as long as it likes.
    assert statistics.median(waits[-20:]) < 10 * LONGEST_HOLD_SECONDS
    assert not writer.close(0.05)
    sink.gate.set()
    assert writer.close(5)
    kept = sum(len(group.data) for group in sink.groups)
    assert kept <= QUEUE_BYTES
    assert kept == (number + 1 - writer.dropped_events) * 4096


def test_a_patient_writer_loses_nothing(sink: Sink) -> None:
    sink.gate.clear()
    writer = Writer(sink, patient=True)
    writer.start()
    count = 2 * QUEUE_BYTES // GROUP_BYTES
    threading.Timer(0.1, sink.gate.set).start()
    for number in range(count):
        writer.put(number * 1.0, "o", b"x" * GROUP_BYTES)
    assert writer.close(5)
    assert len(sink.groups) == count
    assert writer.dropped_events == 0


def test_an_error_is_kept_and_told_once_and_later_events_cost_nothing(sink: Sink) -> None:
    told: list[bool] = []
    sink.fault = OSError(28, "No space left on device")
    writer = Writer(sink, on_error=lambda: told.append(True))
    writer.start()
    for number in range(200):
        writer.put(number * 1.0, "o", b"x" * GROUP_BYTES)
    assert writer.close(5)
    assert writer.error is sink.fault
    assert told == [True]
    assert sink.groups == []


def test_an_error_sets_a_patient_waiter_free(sink: Sink) -> None:
    sink.gate.clear()
    writer = Writer(sink, patient=True)
    writer.start()
    sink.fault = OSError(5, "Input/output error")
    threading.Timer(0.1, sink.gate.set).start()
    for number in range(2 * QUEUE_BYTES // GROUP_BYTES):
        writer.put(number * 1.0, "o", b"x" * GROUP_BYTES)
    assert writer.close(5)
    assert writer.error is sink.fault


def test_a_million_tiny_events_are_bounded_too(sink: Sink) -> None:
    sink.gate.clear()
    writer = Writer(sink)
    writer.start()
    number = 0
    while not writer.dropped_events:
        writer.put(float(number), "o", b"x")
        number += 1
    assert number < QUEUE_BYTES / 100
    sink.gate.set()
    assert writer.close(5)
