"""Small files of secrets outlive the version that wrote them."""

from pathlib import Path

from pinakes.main.embedded.secret import once


def test_what_an_older_version_did_not_ask_for_is_added_and_the_rest_stays(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    first = once(file, lambda: {"app": "one"})
    again = once(file, lambda: {"app": "two", "ledger": "three"})
    assert first == {"app": "one"}
    assert again == {"app": "one", "ledger": "three"}
    assert once(file, lambda: {"app": "four", "ledger": "five"}) == again
    assert file.stat().st_mode & 0o777 == 0o600
