"""The site simulator: by hand on small sites, pinned on recorded sessions, told on bad files."""

import re
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from firmware.apps.commands import app
from firmware.apps.site import WhatIf, cells, play_all
from firmware.sim.replay import Recorded
from firmware.sim.sharing import SHARINGS
from firmware.sim.site import BadSite, read_site, with_less, with_more_points
from firmware.sim.site_play import Played, play, sessions_of

SITE = "tests/data/caltech_site.toml"
SESSIONS = "tests/data/caltech_sessions_2019-03a.csv"
HOUR_MS = 3_600_000
SMALL = """
[site]
minimum_a = 7
[[fuse]]
name = "main"
limit_a = [20, 20, 40]
[[fuse]]
name = "end"
behind = "main"
limit_a = 16
[[points]]
fuse = "end"
names = ["a", "b"]
phases = 1
[[points]]
fuse = "main"
names = ["c"]
rotation = "TRS"
phases = 1
"""


def played(tmp_path, text, sessions, sharing="fair"):
    """Return what came of sessions (hours from, to, station, Wh) on a site."""
    (tmp_path / "site.toml").write_text(text)
    site = read_site(tmp_path / "site.toml")
    recorded = [Recorded(n, round(a * HOUR_MS), round(d * HOUR_MS), s, e)
                for n, (a, d, s, e) in enumerate(sessions)]  # fmt: skip
    result = Played(sessions_of(site, recorded), site.tree.fuses[0].limit_ma)
    assert list(play(site, result, SHARINGS[sharing]))[-1] == len(sessions)
    return result


def test_two_cars_share_a_fuse_and_the_one_that_stays_has_it_alone_afterwards(tmp_path):
    told = played(tmp_path, SMALL, [(0, 10, "a", 3_680), (0, 1, "b", 9_000), (0, 1, "c", 7_360)])
    assert [v.got_uj // 3_600_000_000 for v in told.visits] == [3_680, 1_840, 7_360]
    assert told.peak_ma == (16_000, 0, 32_000)
    # one hour at 8 A leaves half of 3680 Wh, half an hour at 16 A gives it
    assert told.load[-1] == (1.5 * HOUR_MS, (0, 0, 0))
    assert told.met_permille == (3_680 + 1_840 + 7_360) * 1_000 // (3_680 + 9_000 + 7_360)
    assert told.flow_peak_ma == 32_000


def test_who_waits_changes_with_the_slots_and_is_counted(tmp_path):
    text = SMALL.replace("limit_a = 16", "limit_a = 10")
    told = played(tmp_path, text, [(0, 2, "a", 50_000), (0, 2, "b", 50_000)])
    assert [v.waited_ms for v in told.visits] == [HOUR_MS, HOUR_MS]
    assert [v.longest_wait_ms for v in told.visits] == [HOUR_MS // 4] * 2
    assert told.jain_permille == 1_000
    told = played(tmp_path, text, [(0, 2, "a", 50_000), (0, 2, "b", 50_000)], "first come")
    assert [v.waited_ms for v in told.visits] == [0, 2 * HOUR_MS]
    assert told.jain_permille == 500


@pytest.mark.parametrize(
    "sharing, got_ah",
    [("fair", [8, 8, 32]), ("equal", [8, 8, 8]), ("first come", [16, 0, 32])],
)
def test_three_ways_to_share_the_same_hour(tmp_path, sharing, got_ah):
    told = played(tmp_path, SMALL, [(0, 1, name, 50_000) for name in "abc"], sharing)
    assert [v.got_uj // 3_600_000_000 // 230 for v in told.visits] == got_ah


def test_between_conductors_both_are_counted_and_what_flows_is_their_vector_sum(tmp_path):
    text = """
[site]
volts = 208
neutral = false
[[fuse]]
name = "feeder"
limit_kw = 14.41
"""
    for rotation in ("RST", "STR", "TRS"):
        text += (
            f'[[points]]\nfuse="feeder"\nphases=1\nrotation="{rotation}"\nnames=["{rotation}"]\n'
        )
    told = played(tmp_path, text, [(0, 1, name, 50_000) for name in ("RST", "STR", "TRS")])
    assert told.limit_ma[0] // 100 == 399  # 14.41 kW of 208 V x root 3, and 1.732 is a bit less
    assert told.peak_ma == (38_000, 38_000, 38_000)
    assert told.flow_peak_ma == 32_908  # 19 A x root 3
    assert [v.got_uj // 3_600_000_000 for v in told.visits] == [19 * 208] * 3


@pytest.mark.parametrize(
    "kw, rows",
    [
        (30, [("fair", "77.0 %", "0.924"), ("equal", "76.0 %", "0.880"),
              ("first come", "79.4 %", "0.793")]),
        (50, [("fair", "93.5 %", "0.986"), ("equal", "92.9 %", "0.984"),
              ("first come", "94.5 %", "0.945")]),
    ],
)  # fmt: skip
def test_the_recorded_sessions_give_the_figures_of_the_page(repository, kw, rows):
    told = play_all(repository / SITE, repository / SESSIONS, WhatIf((kw,)))
    assert [cells(variant)[:3] for variant in told] == rows
    page = (repository / "docs" / "load-management.md").read_text()
    for variant in told:
        result = variant.played
        assert max(result.peak_ma) <= result.limit_ma[0]
        assert all(v.got_uj <= v.due_uj for v in result.visits)
        assert f"| {kw} kW | " + " | ".join(cells(variant)) in page


def test_more_points_repeat_sessions_one_rotation_on_and_a_feeder_can_have_less(repository):
    site = read_site(repository / SITE)
    more, whose = with_more_points(site, 2)
    assert whose == {"new-1": "CA-303", "new-2": "CA-308"}
    assert [site.lines(more.points[n]) for n in ("CA-303", "new-1")] == [(0, 1), (1, 2)]
    assert with_less(site, 20_000).tree.fuses[0].limit_ma == (118_790,) * 3
    told = play_all(repository / SITE, repository / SESSIONS, WhatIf((), 6, 20))
    assert [v.title for v in told[::3]] == ["as it is", "as it is, 20 A less, 6 points more"]
    assert len(told[3].played.visits) > len(told[0].played.visits)
    assert told[3].played.met_permille < told[0].played.met_permille


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("[site]", "[site", "no TOML: "),
        ("minimum_a", "minimal_a", "[site]: minimal_a is not known; there are imbalance_a, "),
        ("minimum_a = 7", "minimum_a = 5", "[site]: minimum_a is 5; a number from 6 to 32"),
        ("minimum_a = 7", "neutral = 1", "[site]: neutral is 1; true or false"),
        ('behind = "main"', 'behind = "man"', "fuse end hangs on man, which is not there"),
        ("[20, 20, 40]", "[20, 20]", "[[fuse]] 1: limit_a is [20, 20]; one number or three"),
        ("limit_a = 16", "", "[[fuse]] 2: give either limit_a or limit_kw"),
        ('fuse = "end"', 'fuse = "ned"', "[[points]] 1: fuse ned is not there; there are end, m"),
        ('"TRS"', '"RRR"', "rotation 'RRR'; it is one of RST, STR, TRS, RTS, SRT, TSR"),
        ('["a", "b"]', '["a", "c"]', "[[points]]: c: name each once"),
        ('["c"]', "3", "[[points]] 2: names is 3; a list of names"),
        ("[[points]]", "[points]", "no TOML: "),
        ("[[fuse]]", "[[fuses]]", "the top: fuses is not known; there are fuse, points, site"),
    ],
)
def test_a_bad_site_file_is_told_where_it_is_bad(tmp_path, old, new, sentence):
    file = tmp_path / "site.toml"
    file.write_text(SMALL.replace(old, new))
    with pytest.raises(BadSite) as problem:
        read_site(file)
    assert str(file) in str(problem.value)
    assert sentence in str(problem.value)


def test_the_command_prints_a_table_and_writes_a_page(repository, tmp_path):
    asked = ["sim", "site", str(repository / SITE), str(repository / SESSIONS), "--kw", "40",
             "--html", str(tmp_path / "page.html")]  # fmt: skip
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "40 kW: 111 A, 475 sessions in 355 h" in done.output
    assert "fair        87.0 %  0.967" in done.output
    pictures = re.findall("<svg.*?</svg>", (tmp_path / "page.html").read_text(), re.DOTALL)
    assert [ElementTree.fromstring(one).get("aria-label") for one in pictures] == [
        "currents", "energy met",
    ]  # fmt: skip


def test_the_command_tells_what_is_wrong_with_its_files(repository, tmp_path):
    (tmp_path / "strange.csv").write_text(
        "arrival_local,departure_local,station,energy_wh\n"
        "2019-03-01T06:20,2019-03-01T07:40,CA-1,4216\n"
    )
    for site, sessions, sentence in (
        (tmp_path / "none.toml", repository / SESSIONS, "give the TOML file of a site"),
        (repository / SITE, tmp_path / "strange.csv", "station CA-1 of the sessions is in no"),
        (repository / SITE, repository / SITE, "no column arrival_local"),
    ):
        done = CliRunner().invoke(app, ["sim", "site", str(site), str(sessions)])
        assert done.exit_code == 2
        assert sentence in done.output
