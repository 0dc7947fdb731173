"""Small files: whole or not at all, and left alone when they say the same."""

from pathlib import Path

from landbridge_lab.files import put


def test_the_same_content_is_not_written_again(tmp_path: Path) -> None:
    put(tmp_path / "file", "same")
    before = (tmp_path / "file").stat()

    put(tmp_path / "file", b"same")

    after = (tmp_path / "file").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_another_content_takes_its_place_in_one_step(tmp_path: Path) -> None:
    put(tmp_path / "file", "one")
    with (tmp_path / "file").open() as reader:
        put(tmp_path / "file", "other")
        assert reader.read() == "one"

    assert (tmp_path / "file").read_text() == "other"


def test_what_a_killed_writer_left_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file.new").write_text("half")

    put(tmp_path / "file", "whole")

    assert (tmp_path / "file").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
