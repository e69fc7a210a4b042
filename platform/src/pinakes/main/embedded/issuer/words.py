"""What the pages say, in both languages."""

from collections.abc import Mapping

LANGUAGES = ("zh", "en")
TAGS = {"zh": "zh-Hans", "en": "en"}  # for the lang attribute

WORDS: Mapping[str, tuple[str, str]] = {
    "readers": ("读者登录", "Reader log-in"),
    "staff": ("工作人员登录", "Staff log-in"),
    "card": ("读者证号", "Card number"),
    "card_hint": ("印在读者证条码下方。", "Printed below the barcode of your card."),
    "name": ("用户名", "User name"),
    "pin": ("密码（6 位数字）", "PIN (6 digits)"),
    "password": ("密码", "Password"),
    "log_in": ("登录", "Log in"),
    "library": ("哪家图书馆发的证？", "Which library issued the card?"),
    "library_hint": (
        "几家图书馆发过同号的读者证。请选择您的图书馆，并再输入一次密码。",
        "Several libraries have issued a card with this number. "
        "Choose yours, and enter your PIN once more.",
    ),
    "choose": ("请选择", "Please choose"),
    "new_pin_title": ("请设置新密码", "Choose a new PIN"),
    "new_pin_why": (
        "您正在使用初始密码。请设置一个只有您知道的新密码。",
        "You are using a first PIN. Choose a new one that only you know.",
    ),
    "new_pin": ("新密码（6 位数字）", "New PIN (6 digits)"),
    "again_pin": ("再输入一次新密码", "New PIN once more"),
    "new_password_title": ("请设置新密码", "Choose a new password"),
    "new_password_why": (
        "您正在使用初始密码。新密码至少 12 个字符。",
        "You are using a first password. The new one needs at least 12 characters.",
    ),
    "new_password": ("新密码（至少 12 个字符）", "New password (at least 12 characters)"),
    "again_password": ("再输入一次新密码", "New password once more"),
    "save": ("保存并继续", "Save and continue"),
    "error": ("有问题：", "There is a problem:"),
    "wrong_readers": (
        "证号或密码不正确，请重试。如有他馆读者证同号，请输入“证号@馆代码”。",
        "The card number or the PIN is not right. Please try again. "
        "If other libraries have a card with your number, type NUMBER@LIBRARY.",
    ),
    "wrong_staff": (
        "用户名或密码不正确，请重试。",
        "The user name or the password is not right. Please try again.",
    ),
    "too_many_guesses": (
        "近来从此网络登录失败的次数过多。请稍等一分钟再试；曾用此浏览器登录过的读者证不受影响。",
        "Too many log-ins from this network have failed. Wait a minute, then try again. "
        "Cards that this browser has been used with before are not held up.",
    ),
    "which_library": ("请选择发证的图书馆。", "Choose the library that issued the card."),
    "pin_digits": ("新密码须为 6 位数字。", "The new PIN must be 6 digits."),
    "pin_trivial": (
        "这个密码太容易被猜到，请换一个。",
        "This PIN is too easy to guess. Please choose another one.",
    ),
    "password_length": (
        "新密码须有 12 至 256 个字符。",
        "The new password must have 12 to 256 characters.",
    ),
    "password_trivial": (
        "这个密码太容易被猜到，请换一个。",
        "This password is too easy to guess. Please choose another one.",
    ),
    "differ": ("两次输入的新密码不一致。", "The two new entries are not the same."),
    "same": ("新密码不能与旧密码相同。", "The new one must not be the old one."),
    "stop_title": ("无法登录", "Log-in is not possible"),
    "stop_request": (
        "打开此页的链接不正确。请回到图书馆网站，重新点击登录。",
        "The link that led here is not right. Go back to the library's site and log in from there.",
    ),
    "stop_expired": (
        "此登录页已过期或已使用过。请回到图书馆网站，重新点击登录。",
        "This log-in page has expired or was used before. "
        "Go back to the library's site and log in from there.",
    ),
    "stop_away": (
        "登录服务暂时不可用。请稍后再试。",
        "Log-in is not available at the moment. Please try again in a minute.",
    ),
    "back": ("返回图书馆网站", "Back to the library’s site"),
    "other": ("English", "中文"),
}


class Words:
    """The words of one language: ``words.log_in`` in a template."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.place = LANGUAGES.index(language)

    def __getattr__(self, name: str) -> str:
        try:
            return WORDS[name][self.place]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> str:
        return WORDS[name][self.place]

    @property
    def tag(self) -> str:
        return TAGS[self.language]

    @property
    def other_language(self) -> str:
        return LANGUAGES[1 - self.place]


def chosen(asked: str | None, header: str) -> str:
    """The language that was asked for, else the first of an Accept-Language header we speak."""
    for tag in [*(asked or "").split(), *ranked(header)]:
        language = tag.lower().partition("-")[0]
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def ranked(header: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first."""

    def weight(part: str) -> float:
        _, _, quality = part.partition(";q=")
        try:
            return -float(quality or 1)
        except ValueError:
            return 0.0

    parts = [part.strip() for part in header.split(",")]
    return [part.partition(";")[0].strip() for part in sorted(parts, key=weight)]
