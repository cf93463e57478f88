# SPDX-License-Identifier: Apache-2.0
"""Random sequences of imports against an independent computation (tests/lib/sequences.py); make soak
has many more of them."""
import random

import pytest

import sequences


@pytest.fixture(scope="module")
def database(folders):
    db = sequences.Database(folders())
    yield db
    db.stop()


@pytest.mark.parametrize("seed", [6, 11, 19])  # these found what was wrong
def test_any_order_of_imports_gives_the_same(database, seed):
    assert sequences.run(database, seed, 12) > 300


@pytest.fixture
def nova(database):
    """A project in a target; nova(database, version) is a new version of its package there, in the
    transaction at hand."""
    database.empty("UTC")
    world = sequences.World(random.Random(1))
    world.order, world.configured = [("cc", "maintained")], {"cc": {"three": ["unstable"]}}
    world.deliverables = {"cc": {"nova": {"team": "a", "type": "service", "release-model": "cycle-with-rc", "repository-settings":
                                          {"openstack/nova": {}}, "releases": []}}}
    world.add_release(world.deliverables["cc"]["nova"], "3.0.0", ["openstack/nova"])
    database.releases(world, list(world.deliverables.items()))
    database.configure(world)
    database.commit()

    def put(db, version):
        db.suite("unstable", {"nova": {"package": "nova", "version": version, "team": True, "homepage": None}})
    put(database, "3.0.0-1")
    database.commit()
    return put


def test_the_past_is_in_order_whoever_began_first(database, nova):
    """An import that began before another one and ends after it."""
    key = "cc", "three", "openstack/nova"
    first, second = database, database.another()
    began = first.seconds(first("select now()")[0][0])
    nova(second, "3.0.0-2")
    between = second.seconds(second.commit())
    nova(first, "3.0.0-3")
    first.commit()
    second.link.close()
    assert database.rows()[key]["debian"] == "3.0.0-3"
    assert database.rows(between)[key]["debian"] == "3.0.0-2"
    assert database.rows(began)[key]["debian"] == "3.0.0-1"
    events = database.events()
    assert [e[7] for e in events] == ["3.0.0-2", "3.0.0-3"]
    assert began < events[0][-1] < events[1][-1], "nor do the events go back"


def test_a_clock_that_goes_back(database, nova):
    """What was written under a clock that was wrong comes before what is written under the right one."""
    key = "cc", "three", "openstack/nova"
    nova(database, "3.0.0-2")
    at = database.seconds(database.commit())
    database.time_passes(-3600)
    nova(database, "3.0.0-3")
    database.commit()
    nova(database, "3.0.0-4")
    database.commit()
    past = database("select debian from status_history order by valid_from")
    assert [v for v, in past] == ["3.0.0-1", "3.0.0-2", "3.0.0-3"]
    assert database.rows(at)[key]["debian"] == "3.0.0-2"
    assert database.rows(at + 1)[key]["debian"] == "3.0.0-4"
