"""Found windows on their picture: what was found in each, how sure, and whether it is right.

In motion they come one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from cnnexplain.errors import ArgumentError, shown, whole
from cnnexplain.figures import heat_words, maps
from cnnexplain.figures.cells import Row
from cnnexplain.figures.colours import widest
from cnnexplain.figures.figure import moving, standing, told
from cnnexplain.figures.legend import LEFT, ROOM, TALLEST_ALONE, Key, below
from cnnexplain.figures.motion import Sweep
from cnnexplain.figures.names import named, shortened
from cnnexplain.figures.panel import Panel, ground, shared
from cnnexplain.figures.plane import pair
from cnnexplain.figures.scales import score_scale
from cnnexplain.figures.sheet import SWATCH, Sheet
from cnnexplain.figures.stage import Moment
from cnnexplain.figures.svg import SMALL_SIZE, box, decimal, element, label, rectangle
from cnnexplain.languages import number, shape, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnnexplain.figures.figure import Figure
    from cnnexplain.figures.maps import Array, Map
    from cnnexplain.figures.plane import PerAxis
    from cnnexplain.figures.stage import Stage

Place: TypeAlias = "tuple[float, float, float, float]"

_MOST = 100  # windows in a figure
_PACE = 1.0
_TAG = 20.0  # the height of a tag
_WIDEST = 130.0  # the width of the longest tag
_DISC = 8.0  # the radius of a mark


def detections(
    boxes: Map,
    labels: Sequence[str] | Array | None = None,
    scores: Sequence[float] | Array | None = None,
    right: Sequence[bool] | Array | None = None,
    *,
    image_size: PerAxis,
    photograph: bytes | None = None,
    name: str | None = None,
    windows: int | None = None,
    probabilities: bool = False,
) -> Figure:
    """Draw the windows in which something was found; in motion, one after the other.

    Args:
        boxes: The windows in pixels, in the order of the motion: each from its first row and column
            to those after its last, as (top, left, bottom, right).
        labels: What was found in each, such as its class.
        scores: The score of each.
        right: Whether each is right, where that is known.
        image_size: The image's size in pixels: a number, or (height, width).
        photograph: The image as the bytes of a PNG or JPEG file; it is fitted to the image's size.
        name: What was looked for.
        windows: How many windows were looked at.
        probabilities: Whether the scores are probabilities, which are written in percent.

    Returns:
        The figure: save it, show it in a notebook, or take its SVG.

    Raises:
        ArgumentError: If an argument is not allowed, or there are too many windows to draw.

    Example:
        >>> detections([(0, 0, 8, 8), (2, 9, 10, 17)], ["3", "8"], image_size=20).title
        'Found windows: 2 on a 20×20 image'
    """
    height, width = (whole("image_size", side, 1) for side in pair("image_size", image_size))
    size = height, width
    found = _found(boxes, labels, scores, right, size, probabilities=probabilities)
    called = None if name is None else named("name", name)
    looked = None if windows is None else whole("windows", windows, max(len(found), 1))
    symbol, photo = shared(photograph)

    sheet = Sheet()
    sheet.title(partial(text, "figure.detections.heading"))
    sheet.phrases(partial(_phrases, found, looked, size, called))
    scale = min(ROOM / width, TALLEST_ALONE / height)
    top = sheet.y + 12
    panel = Panel(LEFT, top, scale, size, Row(0, 1, 1, 1), Row(0, 1, 1, 1))
    drawn = [_Drawn.of(each, panel) for each in found]
    kept = _apart([each.tag for each in drawn])
    sheet.draw(symbol + ground(panel, photo, faint=False), top - sheet.y + panel.height)
    before = sheet.drawing
    # One below the other, so that they stand at the same place in every language.
    after, tall = below(_keys(found), sheet.y + 4)

    def draw(stage: Stage) -> str:
        rings = (stage.seen(each.ring, at, at + 1) for at, each in enumerate(drawn))
        windows = (
            stage.seen(each.window(at, tagged=at in kept), at) for at, each in enumerate(drawn)
        )
        # Tags that would lie on one another are there while their window is picked out.
        tags = (
            stage.seen(each.badge, at, at + 1) for at, each in enumerate(drawn) if at not in kept
        )
        return "".join((before, *rings, *windows, *tags, after))

    title = _title(found, looked, size, called)
    description = _description(found, looked, size, called)
    sweep = Sweep(1, max(len(found), 1), pace=_PACE)
    last = sweep.steps - 1
    if not last:
        return standing(title, description, tall, draw(Moment(sweep, 0)))
    sentences = [each.told for each in found]
    script = told(sentences, sweep)
    return moving(title, description, tall, draw, sweep, last, script)


@dataclass(frozen=True, slots=True)
class _Found:
    """A found window.

    Attributes:
        box: Its place in pixels: top, left, bottom, right.
        label: What was found in it, or None.
        score: Writes its score in the current language, or None.
        right: Whether that is right, or None if it is not known.
    """

    box: Place
    label: str | None
    score: Callable[[], str] | None
    right: bool | None

    def short(self) -> str:
        """Return what stands in its tag, in the current language."""
        return self.label or (self.score() if self.score else "")

    def both(self) -> str:
        """Return what was found, and its score if it has one, in the current language."""
        if self.label and self.score:
            return text("figure.detections.both", label=self.label, score=self.score())
        return self.short()

    @property
    def told(self) -> str:
        """The window in words."""
        top, left, bottom, right = self.box
        said = text(
            "figure.detections.says",
            what=self.both() or text("figure.detections.window"),
            size=shape([_pixels(bottom - top), _pixels(right - left)]),
            top=number(top, 1),
            left=number(left, 1),
        )
        if self.right is None:
            return said
        return text(f"figure.detections.verdict.{'right' if self.right else 'wrong'}", told=said)


def _pixels(length: float) -> int:
    return round(length)


def _found(
    boxes: Map,
    labels: Sequence[str] | Array | None,
    scores: Sequence[float] | Array | None,
    right: Sequence[bool] | Array | None,
    size: tuple[int, int],
    *,
    probabilities: bool,
) -> list[_Found]:
    places = maps.boxes("boxes", boxes, size, _MOST)
    count = len(places)
    called = maps.listed("labels", labels, count)
    values = [
        maps.number(f"scores[{at}]", value)
        for at, value in enumerate(maps.listed("scores", scores, count))
    ]
    if values:
        score_scale(values, probabilities=probabilities)
    verdicts = maps.listed("right", right, count)
    for at, verdict in enumerate(verdicts):
        if verdict is not True and verdict is not False:
            raise ArgumentError(
                "right as a list of True and False",
                f"right[{at}]={shown(verdict)}",
                "write for example right=[True, False]",
            )
    return [
        _Found(
            place,
            named(f"labels[{at}]", called[at]) if called else None,
            partial(_written, values[at], probabilities=probabilities) if values else None,
            verdicts[at] if verdicts else None,
        )
        for at, place in enumerate(places)
    ]


def _written(score: float, *, probabilities: bool) -> str:
    """Return a score as it is written; only what is certain is 100%."""
    if not probabilities:
        return number(score + 0.0, 2)
    share = round(100 * score, 1)
    if score < 1:
        share = min(share, 99.9)
    return text("figure.percent", value=number(min(share, 100.0), 1))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A found window as it is drawn.

    Attributes:
        place: Where it stands: across, down, its width, its height.
        tag: Where its tag stands, in the same way; without a width if it has none.
        words: What the tag says.
        right: Whether it is right.
    """

    place: Place
    tag: Place
    words: str
    right: bool | None

    @classmethod
    def of(cls, found: _Found, panel: Panel) -> _Drawn:
        top, left, bottom, right = found.box
        # To tenths: a figure may have many windows, and each digit counts.
        x, y = (round(each, 1) for each in panel.at(top, left))
        width, height = (round(each * panel.scale, 1) for each in (right - left, bottom - top))
        words = shortened(found.short(), SMALL_SIZE, _WIDEST, bold=True)
        room = min(widest(found.short, SMALL_SIZE, bold=True), _WIDEST) + 8 if words else 0.0
        # On the upper edge, where it hides least of what the window shows; inside the picture.
        tag_x = max(min(x - 4, panel.x + panel.width - room), panel.x)
        tag_y = max(y - _TAG / 2, panel.y)
        tag = round(tag_x, 1), round(tag_y, 1), round(room, 1), _TAG
        return cls((x, y, width, height), tag, words, found.right)

    def window(self, at: int, *, tagged: bool) -> str:
        """Draw the window, which is dashed if what was found is wrong, and leads to its step."""
        data = box(*self.place)
        dash = "6 4" if self.right is False else None
        casing = element("path", class_="cx-casing", d=data, stroke_width=4)
        frame = casing + element("path", class_="cx-found", d=data, stroke_dasharray=dash)
        content = frame + self.badge * tagged
        return element("g", content, data_step=at, pointer_events="all")

    @property
    def ring(self) -> str:
        """What picks the window out: a broad line, of which its own leaves both edges."""
        x, y, width, height = self.place
        data = box(x - 2.5, y - 2.5, width + 5, height + 5)
        return element("path", class_="cx-window", d=data, style="stroke-width:5")

    @property
    def badge(self) -> str:
        """The tag, and the mark of what is right or wrong."""
        parts = []
        if self.words:
            x, y, width, height = self.tag
            parts.append(rectangle("cx-paper cx-found", self.tag))
            middle = x + width / 2
            baseline = round(y + height / 2 + 5.5, 1)
            parts.append(label(round(middle, 1), baseline, self.words, "cx-tag cx-middle"))
        if self.right is not None:
            x, y, width, _ = self.place
            parts.append(_mark(x + width, max(y, self.tag[1] + _DISC), right=self.right))
        return "".join(parts)


def _apart(tags: Sequence[Place]) -> set[int]:
    """Return which tags can stand at the same time: the last first, since it stays."""
    kept: list[int] = []
    for at in reversed(range(len(tags))):
        x, y, width, height = tags[at]
        if all(
            x >= tags[other][0] + tags[other][2]
            or tags[other][0] >= x + width
            or y >= tags[other][1] + tags[other][3]
            or tags[other][1] >= y + height
            for other in kept
        ):
            kept.append(at)
    return set(kept)


def _mark(x: float, y: float, *, right: bool) -> str:
    """Draw a tick or a cross about a place."""
    x, y = round(x, 1), round(y, 1)
    disc = element("circle", class_="cx-paper", cx=x, cy=y, r=_DISC)
    if right:
        data = f"M{decimal(x - 4.5)} {decimal(y + 0.5)}l3 3.5 6-7"
        return disc + element("path", class_="cx-exact", d=data)
    data = f"M{decimal(x - 4)} {decimal(y - 4)}l8 8m0-8l-8 8"
    return disc + element("path", class_="cx-error-line", d=data, stroke_width=3)


def _found_swatch(x: float, y: float) -> str:
    return element("path", class_="cx-found", d=box(x, y, SWATCH, SWATCH))


def _right_swatch(x: float, y: float) -> str:
    return _mark(x + SWATCH / 2, y + SWATCH / 2, right=True)


def _wrong_swatch(x: float, y: float) -> str:
    data = box(x, y, SWATCH, SWATCH)
    dashed = element("path", class_="cx-found", d=data, stroke_dasharray="6 4")
    return dashed + _mark(x + SWATCH / 2, y + SWATCH / 2, right=False)


def _keys(found: Sequence[_Found]) -> list[Key]:
    """Return the marks that need a word."""
    keys: list[Key] = []
    if found:
        keys.append((text("figure.detections.key.found"), _found_swatch))
    verdicts = [each.right for each in found]
    for verdict, key, swatch in ((True, "right", _right_swatch), (False, "wrong", _wrong_swatch)):
        if count := sum(each is verdict for each in verdicts):
            keys.append((_share(key, count, len(found)), swatch))
    return keys


def _share(key: str, count: int, total: int) -> str:
    return text(f"figure.detections.key.{key}", count=number(count), total=number(total))


def _counted(kind: str, found: Sequence[_Found], looked: int | None) -> str:
    """Return how many windows were found, in words."""
    count = number(len(found))
    if looked is not None:
        return text(f"figure.detections.{kind}.of", count=count, total=number(looked))
    form = "one" if len(found) == 1 else "many"
    return text(f"figure.detections.{kind}.{form}", count=count)


def _phrases(
    found: Sequence[_Found], looked: int | None, size: tuple[int, int], name: str | None
) -> list[str]:
    called = [shortened(name, SMALL_SIZE, ROOM / 2)] if name else []
    return [*called, _counted("windows", found, looked), text("figure.input", size=shape(size))]


def _title(
    found: Sequence[_Found], looked: int | None, size: tuple[int, int], name: str | None
) -> str:
    values = {"found": _counted("found", found, looked), "image": shape(size)}
    if name is None:
        return text("figure.detections.title", **values)
    return text("figure.detections.title_of", name=heat_words.brief(name), **values)


def _description(
    found: Sequence[_Found],
    looked: int | None,
    size: tuple[int, int],
    name: str | None,
) -> str:
    verdicts = [each.right for each in found if each.right is not None]
    values = {"found": _counted("found", found, looked), "image": shape(size)}
    sentences = [text("figure.detections.describes.image", **values)]
    if name:
        sentences.append(text("figure.detections.describes.name", name=name))
    if found and found[0].short():
        listed = text("figure.semicolon").join(each.both() for each in found)
        sentences.append(text("figure.detections.describes.all", listed=listed))
    if verdicts:
        count, total = number(sum(verdicts)), number(len(verdicts))
        sentences.append(text("figure.detections.describes.right", count=count, total=total))
    if len(found) > 1:
        sentences.append(text("figure.detections.describes.motion"))
    return heat_words.joined(*sentences)
