"""What lies on top of the archive: what each file is, in words, in both languages."""

from collections.abc import Sequence

from pinakes.platform.belongings import Belonging

README = "README.txt"
HEAD = """\
{branch}

本压缩包是一所图书馆离开时带走的全部数据；manifest.json 载有每个文件的行数和 SHA-256。
一律为开放格式：ISO 2709（.mrc，逐字节保持原样）、CSV（UTF-8；可能被电子表格当作公式执行的单元格前
加了 '）、JSON Lines（.jsonl，UTF-8，每行一个对象）。内含读者个人信息，请妥善保管。
在另一馆载入：pinakes catalogue takein 本文件 --branch 馆代码。带 * 的文件由此载入，其余仅供查阅。
已外借、预留或在途的复本载入后为在架；借阅和请求不载入，请先收回或在新系统中补记。
读者不由此载入，而用“导入读者”逐行核对：pinakes readers import readers.csv --branch 馆代码。
只能由原馆发放的证号在那里会被拒绝：清空该格，在 old_barcodes 中填入本馆自定的条码，即发新证。
停借或已离馆的读者导入后可以借阅：请在柜台按 readers.jsonl 重新停借。同意和通知设置由读者重新选择；
密码不在其中，由柜台重新给出。

This archive is everything that a library takes along when it leaves; manifest.json has the rows and
the SHA-256 of each file. All formats are open: ISO 2709 (.mrc, byte for byte as it came), CSV
(UTF-8; a cell that a spreadsheet would run as a formula has a ' before it), JSON Lines (.jsonl,
UTF-8, an object a line). It holds personal data of readers: keep it safe.
To bring it in at another branch: pinakes catalogue takein THIS-FILE --branch CODE. That takes the
files marked *; the others are for reading only. Copies that were lent, kept or under way stand on
their shelves then; loans and requests do not come in: end them first, or write them down anew.
Readers come in by an import of readers, which judges each line: pinakes readers import readers.csv
--branch CODE. It refuses cards that only their own branch may issue: empty that cell and write a
barcode of your own into old_barcodes, and a new card is issued. Whoever was blocked or has left may
borrow after that: block them anew at the desk, as readers.jsonl says. Readers choose anew what they
let the branch know, and whether they want notices. There are no PINs in here: the desk gives first
ones.

"""
RECORDS = (
    (
        "titles.mrc",
        "全部书目，连同已注销的和来源已删除的",
        "All titles, withdrawn and deleted, too",
    ),
    (
        "titles.jsonl",
        "titles.mrc 中每条一行，次序相同：键、字节数、方言、字符集、是否隐藏（suppressed）或注销"
        "（withdrawn）；原非 ISO 2709 的，came 为原始字节（Base64）",
        "A line for each record of titles.mrc, in its order: key, bytes, dialect, character set, "
        "whether it is suppressed or withdrawn; came: the bytes as they came (Base64), if others",
    ),
    ("authorities.mrc", "全部规范记录", "All headings"),
    ("authorities.jsonl", "规范记录，每条一行，同上", "The same for each heading"),
    (
        "aside.bin",
        "导入时搁置且尚未修复的片段，首尾相接",
        "Pieces that imports set aside and nobody has mended, one behind the other",
    ),
    (
        "items.csv",
        "复本表，其他系统和“导入馆藏”均可读",
        "The copies as a table that any system reads",
    ),
    (
        "readers.csv",
        "读者表，“导入读者”可读，读者由此进入另一馆",
        "The readers as a table that an import of readers reads: so they come to another branch",
    ),
)
BACK = {"titles.mrc", "titles.jsonl", "authorities.mrc", "authorities.jsonl"}


def read_me(branch: str, belongings: Sequence[Belonging]) -> bytes:
    """The leaflet of this branch's archive."""
    files = [(name, zh, en, name in BACK) for name, zh, en in RECORDS]
    files += [(one.name, one.zh, one.en, one.bring is not None) for one in belongings]
    lines = [f"{'*' if back else ' '} {name}\n    {zh}\n    {en}\n" for name, zh, en, back in files]
    return (HEAD.format(branch=branch) + "".join(lines)).encode()
