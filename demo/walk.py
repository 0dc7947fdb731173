"""The walk: each step's commands, the wait for its condition, the questions, and what came of it."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from time import monotonic

from demo.ask import ask
from demo.chain import expected, valid
from demo.shell import CommandFailedError, Shell
from demo.steps import Step
from demo.views import NotSettledError, until_settled


@dataclass(frozen=True)
class Result:
    """What came of a step: the answers, counted, or why it could not be asked."""

    step: Step
    seconds: float
    answers: Counter[str] = field(default_factory=Counter)
    error: str = ""

    @property
    def right(self) -> bool:
        """Nothing but right answers, the expected one among them."""
        serving = self.step.serving
        return not self.error and expected(serving) in self.answers and self.answers.keys() <= valid(serving)


async def walk(shell: Shell, steps: Iterable[Step]) -> AsyncIterator[Result]:
    """Go through the steps. Wrong answers do not end the walk; a command that failed, or a wait, does."""
    for step in steps:
        with shell.screen.pictured(step.pictured):
            result = await take(shell, step)
        yield result
        if result.error:
            return


async def take(shell: Shell, step: Step) -> Result:
    """Take one step."""
    started = monotonic()
    shell.screen.title(step.title)
    try:
        for line in step.commands:
            await shell.run(line)
        await until_settled(shell, step.serving, step.joined)
        for line in step.look:
            await shell.run(line)
        answers = await ask(shell)
    except (CommandFailedError, NotSettledError) as error:
        shell.screen.error(str(error))
        return Result(step, monotonic() - started, error=str(error))
    shell.screen.answers(answers, valid(step.serving))
    return Result(step, monotonic() - started, answers)
