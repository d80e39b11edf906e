"""Errands behind the answer: all are run, failures are told, a full queue refuses."""

import threading

from structlog.testing import capture_logs

from idp.factors.courier import Courier


def test_errands_are_run():
    """Each once, by the time that waiting ends."""
    courier, done = Courier(), []
    for number in range(20):
        assert courier.later(lambda number=number: done.append(number))
    courier.wait()
    assert sorted(done) == list(range(20))


def test_a_full_queue_refuses_and_empties():
    """Nothing waits without bound."""
    courier, gate = Courier(waiting=3), threading.Event()
    with capture_logs() as logs:
        taken = [courier.later(gate.wait) for _ in range(5)]
    assert taken == [True] * 3 + [False] * 2
    assert [entry["event"] for entry in logs] == ["errand refused"] * 2
    gate.set()
    courier.wait()


def test_a_failure_is_told_by_its_class_alone():
    """What the error says may be personal."""
    courier = Courier()

    def fail():
        raise ValueError("an.nguyen@dinhdanh.test")

    with capture_logs() as logs:
        courier.later(fail)
        courier.wait()
    assert [entry["detail"] for entry in logs] == ["ValueError"]
    assert courier.later(lambda: None)
    courier.wait()


def test_a_lane_that_hangs_holds_back_itself_alone():
    """One errand at a time; of those asked meanwhile the last is run, once."""
    courier, gate, began, done = Courier(lanes=2), threading.Event(), [], []

    def hang():
        began.append(1)
        gate.wait()

    courier.along("slow", hang)
    for number in range(3):
        courier.along("slow", lambda number=number: done.append(number))
    other = threading.Event()
    courier.along("other", other.set)
    assert other.wait(30)
    assert (began, done) == ([1], [])
    gate.set()
    courier.wait()
    assert done == [2]


def test_what_waits_in_line_is_all_run_in_order():
    """One at a time, the lane queues behind others each time, and has an end."""
    courier, gate = Courier(waiting=3, lanes=2), threading.Event()
    done, other = [], threading.Event()
    courier.in_line("slow", gate.wait)
    with capture_logs() as logs:
        taken = [
            courier.in_line("slow", lambda number=number: done.append(number))
            for number in range(5)
        ]
    assert taken == [True] * 3 + [False] * 2
    assert [entry["event"] for entry in logs] == ["errand refused"] * 2
    courier.in_line("other", other.set)
    assert other.wait(30)
    assert done == []
    gate.set()
    courier.wait()
    assert done == [0, 1, 2]


def test_waiting_for_lanes_ends_and_is_for_a_few():
    """One who waits for a lane that hangs is held up for a time, a second one not."""
    courier, gate = Courier(lanes=2), threading.Event()
    courier.along("slow", gate.wait)
    courier.wait_for(["slow"], timeout=0.01)
    patient = threading.Thread(target=courier.wait_for, args=(["slow"],), kwargs=_LONG)
    courier.along("quick", lambda: None)
    courier.wait_for(["quick"], **_LONG)
    patient.start()
    gate.set()
    patient.join(30)
    assert not patient.is_alive()
    courier.wait()


_LONG = {"timeout": 60}
