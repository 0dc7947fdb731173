"""What the lab refuses or fails to do: each error says what, why and what to do, and has an exit code."""


class LabError(Exception):
    """Something the lab could not do.

    `what` is the thing that did not happen, `why` the cause as far as it is known, `remedy` what a person can do.
    `exit_code` is what the command line ends with.
    """

    exit_code = 1

    def __init__(self, what: str, why: str = "", remedy: str = "") -> None:
        self.what, self.why, self.remedy = what, why, remedy
        super().__init__(": ".join(part for part in (what, why) if part) + (f"\n{remedy}" if remedy else ""))


class RefusedError(LabError):
    """The request itself cannot be met: a bad option, a name that is taken, options that contradict each other."""

    exit_code = 2


class NotUpError(LabError):
    """The command needs a running lab, and there is none of that name."""

    exit_code = 3


class MachineLacksError(LabError):
    """The machine lacks something that the lab needs: root, a package, a Go toolchain, a free port."""

    exit_code = 4


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell when tasks failed side by side: the first of ours, since the others were cancelled for it."""
    ours = group.subgroup(LabError) or group
    error: BaseException = ours
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
