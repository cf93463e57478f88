# SPDX-License-Identifier: Apache-2.0
"""The rules of core/rules asked through their filter, and Debian's order as Debian's own tools have
it. Shared by the property tests on generated versions and on those of the real suites."""
import os
import random
import subprocess

from conftest import TOP

RULES = os.path.join(TOP, "build", os.environ.get("FLAVOR", "default"), "tests", "tools", "rules")
PERL = r"""use Dpkg::Version; while (<>) { chomp; my ($a, $b) = split /\t/;
print version_compare($a, $b), "\n" }"""


def ask(rule, values):
    """The filter's answers to a rule, one a value: the fields after ok, or None."""
    text = "".join(f"{rule}\t{v}\n" for v in values)
    done = subprocess.run([RULES], input=text, capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(rows) == len(values)
    return [r[1:] if r[0] == "ok" else None for r in rows]


def keys(versions):
    """{version: sort key}; all of them have one."""
    answers = ask("key", versions)
    assert None not in answers, versions[answers.index(None)]
    return {v: bytes.fromhex(a[0]) for v, a in zip(versions, answers)}


def sign(a, b):
    return (a > b) - (a < b)


def random_pairs(versions, count, seed):
    """Half of them anywhere, half near each other by name, where the hard ones are."""
    rng, by_name = random.Random(seed), sorted(versions)
    for i in range(count):
        if i % 2:
            yield rng.choice(versions), rng.choice(versions)
        else:
            at = rng.randrange(len(by_name))
            yield by_name[at], by_name[max(0, min(len(by_name) - 1, at + rng.randint(-4, 4)))]


def out_of_order(pairs, key):
    """Pairs whose keys say another order than Dpkg::Version, all asked of one process."""
    pairs = list(pairs)
    done = subprocess.run(["perl", "-e", PERL], input="".join(f"{a}\t{b}\n" for a, b in pairs),
                          capture_output=True, text=True, check=True)
    said = [int(n) for n in done.stdout.split()]
    assert len(said) == len(pairs)
    return [(a, b, n) for (a, b), n in zip(pairs, said) if sign(key[a], key[b]) != n]


def refused_by_dpkg(pairs, key):
    """Pairs of which `dpkg --compare-versions`, once per pair, does not confirm the keys' order."""
    words = {-1: "lt", 0: "eq", 1: "gt"}
    return [(a, b) for a, b in pairs
            if subprocess.run(["dpkg", "--compare-versions", a, words[sign(key[a], key[b])], b],
                              check=False, capture_output=True).returncode]
