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
        "记录超过 {limit} 字节，无法读取；此段长 {actual} 字节，只保留开头 {kept} 字节。",
        "The record is longer than {limit} bytes and was not read. Of these {actual} bytes the "
        "first {kept} are kept.",
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


LABELS = {  # the same in a word or two, where they are counted
    "truncated": Reason("不完整", "Cut off"),
    "cut_off": Reason("文件中断", "File ends within it"),
    "stray_bytes": Reason("多余字节", "Stray bytes"),
    "empty_record": Reason("空记录", "Empty"),
    "leader_unreadable": Reason("头标区有误", "Leader unreadable"),
    "directory_unreadable": Reason("目次区有误", "Directory unreadable"),
    "too_long": Reason("过长", "Too long"),
    "encoding_unclear": Reason("字符编码不明", "Character set unclear"),
    "encoding_not_supported": Reason("字符编码不支持", "Character set unsupported"),
    "xml_malformed": Reason("XML 有误", "Broken XML"),
    "xml_not_marc": Reason("不是 MARCXML", "Not MARCXML"),
    "archive_damaged": Reason("压缩文件损坏", "Archive damaged"),
    "holdings_record": Reason("馆藏记录", "Holdings record"),
    "no_title": Reason("没有题名", "No title"),
    "line_unreadable": Reason("此行有误", "Line unreadable"),
    "no_barcode": Reason("没有条码号", "No barcode"),
    "no_title_named": Reason("未指明书目", "No title named"),
    "bad_isbn": Reason("ISBN 有误", "Wrong ISBN"),
    "no_such_record": Reason("没有这条书目", "No such record"),
    "several_records": Reason("有多条书目", "Several records"),
    "duplicate_barcode": Reason("条码重复", "Barcode used twice"),
    "item_refused": Reason("复本有误", "Copy refused"),
    "changed_since": Reason("此后已被改动", "Changed since"),
    "lent_since": Reason("此后已借出", "Lent since"),
    "still_used": Reason("仍有复本、借阅或请求", "Copies, loans or requests need it"),
    "length_corrected": Reason("长度已更正", "Length put right"),
    "base_corrected": Reason("起始地址已更正", "Start of data put right"),
    "directory_rebuilt": Reason("目次区已重建", "Directory rebuilt"),
    "encoding_corrected": Reason("编码声明已更正", "Character set put right"),
    "twice_encoded": Reason("重复转码已还原", "Encoded twice, put right"),
    "terminator_missing": Reason("结束符已补", "End mark added"),
}


def label(code: str, language: str = "zh") -> str:
    """The reason in a word or two; an unknown code is shown as it is."""
    known = LABELS.get(code, Reason(code, code))
    return known.zh if language.startswith("zh") else known.en


SILENT = Reason(  # encoding_unclear, where the record claims nothing
    "记录没有说明字符编码，从内容也无法确定。",
    "Its characters cannot be read for certain: it does not say which set they are in.",
)


class _Blank(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "?"


def sentence(code: str, facts: dict[str, object], language: str = "zh") -> str:
    """The reason in words; an unknown code is shown as it is."""
    reason = REASONS.get(code)
    if reason is None:
        return code
    if code == "encoding_unclear" and facts.get("declared") in ("", "-"):
        reason = SILENT
    words = reason.zh if language.startswith("zh") else reason.en
    return words.format_map(_Blank(facts))
