"""Why a record was set aside, or what was put right, in words a librarian understands."""

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """One sentence in each language; names in braces are filled from the facts."""

    zh: str
    en: str


REASONS = {
    "truncated": Reason(
        "记录不完整：应有 {declared} 字节，文件里只有 {actual} 字节。",
        "The record is cut off: it says {declared} bytes, the file has {actual}.",
    ),
    "cut_off": Reason(
        "文件在这条记录中间结束。",
        "The file ends in the middle of this record.",
    ),
    "stray_bytes": Reason(
        "记录之间有 {actual} 字节不属于任何记录。",
        "These {actual} bytes between two records belong to none.",
    ),
    "empty_record": Reason(
        "记录为空，没有任何字段。",
        "The record is empty: it has no fields.",
    ),
    "leader_unreadable": Reason(
        "记录头标区无法识别。",
        "The first 24 characters (the leader) cannot be understood.",
    ),
    "directory_unreadable": Reason(
        "目次区有误，无法确定各字段的位置。",
        "The directory is wrong: it cannot be told where each field lies.",
    ),
    "too_long": Reason(
        "记录超过 {limit} 字节，无法读取。",
        "The record is longer than {limit} bytes and was not read.",
    ),
    "encoding_unclear": Reason(
        "无法确定字符编码（头标区或 100 字段声明为 {declared}，与内容不符）。",
        "Its characters cannot be read for certain: it claims {declared}, the bytes say otherwise.",
    ),
    "encoding_not_supported": Reason(
        "字符编码 {declared} 尚不支持。",
        "Its character set, {declared}, is not supported.",
    ),
    "xml_malformed": Reason(
        "此处 XML 有误：{detail}",
        "The XML is not well formed here: {detail}",
    ),
    "xml_not_marc": Reason(
        "XML 元素中有不符合 MARCXML 的内容：{detail}",
        "The XML element is not MARCXML: {detail}",
    ),
    "archive_damaged": Reason(
        "压缩文件已损坏，此处之后的内容无法读取。",
        "The compressed file is damaged; what follows here cannot be read.",
    ),
    "holdings_record": Reason(
        "这是单独的馆藏记录，其中没有书目信息。",
        "This is a separate holdings record: it describes copies, not a title.",
    ),
    "no_title": Reason(
        "书目记录没有题名。",
        "The record has no title.",
    ),
    # Lines of a table of copies.
    "line_unreadable": Reason(
        "此行无法识别（引号不成对，或某一栏过长）。",
        "The line cannot be read: a quotation mark is missing, or a column is far too long.",
    ),
    "no_barcode": Reason("此行没有条码号。", "The line has no barcode."),
    "no_title_named": Reason(
        "此行没有控制号，也没有 ISBN。", "The line names no title: neither control number nor ISBN."
    ),
    "bad_isbn": Reason("此行的 ISBN 校验位不对。", "The check digit of the line's ISBN is wrong."),
    # What was put right in a record that was taken.
    "length_corrected": Reason(
        "记录长度声明有误，已按实际长度读取。",
        "The stated length was wrong; the real one was used.",
    ),
    "base_corrected": Reason(
        "数据起始地址有误，已更正。",
        "The stated start of the data was wrong; the real one was used.",
    ),
    "directory_rebuilt": Reason(
        "目次区的位置有误，已按字段顺序重建。",
        "The positions in the directory were wrong; the order of the fields was used.",
    ),
    "encoding_corrected": Reason(
        "字符编码声明有误，已按实际内容读取。",
        "The stated character set was wrong; the real one was used.",
    ),
    "twice_encoded": Reason(
        "文字曾被重复转码，已还原。",
        "The text had been encoded twice; it was put right.",
    ),
    "terminator_missing": Reason(
        "文件末尾缺少记录结束符，已补读。",
        "The last record lacked its end mark and was read all the same.",
    ),
}


class _Blank(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "?"


def sentence(code: str, facts: dict[str, object], language: str = "zh") -> str:
    """The reason in words; an unknown code is shown as it is."""
    reason = REASONS.get(code)
    if reason is None:
        return code
    words = reason.zh if language.startswith("zh") else reason.en
    return words.format_map(_Blank(facts))
