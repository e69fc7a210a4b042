"""Damaged records: each thing that can go wrong with bytes goes wrong with some of them."""

import gzip
from functools import cache
from io import BytesIO
from random import Random

from marcs import data_file

from pinakes.tenants.catalogue.marc import Record, read

INSERTED = (b"\x1d", b"\x1e", b"\x1f", b"\r\n", b"\x00", b"\x1b$1", b"\xff", "乱".encode())
TAGS = (b"<", b">", b"</record>", b"<record>", b"&", b"&#0;", b'"', b"\xff")
HIDING = (b"<!--", b"-->", b"<![CDATA[", b"]]>")
NUMBERS = (b"99999", b"00000", b"-0001", b"abcde")
REAL = (  # MARC-8, with escapes and without, GB18030, KOI8-R, and both dialects in UTF-8
    "marc21/evergreen-lul_fre_500.mrc.gz",
    "marc21/evergreen-hebrew.mrc.gz",
    "marc21/lc-books-2016-nonroman.mrc.gz",
    "cnmarc/derived-lc-chinese-gb18030.iso.gz",
    "cnmarc/derived-lc-chinese-utf8.iso.gz",
    "unimarc/idzebra-rusmarc.mrc",
)
REAL_XML = (  # with wrappers called record, with a prefix, and with line breaks or none
    "marcxml/lc-books-2016-general.marcxml.gz",
    "marcxml/koha-demo-bibs.marcxml.gz",
    "cnmarc/dp2-sru-unimarcxml.xml",
    "protocol/sru/catmandu-marcxml_ns_prefix.xml",
)


def damaged(draw: Random, record: bytes) -> bytes:
    """The record with one to twenty things wrong with it."""
    made = bytearray(record)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        at = draw.randrange(len(made) + 1)
        match draw.randrange(6):
            case 0:
                made[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del made[at : at + draw.randrange(1, 40)]
            case 2:
                made[at:at] = draw.choice(INSERTED)
            case 3:
                made[0:5] = draw.choice(NUMBERS)
            case 4:
                made[12:17] = draw.choice(NUMBERS)
            case _:
                made[at:at] = draw.randbytes(draw.randrange(1, 20))
    return bytes(made)


@cache
def real(names: tuple[str, ...]) -> list[bytes]:
    """Sound records of other people's catalogues."""
    found: list[bytes] = []
    for name in names:
        file = data_file(name).read_bytes()
        pieces = read(BytesIO(gzip.decompress(file) if name.endswith(".gz") else file))
        found += [one.raw for one in pieces if isinstance(one, Record) and not one.repairs]
    return found


def torn(draw: Random, element: bytes) -> bytes:
    """The element with one to five things wrong with it."""
    made = bytearray(element)
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(len(made) + 1)
        match draw.randrange(3):
            case 0:
                made[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del made[at : at + draw.randrange(1, 60)]
            case _:
                made[at:at] = draw.choice(TAGS + HIDING)
    return bytes(made)
