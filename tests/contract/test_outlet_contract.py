"""The contract of the ports: what every board must do, whatever stands behind its drivers.

Reader, meter, ring and inputs: `test_device_contract`.
"""

from hal.ports import LockPosition, OutletDrive

NEAR_MV, NEAR_OHM = 60, 3  # what an ADC of 12 bits may be off
CLOSED = OutletDrive(duty_permille=266, contactor_on=True, lock_on=True)


def near(line_mv, expected_mv):
    return abs(line_mv - expected_mv) <= NEAR_MV


def test_an_empty_outlet_reads_state_a_and_no_plug(rig):
    sample = rig.sample(1)
    assert near(sample.cp_high_mv, 12_000) and near(sample.cp_low_mv, 12_000)
    assert sample.pp_ohm is None
    assert (sample.duty_permille, sample.contactor_closed) == (1_000, False)
    assert (sample.lock, sample.residual_tripped) == (LockPosition.UNLOCKED, False)


def test_a_plug_shows_its_resistor_and_a_car_pulls_the_pilot_down(rig):
    assert rig.act("plug", outlet=2, cable_ma=32_000, car={"asks": "B"})["ok"]
    sample = rig.until(2, lambda s: near(s.cp_high_mv, 9_000) and s.pp_ohm is not None, 100)
    assert abs(sample.pp_ohm - 220) <= NEAR_OHM
    assert rig.sample(1).pp_ohm is None


def test_the_duty_that_is_driven_is_read_back(rig):
    for duty_permille in (266, 0, 1_000, 100):
        rig.drive(1, OutletDrive(duty_permille=duty_permille))
        rig.until(1, lambda sample, duty=duty_permille: sample.duty_permille == duty, 100)


def test_the_pwm_shows_its_negative_plateau(rig):
    rig.drive(1, OutletDrive(duty_permille=266))
    assert near(rig.until(1, lambda s: near(s.cp_low_mv, -12_000), 100).cp_high_mv, 12_000)


def test_the_contactor_follows_its_drive_and_the_mirror_contact_tells(rig):
    rig.drive(1, CLOSED)
    rig.until(1, lambda sample: sample.contactor_closed is True, 100)
    rig.drive(1, OutletDrive())
    rig.until(1, lambda sample: sample.contactor_closed is False, 100)
    assert rig.sample(2).contactor_closed is False


def test_a_weld_shows_after_the_coil_was_dropped(rig):
    rig.drive(1, CLOSED)
    rig.until(1, lambda sample: sample.contactor_closed is True, 100)
    assert rig.act("contactor", outlet=1, weld=True)["ok"]
    rig.drive(1, OutletDrive(lock_on=True))
    rig.until(1, lambda sample: sample.lock is LockPosition.LOCKED, 1_000)
    assert rig.sample(1).contactor_closed is True


def test_the_lock_travels_to_its_end_switches(rig):
    rig.drive(1, OutletDrive(lock_on=True))
    rig.until(1, lambda sample: sample.lock is LockPosition.LOCKED, 500)
    rig.drive(1, OutletDrive())
    rig.until(1, lambda sample: sample.lock is LockPosition.UNLOCKED, 500)


def test_a_locked_plug_is_held(rig):
    rig.act("plug", outlet=1, cable_ma=32_000)
    rig.drive(1, OutletDrive(lock_on=True))
    rig.until(1, lambda sample: sample.lock is LockPosition.LOCKED, 500)
    assert rig.act("unplug", outlet=1) == {
        "ok": False,
        "error": "outlet 1: the plug is locked (force: true tears it out)",
    }
    assert rig.act("unplug", outlet=1, force=True)["ok"]
    rig.until(1, lambda sample: sample.pp_ohm is None, 100)


def test_a_jammed_lock_does_not_arrive(rig):
    rig.act("lock", outlet=1, jam=True)
    rig.drive(1, OutletDrive(lock_on=True, contactor_on=True))
    rig.until(1, lambda sample: sample.contactor_closed is True, 100)
    rig.act("lock", outlet=1, jam=False)
    rig.until(1, lambda sample: sample.lock is LockPosition.LOCKED, 500)


def test_a_missing_lock_says_so(rig):
    rig.act("lock", outlet=2, missing=True)
    rig.until(2, lambda sample: sample.lock is LockPosition.MISSING, 100)


def test_a_residual_current_trips_the_sensor_and_opens_the_contactor_in_hardware(rig):
    rig.drive(1, CLOSED)
    rig.until(1, lambda sample: sample.contactor_closed is True, 100)
    rig.act("residual", outlet=1, dc_ma=8)
    rig.until(1, lambda sample: sample.residual_tripped, 100)
    rig.until(1, lambda sample: sample.contactor_closed is False, 100)


def test_the_self_test_of_the_sensor_gives_a_verdict(rig):
    rig.drive(2, OutletDrive(residual_test=True))
    rig.until(2, lambda sample: sample.residual_test_ok is True, 1_000)


def test_a_tripped_breaker_belongs_to_its_outlet(rig):
    rig.act("input", name="mcb_2", active=True)
    rig.until(2, lambda sample: sample.mcb_tripped, 100)
    assert not rig.sample(1).mcb_tripped
    assert rig.read_inputs()["mcb_2"] is True


def test_mains_and_temperature_reach_the_sample(rig):
    rig.act("mains", volts=[230, 0, 231])
    rig.act("temperature", name="controller", deci_celsius=655)
    sample = rig.until(1, lambda sample: sample.temperature_dc == 655, 100)
    assert sample.mains_mv == ((230_000, 0, 231_000) if "mains" in rig.fitted else None)


def test_a_car_charges_and_the_meter_sees_it(rig):
    rig.act("plug", outlet=1, cable_ma=32_000, car={"asks": "C", "max_ma": 10_000})
    rig.drive(1, CLOSED)
    rig.until(1, lambda sample: sample.contactor_closed is True, 100)
    rig.act("meter", name="meter_1", currents_ma=[5_000, 0, 0])
    assert rig.read_meter(1).currents_ma[0] >= 5_000
    assert rig.read_meter(2).currents_ma == (0, 0, 0)
