from __future__ import annotations

import pytest

from pipertd.ctl.new.naming import NoGoodName, class_of, module_of


@pytest.mark.parametrize(
    ("name", "module", "cls"),
    [
        ("blur", "blur", "Blur"),
        ("blur-faces", "blur_faces", "BlurFaces"),
        ("blur_faces", "blur_faces", "BlurFaces"),
        ("BlurFaces", "blur_faces", "BlurFaces"),
        ("Find2D", "find2_d", "Find2D"),
        ("a-b-c", "a_b_c", "ABC"),
    ],
)
def test_a_name_becomes_a_module_and_a_class(name: str, module: str, cls: str) -> None:
    """However people write it, files and classes are written as Python's habits are."""
    assert (module_of(name), class_of(module_of(name))) == (module, cls)


@pytest.mark.parametrize("name", ["", "7up", "../evil", "a b", "class", "match", "json", "Numpy", "test", "x" * 64])
def test_a_name_that_would_break_something_is_refused(name: str) -> None:
    """No path, no word of Python, no module that Python would find first."""
    with pytest.raises(NoGoodName, match=r"choose another, such as my-|a letter, then letters, digits, - and _"):
        module_of(name)


@pytest.mark.parametrize("name", ["class", "json", "Numpy", "test"])
def test_the_name_that_is_advised_is_a_good_one(name: str) -> None:
    """Who does what the error says has a module."""
    with pytest.raises(NoGoodName) as refused:
        module_of(name)
    assert module_of(str(refused.value).rpartition(" ")[2])


def test_a_pipeline_may_be_called_as_a_module_of_python_is() -> None:
    """Its own module has a longer name, so that nothing is in the way; a word of Python is none all the same."""
    assert module_of("numbers", "_routines") == "numbers_routines"
    with pytest.raises(NoGoodName):
        module_of("class", "_routines")
