"""The generated pages are what the code says today."""

from tools import pages


def test_no_generated_page_is_stale():
    assert pages.stale() == []
