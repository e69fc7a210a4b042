"""MARCXML: one record element to one record, or to the reason why not.

Elements are parsed one by one, so a broken one never hides the next; no document type ever
reaches the parser, so an entity means nothing.
"""

import re
from functools import cache
from typing import Any

from lxml import etree

from pinakes.tenants.catalogue.marc.dialects import dialect_of
from pinakes.tenants.catalogue.marc.directory import Unreadable
from pinakes.tenants.catalogue.marc.framing import KEPT, LIMIT, Piece
from pinakes.tenants.catalogue.marc.iso2709 import Told
from pinakes.tenants.catalogue.marc.record import CONTROL_TAGS, Broken, Field, Found, Record

TAG = 3  # letters
DOCTYPE = b"<!DOCTYPE"
PREFIX = re.compile(rb"<([A-Za-z_][\w.-]*):record")


def found(piece: Piece, ordinal: int, told: Told) -> Found:
    """The record in an element, or the element with what is wrong with it."""
    if piece.reason:
        size = len(piece.raw)
        facts = {"actual": size, "limit": LIMIT, "kept": KEPT, "detail": "</record>"}
        return Broken(piece.raw, piece.offset, ordinal, piece.reason, facts)
    try:
        return _record(piece, ordinal, told)
    except Unreadable as error:
        return Broken(piece.raw, piece.offset, ordinal, error.reason, error.facts)


def _record(piece: Piece, ordinal: int, told: Told) -> Record:
    said = told.encoding or "utf-8"
    encoding = "utf-8" if said != "utf-8" and _is_utf8(piece.raw) else said
    repairs = () if encoding == said else ("encoding_corrected",)
    leader, fields = "", list[Field]()
    for child in _parsed(piece.raw, encoding):
        name = child.tag.rpartition("}")[2].rpartition(":")[2]
        if name == "leader":
            leader = child.text or ""
        elif name in ("controlfield", "datafield"):
            fields.append(_field(child, name))
    if not fields:
        raise Unreadable("empty_record")
    dialect = told.dialect or dialect_of([tag for tag, _ in fields])
    place = piece.raw, piece.offset, ordinal
    return Record(leader, tuple(fields), dialect, encoding, *place, repairs)


def _is_utf8(raw: bytes) -> bool:
    """Whether it is UTF-8 beyond a doubt, whatever the file or the caller says of it."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not raw.isascii()


def _parsed(raw: bytes, encoding: str) -> Any:
    """The element; its prefix, declared further up in the file, is declared anew."""
    if DOCTYPE in raw:
        raise Unreadable("xml_malformed", detail=DOCTYPE.decode())
    prefix = PREFIX.match(raw)
    if prefix and b"xmlns:" + prefix[1] not in raw[:1000]:
        raw = raw[: prefix.end()] + b' xmlns:%b="marc"' % prefix[1] + raw[prefix.end() :]
    try:
        return etree.fromstring(raw, _parser(encoding))
    except LookupError:
        raise Unreadable("encoding_not_supported", declared=encoding) from None
    except etree.XMLSyntaxError as error:
        raise Unreadable("xml_malformed", detail=(error.msg or "")[:200]) from None


@cache
def _parser(encoding: str) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _field(element: Any, name: str) -> Field:
    tag: str = element.get("tag") or ""
    if len(tag) != TAG:
        raise Unreadable("xml_not_marc", detail=f"tag={tag!r}")
    if name == "controlfield" or tag in CONTROL_TAGS:
        return tag, element.text or ""
    text: str = (element.get("ind1") or " ")[:1] + (element.get("ind2") or " ")[:1]
    for part in element:
        code = part.get("code") or ""
        if len(code) != 1:
            raise Unreadable("xml_not_marc", detail=f"{tag} code={code!r}")
        text += "\x1f" + code + ("".join(part.itertext()) if len(part) else part.text or "")
    return tag, text
