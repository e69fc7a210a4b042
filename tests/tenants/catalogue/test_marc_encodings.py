"""A character set is judged by the bytes; what cannot be read for certain is not guessed at."""

import unicodedata

import pytest
from marcs import found, iso, reasons

from pinakes.tenants.catalogue.marc import Broken, Dialect, Record
from pinakes.tenants.catalogue.marc.reading import UnknownEncoding

CHINESE = (
    "001 1",
    "200 1_ $a红楼梦研究资料汇编$f俞平伯著",
    "210 __ $a北京$c中华书局$d1985",
    "801 _0 $bT",
)
GB_SAYS = "100 __ $a20020204d1994    em y0chiy0120    ea"
ESCAPE = b"\x1b"


def read_as(data: bytes, encoding: str | None = None) -> Record:
    (record,) = found(data, encoding=encoding)
    assert isinstance(record, Record), record
    return record


def raw(leader9: str, *fields: bytes) -> bytes:
    """A MARC 21 record of 245s whose values are these bytes."""
    parts = [b"10\x1fa" + value + b"\x1e" for value in fields]
    starts = [sum(map(len, parts[:at])) for at in range(len(parts))]
    directory = "".join(f"245{len(p):04d}{s:05d}" for p, s in zip(parts, starts, strict=True))
    base, body = 25 + len(directory), b"".join(parts)
    head = f"{base + len(body) + 1:05d}nam {leader9}22{base:05d} i 4500{directory}\x1e"
    return head.encode() + body + b"\x1d"


def test_utf8_is_utf8_whatever_the_leader_says() -> None:
    record = read_as(raw(" ", "论语".encode()))
    assert (record.encoding, record.repairs) == ("utf-8", ("encoding_corrected",))
    assert read_as(raw("a", "论语".encode())).repairs == ()


def test_plain_letters_claim_nothing() -> None:
    assert read_as(raw(" ", b"Plain")).encoding == "ascii"
    assert read_as(raw("a", b"Plain")).encoding == "utf-8"


@pytest.mark.parametrize("says", [(), (GB_SAYS,)])
def test_chinese_of_2003_is_read(says: tuple[str, ...]) -> None:
    record = read_as(iso(*CHINESE, *says, leader="nam0    ", encoding="gb18030"))
    assert (record.encoding, record.dialect) == ("gb18030", Dialect.UNIMARC)
    assert record.fields[1] == ("200", "1 \x1fa红楼梦研究资料汇编\x1ff俞平伯著")


def test_traditional_characters_need_the_record_to_say_so() -> None:
    lines = ("001 1", "200 1_ $a紅樓夢硏究資料彙編", "801 _0 $bT")
    (unsaid,) = found(iso(*lines, leader="nam0    ", encoding="gb18030"))
    said = read_as(iso(*lines, GB_SAYS, leader="nam0    ", encoding="gb18030"))
    assert isinstance(unsaid, Broken)
    assert said.encoding == "gb18030"


def test_chinese_under_a_leader_that_says_utf8_is_read() -> None:
    record = read_as(raw("a", "红楼梦研究资料".encode("gb18030")))
    assert (record.encoding, record.repairs) == ("gb18030", ("encoding_corrected",))


@pytest.mark.parametrize(
    ("said", "encoding"),
    [("0102", "koi8-r"), ("99  ", "koi8-r"), ("89  ", "windows-1251"), ("79  ", "cp866")],
)
def test_russian_is_read_where_the_record_says_so(said: str, encoding: str) -> None:
    says = f"100 __ $a20020204d1994    em y0rusy{said}    ca"
    record = read_as(
        iso("001 1", says, "200 1_ $aУездное$fЕ. Замятин", "801 _0 $bT", encoding=encoding)
    )
    assert record.encoding == encoding
    assert record.fields[2][1].endswith("Уездное\x1ffЕ. Замятин")


def test_the_caller_may_know_the_character_set() -> None:
    data = iso("001 1", "245 10 $aПреступление и наказание", encoding="windows-1251")
    assert reasons(found(data)) == ["encoding_unclear"]
    record = read_as(data, "cp1251")
    assert record.encoding == "windows-1251"
    assert "наказание" in record.fields[1][1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"caf\xe2e", "café"),
        (b"\xf2hayim, Grinbla\xf2t", "ḥayim, Grinblaṭ"),
        (b"\xa1\xf5d\xe2z", "Łd̳ź"),
        (b"\xe8\xe2u", "ü\u0301"),
        (b"\xb9 0.75", "£ 0.75"),
        (ESCAPE + b"(2`abc" + ESCAPE + b"(B", "אבגד"),
        (ESCAPE + b"$1!0G!0H" + ESCAPE + b"(B", None),
        (b"H" + ESCAPE + b"b2" + ESCAPE + b"sO", "H₂O"),
    ],
)
def test_marc8_is_read(value: bytes, expected: str | None) -> None:
    record = read_as(raw(" ", value))
    assert record.encoding == "marc-8"
    if expected:
        assert record.fields[0][1][4:] == unicodedata.normalize("NFC", expected)


def test_marc8_under_a_leader_that_says_utf8_is_believed_to_the_caller_alone() -> None:
    data = raw("a", b"caf\xe2e")
    assert reasons(found(data)) == ["encoding_unclear"]
    record = read_as(data, "marc-8")
    assert (record.fields[0][1][4:], record.repairs) == ("café", ("encoding_corrected",))


@pytest.mark.parametrize(
    "value",
    [
        b"P\xe5 omslaget",  # Latin-1: a mark before a blank
        b"\xd6stersund",  # no such letter
        ESCAPE + b"(9abc",  # no such set
        ESCAPE + b"$1\x7f\x7f\x7f",
        b"$1!0G!0H!0I(B",  # escapes that somebody filtered out
        b"caf\xe9",
        *(
            words.encode("latin-1")
            for words in (
                "Prévert",
                "Mädchen",
                "Länder und Völker",
                "Köln",
                "la península española",
                "études littéraires",
                "Besançon",
                "général",
                "Andrés",
                "©2013",
                "Pérez",
                "São Paulo",
                "Renée",
                "littérature",
            )
        ),
        *(words.encode("latin-1") for words in ("£20.00", "$5 ; £16.95")),
        *(words.encode("cp850") for words in ("Martínez", "España", "Gómez", "SÓs", "Núñez")),
        *(words.encode("cp850") for words in ("Brontë", "Noël", "Shqipërisë", "enquête")),
        *(words.encode("mac-roman") for words in ("società", "città e società", "romântica")),
        *(words.encode("cp1257") for words in ("Athēna", "Papagiōrgēs")),
        *("תולדות עם ישראל".encode(name) for name in ("cp1255", "cp862")),
        *("Преступление и наказание".encode(name) for name in ("cp1251", "koi8-r", "cp866")),
        "Χαρά της ζωής".encode("cp1253"),
        "تاريخ العرب".encode("cp1256"),
        *(words.encode("cp1250") for words in ("mařík", "Wrocław", "dům", "větší")),
        *(words.encode("cp1250") for words in ("Wydział", "Oddziaływanie")),
        b"\xe1\xe2\xe3a",  # three marks on one letter
    ],
)
def test_what_would_be_garbled_is_set_aside(value: bytes) -> None:
    assert reasons(found(raw(" ", value))) == ["encoding_unclear"]


@pytest.mark.parametrize(
    "words",
    [
        b"Dvo\xe9r\xe2ak, P\xe9r\xe2ibram, \xe9Capek",  # Czech
        b"Cha\xf3zl, mu\xf2s\xf2taf\xe2a",
        b"Vi\xf2\xe3et Nam, ti\xe3\xe2eng",
        b"\xebI\xecUri\xe6i, T\xebs\xecvetaeva",  # Russian: one mark over two letters
        b"Espa\xe4na, a\xe4nos",
        b"si\xf1e, s\xf1a, ksi\xf1a\xe7zka",  # Polish
        b"r\xf4\xe5i, K\xf4r\xf2s\xf2na, pa\xe4nca, j\xe4n\xe5ana",  # Sanskrit
        b"k\xf6h\xf6v\xe5aja, S\xf6h\xe5ah, Tami\xf6l",
        b"H\xe8auser, K\xe8oln, f\xe8ur",
        b"P\xe9ribram, d\xe9eti",
        b"\x88The \x89end, \x88L'\x89oc\xe2ean, \x88al-\x89Kit\xe5ab",  # articles, not sorted by
        b"\xa3or\xb3evi\xe2c, \xa2stergaard, M\xa2LLER, \xa1ukasz, \xa6dipe",
        b"sa\xe7mgha, me\xb3u",
        b"Hrach\xb0, kyank\xb0n, gorts\xe9e",  # Armenian: sign of MARC-8 within words
    ],
)
def test_marks_stand_where_languages_put_them(words: bytes) -> None:
    assert read_as(raw(" ", words)).encoding == "marc-8"


def test_the_caller_may_know_of_odd_marks_and_of_latin_1() -> None:
    data = raw(" ", b"Pr\xe9vert")
    assert reasons(found(data)) == ["encoding_unclear"]
    assert read_as(data, "latin-1").fields[0][1][4:] == "Prévert"
    assert read_as(data, "marc-8").fields[0][1][4:] == "Prv̌ert"


@pytest.mark.parametrize("title", ["Edições da conceição", "Le théâtre", "Coleção João"])
def test_a_chinese_character_in_a_latin_word_is_none(title: str) -> None:
    lines = ("001 1", f"200 1_ $a{title}", "801 _0 $bT")
    unsaid = iso(*lines, leader="nam0    ", encoding="latin-1")
    assert reasons(found(unsaid)) == ["encoding_unclear"]
    assert read_as(unsaid, "latin-1").fields[1][1].endswith(title)


@pytest.mark.parametrize("title", ["A股B股市场导论", "X和Y：解方程", "Word版教程", "K歌之王"])
def test_a_chinese_character_beside_latin_letters_is_one_all_the_same(title: str) -> None:
    lines = ("001 1", f"200 1_ $a{title}$f王大明编", "801 _0 $bT")
    assert read_as(iso(*lines, leader="nam0    ", encoding="gb18030")).encoding == "gb18030"


@pytest.mark.parametrize("title", ["红楼梦研究资料", "紅樓夢硏究資料彙編", "蚯蚓蟋蟀", "红楼梦"])
@pytest.mark.parametrize("told", ["windows-1251", "koi8-r", "latin-1"])
def test_chinese_that_says_so_is_read_whatever_the_caller_thinks(title: str, told: str) -> None:
    lines = ("001 1", GB_SAYS, f"200 1_ $a{title}$f俞平伯著", "801 _0 $bT")
    record = read_as(iso(*lines, leader="nam0    ", encoding="gb18030"), told)
    assert (record.encoding, record.repairs) == ("gb18030", ())
    assert record.fields[2][1].startswith(f"1 \x1fa{title}")


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Преступление и наказание", "windows-1251"),
        ("ПРЕСТУПЛЕНИЕ И НАКАЗАНИЕ", "koi8-r"),
        ("圖書館與資訊社會之研究", "big5"),
        ("Χαρά της ζωής", "windows-1253"),
        ("תולדות ישראל", "windows-1255"),
        ("ประวัติศาสตร์ไทย", "tis-620"),
        ("L’été – «Prévert» n° 3 ©2013, £5, 1990–1995", "windows-1252"),
        ("1990–1995", "windows-1252"),
    ],
)
@pytest.mark.parametrize("says", [(), (GB_SAYS,)])
def test_the_caller_knows_better_where_that_makes_words(
    title: str, told: str, says: tuple[str, ...]
) -> None:
    lines = ("001 1", *says, f"200 1_ $a{title}", "801 _0 $bT")
    record = read_as(iso(*lines, leader="nam0    ", encoding=told), told)
    assert record.encoding == told
    assert record.fields[-2][1] == f"1 \x1fa{title}"


def test_what_the_caller_says_is_not_believed_where_it_makes_no_words() -> None:
    data = iso("001 1", "245 10 $aПреступление и наказание", encoding="koi8-r")
    assert reasons(found(data, encoding="windows-1251")) == ["encoding_unclear"]


def test_escapes_mean_something_in_marc_21_or_to_the_caller_alone() -> None:
    lines = ("001 1", "200 1_ $a図書館の歴史", "801 _0 $bT")
    data = iso(*lines, leader="nam0    ", encoding="iso2022_jp")
    assert reasons(found(data)) == ["encoding_unclear"]
    assert read_as(data, "iso2022_jp").fields[1][1].endswith("図書館の歴史")


def test_private_characters_are_nothing_that_chinese_can_be_told_by() -> None:
    lines = ("001 1", "200 1_ $a红楼梦研究资料汇编\ue000", "801 _0 $bT")
    unsaid = iso(*lines, leader="nam0    ", encoding="gb18030")
    assert reasons(found(unsaid)) == ["encoding_unclear"]
    assert read_as(iso(*lines, GB_SAYS, leader="nam0    ", encoding="gb18030"))


KOREAN = ("245 10 $a한국 도서관의 역사와 전망 /$c김영희 지음", "260 __ $a서울 :$b한길사")
JAPANESE = ("245 10 $a図書館情報学の基礎と展望 /$c山田花子編", "260 __ $a東京 :$b岩波書店")
TRADITIONAL = ("245 10 $a圖書館與資訊社會之研究 /$c王大明撰", "260 __ $a臺北 :$b學生書局")
EAST_ASIAN = [
    (KOREAN, "euc-kr"),
    (JAPANESE, "euc-jp"),
    (JAPANESE, "shift-jis"),
    (TRADITIONAL, "big5"),
]


@pytest.mark.parametrize(("lines", "encoding"), EAST_ASIAN)
@pytest.mark.parametrize("dialect", Dialect)
def test_what_is_korean_or_japanese_is_not_read_as_chinese(
    lines: tuple[str, ...], encoding: str, dialect: Dialect
) -> None:
    data = iso(*lines, encoding=encoding)
    assert reasons(found(data, dialect)) == ["encoding_unclear"]
    (told,) = found(data, dialect, encoding)
    assert isinstance(told, Record)
    assert told.fields[0][1].endswith(lines[0].rpartition("$c")[2])


@pytest.mark.parametrize(
    "title",
    [
        "饕餮纹饰青铜器鉴赏",
        "蚯蚓蟋蟀蜻蜓蝴蝶螳螂蝉图谱",
        "硝酸盐—起泡、冒泡、浮泡",
        "《源氏物語》の世界",
    ],
)
def test_rare_words_are_chinese_all_the_same(title: str) -> None:
    lines = ("001 1", f"200 1_ $a{title}$f龚翀骧著", "801 _0 $bT")
    assert read_as(iso(*lines, leader="nam0    ", encoding="gb18030")).encoding == "gb18030"


def test_utf8_with_one_wrong_byte_is_set_aside() -> None:
    assert reasons(found(raw("a", "论语".encode() + b"\xff"))) == ["encoding_unclear"]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_text_encoded_again_and_again_is_put_right(times: int) -> None:
    value = "Œuvres complètes, 论语".encode()
    for _ in range(times):
        value = value.decode("latin-1").encode()
    record = read_as(raw("a", value))
    assert record.fields[0][1].endswith("Œuvres complètes, 论语")
    assert record.repairs == ("twice_encoded",)


def test_a_set_nobody_reads_yet_is_named() -> None:
    says = "100 __ $a" + "20020204d1994    em y0frey0103    ba"
    data = iso("001 1", says, "200 1_ $aTh\xc2e\xe9\xc3\xa0", "801 _0 $bT", encoding="latin-1")
    (broken,) = found(data)
    assert isinstance(broken, Broken)
    assert (broken.reason, broken.facts) == ("encoding_not_supported", {"declared": "iso5426"})


@pytest.mark.parametrize(
    "name", ["nothing", "\0", "hex", "zlib", "idna", "unicode_escape", "utf-7"]
)
def test_what_is_no_character_set_is_refused_at_once(name: str) -> None:
    with pytest.raises(UnknownEncoding):
        found(iso("001 1", "245 10 $aX"), encoding=name)
