"""Tables for people. What does not fit a terminal is left out column by column, the least needed first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pipertd.ctl.terminal import WHOLE, Colour, Style, shortened, style_of, width
from pipertd.harmless import harmless

NOTHING = ("-", "0", "0.0", "")
_GAP = 2
_NARROWEST = 4  # columns of a cell that is shortened


class Column(NamedTuple):
    """How one column is shown.

    Attributes:
        rank: the highest is left out first where there is no room; what has 0 stays.
        number: at the right edge.
        optional: left out where no row has anything in it.
        colour: of a cell, by its text.
    """

    title: str
    rank: int = 0
    number: bool = False
    optional: bool = False
    colour: Callable[[str], Colour | None] = lambda _: None


class Table:
    """Rows under titles, as a style has them. A column may be given by its title alone."""

    def __init__(self, columns: Sequence[Column | str], rows: Sequence[Sequence[str]], style: Style = WHOLE) -> None:
        self._columns = [Column(each) if isinstance(each, str) else each for each in columns]
        self._rows = [[harmless(cell).replace("\n", " ") for cell in row] for row in rows]
        self._style = style
        self._shown = [place for place, column in enumerate(self._columns) if not column.optional or self._says(place)]
        self._widths = [self._natural_width(place) for place in range(len(self._columns))]
        self.left_out = self._leave_out()
        self._narrow()

    def lines(self) -> Iterator[str]:
        """The titles, then the rows."""
        yield self._line([column.title for column in self._columns], lambda *_: Colour.BOLD)
        for row in self._rows:
            yield self._line(row, lambda column, cell: column.colour(cell))

    def _says(self, place: int) -> bool:
        return any(row[place] not in NOTHING for row in self._rows)

    def _natural_width(self, place: int) -> int:
        return max(width(row[place]) for row in ([column.title for column in self._columns], *self._rows))

    def _excess(self) -> int:
        """How many columns of the terminal are missing."""
        if self._style.width is None:
            return 0
        return sum(self._widths[place] + _GAP for place in self._shown) - _GAP - self._style.width

    def _leave_out(self) -> tuple[str, ...]:
        left_out = []
        while self._excess() > 0:
            last = max(self._shown, key=lambda place: self._columns[place].rank)
            if not self._columns[last].rank:
                break
            self._shown.remove(last)
            left_out.append(self._columns[last].title)
        return tuple(left_out)

    def _narrow(self) -> None:
        """Shorten the widest cells, until all fits or nothing can be made shorter."""
        while self._excess() > 0:
            widest = max(self._shown, key=lambda place: self._widths[place])
            if self._widths[widest] <= _NARROWEST:
                break
            self._widths[widest] -= 1

    def _line(self, row: Sequence[str], colour: Callable[[Column, str], Colour | None]) -> str:
        cells = []
        for place in self._shown:
            column, room, last = self._columns[place], self._widths[place], place == self._shown[-1]
            text = shortened(row[place], room, middle=place == 0)
            blank = " " * (room - width(text))
            painted = self._style.painted(text, colour(column, row[place]))
            cells.append(f"{blank}{painted}" if column.number else painted if last else f"{painted}{blank}")
        return (" " * _GAP).join(cells).rstrip()


def print_table(columns: Sequence[Column | str], rows: Sequence[Sequence[str]], *, wide: bool = False) -> None:
    """Print a table to standard output, as wide as that is."""
    for line in Table(columns, rows, style_of(wide=wide)).lines():
        print(line)
