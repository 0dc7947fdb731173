"""What comes of a step: right answers, wrong ones, none, a command that failed."""

import json
import re
from collections import Counter
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest

from demo.ask import TIMES
from demo.chain import NEW, OLD, Serving, chain
from demo.shell import Shell
from demo.steps import STEPS, Step
from demo.walk import Result, walk

MakeShell = Callable[..., Shell]

ALL_OLD = chain(OLD, OLD, OLD)
NEW_SECOND = chain(OLD, NEW, OLD)
TOGETHER: Serving = ((OLD,), (NEW, OLD), (OLD,))
STEP = Step("one step", ("kubectl apply -f it.yaml",), ((OLD,), (OLD,), (OLD,)), joined=False)


def result(serving: Serving, **answers: int) -> Result:
    names = {"old": ALL_OLD, "new": NEW_SECOND, "error": "no answer: curl ended with 7"}
    return Result(Step("", (), serving), 1.0, Counter({names[name]: count for name, count in answers.items()}))


@pytest.mark.parametrize(
    ("answers", "right"),
    [
        pytest.param({"new": 20}, True, id="the expected one alone"),
        pytest.param({"new": 1, "old": 19}, True, id="the expected one among others"),
        pytest.param({"old": 20}, False, id="never the expected one"),
        pytest.param({"new": 19, "error": 1}, False, id="one lost"),
    ],
)
def test_while_old_and_new_serve_together(answers: dict[str, int], right: bool) -> None:
    assert result(TOGETHER, **answers).right is right


@pytest.mark.parametrize(("answers", "right"), [({"new": 20}, True), ({"new": 19, "old": 1}, False)])
def test_when_one_is_at_zero(answers: dict[str, int], right: bool) -> None:
    assert result(((OLD,), (NEW,), (OLD,)), **answers).right is right


def test_every_move_ends_with_one_cluster_alone() -> None:
    assert STEPS[-1].serving == ((NEW,), (NEW,), (NEW,))
    together = [number for number, step in enumerate(STEPS) if any(len(clusters) > 1 for clusters in step.serving)]
    assert all(len(clusters) == 1 for number in together for clusters in STEPS[number + 1].serving)


def kubectl(answer: str, apply: str = "true") -> str:
    """Write a kubectl that knows a pod of each Service and answers as told."""
    items: list[dict[str, Any]] = [
        {"metadata": {"labels": {"kubernetes.io/service-name": f"service{n}"}}, "endpoints": [{"addresses": [str(n)]}]}
        for n in (1, 2, 3)
    ]
    return f"""
case "$*" in
apply*) {apply} ;;
*endpointslices*) echo '{json.dumps({"items": items})}' ;;
*"sh -c"*) for i in $(seq {TIMES - 1}); do {answer}; echo; done ;;
*exec*) {answer} ;;
esac"""


async def test_asks_twenty_times_and_counts_every_answer(make_shell: MakeShell, shown: StringIO) -> None:
    (done,) = [done async for done in walk(make_shell(kubectl(f"printf %s '{ALL_OLD}'")), [STEP])]
    assert done.answers == {ALL_OLD: 20}
    assert done.right
    waited = re.escape(f"until {OLD} has its endpoints")
    assert re.search(rf"\$ kubectl apply -f it\.yaml\n  waited \d+\.\d s {waited}", shown.getvalue())
    assert f"   20 x {ALL_OLD}\n" in shown.getvalue()


async def test_empty_answers_count_too(make_shell: MakeShell, shown: StringIO) -> None:
    (done,) = [done async for done in walk(make_shell(kubectl("true")), [STEP])]
    assert done.answers == {"empty answer": 20}
    assert not done.right


async def test_wrong_answers_do_not_end_the_walk(make_shell: MakeShell) -> None:
    done = [done async for done in walk(make_shell(kubectl("printf wrong")), [STEP, STEP])]
    assert [one.right for one in done] == [False, False]


async def test_failed_command_ends_the_walk(make_shell: MakeShell) -> None:
    shell = make_shell(kubectl("printf x", apply="echo refused; exit 1"))
    (done,) = [done async for done in walk(shell, [STEP, STEP])]
    assert done.error == "`kubectl apply -f it.yaml` ended with 1: refused"
    assert not done.right
