"""What a reader consents to: purpose by purpose, every version kept, the last one counts.

A text that has been shown is never changed: a new wording is a new version,
and a consent to an older one is asked for again.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from pinakes.platform.errors import Conflict, NotFound
from pinakes.tenants.readers.schemas import ConsentText

NAME, CONTACT = "name", "contact"


class PurposeUnknown(NotFound):
    code = "purpose_unknown"
    title = "Nobody asks for consent to this"


class TextOutdated(Conflict):
    """`version` is the one that counts now."""

    code = "consent_text_outdated"
    title = "This text has been replaced by another one"


VERSIONS: Mapping[str, Sequence[ConsentText]] = {
    NAME: [
        ConsentText(
            NAME,
            1,
            zh="我同意本馆工作人员在我出示读者证时看到我的部分姓名（如“王*”），以便核对身份。"
            "我可以随时撤回同意，撤回后立即不再显示。",
            en="When I show my card, the staff of this library may see part of my name "
            "(such as “W***”) to check who I am. I may withdraw this at any time; the name is "
            "then gone at once.",
        )
    ],
    CONTACT: [
        ConsentText(
            CONTACT,
            1,
            zh="我同意本馆保存我的姓名和联系方式，用于催还和到书通知。"
            "我可以随时撤回同意，撤回后立即删除。",
            en="This library may keep my name and how to reach me, to remind me of due dates "
            "and tell me that an item has arrived. I may withdraw this at any time; both are then "
            "deleted at once.",
        )
    ],
}


def current() -> list[ConsentText]:
    """The texts that count now."""
    return [versions[-1] for versions in VERSIONS.values()]


def counting(purpose: str, version: int) -> ConsentText:
    """The text of *purpose*, if *version* is the one that counts now."""
    if purpose not in VERSIONS:
        raise PurposeUnknown(f"There are: {', '.join(VERSIONS)}.")
    text = VERSIONS[purpose][-1]
    if text.version != version:
        raise TextOutdated("Read the present text and consent to that.", version=text.version)
    return text


def digest(text: ConsentText, language: str) -> str:
    """The evidence of what was shown."""
    return sha256((text.zh if language == "zh" else text.en).encode()).hexdigest()
