from __future__ import annotations

from pipertd.examples.street_motion import Blob, Box
from pipertd.examples.street_tracks import CONFIRM, KEPT, TOLD, Tracker


def blob(x: float, y: float = 50, dx: float = 10, size: float = 40) -> Blob:
    return Blob(Box(x, y, size, size), dx, 0)


def tracker(last_number: int = 0) -> Tracker:
    return Tracker(640, 272, last_number)


def confirmed() -> tuple[Tracker, float]:
    """A tracker that follows number 1, and where that is."""
    one = tracker()
    for number in range(CONFIRM):
        assert not one.last_number
        boxes = one.update([blob(100 + 10 * number)])
    assert list(boxes) == [1]
    return one, 100 + 10 * (CONFIRM - 1)


def test_number_comes_with_the_last_confirmation_and_stays() -> None:
    """A thing is told when it was seen often enough, and under one number from then on."""
    one, x = confirmed()
    for step in range(1, 20):
        (box,) = one.update([blob(x + 10 * step)]).values()
        assert abs(box.x - (x + 10 * step)) < 5
    assert one.last_number == 1


def test_flicker_gets_no_number() -> None:
    """What is seen once, here and there, is never told."""
    one = tracker()
    told = [one.update([blob(100)] if number % 2 else [blob(400)]) for number in range(20)]
    assert told == [{}] * 20
    assert one.last_number == 0


def test_thing_found_again_keeps_its_number() -> None:
    """Unseen for a moment, it is told for a shorter one, and is itself when it comes out where it should."""
    one, x = confirmed()
    told = [list(one.update([])) for _ in range(KEPT)]
    assert told == [[1]] * TOLD + [[]] * (KEPT - TOLD)
    assert list(one.update([blob(x + 10 * (KEPT + 1))])) == [1]


def test_thing_gone_for_long_is_another() -> None:
    """What comes when patience is over gets a number of its own."""
    one, x = confirmed()
    for _ in range(KEPT + 1):
        one.update([])
    for step in range(CONFIRM):
        boxes = one.update([blob(x + 10 * step)])
    assert list(boxes) == [2]


def test_two_that_pass_each_other_keep_their_numbers() -> None:
    """What moves the other way is something else, even where the boxes meet."""
    one = tracker()
    for step in range(30):
        boxes = one.update([blob(100 + 10 * step), blob(400 - 10 * step, y=55, dx=-10)])
        if step > CONFIRM:
            assert sorted(boxes) == [1, 2]
    left, right = sorted(boxes, key=lambda number: boxes[number].x)
    assert (left, right) == (2, 1)
    assert one.last_number == 2


def test_pieces_are_one_thing() -> None:
    """What was seen whole and is now seen in pieces is still one, as large as the pieces together."""
    one = tracker()
    for step in range(CONFIRM):
        one.update([blob(100 + 10 * step, size=120)])
    x = 100 + 10 * CONFIRM
    pieces = [Blob(Box(x, 50, 120, 70), 10, 0), Blob(Box(x, 130, 50, 40), 10, 0)]
    boxes = one.update(pieces)
    assert list(boxes) == [1]
    assert boxes[1].height > 110


def test_cut_forgets_things_but_not_numbers() -> None:
    """In a new shot nothing is what it was, and no number is used again."""
    one, x = confirmed()
    one.forget()
    for step in range(CONFIRM):
        boxes = one.update([blob(x + 10 * step)])
    assert list(boxes) == [2]


def test_successor_goes_on_counting() -> None:
    """A tracker that is told the last number gives the next one."""
    one = tracker(last_number=41)
    for step in range(CONFIRM):
        boxes = one.update([blob(100 + 10 * step)])
    assert list(boxes) == [42]


def test_boxes_stay_in_the_picture() -> None:
    """A thing that leaves is told as far as it can be seen, and then no more."""
    one = tracker()
    for step in range(60):
        for box in one.update([blob(560 + 10 * step)] if step < 8 else []).values():
            assert box.x + box.width <= 640
    assert one.expected() == []
