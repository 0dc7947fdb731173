"""Asking: the tutorial's own command once, then again in a loop; every answer counts."""

from collections import Counter

from demo.chain import OLD
from demo.shell import Shell

TIMES = 20
POD = f"kubectl --context {OLD} exec -n customer-ns curl-client --"
CURL = "curl -s service1.mcs-demo/call"
LOOP = f'for i in $(seq {TIMES - 1}); do {CURL} || echo "no answer: curl ended with $?"; echo; done'


async def ask(shell: Shell) -> Counter[str]:
    """Ask TIMES times from the client pod in the old cluster, and count the answers."""
    first = await shell.run(f"{POD} {CURL}")
    more = await shell.quiet(f"{POD} sh -c '{LOOP}'")
    answers = Counter(line for line in [first.strip(), *more.splitlines()] if line)
    missing = TIMES - answers.total()
    return answers + Counter({"empty answer": missing})
