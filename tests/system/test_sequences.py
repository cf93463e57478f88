# SPDX-License-Identifier: Apache-2.0
"""Random sequences of imports against an independent computation (tests/lib/sequences.py); make soak
has many more of them."""
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
