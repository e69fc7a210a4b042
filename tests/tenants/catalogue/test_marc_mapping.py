"""What a record says of a title, in either dialect."""

import pytest
from marcs import one

from pinakes.tenants.catalogue.keys import isbn13, issn8
from pinakes.tenants.catalogue.marc import Class, Isbn, Link, Name, title_of

CNMARC = (
    "001 012345",
    "010 __ $a7-02-000220-X$b精装$dCNY59.70",
    "010 __ $z7-02-000220-7",
    "100 __ $a20020204d1982    em y0chiy50      ea",
    "101 0_ $achi",
    "200 1_ $a红楼梦$Ahong lou meng$e三家评本$f曹雪芹著$g高鹗续",
    "205 __ $a2版",
    "210 __ $a北京$c人民文学出版社$d1982",
    "215 __ $a3册 (1606页)$c图$d21cm",
    "225 2_ $a中国古典文学读本丛书$v7",
    "330 __ $a长篇章回小说。",
    "333 __ $a成人",
    "510 1_ $aDream of the red chamber$zeng",
    "606 0_ $a章回小说$y中国$z清代",
    "690 __ $aI242.4$v3",
    "701 _0 $a曹雪芹$Acao xue qin$4著",
    "702 _0 $a高鹗$9gao e$4续",
    "801 _1 $aCN$bXYZ",
    "801 _3 $aCN$bNLC$c20021111",
    "856 4_ $uhttps://example.org/1$2在线",
)
MARC21 = (
    "001 99008",
    "003 DLC",
    "008 990101s1999    ilua    o     000 0 eng d",
    "020 __ $a9781608960422 (pbk.) :",
    "020 __ $a0131103628X",
    "022 __ $a0028-0836",
    "050 00 $aQA76.73$b.C15 1988",
    "082 04 $a005/.13/3$223",
    "084 __ $aTP312$2clc",
    "100 1_ $aRitchie, Dennis M.,$d1941-2011.$eauthor.",
    "245 14 $aThe C programming language :$ba tour /$cDennis M. Ritchie.",
    "246 3_ $aC",
    "250 __ $aSecond ed.",
    "264 _1 $a[Englewood Cliffs, N.J.] :$bPrentice Hall,$c[1999]",
    "300 __ $axii, 272 pages :$billustrations ;$c25 cm.",
    "490 1_ $aSoftware series ;$v3",
    "650 _0 $aC (Computer program language)$vHandbooks.",
    "650 _0 $aC (Computer program language)$vHandbooks.",
    "700 1_ $aKernighan, Brian W.",
)


def test_cnmarc_is_understood() -> None:
    title = title_of(one(*CNMARC))
    assert (title.control_number, title.agency) == ("012345", "NLC")
    assert (title.title, title.subtitle) == ("红楼梦", "三家评本")
    assert title.responsibility == "曹雪芹著 ; 高鹗续"
    assert title.titles == ("Dream of the red chamber",)
    assert title.pinyin == ("hong lou meng",)
    assert title.names == (
        Name("曹雪芹", ("cao xue qin",), "著"),
        Name("高鹗", ("gao e",), "续"),
    )
    assert (title.place, title.publisher, title.year) == ("北京", "人民文学出版社", 1982)
    assert (title.edition, title.extent) == ("2版", "3册 (1606页) : 图 ; 21cm")
    assert title.series == ("中国古典文学读本丛书 ; 7",)
    assert title.isbn == (Isbn("7-02-000220-X", "9787020002207"), Isbn("7-02-000220-7"))
    assert title.subjects == ("章回小说--中国--清代",)
    assert title.classes == (Class("clc", "I242.4"),)
    assert (title.language, title.form, title.audience) == ("chi", "book", "成人")
    assert title.links == (Link("https://example.org/1", "在线"),)


def test_marc21_is_understood_and_its_punctuation_goes() -> None:
    title = title_of(one(*MARC21))
    assert title.full == "The C programming language : a tour"
    assert title.filing == "C programming language"
    assert title.responsibility == "Dennis M. Ritchie"
    assert title.names == (
        Name("Ritchie, Dennis M.", (), "author"),
        Name("Kernighan, Brian W.", (), ""),
    )
    assert (title.place, title.publisher) == ("Englewood Cliffs, N.J.", "Prentice Hall")
    assert (title.published, title.year) == ("[1999]", 1999)
    assert title.edition == "Second ed."
    assert title.isbn[0].isbn13 == "9781608960422"
    assert title.isbn[1] == Isbn("0131103628X")
    assert title.issn == ("0028-0836",)
    assert {c.scheme for c in title.classes} == {"clc", "ddc", "lcc"}
    assert Class("ddc", "005.133") in title.classes
    assert title.subjects == ("C (Computer program language)--Handbooks",)
    assert title.series == ("Software series ; 3",)
    assert (title.language, title.form) == ("eng", "ebook")


def test_the_original_script_is_shown_and_the_romanised_form_is_kept() -> None:
    title = title_of(
        one(
            "001 1",
            "100 1_ $6880-01$aWu, Zhengde.",
            "245 10 $6880-02$aTou dai zhi ying kui /$cWu Zhengde.",
            "264 _1 $6880-03$aTaibei :$bLi jin hui,$c1998.",
            "880 1_ $6100-01/$1$a吳正德.",
            "880 10 $6245-02/$1$a頭戴之　硬盔 /$c吳正德.",
            "880 _1 $6264-03/$1$a台北市 :$b基金會,$c民國87",
            "880 __ $6500-00/$1$a無所屬",
        )
    )
    assert (title.title, title.titles) == ("頭戴之 硬盔", ("Tou dai zhi ying kui",))
    assert title.names == (Name("吳正德", ("Wu, Zhengde",), ""),)
    assert (title.place, title.publisher) == ("台北市", "基金會")
    assert title.year is None
    assert title.notes == ("無所屬",)


@pytest.mark.parametrize(
    ("line", "title", "filing"),
    [
        ("245 10 $aShip of fools.$nPart 2,$pLand /", "Ship of fools. Part 2, Land", None),
        ("245 10 $aHow does it end? . . . /$cX", "How does it end? . . .", None),
        ("245 10 $aRevised and enlarged.", "Revised and enlarged", None),
        ("245 10 $aSelections from J.S. Bach jr.", "Selections from J.S. Bach jr.", None),
        ("245 12 $aA [sic] tale", "A [sic] tale", "[sic] tale"),
        ("245 19 $aOdd", "Odd", ""),
        ("200 1_ $a\x88Les \x89misérables", "Les misérables", "misérables"),
        ("200 1_ $a呐喊$a彷徨", "呐喊 ; 彷徨", None),
        ("200 1_ $a中国通史$h第一卷$i先秦", "中国通史. 第一卷, 先秦", None),
    ],
)
def test_titles_are_put_together(line: str, title: str, filing: str | None) -> None:
    made = title_of(one("001 1", line))
    assert made.title == title
    assert made.filing == (title if filing is None else filing)


def test_a_record_without_a_title_has_an_empty_one() -> None:
    assert title_of(one("001 1", "100 1_ $aNobody", "040 __ $aX")).title == ""


@pytest.mark.parametrize(
    ("leader", "line", "form"),
    [
        ("nas a i ", "001 1", "serial"),
        ("nas a i ", "007 cr nn", "ejournal"),
        ("nim a i ", "001 1", "audiobook"),
        ("ngm a i ", "001 1", "video"),
        ("naa a i ", "001 1", "article"),
        ("n?? a i ", "001 1", "book"),
    ],
)
def test_the_form_is_a_word(leader: str, line: str, form: str) -> None:
    assert title_of(one(line, "245 10 $aX", leader=leader)).form == form


@pytest.mark.parametrize(
    ("line", "year"),
    [("264 _1 $cc2004, 1998", 2004), ("264 _1 $c[19--]", None), ("264 _1 $c民國87 [1998]", 1998)],
)
def test_a_year_is_found_in_words(line: str, year: int | None) -> None:
    assert title_of(one("001 1", "245 10 $aX", line)).year == year


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("978-7-02-000220-7", "9787020002207"),
        ("ISBN 7 02 000220 x (平装)", "9787020002207"),
        ("９７８７０２０００２２０７", "9787020002207"),
        ("国际标准书号 978-7-02-000220-7", "9787020002207"),
        ("SBN 306-40615-2 (pbk.)", "9780306406157"),
        ("306-40615-3", ""),
        ("1-306-40615-2", ""),  # ten digits, and wrong
        ("702000108", ""),  # of China's, without its last digit, though it would be right
        ("978030028", ""),
        ("7-02-000220-7", ""),
        ("", ""),
    ],
)
def test_an_isbn_has_one_form(written: str, expected: str) -> None:
    assert isbn13(written) == expected


def test_an_issn_has_one_form() -> None:
    assert (issn8("ISSN 0028–0836."), issn8("0028-0837")) == ("0028-0836", "")


@pytest.mark.parametrize(
    ("line", "title", "subtitle", "parallel"),
    [
        ("245 10 $a动态 =$bNewsletter :$bof poetry /$cX", "动态", "", ("Newsletter : of poetry",)),
        ("245 10 $aA :$bsub = B : under /$cX", "A", "sub", ("B : under",)),
        ("245 10 $aA =$bB = C", "A", "", ("B", "C")),
        ("245 10 $aE = mc2", "E = mc2", "", ()),
        ("200 1_ $a书$e副$d= Book$eunder$fX", "书", "副", ("Book : under",)),
        (
            "200 1_ $a书$i东亚$dBook$h1$iEast$dLivre$f张$h二",
            "书. 东亚. 二",
            "",
            ("Book. 1, East", "Livre"),
        ),
        ("200 1_ $a花间集$f赵$c花间集补$f温", "花间集. 花间集补", "", ()),
    ],
)
def test_a_parallel_title_is_told_from_the_rest(
    line: str, title: str, subtitle: str, parallel: tuple[str, ...]
) -> None:
    made = title_of(one("001 1", line))
    assert (made.title, made.subtitle, made.parallel) == (title, subtitle, parallel)
    assert set(parallel) <= set(made.titles)


def test_a_uniform_title_is_found_beside_the_title() -> None:
    foreign = title_of(one("240 10 $aIliad.$lEnglish", "245 14 $aThe Iliad of Homer"))
    assert (foreign.uniform, foreign.titles) == (("Iliad",), ("Iliad",))
    assert title_of(one("200 1_ $a石头记", "500 10 $a红楼梦")).uniform == ("红楼梦",)


def test_wrong_issns_are_kept_and_marked() -> None:
    title = title_of(one("022 __ $a0028-0837$y0028-0831$z1234", "022 __ $a0028-0836", "245 10 $aX"))
    assert (title.issn, title.issn_wrong) == (("0028-0836",), ("0028-0837", "0028-0831 1234"))


@pytest.mark.parametrize(
    ("lines", "carrier"),
    [
        (("338 __ $bcr", "007 sd"), "online"),
        (("338 __ $bnc",), "volume"),
        (("007 tb",), "large-print"),
        (("007 cr nn",), "online"),
        (("007 c", "245 10 $aX"), "electronic"),
        (("106 __ $ar", "200 1_ $aX"), "volume"),
        (("135 __ $adr", "200 1_ $aX"), "online"),
        (("135 __ $ado", "200 1_ $aX"), "electronic"),
        (("245 10 $aX",), ""),
    ],
)
def test_the_carrier_is_a_word(lines: tuple[str, ...], carrier: str) -> None:
    assert title_of(one("001 1", *lines)).carrier == carrier


def test_all_languages_are_told_and_what_it_was_translated_from() -> None:
    old, new = (
        one("041 1_ $aengfre$hrus", "245 10 $aX"),
        one("101 1_ $achi$aeng$cjpn", "200 1_ $aX"),
    )
    assert (title_of(old).languages, title_of(old).original) == (("eng", "fre"), "rus")
    assert (title_of(new).languages, title_of(new).language) == (("chi", "eng"), "chi")
    assert title_of(new).original == "jpn"


@pytest.mark.parametrize(
    ("lines", "age"),
    [
        (("008 990101s1999    ilua   j", "245 10 $aX"), "children"),
        (("100 __ $a20020204d1982    em y0chiy50", "200 1_ $aX"), "young"),
        (("245 10 $aX",), ""),
    ],
)
def test_the_age_of_its_readers_is_a_word(lines: tuple[str, ...], age: str) -> None:
    assert title_of(one("001 1", *lines)).age == age


def test_what_is_no_number_of_a_scheme_is_left_out() -> None:
    lines = ("050 _4 $a082 T66", "084 __ $a200247", "090 __ $aVOLTAIRE", "084 __ $aI247.5")
    assert title_of(one("245 10 $aX", *lines)).classes == (Class("clc", "I247.5"),)


def test_what_is_particular_to_maps_and_journals_is_told() -> None:
    assert title_of(one("200 1_ $a地图", "206 __ $a1:500万")).specific == "1:500万"
    assert title_of(one("200 1_ $a刊", "207 _0 $a1980, no. 1-")).specific == "1980, no. 1-"


def test_two_addresses_in_one_field_are_two_links() -> None:
    title = title_of(one("245 10 $aX", "856 4_ $uhttp://a.test/$uhttp://b.test/$3Both"))
    assert title.links == (Link("http://a.test/", "Both"), Link("http://b.test/", "Both"))


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("HTTPS://a.test/b:c", True),
        ("urn:nbn:cn:1", True),
        ("www.a.test/x?y=z:1", True),
        ("www.a.test", True),
        ("javascript:alert(1)", False),
        (" JavaScript:alert(1)//http://a.test", False),
        ("java\tscript:alert(1)", False),
        ("data:text/html;base64,PHNjcmlwdD4=", False),
        ("file:///etc/passwd", False),
    ],
)
def test_what_would_run_or_open_a_file_is_no_link(url: str, leads: bool) -> None:
    assert bool(title_of(one("245 10 $aX", f"856 4_ $u{url}")).links) == leads
