"""The picture for the README."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from demo.screen import Screen


def test_picture_holds_the_chosen_parts_and_fetches_nothing(tmp_path: Path) -> None:
    screen = Screen(Console(file=StringIO(), highlight=False))
    screen.command("kubectl apply -f long.yaml")
    with screen.pictured():
        screen.command("kubectl get mcs")
        with screen.pictured(wanted=False):
            screen.output("unseen")
        screen.output("READY")
    screen.save_picture(tmp_path / "demo.svg", "make demo")
    picture = (tmp_path / "demo.svg").read_text()
    assert "kubectl&#160;get&#160;mcs" in picture
    assert "READY" in picture
    assert "long.yaml" not in picture
    assert "unseen" not in picture
    assert "url(&quot;http" not in picture
    assert 'url("http' not in picture
