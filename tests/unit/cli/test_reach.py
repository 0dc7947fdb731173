"""Options that name a member, and those that do not go together: refused before anything is read."""

from __future__ import annotations

import pytest

from landbridge.cli import main

JOIN = ("fleet", "join", "oldcluster", "--kubeconfig", "/nowhere")
LEAVE = ("fleet", "leave", "oldcluster", "--kubeconfig", "/nowhere")


@pytest.mark.parametrize(
    ("arguments", "reason", "words"),
    [
        (JOIN, "NoContext", "--context, or the Secret"),
        ((*JOIN, "--context", "old", "--from-argocd", "x"), "ConflictingOptions", "give one of them"),
        ((*JOIN, "--context", "old", "--argocd-server", "https://x"), "ConflictingOptions", "give --argocd too"),
        ((*JOIN, "--from-argocd", "x", "--argocd"), "AlreadyRegistered", "by Secret x"),
        (LEAVE, "NoContext", "--context, or the Secret"),
        ((*LEAVE, "--context", "old", "--from-argocd", "x"), "ConflictingOptions", "give one of them"),
        ((*LEAVE, "--context", "old", "--from-argocd", "x", "--force"), "ConflictingOptions", "give one of them"),
        ((*LEAVE, "--context", "old", "--server", "https://x"), "ConflictingOptions", "is for --from-argocd"),
        ((*LEAVE, "--force"), "Kubeconfig", "cannot read kubeconfig"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: tuple[str, ...], reason: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 3
    told = capsys.readouterr().err
    assert f"refused ({reason})" in told
    assert words in told
