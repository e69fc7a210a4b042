"""MARCXML is read element by element, with or without a namespace, and trusts nobody."""

import gzip
import tracemalloc
from io import BytesIO
from time import process_time

import pytest
from marcs import found, reasons

from pinakes.tenants.catalogue.marc import Broken, Dialect, Record, UnknownFormat, xmlhidden
from pinakes.tenants.catalogue.marc.framing import LIMIT
from pinakes.tenants.catalogue.marc.source import Source
from pinakes.tenants.catalogue.marc.writing import again
from pinakes.tenants.catalogue.marc.xmlframing import pieces

NAMESPACE = 'xmlns="http://www.loc.gov/MARC21/slim"'
FIELDS = """<leader>00000nam a2200000 i 4500</leader><controlfield tag="001">7</controlfield>
<datafield tag="245" ind1="1" ind2="0"><subfield code="a">紅樓夢 &amp; more</subfield>
</datafield>"""
ONE = f"<record {NAMESPACE}>{FIELDS}</record>"


def collection(*records: str) -> bytes:
    return f'<?xml version="1.0"?>\n<collection>{"".join(records)}</collection>'.encode()


def test_an_element_becomes_a_record_and_its_bytes_are_kept() -> None:
    data = collection(ONE)
    (record,) = found(data)
    assert isinstance(record, Record)
    assert record.fields == (("001", "7"), ("245", "10\x1fa紅樓夢 & more"))
    assert record.raw == ONE.encode()
    assert data[record.offset :].startswith(record.raw)


@pytest.mark.parametrize(
    "data",
    [
        f"<record>{FIELDS}</record>",
        f"<!-- <record> --><record>{FIELDS}</record>",
        f"<collection><record>{FIELDS}</record ></collection>",
        "<m:collection xmlns:m='x'>"
        + f"<record>{FIELDS}</record>".replace("<", "<m:").replace("<m:/", "</m:")
        + "</m:collection>",
        f"<record><recordData><record>{FIELDS}</record></recordData></record>",
        f"<record><leader>x</leader><!-- </record> -->{FIELDS}</record>",
    ],
)
def test_wrappers_prefixes_and_comments_do_not_matter(data: str) -> None:
    (record,) = found(data.encode())
    assert isinstance(record, Record)
    assert record.fields[-1] == ("245", "10\x1fa紅樓夢 & more")


def test_utf16_and_gb18030_are_read_as_they_say() -> None:
    utf16 = f'<?xml version="1.0" encoding="UTF-16"?>{ONE}'.encode("utf-16")
    gbk = f'<?xml version="1.0" encoding="GBK"?>{ONE}'.encode("gb18030")
    for data in (utf16, gbk):
        (record,) = found(data)
        assert isinstance(record, Record)
        assert record.fields[1][1] == "10\x1fa紅樓夢 & more"


@pytest.mark.parametrize("said", ["gb18030", "windows-1252", "latin-1", "marc-8"])
@pytest.mark.parametrize("written", ["utf-8", "utf-16"])
def test_what_is_unicode_is_read_so_whatever_the_caller_says(said: str, written: str) -> None:
    (record,) = found(collection(ONE).decode().encode(written), encoding=said)
    assert isinstance(record, Record)
    assert record.fields[1][1] == "10\x1fa紅樓夢 & more"
    assert (record.encoding, record.repairs) == ("utf-8", ("encoding_corrected",))


def test_what_is_unicode_is_read_so_whatever_the_file_says() -> None:
    lying = f'<?xml version="1.0" encoding="ISO-8859-1"?>{ONE}'.encode()
    (record,) = found(lying)
    assert isinstance(record, Record)
    assert record.fields[1][1] == "10\x1fa紅樓夢 & more"


def test_a_broken_element_does_not_take_the_next_along() -> None:
    torn = ONE.replace("</datafield>", "")
    open_ended = ONE.replace("</record>", "")
    pieces = found(collection(torn, ONE, open_ended, ONE, "<record><leader/></record>"))
    assert reasons(pieces) == ["xml_malformed", "record", "xml_malformed", "record", "empty_record"]


def test_a_file_cut_off_inside_an_element_says_so() -> None:
    assert reasons(found(collection(ONE, ONE)[:-40])) == ["record", "cut_off"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_damaged_archive_says_so_in_every_form_of_unicode(encoding: str) -> None:
    many = "".join(ONE.replace(">7<", f">{number}<") for number in range(3000))
    packed = gzip.compress(f"<collection>{many}</collection>".encode(encoding))
    told = reasons(found(packed[: len(packed) // 2]))
    assert (told[0], told[-1]) == ("record", "archive_damaged")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [('tag="245"', ""), ('tag="245"', 'tag="24"'), ('code="a"', ""), ('code="a"', 'code="ab"')],
)
def test_an_element_that_is_no_marc_is_named(was: str, becomes: str) -> None:
    assert reasons(found(collection(ONE.replace(was, becomes), ONE))) == ["xml_not_marc", "record"]


def test_blanks_for_indicators_may_be_left_out() -> None:
    (record,) = found(collection(ONE.replace(' ind1="1" ind2="0"', "")))
    assert isinstance(record, Record)
    assert record.fields[1][1].startswith("  \x1fa")


def test_no_entity_is_ever_resolved() -> None:
    bomb = '<!DOCTYPE c [<!ENTITY a "lol"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    for entity in ("&a;", "&f;"):
        (broken,) = found(f"{bomb}<c>{ONE.replace('紅樓夢', entity)}</c>".encode())
        assert isinstance(broken, Broken)
        assert broken.reason == "xml_malformed"


@pytest.mark.parametrize("before", ["", "<!-- <record> -->", "<?x <!-- ?>"])
def test_a_piece_that_is_read_once_more_brings_no_document_type(before: str) -> None:
    """Attributes are filled from entities whatever the parser is told."""
    tagged = ONE.replace('tag="245"', 'tag="&a;"')
    for data in (ONE, tagged):
        text = f'{before}<!DOCTYPE record [<!ENTITY a "245">]>{data}'
        broken = again(text.encode(), None, "utf-8")
        assert isinstance(broken, Broken)
        assert broken.facts == {"detail": "<!DOCTYPE"}


@pytest.mark.parametrize("encoding", ["marc-8", "euc_kr"])
def test_a_character_set_that_xml_has_not_is_told(encoding: str) -> None:
    broken = again(ONE.replace("紅樓夢", "홍루몽").encode("euc-kr"), None, encoding)
    assert isinstance(broken, Broken)
    assert (broken.reason, broken.facts["declared"]) == ("encoding_not_supported", encoding)


def test_depth_and_size_have_an_end() -> None:
    deep = ONE.replace("紅樓夢", "<b>" * 5000 + "</b>" * 5000)
    wide = ONE.replace("紅樓夢", "x" * 6_000_000)
    assert reasons(found(collection(deep, ONE))) == ["xml_malformed", "record"]
    pieces = found(collection(ONE, wide, ONE))
    assert reasons(pieces) == ["record", "too_long", "xml_malformed", "record"]
    assert pieces[1].raw + pieces[2].raw == wide.encode()


def test_a_comment_full_of_end_tags_takes_no_time() -> None:
    flood = "<!--</record>-->" * 50_000 + "<!--" + "</record>" * 100_000 + "-->"
    assert reasons(found(collection(flood, ONE))) == ["record"]


OPENERS = ("<!-- note", "<![CDATA[note")


def named(name: object) -> str:
    """A sound record that is told from others."""
    return ONE.replace(">7<", f">{name}<")


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("times", [1, 3])
def test_what_is_opened_and_never_closed_costs_only_its_own_record(opener: str, times: int) -> None:
    torn = ONE.replace("紅樓夢", opener * times)
    many = [named(number) for number in range(30_000)]  # longer than LIMIT together
    many[5] = torn
    pieces = found(collection(*many))
    assert [piece.raw.decode() for piece in pieces] == many
    assert reasons(pieces) == ["record"] * 5 + ["xml_malformed"] + ["record"] * 29_994


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("count", [3, 30_000])
def test_what_is_opened_before_the_first_record_hides_none(opener: str, count: int) -> None:
    many = [named(number) for number in range(count)]
    pieces = found(collection(opener, *many))
    assert [piece.raw.decode() for piece in pieces] == many
    assert set(reasons(pieces)) == {"record"}


@pytest.mark.parametrize(("opener", "closer"), [("<!-- note", "-->"), ("<![CDATA[note", "]]>")])
def test_the_closer_of_another_record_closes_nothing(opener: str, closer: str) -> None:
    torn, sound = (ONE.replace("紅樓夢", opener + end) for end in ("", closer))
    told = reasons(found(collection(torn, ONE, sound, torn, sound)))
    assert told == ["xml_malformed", "record", "record", "xml_malformed", "record"]


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 64])
def test_it_does_not_matter_how_the_file_is_read(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = "<!-- </record> --><![CDATA[ </record> <!-- ]]>"
    torn = ONE.replace("紅樓夢", "<!-- <![CDATA[")
    data = collection(hidden, ONE.replace("紅樓夢", hidden), torn, ONE, "<![CDATA[", ONE)
    at_once = [*pieces(Source(BytesIO(data).read))]
    monkeypatch.setattr(xmlhidden, "CHUNK", step)
    assert [*pieces(Source(BytesIO(data).read))] == at_once
    sound = ONE.encode()
    assert [piece.raw for piece in at_once][1:] == [torn.encode(), sound, sound]


def test_an_archive_of_tiny_parts_takes_no_time() -> None:
    whole = b"<leader/>" + b"x" * 3_000_000
    packed = gzip.compress(whole) + gzip.compress(b"x") * 20_000 + gzip.compress(ONE.encode())
    started = process_time()
    assert reasons(found(gzip.compress(b"<collection>") + packed)) == ["xml_malformed", "record"]
    assert process_time() - started < 5  # seconds


@pytest.mark.parametrize(
    "flood",
    ["<!--", "<![CDATA[", "<!--<![CDATA[", "<!--" + "<![CDATA[" * 1000, "<!-- --><![CDATA["],
)
def test_a_flood_of_openers_takes_no_time(flood: str) -> None:
    data = collection(flood * (1_000_000 // len(flood)), ONE)
    started = process_time()
    assert [piece.raw for piece in pieces(Source(BytesIO(data).read))] == [ONE.encode()]
    assert process_time() - started < 5  # seconds; were it quadratic, hours


@pytest.mark.parametrize("opener", OPENERS)
def test_what_is_opened_and_never_closed_takes_little_room(opener: str) -> None:
    parts = iter([opener.encode()] + [b" " * 100_000] * 500 + [ONE.encode()])
    tracemalloc.start()
    assert [piece.raw for piece in pieces(Source(lambda _: next(parts, b"")))] == [ONE.encode()]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * LIMIT


def test_xml_of_another_kind_is_refused() -> None:
    with pytest.raises(UnknownFormat):
        found(b'<?xml version="1.0"?><rss><record>news</record></rss>')


def test_an_empty_collection_holds_nothing() -> None:
    assert found(collection()) == []


def test_the_caller_may_name_the_dialect() -> None:
    (record,) = found(collection(ONE), Dialect.UNIMARC)
    assert isinstance(record, Record)
    assert record.dialect is Dialect.UNIMARC
