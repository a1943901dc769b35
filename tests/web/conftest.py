"""A whole station with its pages: the processes that ship, on the mock board, on the loopback."""

import pytest

from tests.web.rig import PASSWORDS, PageStation


@pytest.fixture(scope="session")
def station(tmp_path_factory):
    """One station whose four users have passwords of their own."""
    sets = [f"{role}_password={password}" for role, password in PASSWORDS.items()]
    with PageStation(tmp_path_factory.mktemp("pages"), sets) as one:
        yield one


@pytest.fixture
def fresh(tmp_path):
    """A station as it comes out of its box."""
    with PageStation(tmp_path) as one:
        yield one


@pytest.fixture(scope="session")
def signed(station):
    """A browser for each user, signed in once."""
    browsers = {}

    def of(user):
        if user not in browsers:
            browsers[user] = station.signed(user)
        return browsers[user]

    return of
