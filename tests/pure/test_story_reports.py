"""What is told of stories: outcomes as plain data, JUnit, and a page that needs nothing else."""

import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from firmware.apps.story_picture import picture
from firmware.apps.story_reports import junit, page, write_whole
from firmware.sim.outcome import HELD, SKIPPED, UNPLAYABLE, Outcome, from_plain, judged, skipped
from firmware.sim.story import Seen, judge, parse
from firmware.sim.story_player import SimPlayer
from hal.board import load_board

TEXT = """
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=40000 soc_percent=20 phases=3
       expect contactor closed within 5 s
       expect contactor open within 1 s
"""
NASTY = 'a <b> & "c" \x00 ü'


@pytest.fixture(scope="module")
def failed(repository):
    """A story that does not hold, played."""
    return SimPlayer(
        parse("nasty <x>.story", TEXT), load_board(repository / "boards/mock.toml")
    ).outcome()


def test_an_outcome_survives_json(failed):
    assert from_plain(json.loads(json.dumps(failed.plain()))) == failed
    assert failed.verdict == "failed"
    assert [act.text for act in failed.acts][0] == "swipe 0a0e9b83"
    assert {n for n, trace in failed.traces.items() if len(trace) > 1} == {1}


def test_junit_has_a_suite_for_each_rig_and_counts_right(failed):
    outcomes = [
        failed,
        skipped("s.story", "bench", [NASTY]),
        Outcome("u.story", "bench", UNPLAYABLE, NASTY),
        Outcome("h.story", "sim", HELD, seconds=1.5),
    ]
    top = ElementTree.fromstring(junit(outcomes))
    assert [top.get(k) for k in ("tests", "failures", "skipped", "errors")] == ["4", "1", "1", "1"]
    sim, bench = top.findall("testsuite")
    assert (sim.get("name"), sim.get("tests"), bench.get("tests")) == ("rig sim", "2", "2")
    failure = sim.find("testcase/failure")
    assert "contactor open within 1000 ms: not seen" in failure.text
    assert bench.find("testcase/skipped").get("message") == 'a <b> & "c" ? ü'
    assert bench.find("testcase/error") is not None


class _Page(HTMLParser):
    VOID = frozenset(("meta", "br"))

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_takes_nothing_from_elsewhere(failed):
    text = page([failed, skipped("s.story", "bench", [NASTY])])
    reader = _Page()
    reader.feed(text)
    assert reader.open == []
    assert all(link.startswith("#") for link in reader.links)
    assert not {"script", "link", "img", "iframe"} & set(reader.seen)
    assert "url(" not in text
    assert "http" not in text
    assert "@import" not in text
    assert reader.seen.count("svg") == 1
    assert "nasty &lt;x&gt;.story" in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "expect contactor open" in text


def test_the_picture_shows_swing_duty_contactor_acts_and_expectations(failed):
    text = picture(failed, 1)
    ElementTree.fromstring(text)
    for part in ('class="swing"', 'class="duty"', 'class="closed"', 'class="act"'):
        assert part in text
    assert text.count('<circle class="held"') == 1
    assert text.count('<circle class="failed"') == 1


def test_what_was_not_measured_leaves_a_gap_in_the_picture():
    points = [(0, 12_000, 12_000, 1_000, False), (100, None, None, None, None),
              (200, 9_000, -12_000, 533, None)]  # fmt: skip
    text = picture(Outcome("x", "bench", HELD, traces={1: tuple(points)}), 1)
    assert text.count('class="high"') == 2
    assert 'class="closed"' not in text
    assert "<svg" in picture(Outcome("x", "bench", HELD, traces={1: ()}), 1)


def test_a_report_is_written_whole_or_not_at_all(tmp_path):
    report = tmp_path / "deep" / "page.html"
    write_whole(report, "one")
    write_whole(report, "two")
    assert report.read_text() == "two"
    assert [file.name for file in report.parent.iterdir()] == ["page.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        write_whole(tmp_path / "file" / "page.html", "three")


@pytest.mark.parametrize("seen, held", [
    ("53.3", True), ("52.4", True), ("54.3", True), ("51.9", False), ("100", False),
])  # fmt: skip
def test_a_measured_number_may_be_near(seen, held):
    story = parse("x", "00:00  swipe 0a0e9b83\n       expect duty 53.3 % within 1 s\n")
    log = [Seen(100, "duty", 1, (seen, "%"))]
    (one,) = judge(story, log, slack=lambda ms: ms, near={"duty": 1.0})
    assert one.held is held
    (exact,) = judge(story, log, slack=lambda ms: ms)
    assert exact.held is (seen == "53.3")


def test_a_refused_act_is_a_failure_with_its_reason(repository):
    story = parse("x", "00:00  unplug\n       expect lock locked within 1 s\n")
    outcome = SimPlayer(story, load_board(repository / "boards/mock.toml")).outcome()
    assert (outcome.verdict, outcome.reason) == ("failed", "outlet 1: nothing is plugged in")


def test_a_story_that_the_world_cannot_do_is_skipped_there(repository):
    text = "00:00  plug 32 A cable at outlet 7\n00:01  input moon on\n"
    outcome = SimPlayer(parse("x", text), load_board(repository / "boards/mock.toml")).outcome()
    assert outcome.verdict == SKIPPED
    assert outcome.reason == "line 1: this rig has no outlet 7; line 2: this rig has no input moon"


def test_a_reason_makes_a_story_fail_whatever_else_held():
    story = parse("x", "00:00  swipe 0a0e9b83\n")
    assert judged(story, "bench", [], slack=int).verdict == HELD
    assert judged(story, "bench", [], slack=int, reason="refused").verdict == "failed"
