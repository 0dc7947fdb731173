"""Asking: the tutorial's own command once, then again in a loop; every answer counts."""

from collections import Counter

from demo.chain import OLD
from demo.shell import Shell

TIMES = 20
CURL = "curl -s service1.mcs-demo/call"
LOOP = f'for i in $(seq {TIMES - 1}); do {CURL} || echo "no answer: curl ended with $?"; echo; done'


async def ask(shell: Shell, cluster: str = OLD) -> Counter[str]:
    """Ask TIMES times from the client pod, which the tutorial has in the old cluster, and count the answers."""
    pod = f"kubectl --context {cluster} exec -n customer-ns curl-client --"
    first = await shell.run(f"{pod} {CURL}")
    more = await shell.quiet(f"{pod} sh -c '{LOOP}'")
    answers = Counter(line for line in [first.strip(), *more.splitlines()] if line)
    missing = TIMES - answers.total()
    return answers + Counter({"empty answer": missing})
