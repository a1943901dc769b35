"""The built pages that are kept are those of their source, and small enough for a phone."""

import gzip
import subprocess

import pytest

from tests.node import modules

UI = "firmware/web/ui"
FIRST = ("index.html", "app.js", "app.css", "favicon.svg", "lang/de.json")
FIRST_MAX_BYTES = 150_000


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*")) if p.is_file()}  # fmt: skip


@pytest.mark.needs_chromium
def test_what_is_kept_is_what_the_source_makes(repository, tmp_path):
    modules(repository / UI)
    build = ["npx", "vite", "build", "--logLevel", "error", "--outDir", str(tmp_path)]
    for words in (["npm", "run", "--silent", "check"], build):
        subprocess.run(words, cwd=repository / UI, check=True, timeout=300)
    kept = files(repository / "firmware/web/static")
    assert files(tmp_path) == kept


def test_the_first_page_is_small_and_asks_for_nothing_from_elsewhere(repository, record_property):
    kept = files(repository / "firmware/web/static")
    size = sum(len(gzip.compress(kept[name], 9)) for name in FIRST)
    record_property("figure", f"first page: {size} bytes over the wire")
    assert size < FIRST_MAX_BYTES
    page = kept["index.html"].decode()
    assert "//" not in page.replace("<!doctype html>", "")
    assert "<style" not in page and "style=" not in page and "<script>" not in page
