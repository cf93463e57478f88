# SPDX-License-Identifier: Apache-2.0
"""Properties of the version rules over generated versions, with dpkg and Dpkg::Version as the
judges. tests/real/test_orders.py has the same over every version of Debian's suites."""
import random

import dpkg_order as order

NUMBERS = ["0", "00", "1", "01", "9", "10", "31", "99", "2023", "99999999999999999999"]
WORDS = ["~", "~~", "~rc", "~b", "rc", "a", "Z", "+", "+dfsg", "+deb13u", "~bpo12+", ".", "..", "+git"]


def version(rng):
    """Anything that Policy 5.6.12 allows, made of what sorts in surprising ways."""
    v = rng.choice(NUMBERS)
    for _ in range(rng.randint(0, 5)):
        v += rng.choice(WORDS + [".", "."]) + rng.choice(NUMBERS + ["", ""])
    if rng.random() < 0.6:
        v += "-" + "".join(rng.choice(WORDS + NUMBERS) for _ in range(rng.randint(1, 3)))
    return (rng.choice(["0:", "1:", "2:", "12:"]) if rng.random() < 0.3 else "") + v


def generated(seed, count):
    rng = random.Random(seed)
    made = {version(rng) for _ in range(count)}
    return sorted(made | {"0:" + v for v in made if ":" not in v})


def test_keys_are_in_debians_order():
    versions = generated(20260721, 4000)
    key = order.keys(versions)
    pairs = list(order.random_pairs(versions, 30000, 1))
    assert order.out_of_order(pairs, key) == []
    equal = sum(key[a] == key[b] for a, b in pairs if a != b)
    assert equal > 10, "the generator finds different versions that are equal"
    print(f"\n{len(pairs)} pairs against Dpkg::Version, {equal} of them equal though not the same")


def test_keys_agree_with_dpkg_itself():
    versions = generated(4711, 500)
    assert order.refused_by_dpkg(order.random_pairs(versions, 1000, 2), order.keys(versions)) == []


def test_a_prerelease_sorts_before_its_final():
    rng, cases = random.Random(8), []
    for _ in range(2000):
        number = ".".join(str(rng.randint(0, 40)) for _ in range(rng.randint(2, 4)))
        word, n = rng.choice(["a", "b", "rc", ".rc", "c", "dev"]), rng.randint(0, 20)
        zero = rng.choice(["", ".0"]) if number.count(".") == 2 else ""
        cases.append((number, f"{number}{zero}{word}{n}", f"{number}{word}{n + 1}"))
    answers = [order.ask("upstream", column) for column in zip(*cases)]
    for case, final, before, later in zip(cases, *answers):
        assert (final[0], final[1]) == ("final", case[0]), case
        assert before[0] == later[0] == "prerelease", case
        first, second, last = (bytes.fromhex(a[2]) for a in (before, later, final))
        assert first < second < last, case


def test_an_upstream_tag_equals_what_debian_makes_of_it():
    """The tag's Debian form, dressed as packagers dress it, has the tag's upstream part."""
    rng = random.Random(9)
    tags = [".".join(str(rng.randint(0, 30)) for _ in range(3)) + rng.choice(["", ".0rc1", ".0b2", "a3", ".rc4"])
            for _ in range(500)]
    dressed = []
    for tag, (_, form, _) in zip(tags, order.ask("upstream", tags)):
        v = form + rng.choice(["", "+dfsg1", "+ds2", "+repack", "+really" + form, "+git20240101.1a2b3c"])
        v += rng.choice(["-1", "-2+deb13u1", "-1~bpo12+1", "~bpo12+1", "+deb13u1", "-0.1", ""])
        dressed.append(rng.choice(["", "2:"]) + v)
    for tag, (_, _, key), v, (part, _, _, part_key) in zip(
            tags, order.ask("upstream", tags), dressed, order.ask("debian", dressed)):
        assert key == part_key, f"{tag} and {v}, whose upstream part is {part}"


def test_tags_that_end_a_branch_are_no_versions():
    ends = [f"{name}-{word}" for name in ("zed", "yoga", "rocky", "victoria", "2023.1", "ocata")
            for word in ("eom", "eol", "em", "last")]
    assert all(a[0] == "end" and a[2] == "" for a in order.ask("upstream", ends))
