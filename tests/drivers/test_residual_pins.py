"""The self-test of a sensor with a fault output and a test input."""

from types import SimpleNamespace

from hal.drivers.residual_pins import ResidualPins


def sensor():
    made = SimpleNamespace(fault=False, test=False)
    made.pins = ResidualPins(
        lambda: made.fault, lambda on: setattr(made, "test", on), 250, 1_000, 2_000
    )
    return made


def test_a_trip_in_the_test_and_its_end_are_a_good_verdict_and_no_trip():
    made = sensor()
    made.pins.order(True, 0)
    assert made.test
    assert not made.pins.step(100)
    made.fault = True
    assert not made.pins.step(300)
    assert not made.test
    assert made.pins.verdict is None
    made.fault = False
    assert not made.pins.step(400)
    assert made.pins.verdict is True
    made.pins.order(False, 410)
    assert made.pins.verdict is True


def test_a_sensor_that_does_not_trip_in_time_has_failed():
    made = sensor()
    made.pins.order(True, 0)
    made.pins.step(999)
    assert made.pins.verdict is None
    made.pins.step(1_000)
    assert (made.pins.verdict, made.test) == (False, False)


def test_a_sensor_that_goes_on_after_the_test_has_failed_and_trips():
    made = sensor()
    made.pins.order(True, 0)
    made.fault = True
    for now_ms in range(10, 2_250, 10):
        assert not made.pins.step(now_ms)
    assert not made.pins.step(2_250)
    assert made.pins.verdict is False
    assert made.pins.step(2_260)


def test_outside_a_test_the_fault_output_is_a_trip_at_once():
    made = sensor()
    made.fault = True
    assert made.pins.step(0)


def test_a_test_that_is_broken_off_has_no_verdict_and_hides_nothing_any_more():
    made = sensor()
    made.pins.order(True, 0)
    made.fault = True
    made.pins.step(50)
    made.pins.order(False, 60)
    assert (made.test, made.pins.verdict) == (False, None)
    assert made.pins.step(70)


def test_each_test_begins_without_the_verdict_of_the_last():
    made = sensor()
    made.pins.order(True, 0)
    made.fault = True
    made.pins.step(300)
    made.fault = False
    made.pins.step(310)
    made.pins.order(False, 320)
    made.pins.order(True, 400)
    assert made.pins.verdict is None
