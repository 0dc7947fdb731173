"""The table of results."""

from collections import Counter
from io import StringIO

from rich.console import Console, RenderableType

from demo.chain import NEW, OLD, chain
from demo.steps import Step
from demo.table import results_table, short, times_table
from demo.walk import Result

TOGETHER = Step("service2 starts", (), ((OLD,), (NEW, OLD), (OLD,)))


def rendered(what: RenderableType) -> str:
    out = StringIO()
    Console(file=out, width=118).print(what)
    return out.getvalue()


def test_answers_are_shortened_to_their_clusters() -> None:
    assert short(chain(OLD, NEW, OLD)) == "old --> new --> old"
    assert short("service1(oldcluster) --> error: refused") == "old --> error: refused"


def test_every_answer_is_in_the_table() -> None:
    answers = Counter({chain(OLD, NEW, OLD): 12, chain(OLD, OLD, OLD): 8})
    text = rendered(results_table([Result(TOGETHER, 2.345, answers)]))
    for part in ("service2 starts", "old --> new --> old among others", "12 x old --> new --> old", "2.3 s"):
        assert part in text
    assert " 8 x old --> old --> old" in text


def test_failed_step_is_in_the_table() -> None:
    assert "failed" in rendered(results_table([Result(TOGETHER, 1.0, error="`kubectl` ended with 1: no")]))


def test_parts_have_their_times_and_a_sum() -> None:
    assert rendered(times_table({"lab": 16.04, "walk": 50.0})).split("\n")[:3] == [
        "lab   16.0 s",
        "walk  50.0 s",
        "all   66.0 s",
    ]
