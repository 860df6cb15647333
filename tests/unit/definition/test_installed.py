from __future__ import annotations

from pathlib import Path

import pytest

from pipertd.definition.installed import Folders, Installed, NotSwitched, find
from pipertd.definition.read import definition_files


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders.below(tmp_path)
    for folder in made.all:
        folder.mkdir(parents=True)
    return made


def put(folder: Path, name: str, pipeline: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(f"pipeline: {pipeline}\nflows: {{}}\n")
    return file


def only(folders: Folders) -> Installed:
    (one,) = folders.installed()
    return one


def test_disable_masks_and_enable_takes_the_mask_away(folders: Folders) -> None:
    """What lies in /usr/lib stays as it is: a link in /etc hides it, and is all that changes."""
    file = put(folders.all[0], "10-street", "street")
    assert folders.disable(only(folders))
    link = folders.linked / "10-street.yaml"
    assert link.readlink() == Path("/dev/null")
    assert definition_files(folders.all) == []
    assert not folders.disable(only(folders))
    found = find(folders.installed(), "street")
    assert found is not None
    assert folders.enable(found)
    assert not link.is_symlink()
    assert definition_files(folders.all) == [file]
    assert not folders.enable(only(folders))


def test_a_link_to_a_file_elsewhere_comes_and_goes(folders: Folders, tmp_path: Path) -> None:
    """It is made once, and disabling it removes the link and never the file."""
    file = put(tmp_path, "mine", "mine")
    assert folders.link(file)
    assert not folders.link(file)
    assert definition_files(folders.all) == [folders.linked / "mine.yaml"]
    assert folders.disable(only(folders))
    assert folders.installed() == []
    assert file.exists()


def test_a_link_over_an_installed_file_gives_way_to_a_mask(folders: Folders, tmp_path: Path) -> None:
    """Else the file below it would come to light, and the pipeline would run after all."""
    put(folders.all[0], "street", "street")
    assert folders.link(put(tmp_path, "street", "street"))
    assert folders.disable(only(folders))
    assert (folders.linked / "street.yaml").readlink() == Path("/dev/null")
    assert folders.link(tmp_path / "street.yaml"), "a link takes the mask's place"


def test_no_file_is_removed(folders: Folders) -> None:
    """A file of the operator's own in /etc is no link of ours; the error says what can be done."""
    put(folders.linked, "own", "own")
    with pytest.raises(NotSwitched, match=r"own\.yaml is a file and no link: say `autostart: false` in it"):
        folders.disable(only(folders))


def test_what_goes_before_etc_is_said(folders: Folders, tmp_path: Path) -> None:
    """A file or a mask in /run cannot be undone in /etc."""
    put(folders.all[0], "street", "street")
    over = put(folders.all[2], "street", "street")
    with pytest.raises(NotSwitched, match="goes before"):
        folders.disable(only(folders))
    over.write_text("")
    with pytest.raises(NotSwitched, match="remove that file"):
        folders.enable(only(folders))
    over.unlink()
    put(folders.linked, "other", "other")
    with pytest.raises(NotSwitched, match="is another file of that name"):
        folders.link(put(tmp_path, "other", "other"))


def test_a_pipeline_is_found_by_its_name(folders: Folders) -> None:
    """Not by that of its file; of two files the one that is enabled is meant."""
    put(folders.all[0], "a", "street")
    put(folders.all[0], "b", "street")
    first = find(folders.installed(), "street")
    assert first is not None
    folders.disable(first)
    second = find(folders.installed(), "street")
    assert second is not None
    assert (second.files[0].name, second.enabled) == ("b.yaml", True)
    assert find(folders.installed(), "nobody") is None
