"""A book as a record of either dialect, in ISO 2709."""

from collections.abc import Callable

from pinakes.main.demo.marc_books import Book
from pinakes.platform.text import pinyin

Field = tuple[str, str]
Fields = list[Field]
DAY = "20260105"
SEPARATOR = "\x1f"


def iso2709(fields: Fields, leader: str) -> bytes:
    """A whole record; *leader* is its positions 5 to 9 and 17 to 19."""
    directory, body = "", b""
    for tag, text in fields:
        part = text.encode() + b"\x1e"
        directory += f"{tag}{len(part):04d}{len(body):05d}"
        body += part
    base = 24 + len(directory) + 1
    length = base + len(body) + 1
    head = f"{length:05d}{leader[:5]}22{base:05d}{leader[5:]}4500{directory}\x1e"
    return head.encode("ascii") + body + b"\x1d"


def cnmarc(book: Book) -> bytes:
    """CNMARC with pinyin in $9 and copies in 905."""
    topic = book.topic
    fields = [
        ("001", f"PN{book.control}"),
        ("005", f"{DAY}120000.0"),
        ("010", _data("  ", "a", book.isbn, "d", f"CNY{book.pages / 10 + 8:.2f}")),
        ("100", _data("  ", "a", f"{DAY}d{book.year}    em y0chiy50      ea")),
        ("101", _data("0 ", "a", book.language)),
        ("102", _data("  ", "a", "CN" if book.language == "chi" else "XX")),
        ("105", _data("  ", "a", "a   z   000yy")),
        ("106", _data("  ", "a", "r")),
        ("200", _data("1 ", "a", book.title, "9", _pinyin(book.title), "e", book.subtitle,
                      "f", f"{book.author}著" if book.language == "chi" else book.author)),
        ("205", _data("  ", "a", f"{book.edition}版" if book.edition > 1 else "")),
        ("210", _data("  ", "a", book.place, "c", book.publisher, "d", str(book.year))),
        ("215", _data("  ", "a", f"{book.pages}页", "c", "图", "d", "24cm")),
        ("225", _data("2 ", "a", book.series)),
        ("606", _data("0 ", "a", topic.heading)),
        ("690", _data("  ", "a", topic.clc, "v", "5")),
        ("701", _data(" 0", "a", book.inverted, "9", _person(book.author), "4", "著")),
        ("801", _data(" 0", "a", "CN", "b", "PNK", "c", DAY)),
    ]  # fmt: skip
    for copy, barcode in enumerate(book.barcodes, 1):
        shelf = ("d", topic.clc, "e", str(book.number), "f", str(copy))
        fields.append(("905", _data("  ", "a", "PNK", "b", barcode, *shelf)))
    return iso2709([field for field in fields if field[1]], "nam0 " + "   ")


def marc21(book: Book) -> bytes:
    """MARC 21 with ISBD punctuation, Han script in 880 and copies in 952."""
    topic, chinese = book.topic, book.language == "chi"
    title = _pinyin(book.title).capitalize() if chinese else book.title
    author = _person(book.author).title() if chinese else book.author
    inverted = author.replace(" ", ", ", 1) if chinese else book.inverted
    subtitle = "" if chinese else book.subtitle
    year = f"{book.year}."
    fields = [
        ("001", f"pn{book.control}"),
        ("003", "PNK"),
        ("005", f"{DAY}120000.0"),
        ("008", f"{DAY[2:]}s{book.year}    xx a          000 0 {book.language} d"),
        ("020", _data("  ", "a", f"{book.isbn.replace('-', '')} (pbk.)")),
        ("040", _data("  ", "a", "PNK", "b", "eng", "c", "PNK")),
        ("082", _data("04", "a", topic.ddc, "2", "23")),
        ("084", _data("  ", "a", topic.clc, "2", "clc")),
        ("100", _data("1 ", "6", "880-02" if chinese else "", "a", f"{inverted}.")),
        ("245", _title("880-01" if chinese else "", title, subtitle, author)),
        ("250", _data("  ", "a", f"Edition {book.edition}." if book.edition > 1 else "")),
        ("264", _data(" 1", "a", f"{book.place} :", "b", f"{book.publisher},", "c", year)),
        ("300", _data("  ", "a", f"{book.pages} pages :", "b", "illustrations ;", "c", "24 cm")),
        ("490", _data("0 ", "a", book.series)),
        ("650", _data(" 0", *_subject(topic.subject))),
    ]  # fmt: skip
    if chinese:
        fields.append(("880", _title("245-01/$1", book.title, book.subtitle, book.author)))
        fields.append(("880", _data("1 ", "6", "100-02/$1", "a", book.inverted)))
    shelf = f"{topic.ddc} {book.number}"
    for copy, barcode in enumerate(book.barcodes, 1):
        place = ("a", "MAIN", "b", "MAIN", "c", "GEN", "o", shelf)
        fields.append(("952", _data("  ", *place, "p", barcode, "t", str(copy), "y", "BK")))
    return iso2709([field for field in fields if field[1]], "nam a" + " i ")


DIALECTS: dict[str, Callable[[Book], bytes]] = {"cnmarc": cnmarc, "marc21": marc21}


def _data(indicators: str, *parts: str) -> str:
    """A data field of codes and values by turns; nothing when every value is empty."""
    pairs = zip(parts[::2], parts[1::2], strict=True)
    text = "".join(SEPARATOR + code + value for code, value in pairs if value)
    return indicators + text if text else ""


def _title(link: str, title: str, subtitle: str, author: str) -> str:
    head = (f"{title} :", "b", f"{subtitle} /") if subtitle else (f"{title} /",)
    return _data(f"1{_articles(title)}", "6", link, "a", *head, "c", f"{author}.")


def _articles(title: str) -> str:
    """How many letters a leading article takes."""
    article = next((word for word in ("The ", "An ", "A ") if title.startswith(word)), "")
    return str(len(article))


def _subject(heading: str) -> tuple[str, ...]:
    main, _, division = heading.partition("--")
    return ("a", f"{main}.") if not division else ("a", main, "x", f"{division}.")


def _person(name: str) -> str:
    """Surname and given name of a Chinese apart: 鲁迅 is lu xun."""
    if name.isascii():
        return ""
    return f"{_pinyin(name[0])} {_pinyin(name[1:]).replace(' ', '')}"


def _pinyin(text: str) -> str:
    return " ".join("".join(word) for word in pinyin(text))
